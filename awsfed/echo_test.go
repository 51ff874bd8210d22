package awsfed_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// An echo is a server that writes what it was sent into its answer, byte for byte. It remembers
// which of that is secret.
type echo struct {
	place    func(said string) string // the whole answer, as it goes over the wire
	encoding func(string) string

	mu      sync.Mutex
	secrets map[string]bool
}

// serve answers the one request of a connection.
func (e *echo) serve(conn net.Conn) {
	defer conn.Close()
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	body, _ := io.ReadAll(req.Body)
	var said []string
	e.mu.Lock()
	for _, s := range sentSecrets(req, body) {
		e.secrets[s.secret] = true
		said = append(said, e.encoding(s.secret))
	}
	e.mu.Unlock()
	_, _ = io.WriteString(conn, e.place(strings.Join(said, " ")))
}

// RoundTrip sends a request through a real http.Transport, so that the errors are those of
// net/http, and works in a synctest bubble.
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

// listen serves on loopback, for the AWS SDK.
func (e *echo) listen(t *testing.T) (root string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { e.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		serving.Wait()
	})
	return "http://" + listener.Addr().String()
}

func newEcho(place, encoding func(string) string) *echo {
	return &echo{place: place, encoding: encoding, secrets: make(map[string]bool)}
}

func echoedBody(status, header string, body any) string {
	text := string(must(json.Marshal(body)))
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s", status, len(text), header, text)
}

func echoedHeader(status, header string) string {
	return echoedBody(status, header+"\r\n", map[string]string{"error": "invalid_request"})
}

func rpcStatus(detail map[string]any, message string) any {
	detail["@type"] = "type.googleapis.com/google.rpc.ErrorInfo"
	return map[string]any{"error": map[string]any{"status": "PERMISSION_DENIED", "message": message, "details": []any{detail}}}
}

func stsError(code, message string) string {
	text := "<ErrorResponse><Error><Code>" + code + "</Code><Message>" + message + "</Message></Error></ErrorResponse>"
	return fmt.Sprintf("HTTP/1.1 403 Forbidden\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
}

// echoPlaces are all the parts of an answer that have ever got into an error.
var echoPlaces = map[string]func(said string) string{
	"the media type": func(s string) string {
		return "HTTP/1.1 200 OK\r\nContent-Type: " + s + "\r\nContent-Length: 2\r\n\r\n{}"
	},
	"X-Amzn-Requestid":      func(s string) string { return echoedHeader("400 Bad Request", "X-Amzn-Requestid: "+s) },
	"X-Goog-Request-Id":     func(s string) string { return echoedHeader("400 Bad Request", "X-Goog-Request-Id: "+s) },
	"X-Cloud-Trace-Context": func(s string) string { return echoedHeader("400 Bad Request", "X-Cloud-Trace-Context: "+s) },
	"the reason": func(s string) string {
		return echoedBody("403 Forbidden", "", rpcStatus(map[string]any{"reason": s}, "no"))
	},
	"the domain": func(s string) string {
		return echoedBody("403 Forbidden", "", rpcStatus(map[string]any{"reason": "R", "domain": s}, "no"))
	},
	"the keys of the metadata": func(s string) string {
		metadata := map[string]any{s: "v"}
		for i := range 1000 {
			metadata[s+strconv.Itoa(i)] = strings.Repeat("v", 1000)
		}
		return echoedBody("403 Forbidden", "", rpcStatus(map[string]any{"reason": "R", "metadata": metadata}, "no"))
	},
	"a value of the metadata": func(s string) string {
		return echoedBody("403 Forbidden", "", rpcStatus(map[string]any{"reason": "R", "metadata": map[string]any{"k": s}}, "no"))
	},
	"the message": func(s string) string {
		return echoedBody("403 Forbidden", "", rpcStatus(map[string]any{"reason": "R"}, "\x1b[2J\u202e"+s))
	},
	"error": func(s string) string {
		return echoedBody("400 Bad Request", "", map[string]any{"error": s})
	},
	"error_description": func(s string) string {
		return echoedBody("400 Bad Request", "", map[string]any{"error": "e", "error_description": strings.Repeat(s+"\x1b[2J\n", 100)})
	},
	"error_description, strewn with what is invisible": func(s string) string {
		return echoedBody("400 Bad Request", "", map[string]any{"error": "e", "error_description": strings.Join(strings.Split(s, ""), "\u200b")})
	},
	"the code of AWS STS":        func(s string) string { return stsError(s, "no") },
	"the message of AWS STS":     func(s string) string { return stsError("AccessDenied", s) },
	"the ARN that AWS STS tells": func(s string) string { return stsIdentity("123456789012", s, "id") },
	"the account that AWS STS tells": func(s string) string {
		return stsIdentity(s, "arn:aws:sts::123456789012:assumed-role/app/x", "id")
	},
	"the user ID that AWS STS tells": func(s string) string {
		return stsIdentity("123456789012", "arn:aws:sts::123456789012:assumed-role/app/x", s)
	},
	"the text of the status": func(s string) string { return "HTTP/1.1 500 " + s + "\r\nContent-Length: 0\r\n\r\n" },
	"a malformed status":     func(s string) string { return "HTTP/1.1 " + s + "\r\n\r\n" },
	"a malformed version":    func(s string) string { return s + "\r\n\r\n" },
	"a malformed header":     func(s string) string { return "HTTP/1.1 200 OK\r\n" + s + "\r\n\r\n" },
	"Location": func(s string) string {
		return "HTTP/1.1 302 Found\r\nLocation: https://evil.example/" + s + "\r\nContent-Length: 0\r\n\r\n"
	},
	"Location, malformed": func(s string) string {
		return "HTTP/1.1 307 Temporary Redirect\r\nLocation: ://%zz" + s + "\r\nContent-Length: 0\r\n\r\n"
	},
	"Retry-After": func(s string) string { return echoedHeader("503 Service Unavailable", "Retry-After: "+s) },
	"Content-Length": func(s string) string {
		return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + s + "\r\n\r\n{}"
	},
	"Transfer-Encoding": func(s string) string { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + s + "\r\n\r\n{}" },
	"the length of a chunk": func(s string) string {
		return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + s + "\r\n"
	},
	"a body that breaks off": func(s string) string {
		return "HTTP/1.1 400 Bad Request\r\nContent-Type: " + s + "\r\nContent-Length: 99999\r\n\r\n" + s
	},
}

func stsIdentity(account, arn, user string) string {
	text := "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>" + arn + "</Arn><UserId>" + user + "</UserId><Account>" + account +
		"</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
}

func TestPrintingHoldsNoSecretThatAServerEchoes(t *testing.T) {
	for service, host := range map[string]string{
		"token-exchange": "sts.googleapis.com",
		"impersonation":  "iamcredentials.googleapis.com",
		"delegation":     "oauth2.googleapis.com",
		"AWS STS":        "sts.us-east-1.amazonaws.com",
	} {
		for part, place := range echoPlaces {
			for how, encoding := range encodings {
				if service == "delegation" && how != "as it is" && how != "in every byte" {
					continue // An assertion is signed by a key that takes its time to be made.
				}
				t.Run(service+"/"+part+"/"+how, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { testEcho(t, host, newEcho(place, encoding)) })
				})
			}
		}
	}
}

// echoedSteps asks for the steps at that host that are not taken anyway. Others would sign with keys that
// take their time to be made.
func echoedSteps(host string) *awsfed.DiagnoseOptions {
	switch host {
	case "iamcredentials.googleapis.com":
		return accountOptions()
	case "oauth2.googleapis.com":
		return &awsfed.DiagnoseOptions{DelegatedSubject: workspaceUser}
	}
	return nil
}

func testEcho(t *testing.T, host string, server *echo) {
	cloud := newWorkspace(t)
	cfg := cloud.Config()
	cfg.Scopes = []string{calendarScope}
	cfg.HTTPClient = diverted(host, server, cfg.HTTPClient.Transport)
	var said lockedBuffer
	cfg.Logger = slog.New(slog.NewJSONHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg.OnRefresh = func(event awsfed.RefreshEvent) {
		fmt.Fprintf(&said, "%v %+v %#v\n", event, event, event)
		for _, step := range event.Steps {
			if step.Err != nil {
				_, _ = said.Write([]byte(everyRendering(step.Err)))
			}
		}
	}
	ts, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	_, err = ts.Token()
	time.Sleep(time.Minute) // attempts in the background
	if err != nil {
		assertFit(t, err)
		_, _ = said.Write([]byte(everyRendering(err) + everyRendering(ts.Status().Err)))
	}
	report, err := awsfed.Diagnose(t.Context(), cfg, echoedSteps(host))
	require.NoError(t, err)
	fmt.Fprintf(&said, "%s\n%s\n%+v\n%#v\n", report, must(json.Marshal(report)), report, report)
	for _, step := range report.Steps {
		if step.Err != nil {
			assertFit(t, step.Err)
			_, _ = said.Write([]byte(everyRendering(step.Err)))
		}
	}
	assert.Less(t, len(report.String()), 64<<10)
	time.Sleep(time.Minute)
	synctest.Wait()
	server.mu.Lock()
	defer server.mu.Unlock()
	require.NotEmpty(t, server.secrets, "the server heard nothing")
	assertNoSecret(t, said.String(), maps.Keys(server.secrets))
}

func TestPrintingHoldsNoSecretThatAContainerEndpointEchoes(t *testing.T) {
	const token = "Bearer-of-the-pod/eyJhbGciOi+JSUzI1NiJ9.pod"
	long, tooLong := strings.Repeat(".", 30_000), strings.Repeat(".", 300_000) // below and beyond the bound of a body
	for part, place := range map[string]func(string) string{
		"the message": func(s string) string {
			return echoedBody("400 Bad Request", "", map[string]string{"code": "AccessDenied", "message": "\x1b[2J" + s + long})
		},
		"a message beyond the bound": func(s string) string {
			return echoedBody("400 Bad Request", "", map[string]string{"code": "AccessDenied", "message": "\x1b[2J" + s + tooLong})
		},
		"a redirect": func(s string) string {
			return echoedBody("302 Found", "Location: http://127.0.0.1/"+s+"\r\n", map[string]string{"code": s, "message": s})
		},
		"a redirect without a Location": func(s string) string {
			return echoedBody("304 Not Modified", "", map[string]string{"code": s, "message": s})
		},
		"a status between redirects and errors": func(s string) string {
			return echoedBody("399 None", "", map[string]string{"code": s + "\x1b", "message": s + long})
		},
		"the code": func(s string) string {
			return echoedBody("400 Bad Request", "", map[string]string{"code": s + long, "message": "no"})
		},
		"a body of text": func(s string) string {
			return fmt.Sprintf("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(s+tooLong), s+tooLong)
		},
		"a success":          func(s string) string { return echoedBody("200 OK", "", []string{s}) },
		"a time":             func(s string) string { return echoedBody("200 OK", "", map[string]string{"Expiration": s}) },
		"a malformed header": func(s string) string { return "HTTP/1.1 200 OK\r\n" + s + "\r\n\r\n" },
		"a malformed status": func(s string) string { return "HTTP/1.1 " + s + "\r\n\r\n" },
	} {
		for how, encoding := range encodings {
			variables := []string{"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"}
			if strings.HasPrefix(part, "a malformed") {
				if how != "escaped, in lower case" {
					continue // The SDK tries again for seconds.
				}
				variables = variables[:1]
			}
			for _, variable := range variables {
				t.Run(part+"/"+how+"/"+variable, func(t *testing.T) {
					clearAWSEnvironment(t)
					server := newEcho(place, encoding)
					t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.listen(t)+"/v1/credentials")
					if strings.HasSuffix(variable, "_FILE") {
						t.Setenv(variable, writeFile(t, "token", token))
					} else {
						t.Setenv(variable, token)
					}
					var said lockedBuffer
					cfg := awsfed.Config{Audience: testAudience, Region: "us-east-1",
						Logger: slog.New(slog.NewJSONHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))}
					builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
					require.NoError(t, err)
					_, err = builder.SubjectToken(t.Context())
					require.Error(t, err)
					assertFit(t, err)
					_, _ = said.Write([]byte(everyRendering(err)))
					if part == "the message" {
						var api smithy.APIError
						require.ErrorAs(t, err, &api)
						assert.Equal(t, "AccessDenied", api.ErrorCode())
						assert.LessOrEqual(t, len(api.ErrorMessage()), 1000)
						report, err := awsfed.Diagnose(t.Context(), cfg, nil)
						require.NoError(t, err)
						fmt.Fprintf(&said, "%s\n%s\n%+v\n", report, must(json.Marshal(report)), report)
					}
					assert.Less(t, len(said.String()), 512<<10)
					server.mu.Lock()
					defer server.mu.Unlock()
					require.True(t, server.secrets[token])
					require.NotEmpty(t, server.secrets, "the server heard nothing")
					assertNoSecret(t, said.String(), maps.Keys(server.secrets))
				})
			}
		}
	}
}

// The headers that a URL is asked with for a subject token are secrets, and so is what it answers.
func TestPrintingHoldsNoSecretThatATokenURLEchoes(t *testing.T) {
	clearAWSEnvironment(t)
	for part, place := range echoPlaces {
		for how, encoding := range encodings {
			t.Run(part+"/"+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := newEcho(place, encoding)
					var said lockedBuffer
					cfg := awsfed.Config{Audience: testAudience, HTTPClient: &http.Client{Transport: server},
						Subject: awsfed.Subject{URL: tokenURL, Headers: map[string]string{"authorization": "Bearer " + plantedSecret}, Field: "token"},
						Logger:  slog.New(slog.NewJSONHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))}
					cfg.OnRefresh = func(event awsfed.RefreshEvent) { fmt.Fprintf(&said, "%v %+v %#v\n", event, event, event) }
					ts, err := awsfed.NewTokenSource(t.Context(), cfg)
					require.NoError(t, err)
					_, err = ts.Token()
					require.Error(t, err)
					time.Sleep(time.Minute) // attempts in the background
					assertFit(t, err)
					_, _ = said.Write([]byte(everyRendering(err) + everyRendering(ts.Status().Err)))
					synctest.Wait()
					server.mu.Lock()
					defer server.mu.Unlock()
					require.True(t, server.secrets[plantedSecret])
					assertNoSecret(t, said.String(), maps.Keys(server.secrets))
				})
			})
		}
	}
}
