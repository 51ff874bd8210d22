package awsfed

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"time"
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
	authorization, err := t.authorization(req)
	if err != nil {
		if req.Body != nil {
			req.Body.Close() // as http.RoundTripper demands
		}
		return nil, err
	}
	authorized := req.WithContext(req.Context())
	if authorized.Header = maps.Clone(req.Header); authorized.Header == nil {
		authorized.Header = make(http.Header)
	}
	if authorization != "" {
		authorized.Header["Authorization"] = []string{authorization}
		if project := t.Source.quotaProject; project != "" && req.Header.Get(quotaProjectHeader) == "" {
			authorized.Header[quotaProjectHeader] = []string{project}
		}
	}
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	return base.RoundTrip(authorized)
}

// authorization is the header's value; "" for a request that gets none.
func (t *Transport) authorization(req *http.Request) (string, error) {
	switch {
	case t.Source == nil:
		return "", &FieldError{Field: "Transport.Source", Want: "a TokenSource"}
	case req.URL == nil || !secure(req.URL):
		return "", errors.New("awsfed: a token does not go over http, unless to this machine")
	}
	for r := req; r.Response != nil; r = r.Response.Request {
		if r.Response.Request == nil || r.Response.Request.URL.Host != req.URL.Host {
			return "", nil // a redirect that came from, or by way of, somebody else
		}
	}
	return t.Source.authorization(req.Context())
}

// authorization is the value of the header of that name, without the price of a copy of the token.
func (ts *TokenSource) authorization(ctx context.Context) (string, error) {
	if r := ts.refresher(); r != nil && (ctx == nil || AttemptOf(ctx) == nil) {
		if held := r.ready(time.Now()); held != nil {
			return held.authorization, nil
		}
	}
	token, err := ts.TokenContext(ctx)
	if err != nil {
		return "", err
	}
	return bearer + token.AccessToken, nil
}

// GetRequestMetadata makes the source gRPC's credentials.PerRPCCredentials, for
// grpc.WithPerRPCCredentials.
func (ts *TokenSource) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	authorization, err := ts.authorization(ctx)
	if err != nil {
		return nil, err
	}
	if ts.quotaProject == "" {
		return map[string]string{"authorization": authorization}, nil
	}
	return map[string]string{"authorization": authorization, "x-goog-user-project": ts.quotaProject}, nil
}

// RequireTransportSecurity is true: a bearer token does not travel in clear text.
func (ts *TokenSource) RequireTransportSecurity() bool { return true }
