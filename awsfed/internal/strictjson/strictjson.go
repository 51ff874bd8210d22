// Package strictjson reads JSON objects of which no two readers can have different opinions.
package strictjson

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/awsfed/awsfed-go/awsfed/internal/untrusted"
)

// maxDepth bounds how deep objects and arrays are nested, the outermost object included.
const maxDepth = 32

// maxKey bounds what an error quotes of a key, in bytes.
const maxKey = 64

// A DuplicateKeyError is the error for an object that has a key twice.
type DuplicateKeyError struct {
	Key string // as it stands there, which may be anything
}

// Error quotes the key, cleaned and bounded.
func (e *DuplicateKeyError) Error() string {
	return fmt.Sprintf("it has the key %q twice", untrusted.Text(e.Key, maxKey))
}

// Fields gives the members of the one JSON object in data, by their exact names. Package json takes
// "Access_Token" for access_token and the last of two; here the first is another field, and the
// second an error, at any depth.
//
// A byte order mark before the object is skipped, since editors put it there. Errors are one plain
// sentence without its end, whose subject "it" is data: "it is cut off".
func Fields(data []byte) (map[string]json.RawMessage, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	start := bytes.TrimLeft(data, " \t\r\n")
	switch {
	case len(start) == 0:
		return nil, errors.New("it is empty")
	case !utf8.Valid(data):
		return nil, errors.New("it holds bytes that are not UTF-8")
	case start[0] != '{':
		return nil, errors.New("it is not a JSON object")
	}
	end, err := check(data)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimLeft(data[end:], " \t\r\n")) > 0 {
		return nil, errors.New("it goes on after the end of the JSON object")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, fault(err)
	}
	return fields, nil
}

// check looks for duplicate keys and too deep nesting in the first value of data, and gives its
// end.
func check(data []byte) (int64, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // a number may be too large for a float
	var open []*container
	for {
		token, err := decoder.Token()
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			// Unmarshal counts the bytes; the offsets of Token are one off for some faults.
			err = cmp.Or(json.Unmarshal(data, new(json.RawMessage)), err)
		}
		if err != nil {
			return 0, fault(err)
		}
		if delim, ok := token.(json.Delim); ok && (delim == '}' || delim == ']') {
			open = open[:len(open)-1]
			if len(open) == 0 {
				return decoder.InputOffset(), nil
			}
			continue
		}
		if len(open) > 0 {
			if err := open[len(open)-1].take(token); err != nil {
				return 0, err
			}
		}
		if delim, ok := token.(json.Delim); ok {
			if len(open) == maxDepth {
				return 0, fmt.Errorf("it is nested deeper than %d", maxDepth)
			}
			c := &container{}
			if delim == '{' {
				c.keys = make(map[string]bool)
			}
			open = append(open, c)
		}
	}
}

// A container is an object or an array that has not ended.
type container struct {
	keys  map[string]bool // nil for an array
	value bool            // a key came last
}

// take takes in the next key or value, or the start of one.
func (c *container) take(token json.Token) error {
	if c.keys == nil || c.value {
		c.value = false
		return nil
	}
	key, _ := token.(string)
	if c.keys[key] {
		return &DuplicateKeyError{Key: key}
	}
	c.keys[key], c.value = true, true
	return nil
}

// fault says what is wrong in words of this package: those of package json quote characters of
// data.
func fault(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is cut off")
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not valid JSON at byte %d", syntax.Offset)
	}
	return errors.New("it is not valid JSON")
}
