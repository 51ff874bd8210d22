package awsfed_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
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
	secrets := []string{strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "), req.Header.Get("X-Amz-Security-Token")}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Has("subject_token") {
		text, _ := url.QueryUnescape(form.Get("subject_token"))
		var request signedRequest
		_ = json.Unmarshal([]byte(text), &request)
		secrets = append(secrets, form.Get("subject_token"), request.header("X-Amz-Security-Token"), request.header("Authorization"))
	}
	var said []string
	e.mu.Lock()
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		e.secrets[secret] = true
		said = append(said, e.encoding(secret))
		if _, signature, found := strings.Cut(secret, "Signature="); found {
			e.secrets[signature] = true
			said = append(said, e.encoding(signature))
		}
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

func lowerEscapes(s string) string {
	return regexp.MustCompile(`%[0-9A-F]{2}`).ReplaceAllStringFunc(s, strings.ToLower)
}

// echoEncodings are the ways in which a server may write what it was sent.
var echoEncodings = map[string]func(string) string{
	"as it is":                         func(s string) string { return s },
	"with escapes in lower case":       lowerEscapes,
	"escaped":                          url.QueryEscape,
	"escaped, in lower case":           func(s string) string { return lowerEscapes(url.QueryEscape(s)) },
	"escaped for a path":               url.PathEscape,
	"escaped twice":                    func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"escaped three times, lower case":  func(s string) string { return lowerEscapes(url.QueryEscape(url.QueryEscape(url.QueryEscape(s)))) },
	"in every byte":                    func(s string) string { return everyByte(s, "%%%02x") },
	"in every byte, in words of JSON":  func(s string) string { return everyByte(s, `\u%04X`) },
	"with the slashes of some encoder": func(s string) string { return strings.ReplaceAll(s, "/", `\/`) },
}

func everyByte(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

// assertNoSecret fails if a secret is in text, in any of the ways to write one. %q of fmt and JSON
// escape the text once more.
func assertNoSecret(t *testing.T, text string, secrets map[string]bool) {
	t.Helper()
	require.NotEmpty(t, secrets, "the server heard nothing")
	text = strings.ToLower(text)
	for secret := range secrets {
		for name, encode := range echoEncodings {
			form := strings.ToLower(encode(secret))
			quoted := strings.Trim(strconv.Quote(form), `"`)
			if strings.Contains(text, form) || strings.Contains(text, quoted) || strings.Contains(text, strings.Trim(strconv.Quote(quoted), `"`)) {
				t.Errorf("a secret of %d bytes is printed %s", len(secret), name)
				return
			}
		}
	}
}

// assertFit fails if an error is too long, or holds what a terminal would obey.
func assertFit(t *testing.T, err error) {
	t.Helper()
	assert.LessOrEqual(t, len(err.Error()), 8<<10)
	assert.NotRegexp(t, `[\x00-\x09\x0b-\x1f\x7f-\x{9f}\x{200b}-\x{200f}\x{202a}-\x{202e}]`, err.Error())
	first, _, _ := strings.Cut(err.Error(), "\n  ")
	assert.NotContains(t, first, "\n")
	var e *awsfed.Error
	if !errors.As(err, &e) {
		return
	}
	assert.LessOrEqual(t, len(e.Description), 1000)
	for _, short := range []string{e.Code, e.Reason, e.Domain, e.RequestID} {
		assert.LessOrEqual(t, len(short), 100)
	}
	assert.LessOrEqual(t, len(e.Metadata), 16)
	for key, value := range e.Metadata {
		assert.LessOrEqual(t, len(key), 64)
		assert.LessOrEqual(t, len(value), 200)
	}
	if e.Err != nil {
		assert.LessOrEqual(t, len(e.Err.Error()), 1000)
	}
}

// everyRendering is an error and its causes in every way there is to print them, with what
// errors.As finds in it.
func everyRendering(err error) string {
	var b strings.Builder
	print := func(v any) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%s", "%d", "%x"} {
			fmt.Fprintf(&b, verb+"\n", v)
		}
		if text, err := json.Marshal(v); err == nil {
			fmt.Fprintf(&b, "%s\n", text)
		}
		for _, logger := range []*slog.Logger{slog.New(slog.NewTextHandler(&b, nil)), slog.New(slog.NewJSONHandler(&b, nil))} {
			logger.Error("failed", "error", v)
		}
	}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		print(cause)
	}
	var (
		retrieve  *oauth2.RetrieveError
		address   *url.Error
		operation *net.OpError
		lookup    *net.DNSError
		network   net.Error
		api       smithy.APIError
		call      *smithy.OperationError
		answer    *smithyhttp.ResponseError
		decoding  *smithy.DeserializationError
		named     interface{ ServiceRequestID() string }
		field     *awsfed.FieldError
	)
	if errors.As(err, &retrieve) {
		print(retrieve)
		fmt.Fprintf(&b, "%s %+v %s %s %s\n", retrieve.Body, retrieve.Response, retrieve.ErrorCode, retrieve.ErrorDescription, retrieve.ErrorURI)
	}
	if errors.As(err, &api) {
		print(api)
		fmt.Fprintf(&b, "%s %s\n", api.ErrorCode(), api.ErrorMessage())
	}
	if errors.As(err, &named) {
		fmt.Fprintf(&b, "%s\n", named.ServiceRequestID())
	}
	for _, target := range []any{&address, &operation, &lookup, &network, &call, &answer, &decoding, &field} {
		if errors.As(err, target) {
			found := fmt.Sprintf("%v %+v %#v\n", target, target, target)
			b.WriteString(found)
		}
	}
	if address != nil {
		print(address)
		print(address.Err)
	}
	if network != nil {
		print(network)
	}
	if answer != nil {
		print(answer)
	}
	if call != nil {
		print(call)
		print(call.Err)
	}
	if decoding != nil {
		print(decoding)
	}
	return b.String()
}

func TestPrintingHoldsNoSecretThatAServerEchoes(t *testing.T) {
	clearAWSEnvironment(t)
	for service, host := range map[string]string{
		"token-exchange": "sts.googleapis.com",
		"impersonation":  "iamcredentials.googleapis.com",
		"AWS STS":        "sts.us-east-1.amazonaws.com",
	} {
		for part, place := range echoPlaces {
			for how, encoding := range echoEncodings {
				t.Run(service+"/"+part+"/"+how, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { testEcho(t, host, newEcho(place, encoding)) })
				})
			}
		}
	}
}

func testEcho(t *testing.T, host string, server *echo) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cfg := cloud.Config()
	rest := cfg.HTTPClient.Transport
	cfg.HTTPClient = &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		if req.URL.Host == host {
			return server.RoundTrip(req)
		}
		return rest.RoundTrip(req)
	})}
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
	report, err := awsfed.Diagnose(t.Context(), cfg, nil)
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
	assertNoSecret(t, said.String(), server.secrets)
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
		for how, encoding := range echoEncodings {
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
					assertNoSecret(t, said.String(), server.secrets)
				})
			}
		}
	}
}
