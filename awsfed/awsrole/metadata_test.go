package awsrole_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsrole"
	"github.com/awsfed/awsfed-go/awsfed/internal/inprocess"
)

// metadata answers as Google's metadata server does.
func metadata(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Metadata-Flavor", "Google")
	switch {
	case r.Header.Get("Metadata-Flavor") != "Google":
		w.WriteHeader(http.StatusForbidden)
	case r.Method != http.MethodGet || r.URL.Path != "/computeMetadata/v1/instance/service-accounts/default/identity":
		w.WriteHeader(http.StatusNotFound)
	case r.URL.RawQuery != "audience=https%3A%2F%2Faws.example&format=full":
		w.WriteHeader(http.StatusBadRequest)
	default:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, jwt(claims)+"\n")
	}
}

func TestTheMetadataServerIsTheSource(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	server := httptest.NewServer(http.HandlerFunc(metadata))
	defer server.Close()
	t.Setenv("GCE_METADATA_HOST", strings.TrimPrefix(server.URL, "http://"))
	source, err := awsrole.NewMetadataTokenSource(audience)
	require.NoError(t, err)
	token, err := source.Token()
	require.NoError(t, err)
	assert.Equal(t, jwt(claims), token.AccessToken)
	assert.Equal(t, "Bearer", token.TokenType)
	assert.True(t, token.Expiry.Equal(time.Unix(1764000000, 0)))
}

func TestTheMetadataServerIsAskedDirectly(t *testing.T) {
	source, err := awsrole.NewMetadataTokenSource(audience)
	require.NoError(t, err)
	transport := source.Transport().(*http.Transport)
	assert.Nil(t, transport.Proxy)
	assert.EqualValues(t, 64<<10, transport.MaxResponseHeaderBytes)
	assert.True(t, transport.DisableKeepAlives, "nothing is left behind")
}

func TestNewMetadataTokenSourceNamesEveryFault(t *testing.T) {
	for _, test := range []struct {
		name, host, audience string
		want                 []string
	}{
		{"no audience", "", "", []string{"awsrole.NewMetadataTokenSource.audience"}},
		{"an audience with a line's end", "", "a\n", []string{"awsrole.NewMetadataTokenSource.audience"}},
		{"an audience that is too long", "", strings.Repeat("a", 1001), []string{"awsrole.NewMetadataTokenSource.audience"}},
		{"a host with a path", "127.0.0.1/x", "a", []string{"GCE_METADATA_HOST"}},
		{"a host with a user", "me@127.0.0.1", "a", []string{"GCE_METADATA_HOST"}},
		{"a URL for a host", "http://127.0.0.1", "a", []string{"GCE_METADATA_HOST"}},
		{"a port alone", ":80", "a", []string{"GCE_METADATA_HOST"}},
		{"both", "a b", "", []string{"GCE_METADATA_HOST", "awsrole.NewMetadataTokenSource.audience"}},
		{"nothing", "", "a", nil},
		{"nothing with a port", "[fd20:ce::254]:80", "a", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("GCE_METADATA_HOST", test.host)
			source, err := awsrole.NewMetadataTokenSource(test.audience)
			if test.want == nil {
				require.NoError(t, err)
				return
			}
			assert.Nil(t, source)
			var fields []string
			for _, fault := range err.(interface{ Unwrap() []error }).Unwrap() {
				fields = append(fields, fault.(*awsfed.FieldError).Field)
			}
			assert.Equal(t, test.want, fields)
		})
	}
}

// sourceOf has its answers from a handler in the process.
func sourceOf(t *testing.T, handler http.HandlerFunc) *awsrole.MetadataTokenSource {
	t.Helper()
	t.Setenv("GCE_METADATA_HOST", "")
	source, err := awsrole.NewMetadataTokenSource(audience)
	require.NoError(t, err)
	source.SetTransport(inprocess.Transport{Handler: handler})
	return source
}

func TestWhatTheMetadataServerAnswers(t *testing.T) {
	status := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Metadata-Flavor", "Google")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "secret page")
		}
	}
	body := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Metadata-Flavor", "Google")
			_, _ = io.WriteString(w, body)
		}
	}
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		asked  int
		want   string // of the error; "" for none
	}{
		{"a token", metadata, 1, ""},
		{"no service account", status(404), 1, "HTTP 404; hint: the metadata server has no ID token"},
		{"a refusal", status(403), 1, "HTTP 403"},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://evil.example/", http.StatusFound)
		}, 1, "HTTP 302"},
		{"a server that is down", status(503), 4, "HTTP 503"},
		{"a limit", status(429), 4, "HTTP 429"},
		{"an answer without the flavor", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, jwt(claims)) }, 1, "the answer is not of Google's metadata server"},
		{"a page", body("<html>secret"), 1, "the answer is no JSON Web Token"},
		{"nothing", body(""), 1, "the answer is no JSON Web Token"},
		{"a token that is too large", body(jwt(`{"aud":"` + strings.Repeat("a", 64<<10) + `"}`)), 1, "the answer is larger than 64 KiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			asked := 0
			source := sourceOf(t, func(w http.ResponseWriter, r *http.Request) {
				asked++
				assert.Equal(t, "metadata.google.internal", r.Host)
				test.answer(w, r)
			})
			synctest.Test(t, func(t *testing.T) {
				token, err := source.TokenContext(t.Context())
				assert.Equal(t, test.asked, asked)
				if test.want == "" {
					require.NoError(t, err)
					assert.Equal(t, jwt(claims), token.AccessToken)
					return
				}
				require.ErrorContains(t, err, test.want)
				var e *awsfed.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, awsrole.StageIDToken, e.Stage)
				assert.Equal(t, test.asked > 1, e.Transient)
				assertHidden(t, err, jwt(claims))
				assert.NotContains(t, err.Error(), "secret")
			})
		})
	}
}

func TestAMetadataServerThatComesBackIsAskedAgain(t *testing.T) {
	asked := 0
	source := sourceOf(t, func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked < 4 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		metadata(w, r)
	})
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := source.TokenContext(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 4, asked)
		assert.Less(t, time.Since(start), 2*time.Second)
	})
}

func TestAMetadataServerThatIsSilent(t *testing.T) {
	source := sourceOf(t, nil)
	source.SetTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}))
	t.Run("is asked four times", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			_, err := source.Token()
			var timeout net.Error
			require.ErrorAs(t, err, &timeout)
			assert.True(t, timeout.Timeout())
			assert.WithinRange(t, time.Now(), start.Add(12*time.Second), start.Add(14*time.Second))
		})
	})
	t.Run("is left when the ctx ends", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			_, err := source.TokenContext(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, time.Second, time.Since(start))
		})
	})
}

func TestThePauseEndsWithTheCtx(t *testing.T) {
	source := sourceOf(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := source.TokenContext(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "HTTP 503")
		assert.Equal(t, 50*time.Millisecond, time.Since(start))
	})
}

func TestElsewhereNobodyIsTheMetadataServer(t *testing.T) {
	source := sourceOf(t, nil)
	asked := 0
	source.SetTransport(roundTripper(func(*http.Request) (*http.Response, error) {
		asked++
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "metadata.google.internal", IsNotFound: true}}
	}))
	_, err := source.TokenContext(t.Context())
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Contains(t, e.Hint, "this is no machine of Google Cloud")
	assert.False(t, e.Transient)
	assert.Equal(t, 1, asked)
}

func TestAnAnswerThatBreaksOffIsAskedForAgain(t *testing.T) {
	source := sourceOf(t, nil)
	asked := 0
	source.SetTransport(roundTripper(func(*http.Request) (*http.Response, error) {
		asked++
		return &http.Response{
			StatusCode: http.StatusOK, Header: http.Header{"Metadata-Flavor": {"Google"}},
			Body: io.NopCloser(io.MultiReader(strings.NewReader(jwt(claims)[:100]), broken{})),
		}, nil
	}))
	synctest.Test(t, func(t *testing.T) {
		_, err := source.TokenContext(t.Context())
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Equal(t, 4, asked)
		assertHidden(t, err, jwt(claims))
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
