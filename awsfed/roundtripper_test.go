package awsfed_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

// roundTripper is a network, or a server, that is a func.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// jsonAnswer is an answer of a Google API.
func jsonAnswer(status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(strings.NewReader(body)),
	}
}

// answering is a client of a Google that gives one answer to everything.
func answering(status int, body string) *http.Client {
	return &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return jsonAnswer(status, body), nil })}
}

// diverted is a client that asks stranger for what is at host, and base for the rest.
func diverted(host string, stranger, base http.RoundTripper) *http.Client {
	return &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		if req.URL.Host == host {
			return stranger.RoundTrip(req)
		}
		return base.RoundTrip(req)
	})}
}

// A scriptedGoogle answers for both of Google's services and keeps what it was sent.
type scriptedGoogle struct {
	answer func(*http.Request, string) *http.Response // nil: with tokens

	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
}

func (g *scriptedGoogle) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	g.requests, g.bodies = append(g.requests, req), append(g.bodies, string(body))
	g.mu.Unlock()
	if g.answer != nil {
		return g.answer(req, string(body)), nil
	}
	if strings.HasSuffix(req.URL.Path, ":generateAccessToken") {
		return jsonAnswer(200, `{"accessToken":"service-account-token","expireTime":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`), nil
	}
	return jsonAnswer(200, `{"access_token":"federated-token","issued_token_type":"urn:ietf:params:oauth:token-type:access_token",`+
		`"token_type":"Bearer","expires_in":3600}`), nil
}

// urls are those that were asked, in their order.
func (g *scriptedGoogle) urls() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var urls []string
	for _, req := range g.requests {
		urls = append(urls, req.URL.String())
	}
	return urls
}

// hanging gives no answer until it is given up on.
func hanging(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// broken cannot be reached.
func broken(err error) roundTripper {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// undialed is a network on which no connection comes about.
func undialed(err error) http.RoundTripper {
	return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}}
}

// forbidden is a network that nobody is to use.
func forbidden(t *testing.T) roundTripper {
	return func(req *http.Request) (*http.Response, error) {
		t.Errorf("a request to %s", req.URL.Host)
		return nil, http.ErrUseLastResponse
	}
}

// judge is a Google API that takes any bearer token: expiry is what the tests of holders are about.
func judge(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Authorization") == "" {
		return nil, errors.New("no token")
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}, nil
}

// get asks a Google API.
func get(client *http.Client) func() error {
	return func() error {
		resp, err := client.Get("https://storage.googleapis.com/storage/v1/b")
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
}

// gossip is a service that repeats in its errors all that it was sent.
func gossip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
	}
	form, _ := url.ParseQuery(string(body))
	text, _ := url.QueryUnescape(form.Get("subject_token"))
	said := req.Header.Get("Authorization") + " " + form.Get("subject_token") + " " + text
	answer, _ := json.Marshal(map[string]string{"error": "invalid_request", "error_description": said})
	if req.URL.Host == "sts.us-east-1.amazonaws.com" {
		said += " " + req.Header.Get("X-Amz-Security-Token")
		answer = []byte("<ErrorResponse><Error><Code>AccessDenied</Code><Message>" + said + "</Message></Error></ErrorResponse>")
	}
	return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(answer)), Request: req}, nil
}

// A sentSecret is a secret of a request, with what it is.
type sentSecret struct{ what, secret string }

// sentSecrets are those of a request with that body: what its server knows.
func sentSecrets(req *http.Request, body []byte) []sentSecret {
	all := []sentSecret{
		{"bearer token or signature", strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")},
		{"session token", req.Header.Get("X-Amz-Security-Token")},
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Has("assertion") {
		assertion := form.Get("assertion")
		all = append(all, sentSecret{"assertion", assertion}, sentSecret{"signature", assertion[strings.LastIndex(assertion, ".")+1:]})
	} else if err == nil && form.Has("subject_token") {
		text, _ := url.QueryUnescape(form.Get("subject_token"))
		var request signedRequest
		_ = json.Unmarshal([]byte(text), &request)
		all = append(all, sentSecret{"subject token", form.Get("subject_token")},
			sentSecret{"session token", request.header("X-Amz-Security-Token")}, sentSecret{"signature", request.header("Authorization")})
	}
	var secrets []sentSecret
	for _, s := range all {
		if s.secret != "" {
			secrets = append(secrets, s)
		}
		if _, signature, found := strings.Cut(s.secret, "Signature="); found {
			secrets = append(secrets, sentSecret{"signature", signature})
		}
	}
	return secrets
}

// A canary sits on the wire and remembers every secret that passes.
type canary struct {
	base http.RoundTripper

	mu      sync.Mutex
	secrets map[string]string // secret to what it is
}

func (c *canary) note(what, secret string) {
	if secret == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.secrets[secret] = what
}

func (c *canary) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	for _, s := range sentSecrets(req, body) {
		c.note(s.what, s.secret)
	}
	resp, err := c.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	answer, readErr := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(answer), iotest.ErrReader(cmp.Or(readErr, io.EOF)))) // ends as it did
	var tokens struct{ Access_token, AccessToken string }
	_ = json.Unmarshal(answer, &tokens)
	c.note("federated token", tokens.Access_token)
	c.note("service-account token", tokens.AccessToken)
	return resp, nil
}
