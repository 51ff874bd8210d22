package awsfed

import (
	"errors"
	"fmt"
	"strings"

	"github.com/awsfed/awsfed-go/internal/strictjson"
	"github.com/awsfed/awsfed-go/internal/untrusted"
)

// maxSubjectToken bounds the token in a file or in the answer of a URL, in bytes. Google documents
// no bound; tokens of Kubernetes and of OpenID Connect providers have one to four KiB, more where
// they list groups.
const maxSubjectToken = 32 << 10

// errEmpty is for what a moment of its writer may explain.
var errEmpty = errors.New("is empty")

// tokenIn is the token of a text: all of it, less the blanks around it, or the string of that name
// where the text is a JSON object. An error is for a sentence whose subject is the text, which it
// does not quote.
func tokenIn(text []byte, field string) (string, error) {
	const blanks = " \t\r\n"
	token := strings.Trim(string(text), blanks)
	if token == "" {
		return "", errEmpty
	}
	if field != "" {
		inner, err := tokenInField(text, field)
		if err != nil {
			return "", err
		}
		if token = strings.Trim(inner, blanks); token == "" {
			return "", fmt.Errorf("has a token that %w", errEmpty)
		}
	}
	switch {
	case len(token) > maxSubjectToken:
		return "", errors.New("has a token that is longer than 32 KiB")
	case !untrusted.Visible(token):
		return "", errors.New("has a token of other than visible ASCII characters")
	}
	return token, nil
}

func tokenInField(text []byte, field string) (string, error) {
	fields, err := strictjson.Fields(text)
	if twice := new(strictjson.DuplicateKeyError); errors.As(err, &twice) {
		return "", errors.New("has a key twice") // whose name may be anything
	}
	if err != nil {
		return "", errors.New("is not the JSON of a token: " + err.Error())
	}
	raw := fields.Get(field)
	if raw == nil {
		return "", fmt.Errorf("has no field %q", field)
	}
	token, err := strictjson.String(raw)
	if err != nil || !given(raw) {
		return "", fmt.Errorf("has a field %q that is not a string", field)
	}
	return token, nil
}
