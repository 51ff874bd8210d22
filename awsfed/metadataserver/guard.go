package metadataserver

import (
	"net/http"
	"slices"
)

const flavor = "Google" // of the header Metadata-Flavor

// A refusal is a request that is not looked at.
type refusal struct {
	status int
	reason refusalReason
	text   string // one line
}

// A guard judges requests by what they come with, before anything is looked up for them.
type guard struct {
	hosts []string // that a Host header may have besides those of the connection
	peers peers
}

func newGuard(o Options) guard {
	return guard{hosts: o.Hosts, peers: newPeers(o)}
}

// judge gives nil for a request that may be answered.
func (g *guard) judge(r *http.Request, c *connection) *refusal {
	forbid := func(reason refusalReason, text string) *refusal {
		return &refusal{http.StatusForbidden, reason, text}
	}
	// Package net/http takes such a host for r.Host and drops the Host header, which could not be
	// judged. Clients send one to proxies alone.
	if r.URL.Scheme != "" || r.URL.Host != "" {
		return forbid(refusedHost, "the request line has a host, as for a proxy")
	}
	if !g.knows(r.Host, c) {
		return forbid(refusedHost, "the Host header is not an address of this server")
	}
	if fault := c.peerFault(&g.peers); fault != "" {
		return forbid(refusedPeer, fault)
	}
	if _, found := r.Header["X-Forwarded-For"]; found {
		return forbid(refusedForwarded, "requests with X-Forwarded-For are refused: they come from elsewhere")
	}
	if values := r.Header["Metadata-Flavor"]; len(values) != 1 || values[0] != flavor {
		return forbid(refusedFlavor, "Missing Metadata-Flavor:Google header.")
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return &refusal{http.StatusMethodNotAllowed, refusedMethod, "the metadata is to be read alone: GET or HEAD"}
	}
	return nil
}

// knows judges the Host header exactly, so that no name that somebody bound to a loopback address
// will do.
func (g *guard) knows(host string, c *connection) bool {
	same := func(known string) bool { return equalASCII(host, known) }
	return slices.ContainsFunc(c.hosts, same) || slices.ContainsFunc(g.hosts, same)
}

// equalASCII compares without the case of ASCII letters; strings.EqualFold has others as well.
func equalASCII(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
