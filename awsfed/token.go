package awsfed

import "github.com/awsfed/awsfed-go/internal/untrusted"

// maxToken bounds an access token, in bytes. The longest that the reference of Google's STS speaks
// of has 12 KiB.
const maxToken = 16 << 10

// tokenFault tells what keeps a token from an Authorization header, for a sentence whose subject is
// the token: it is not quoted. It is "" for a token that a header can carry. The token68 of RFC
// 9110 §11.2 allows less than visible ASCII; a server may be more generous, as long as no header
// breaks.
func tokenFault(token string) string {
	switch {
	case token == "":
		return "is empty"
	case len(token) > maxToken:
		return "is longer than 16 KiB"
	case !untrusted.Visible(token):
		return "holds characters that a header cannot carry"
	}
	return ""
}
