package awsfed_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// An echo is a server that writes a secret that it was sent into its answer, byte for byte.
type echo struct {
	place func(said string) string // the whole answer, as it goes over the wire
	said  string
}

func (e *echo) serve(conn net.Conn) {
	defer conn.Close()
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	body, _ := io.ReadAll(req.Body)
	e.said = strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
	if form, err := url.ParseQuery(string(body)); err == nil && form.Has("subject_token") {
		text, _ := url.QueryUnescape(form.Get("subject_token"))
		var request signedRequest
		_ = json.Unmarshal([]byte(text), &request)
		e.said = request.header("X-Amz-Security-Token")
	}
	_, _ = io.WriteString(conn, e.place(e.said))
}

// RoundTrip sends a request through a real http.Transport, so that the errors are those of net/http,
// and works in a synctest bubble.
func (e *echo) RoundTrip(req *http.Request) (*http.Response, error) {
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go e.serve(there)
			return here, nil
		},
	}
	plain := req.Clone(req.Context())
	plain.URL.Scheme = "http"
	return transport.RoundTrip(plain)
}

func echoedBody(status, header string, body any) string {
	text := string(must(json.Marshal(body)))
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s", status, len(text), header, text)
}

func lowerEscapes(s string) string {
	return regexp.MustCompile(`%[0-9A-F]{2}`).ReplaceAllStringFunc(s, strings.ToLower)
}

// echoPlaces are parts of an answer that get into an error.
var echoPlaces = map[string]func(said string) string{
	"the media type": func(s string) string {
		return "HTTP/1.1 200 OK\r\nContent-Type: " + s + "\r\nContent-Length: 2\r\n\r\n{}"
	},
	"a request ID": func(s string) string {
		return echoedBody("400 Bad Request", "X-Goog-Request-Id: "+s+"\r\n", map[string]string{"error": "invalid_request"})
	},
	"a key of the metadata": func(s string) string {
		return echoedBody("403 Forbidden", "", map[string]any{"error": map[string]any{"status": "PERMISSION_DENIED", "message": "no", "details": []any{
			map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "R", "metadata": map[string]string{s: "v"}}}}})
	},
	"a malformed status": func(s string) string { return "HTTP/1.1 " + s + "\r\n\r\n" },
	"a malformed header": func(s string) string { return "HTTP/1.1 200 OK\r\n" + s + "\r\n\r\n" },
	"Location, malformed": func(s string) string {
		return "HTTP/1.1 307 Temporary Redirect\r\nLocation: ://%zz" + s + "\r\nContent-Length: 0\r\n\r\n"
	},
	"a code with escapes in lower case": func(s string) string {
		return echoedBody("400 Bad Request", "", map[string]string{"error": lowerEscapes(url.QueryEscape(s))})
	},
	"a message with commands of a terminal": func(string) string {
		return echoedBody("400 Bad Request", "", map[string]string{"error": "invalid_request", "error_description": "\u009b2J\u202eno"})
	},
}

// assertFit fails if an error is too long, or holds what a terminal would obey.
func assertFit(t *testing.T, err error) {
	t.Helper()
	assert.LessOrEqual(t, len(err.Error()), 8<<10)
	assert.False(t, regexp.MustCompile(`[\x00-\x09\x0b-\x1f\x7f-\x{9f}\x{202a}-\x{202e}]`).MatchString(err.Error()), "control characters")
}

// assertNoSecret fails if text holds secret, in any of the usual escapes.
func assertNoSecret(t *testing.T, text, secret string) {
	t.Helper()
	require.NotEmpty(t, secret, "the server heard nothing")
	text = strings.ToLower(text)
	for name, form := range map[string]string{"as it is": secret, "escaped": url.QueryEscape(secret)} {
		assert.False(t, strings.Contains(text, strings.ToLower(form)), "a secret of %d bytes is printed %s", len(secret), name)
	}
}

func TestAServerThatEchoesItsRequestGetsNoSecretPrinted(t *testing.T) {
	for service, host := range map[string]string{"token exchange": "sts.googleapis.com", "impersonation": "iamcredentials.googleapis.com"} {
		for part, place := range echoPlaces {
			if service == "impersonation" && strings.HasSuffix(part, "in lower case") {
				continue // A bearer token has nothing to escape.
			}
			t.Run(service+"/"+part, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cfg := awsfedtest.New(awsfedtest.Options{}).Config()
					rest, server := cfg.HTTPClient.Transport, &echo{place: place}
					cfg.HTTPClient = &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
						if req.URL.Host == host {
							return server.RoundTrip(req)
						}
						return rest.RoundTrip(req)
					})}
					builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
					require.NoError(t, err)
					exchanger, err := awsfed.NewExchanger(cfg, builder)
					require.NoError(t, err)
					impersonator, err := awsfed.NewImpersonator(cfg, exchanger)
					require.NoError(t, err)
					_, err = impersonator.TokenContext(t.Context())
					require.Error(t, err)
					assertFit(t, err)
					assertNoSecret(t, renderings(t, err), server.said)
				})
			})
		}
	}
}

func TestTheContainerEndpointGetsNoSecretPrinted(t *testing.T) {
	const token = "Bearer-of-the-pod/eyJhbGciOi+JSUzI1NiJ9.pod"
	long := strings.Repeat(".", 300_000)
	for part, answer := range map[string]map[string]string{
		"the message": {"code": "AccessDenied", "message": "\x1b[2J" + token + long},
		"the code":    {"code": token + long, "message": "no"},
	} {
		t.Run(part, func(t *testing.T) {
			clearAWSEnvironment(t)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				assert.Equal(t, token, r.Header.Get("Authorization"))
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusBadRequest)
				assert.NoError(t, json.NewEncoder(w).Encode(answer))
			}))
			defer server.Close()
			t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.URL+"/v1/credentials")
			t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", token)
			err := attempt(t)
			require.Error(t, err)
			assertFit(t, err)
			assertNoSecret(t, renderings(t, err), token)
		})
	}
}

// A rudeError belongs to somebody else: it is long, and holds a command for a terminal.
type rudeError struct{}

func (rudeError) Error() string { return "rude \x1b[2J\n" + strings.Repeat("x", 100_000) }

func TestAForeignErrorIsFoundAndItsTextIsBounded(t *testing.T) {
	sentinel := errors.New("sentinel")
	foreign := fmt.Errorf("%w: %w", sentinel, rudeError{})
	synctest.Test(t, func(t *testing.T) {
		failing := sourceFunc(func(context.Context) (*oauth2.Token, error) { return nil, foreign })
		impersonator, err := awsfed.NewImpersonator(offlineConfig(&scriptedGoogle{}), failing)
		require.NoError(t, err)
		cached, err := awsfed.NewCachedTokenSource(failing, awsfed.CacheOptions{Logger: quiet})
		require.NoError(t, err)
		for _, layer := range []awsfed.ContextTokenSource{impersonator, cached} {
			_, err := layer.TokenContext(t.Context())
			assert.True(t, errors.Is(err, sentinel), "it is found")
			assertFit(t, err)
		}
	})
}

func TestAnErrorSaysNoMoreThanItMay(t *testing.T) {
	e := &awsfed.Error{Stage: awsfed.StageExchange, StatusCode: 400, Code: "c", Description: "d", Err: rudeError{}}
	assertFit(t, e)
	assert.False(t, strings.Contains(renderings(t, e), "\x1b"), "a command for a terminal")
	var retrieve *oauth2.RetrieveError
	require.True(t, errors.As(e, &retrieve))
	assert.LessOrEqual(t, len(retrieve.Body), 8<<10)
	assert.False(t, strings.Contains(string(retrieve.Body), "\x1b"), "a command for a terminal")
}

func TestAFieldErrorSaysNoMoreThanItMay(t *testing.T) {
	long := strings.Repeat("a\x1b", 450_000)
	for name, change := range map[string]func(*awsfed.Config){
		"an audience":       func(c *awsfed.Config) { c.Audience = long },
		"a service account": func(c *awsfed.Config) { c.ServiceAccount = long },
		"a region":          func(c *awsfed.Config) { c.Region = long },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := offlineConfig(nil)
			change(&cfg)
			_, err := awsfed.NewTokenSource(t.Context(), cfg)
			require.Error(t, err)
			assert.Less(t, len(err.Error()), 2<<10)
		})
	}
}
