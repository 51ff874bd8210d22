package fakeaws

import (
	"errors"
	"net/http"
)

// RegionsOf lists the regions of a partition.
func RegionsOf(partition string) []string { return regionsOf(partition) }

// Signing is what the verifier makes of a signed request on its way to a judgement.
type Signing struct {
	Canonical, StringToSign, Signature string
	Given                              string // the signature that the request came with
}

// SigningOf takes a request of any service and region through the verifier's steps. The path is the
// one of the request line.
func SigningOf(r *http.Request, wirePath string, body []byte, secret string) (Signing, error) {
	headers := signableHeaders(r, body)
	auth, failure := authorizationOf(r, headers)
	if failure != nil {
		return Signing{}, errors.New(failure.message)
	}
	scope, failure := parseScope(auth.credential)
	if failure != nil {
		return Signing{}, errors.New(failure.message)
	}
	canonical, ok := auth.canonicalRequest(r.Method, wirePath, r.URL.RawQuery, headers, body)
	if !ok {
		return Signing{}, errors.New("there is no canonical request")
	}
	toSign := scope.stringToSign(auth.date, canonical)
	return Signing{canonical, toSign, scope.sign(secret, toSign), auth.signature}, nil
}
