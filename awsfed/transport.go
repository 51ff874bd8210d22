package awsfed

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

const quotaProjectHeader = "X-Goog-User-Project"

// Transport is an [http.RoundTripper] that puts a token on every request. Unlike [oauth2.Transport]
// it waits for a token no longer than the ctx of the request lasts.
type Transport struct {
	// Source gives the tokens. Required.
	Source *TokenSource
	// Base sends the requests. Optional; the default is [http.DefaultTransport].
	Base http.RoundTripper
}

// RoundTrip sends a copy of req with an Authorization header, and with X-Goog-User-Project where
// the configuration names a QuotaProject and req does not. A token goes over https, or over http to
// this machine, and does not follow a redirect to another host.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	header, err := t.header(req)
	if err != nil {
		if req.Body != nil {
			req.Body.Close() // as http.RoundTripper demands
		}
		return nil, err
	}
	authorized := req.Clone(req.Context())
	if authorized.Header == nil {
		authorized.Header = make(http.Header)
	}
	for name, value := range header {
		if name != quotaProjectHeader || authorized.Header.Get(name) == "" {
			authorized.Header.Set(name, value)
		}
	}
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	return base.RoundTrip(authorized)
}

func (t *Transport) header(req *http.Request) (map[string]string, error) {
	switch {
	case t.Source == nil:
		return nil, &FieldError{Field: "Transport.Source", Want: "a TokenSource"}
	case req.URL == nil || !secure(req.URL):
		return nil, errors.New("awsfed: a token does not go over http, unless to this machine")
	}
	for r := req; r.Response != nil; r = r.Response.Request {
		if r.Response.Request == nil || r.Response.Request.URL.Host != req.URL.Host {
			return nil, nil // a redirect that came from, or by way of, somebody else
		}
	}
	return t.Source.header(req.Context())
}

// header is what a request to a Google API carries.
func (ts *TokenSource) header(ctx context.Context) (map[string]string, error) {
	token, err := ts.TokenContext(ctx)
	if err != nil {
		return nil, err
	}
	header := map[string]string{"Authorization": "Bearer " + token.AccessToken}
	if ts.quotaProject != "" {
		header[quotaProjectHeader] = ts.quotaProject
	}
	return header, nil
}

// GetRequestMetadata makes the source gRPC's credentials.PerRPCCredentials, for
// grpc.WithPerRPCCredentials.
func (ts *TokenSource) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	header, err := ts.header(ctx)
	if err != nil {
		return nil, err
	}
	metadata := make(map[string]string, len(header))
	for name, value := range header {
		metadata[strings.ToLower(name)] = value
	}
	return metadata, nil
}

// RequireTransportSecurity is true: a bearer token does not travel in clear text.
func (ts *TokenSource) RequireTransportSecurity() bool { return true }
