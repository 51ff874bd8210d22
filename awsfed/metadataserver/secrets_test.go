package metadataserver_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// secrets are the tokens that went over a wire: what no answer may have but that of a key which is
// a token.
type secrets struct {
	next http.RoundTripper

	mu    sync.Mutex
	found map[string]bool
}

// watch makes an identity whose secrets are known.
func (s *secrets) watch(cfg *awsfed.Config) {
	s.next, s.found = cfg.HTTPClient.Transport, map[string]bool{}
	cfg.HTTPClient = &http.Client{Transport: s}
}

func (s *secrets) RoundTrip(r *http.Request) (*http.Response, error) {
	s.note(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		if form, err := url.ParseQuery(string(content)); err == nil {
			s.note(form.Get("subject_token"))
		}
	}
	answer, err := s.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(answer.Body)
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(content), failing{err}), answer.Body}
	var tokens struct {
		Federated string `json:"access_token"`
		Account   string `json:"accessToken"`
		Identity  string `json:"token"`
	}
	if json.Unmarshal(content, &tokens) == nil {
		s.note(tokens.Federated)
		s.note(tokens.Account)
		s.note(tokens.Identity)
	}
	return answer, nil
}

// failing ends a body as it ended: by an error, if there is one.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

func (s *secrets) note(secret string) {
	if len(secret) < 16 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found[secret] = true
}

// requireNone fails for a text with a secret, or with a part of one.
func (s *secrets) requireNone(t *testing.T, text string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for secret := range s.found {
		require.NotContains(t, text, secret[:16])
		require.NotContains(t, text, secret[len(secret)-16:])
	}
}
