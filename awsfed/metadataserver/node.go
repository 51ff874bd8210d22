package metadataserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// A node is a key of the metadata: a directory, a value that is known from the start, or one that
// is asked for at each request.
type node struct {
	name string // as the path has it
	json string // as recursive JSON has it

	children []*node // of a directory
	dir      bool
	value    value // of a value
	ask      func(context.Context, url.Values) (answer, error)
	route    route // for the metrics
}

func directory(name, json string, children ...*node) *node {
	children = slices.DeleteFunc(children, func(n *node) bool { return n == nil })
	slices.SortStableFunc(children, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	return &node{name: name, json: json, dir: true, children: children, route: routeDirectory}
}

func leaf(name, json string, v value) *node {
	return &node{name: name, json: json, value: v, route: routeValue}
}

func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// find follows a path, which begins with a slash. slash tells that it ends in one.
func (n *node) find(path string) (found *node, slash bool) {
	for {
		path = path[1:]
		if path == "" {
			return n, true
		}
		name := path
		end := strings.IndexByte(path, '/')
		if end >= 0 {
			name = path[:end]
		}
		if n = n.child(name); n == nil {
			return nil, false
		}
		if end < 0 {
			return n, false
		}
		path = path[end:]
	}
}

// An answer is the body of a response with status 200.
type answer struct {
	contentType contentType
	body        string
	etag        string
}

// answered is an answer whose ETag is that of its body.
func answered(contentType contentType, body string) answer {
	return answer{contentType: contentType, body: body, etag: etagOf(body)}
}

// etagOf is the same for the same value in each process, so that a client which waits for a change
// notices none when the server is started anew.
func etagOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}
