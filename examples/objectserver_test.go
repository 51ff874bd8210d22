package examples_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// An objectServer is Cloud Storage for whoever has a signed URL or a signed form, and for nobody
// else.
type objectServer struct {
	*httptest.Server
	verifier v4Verifier

	mu      sync.Mutex
	objects map[string]object // by /BUCKET/NAME
}

type object struct {
	header http.Header // Content-Type and metadata
	body   []byte
}

// startObjects serves the objects of accounts on loopback, by a clock that is ahead.
func startObjects(t *testing.T, cloud *awsfedtest.Cloud, ahead time.Duration, accounts ...string) *objectServer {
	t.Helper()
	s := newObjects(cloud, ahead, accounts...)
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func newObjects(cloud *awsfedtest.Cloud, ahead time.Duration, accounts ...string) *objectServer {
	now := func() time.Time { return time.Now().Add(ahead) }
	return &objectServer{verifier: v4Verifier{accounts, cloud.Client(), now}, objects: make(map[string]object)}
}

// host is for the Hostname of options.
func (s *objectServer) host() string { return strings.TrimPrefix(s.URL, "http://") }

func (s *objectServer) put(name string, o object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[name] = o
}

// object is what is there by the name; the zero object for nothing.
func (s *objectServer) object(name string) object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[name]
}

// ServeHTTP implements [http.Handler].
func (s *objectServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		s.servePost(w, r)
		return
	}
	if err := s.verifier.verify(r); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	switch r.Method {
	case http.MethodPut:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.put(r.URL.Path, object{keptHeader(r.Header), body})
	case http.MethodGet:
		found := s.object(r.URL.Path)
		for name, values := range found.header {
			w.Header()[name] = values
		}
		if disposition := r.URL.Query().Get("response-content-disposition"); disposition != "" {
			w.Header().Set("Content-Disposition", disposition)
		}
		_, _ = w.Write(found.body)
	}
}

// keptHeader is what of a request's header stays with the object.
func keptHeader(header http.Header) http.Header {
	kept := make(http.Header)
	for name, values := range header {
		if name == "Content-Type" || strings.HasPrefix(name, "X-Goog-Meta-") {
			kept[name] = values
		}
	}
	return kept
}

// exchange sends a request and gives the answer with its body.
func exchange(t *testing.T, client *http.Client, r *http.Request) (resp *http.Response, body string) {
	t.Helper()
	resp, err := client.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp, string(text)
}

func newRequest(t *testing.T, method, url, body string, header http.Header) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for name, values := range header {
		r.Header[name] = values
	}
	return r
}
