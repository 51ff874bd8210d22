// Package strictjson reads JSON objects of which no two readers can have different opinions.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/awsfed/awsfed-go/internal/untrusted"
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

// An Object is a JSON object by the exact names of its members. Its values are parts of what it was
// read from. The zero Object has no members.
type Object struct {
	members []member
	places  map[string]bool // of all names, once there are many
}

type member struct{ name, value []byte }

// many is the number of members from which a search through all of them would be slow.
const many = 16

// Get is the value of that name; nil where there is none.
func (o Object) Get(name string) json.RawMessage {
	for _, m := range o.members {
		if string(m.name) == name {
			return m.value
		}
	}
	return nil
}

// All gives every member, in the order in which they stand.
func (o Object) All() iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for _, m := range o.members {
			if !yield(string(m.name), m.value) {
				return
			}
		}
	}
}

// add reports whether there was no member of that name.
func (o *Object) add(name, value []byte) bool {
	if len(o.members) == many {
		o.places = make(map[string]bool)
		for _, m := range o.members {
			o.places[string(m.name)] = true
		}
	}
	twice := o.places[string(name)]
	if o.places == nil {
		twice = slices.ContainsFunc(o.members, func(m member) bool { return bytes.Equal(m.name, name) })
	} else {
		o.places[string(name)] = true
	}
	o.members = append(o.members, member{name, value})
	return !twice
}

// Fields reads the one JSON object in data. Package json takes "Access_Token" for access_token and
// the last of two; here the first is another field, and the second an error, at any depth.
//
// A byte order mark before the object is skipped, since editors put it there. Errors are one plain
// sentence without its end, whose subject "it" is data: "it is cut off".
func Fields(data []byte) (Object, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	start := bytes.TrimLeft(data, " \t\r\n")
	switch {
	case len(start) == 0:
		return Object{}, errors.New("it is empty")
	case !utf8.Valid(data):
		return Object{}, errors.New("it holds bytes that are not UTF-8")
	case start[0] != '{':
		return Object{}, errors.New("it is not a JSON object")
	case tooDeep(data):
		return Object{}, fmt.Errorf("it is nested deeper than %d", maxDepth)
	case !json.Valid(data):
		return Object{}, fault(data)
	}
	s := scanner{data: data}
	return s.object()
}

// String reads a value of [Fields] that is a string. One that is missing or null is empty.
func String(value json.RawMessage) (string, error) {
	if n := len(value); n >= 2 && value[0] == '"' && bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : n-1]), nil
	}
	if len(value) == 0 {
		return "", nil
	}
	var s string
	err := json.Unmarshal(value, &s)
	return s, err
}

// tooDeep reports whether more than maxDepth objects and arrays are open anywhere in data.
func tooDeep(data []byte) bool {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i = stringEnd(data, i)
		case '{', '[':
			if depth++; depth > maxDepth {
				return true
			}
		case '}', ']':
			depth--
		}
	}
	return false
}

// stringEnd is the index of the quote that ends the string that begins at start; len(data) without
// one.
func stringEnd(data []byte, start int) int {
	for i := start + 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(data)
}

// A scanner reads data, which package json has found to be valid, from one value to the next.
type scanner struct {
	data []byte
	at   int
}

// next is the next byte that is not blank.
func (s *scanner) next() byte {
	for {
		switch c := s.data[s.at]; c {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return c
		}
	}
}

// object reads an object.
func (s *scanner) object() (Object, error) {
	o := Object{members: make([]member, 0, 4)} // as many as an answer with a token has
	s.next()
	s.at++ // the brace
	for s.next() != '}' {
		if s.data[s.at] == ',' {
			s.at++
			s.next()
		}
		start := s.at
		s.at = stringEnd(s.data, start) + 1
		name := s.data[start+1 : s.at-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			plain, err := String(s.data[start:s.at])
			if err != nil {
				return Object{}, err
			}
			name = []byte(plain)
		}
		s.next()
		s.at++ // the colon
		s.next()
		start = s.at
		if err := s.value(); err != nil {
			return Object{}, err
		}
		if !o.add(name, s.data[start:s.at:s.at]) {
			return Object{}, &DuplicateKeyError{Key: string(name)}
		}
	}
	s.at++
	return o, nil
}

// value reads a value of any type, whose first byte is next.
func (s *scanner) value() error {
	switch s.data[s.at] {
	case '{':
		_, err := s.object()
		return err
	case '[':
		s.at++
		for s.next() != ']' {
			if s.data[s.at] == ',' {
				s.at++
				s.next()
			}
			if err := s.value(); err != nil {
				return err
			}
		}
		s.at++
	case '"':
		s.at = stringEnd(s.data, s.at) + 1
	default: // a number or a word
		for s.at < len(s.data) && strings.IndexByte(",]} \t\r\n", s.data[s.at]) < 0 {
			s.at++
		}
	}
	return nil
}

// fault says what is wrong with data, which is not valid, in words of this package: those of
// package json quote characters of data.
func fault(data []byte) error {
	var first json.RawMessage
	var syntax *json.SyntaxError
	switch err := json.NewDecoder(bytes.NewReader(data)).Decode(&first); {
	case err == nil:
		return errors.New("it goes on after the end of the JSON object")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is cut off")
	case errors.As(err, &syntax):
		return fmt.Errorf("it is not valid JSON at byte %d", syntax.Offset)
	}
	return errors.New("it is not valid JSON")
}
