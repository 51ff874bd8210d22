package awsfed

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// subjectSecrets are the parts of a subject token that an answer must not bring into an error: the
// whole, and its signature; of a signed request the values of its headers, of which the signature
// and the session token are secret.
func subjectSecrets(subject SubjectToken) []string {
	secrets := jwtSecrets(subject.Value())
	text, err := url.QueryUnescape(subject.Value())
	if err != nil {
		return secrets
	}
	var request struct {
		Headers []struct{ Key, Value string }
	}
	if json.Unmarshal([]byte(text), &request) != nil {
		return secrets
	}
	var authorization, session string
	for _, h := range request.Headers {
		switch http.CanonicalHeaderKey(h.Key) {
		case "X-Amz-Security-Token":
			session = h.Value
		case "Authorization":
			authorization = h.Value
		}
	}
	return append(secrets, headerSecrets(authorization, session)...)
}

// jwtSecrets are a token and, if it is a JWT, its signature: who knows that may guess the claims.
func jwtSecrets(token string) []string {
	if strings.Count(token, ".") != 2 {
		return []string{token}
	}
	return []string{token, token[strings.LastIndexByte(token, '.')+1:]}
}

// headerSecrets are those of a request that is signed for AWS.
func headerSecrets(authorization, session string) []string {
	_, signature, _ := strings.Cut(authorization, "Signature=")
	return []string{authorization, signature, session}
}
