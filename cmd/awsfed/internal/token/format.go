package token

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"golang.org/x/oauth2"
)

// A Format is how a token is printed. It is a flag.Value.
type Format string

// The formats.
const (
	FormatToken  Format = "token"
	FormatJSON   Format = "json"
	FormatHeader Format = "header"
)

// String is the name of the format.
func (f *Format) String() string { return string(*f) }

// Set takes the name of a format.
func (f *Format) Set(name string) error {
	switch Format(name) {
	case FormatToken, FormatJSON, FormatHeader:
		*f = Format(name)
		return nil
	}
	return fmt.Errorf("it is none of %s, %s and %s", FormatToken, FormatJSON, FormatHeader)
}

// document has the names of RFC 6749 §5.1 and OpenID Connect, and the expiry of x/oauth2.
type document struct {
	AccessToken string    `json:"access_token,omitempty"`
	IDToken     string    `json:"id_token,omitempty"`
	TokenType   string    `json:"token_type"`
	ExpiresIn   int64     `json:"expires_in"` // seconds
	Expiry      time.Time `json:"expiry"`
}

func (f Format) write(w io.Writer, token *oauth2.Token, isIDToken bool) error {
	var err error
	switch f {
	case FormatJSON:
		d := document{TokenType: token.Type(), Expiry: token.Expiry.UTC().Truncate(time.Second),
			ExpiresIn: int64(time.Until(token.Expiry) / time.Second)}
		if isIDToken {
			d.IDToken = token.AccessToken
		} else {
			d.AccessToken = token.AccessToken
		}
		err = json.NewEncoder(w).Encode(d)
	case FormatHeader:
		_, err = fmt.Fprintf(w, "Authorization: %s %s\n", token.Type(), token.AccessToken)
	default:
		_, err = fmt.Fprintln(w, token.AccessToken)
	}
	return err
}
