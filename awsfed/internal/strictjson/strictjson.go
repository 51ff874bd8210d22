// Package strictjson reads JSON objects of which no two readers can have different opinions.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
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
// second an error, at any depth. The values are parts of data.
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
	case tooDeep(data):
		return nil, fmt.Errorf("it is nested deeper than %d", maxDepth)
	case !json.Valid(data):
		return nil, fault(data)
	}
	fields := make(map[string]json.RawMessage)
	s := scanner{data: data}
	err := s.object(func(key string, value []byte) bool {
		_, twice := fields[key]
		fields[key] = value
		return !twice
	})
	if err != nil {
		return nil, err
	}
	return fields, nil
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

// object reads an object and gives each member to add, which reports whether the key is a new one.
func (s *scanner) object(add func(key string, value []byte) bool) error {
	s.next()
	s.at++ // the brace
	for s.next() != '}' {
		if s.data[s.at] == ',' {
			s.at++
			s.next()
		}
		start := s.at
		s.at = stringEnd(s.data, start) + 1
		key, err := String(s.data[start:s.at])
		if err != nil {
			return err
		}
		s.next()
		s.at++ // the colon
		s.next()
		start = s.at
		if err := s.value(); err != nil {
			return err
		}
		if !add(key, s.data[start:s.at:s.at]) {
			return &DuplicateKeyError{Key: key}
		}
	}
	s.at++
	return nil
}

// value reads a value of any type, whose first byte is next.
func (s *scanner) value() error {
	switch s.data[s.at] {
	case '{':
		seen := make(map[string]bool)
		return s.object(func(key string, _ []byte) bool {
			twice := seen[key]
			seen[key] = true
			return !twice
		})
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

// fault says what is wrong with data, which is not valid, in words of this package: those of package
// json quote characters of data.
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
