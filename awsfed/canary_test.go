package awsfed_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

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
	c.note("bearer token or signature", strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "))
	c.note("session token", req.Header.Get("X-Amz-Security-Token"))
	if form, err := url.ParseQuery(string(body)); err == nil && form.Has("subject_token") {
		c.note("subject token", form.Get("subject_token"))
		text, _ := url.QueryUnescape(form.Get("subject_token"))
		var request signedRequest
		_ = json.Unmarshal([]byte(text), &request)
		c.note("session token", request.header("X-Amz-Security-Token"))
		_, signature, _ := strings.Cut(request.header("Authorization"), "Signature=")
		c.note("signature", signature)
	}
	resp, err := c.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	answer, readErr := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(answer), failing{readErr}))
	var tokens struct{ Access_token, AccessToken string }
	_ = json.Unmarshal(answer, &tokens)
	c.note("federated token", tokens.Access_token)
	c.note("service-account token", tokens.AccessToken)
	return resp, nil
}

// failing ends a body as the wire did.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return 0, io.EOF
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

func TestNoSecretIsEverPrinted(t *testing.T) {
	clearAWSEnvironment(t)
	type world struct {
		name   string
		inject func(*awsfedtest.Cloud)
		base   func(*awsfedtest.Cloud) http.RoundTripper
	}
	plain := func(c *awsfedtest.Cloud) http.RoundTripper { return c.Client().Transport }
	worlds := []world{
		{"success", func(*awsfedtest.Cloud) {}, plain},
		{"a service that repeats what it was sent", func(*awsfedtest.Cloud) {}, func(*awsfedtest.Cloud) http.RoundTripper { return roundTripper(gossip) }},
	}
	for _, fault := range awsfedtest.Faults() {
		worlds = append(worlds, world{fault.Name, func(c *awsfedtest.Cloud) { fault.Inject(c) }, plain})
	}
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				w.inject(cloud)
				wire := &canary{base: w.base(cloud), secrets: make(map[string]string)}
				var said lockedBuffer
				cfg := cloud.Config()
				if credentials, err := cfg.Credentials.Retrieve(t.Context()); err == nil {
					wire.note("secret key", credentials.SecretAccessKey)
					wire.note("session token", credentials.SessionToken)
				}
				cfg.HTTPClient = &http.Client{Transport: wire}
				cfg.Logger = slog.New(slog.NewJSONHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
				cfg.OnRefresh = func(event awsfed.RefreshEvent) { fmt.Fprintf(&said, "%v %+v %#v\n", event, event, event) }
				ts, err := awsfed.NewTokenSource(t.Context(), cfg)
				require.NoError(t, err)
				_, err = ts.Token()
				time.Sleep(time.Hour) // refreshes and retries in the background
				say(&said, err)
				fmt.Fprintf(&said, "%+v %+v %#v %v\n", ts.Status(), ts, ts, cfg)
				if builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg); err == nil {
					token, _ := builder.SubjectToken(t.Context())
					wire.note("subject token", token.Value())
					text, _ := json.Marshal(token)
					fmt.Fprintf(&said, "%v %+v %#v %+v %s\n", builder, builder, builder, token, text)
				}

				report, err := awsfed.Diagnose(t.Context(), cfg, nil)
				say(&said, err)
				text, err := json.Marshal(report)
				require.NoError(t, err)
				fmt.Fprintf(&said, "%s\n%s\n%+v\n", report, text, report)
				for _, step := range report.Steps {
					say(&said, step.Err)
				}
				time.Sleep(time.Minute)

				wire.mu.Lock()
				defer wire.mu.Unlock()
				if !strings.HasPrefix(w.name, "metadata-") {
					assert.NotEmpty(t, wire.secrets, "the canary heard nothing")
				}
				for secret, what := range wire.secrets {
					assert.NotContains(t, said.String(), secret, what)
					assert.NotContains(t, said.String(), url.QueryEscape(secret), what)
				}
			})
		})
	}
}

// say prints an error in every way there is.
func say(w io.Writer, err error) {
	if err == nil {
		return
	}
	fmt.Fprintf(w, "%v %+v %#v %q\n", err, err, err, err)
	if text, jsonErr := json.Marshal(err); jsonErr == nil {
		fmt.Fprintf(w, "%s\n", text)
	}
	var retrieve *oauth2.RetrieveError
	if errors.As(err, &retrieve) {
		fmt.Fprintf(w, "%v %+v %s\n", retrieve, retrieve, retrieve.Body)
	}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		fmt.Fprintf(w, "%+v\n", cause)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
