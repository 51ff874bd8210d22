package awsfed_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const (
	// patience is what a caller gives a hostile server, and slack what a slow machine may add to
	// it.
	patience = 300 * time.Millisecond
	slack    = 10 * time.Second
	// maxMemory is what one call may allocate, garbage included.
	maxMemory = 8 << 20
)

// A behaviour is what a server does instead of answering as it should.
type behaviour struct {
	name    string
	connect func(*net.TCPConn)     // to a connection, before anything is read; or
	answer  func(exchange)         // to a request
	secure  bool                   // over TLS
	large   bool                   // so that memory is what it is after
	passes  func(hostileStep) bool // the answer may be taken, or the call may fail; nil: it fails
	only    func(hostileStep) bool // the steps that it is for; nil: all
}

// A hostileStep is a step that asks a server.
type hostileStep struct {
	name     string
	stage    awsfed.Stage
	aws      bool                           // the HTTP client is that of the AWS SDK
	fields   []string                       // of the JSON that a server answers with
	concerns func(*http.Request) bool       // the requests that the server misbehaves for
	config   func(*awsfed.Config, string)   // leads the step to the server at a URL
	environ  func(string) map[string]string // does the same by variables
	prepare  func(*testing.T, awsfed.Config) func(context.Context) error
}

// everyRequest is for a server that never behaves.
func everyRequest(*http.Request) bool { return true }

func hostileSteps() []hostileStep {
	nothing := func(string) map[string]string { return nil }
	keys := []string{"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
	// The AWS SDK's metadata client asks for a session first, then for the role's name, then for
	// its credentials.
	subject := func(t *testing.T, cfg awsfed.Config) func(context.Context) error {
		builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
		require.NoError(t, err)
		return func(ctx context.Context) error {
			_, err := builder.SubjectToken(ctx)
			return err
		}
	}
	return []hostileStep{
		{
			name: "token exchange", stage: awsfed.StageExchange, concerns: everyRequest, environ: nothing,
			fields: []string{"access_token", "issued_token_type", "token_type", "expires_in"},
			config: func(cfg *awsfed.Config, url string) { cfg.TokenURL = url + "/v1/token" },
			prepare: func(t *testing.T, cfg awsfed.Config) func(context.Context) error {
				exchanger := newExchanger(t, cfg)
				return func(ctx context.Context) error {
					_, err := exchanger.TokenContext(ctx)
					return err
				}
			},
		},
		{
			name: "impersonation", stage: awsfed.StageImpersonation, concerns: everyRequest, environ: nothing,
			fields: []string{"accessToken", "expireTime"},
			config: func(cfg *awsfed.Config, url string) {
				cfg.IAMCredentialsEndpoint = url
				cfg.ServiceAccount = testAccount
				cfg.Lifetime = shortLife
			},
			prepare: func(t *testing.T, cfg awsfed.Config) func(context.Context) error {
				exchanger := newExchanger(t, cfg)
				federated, err := exchanger.TokenContext(t.Context())
				require.NoError(t, err)
				impersonator, err := awsfed.NewImpersonator(cfg, fixedFederated(federated.AccessToken))
				require.NoError(t, err)
				return func(ctx context.Context) error {
					_, err := impersonator.TokenContext(ctx)
					return err
				}
			},
		},
		{
			name: "caller identity", stage: awsfed.StageSubjectToken, concerns: everyRequest, environ: nothing,
			config: func(cfg *awsfed.Config, url string) {
				cfg.VerificationURL = url + "?Action=GetCallerIdentity&Version=2011-06-15"
				cfg.Timeout = patience
			},
			prepare: func(t *testing.T, cfg awsfed.Config) func(context.Context) error {
				return func(context.Context) error {
					report, err := awsfed.Diagnose(t.Context(), cfg, nil)
					if err != nil {
						return err
					}
					return identityError(report)
				}
			},
		},
		{
			name: "EC2 metadata", stage: awsfed.StageCredentials, aws: true, environ: nothing, concerns: everyRequest,
			config:  func(cfg *awsfed.Config, url string) { cfg.Credentials, cfg.MetadataEndpoint = nil, url },
			prepare: subject,
		},
		{
			name: "EC2 credentials", stage: awsfed.StageCredentials, aws: true, environ: nothing, fields: append(keys, "Code", "Type"),
			concerns: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/security-credentials/app") },
			config:   func(cfg *awsfed.Config, url string) { cfg.Credentials, cfg.MetadataEndpoint = nil, url },
			prepare:  subject,
		},
		{
			name: "container credentials", stage: awsfed.StageCredentials, aws: true, fields: append(keys, "RoleArn"), concerns: everyRequest,
			config: func(cfg *awsfed.Config, _ string) { cfg.Credentials = nil },
			environ: func(url string) map[string]string {
				return map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": url + "/container/ecs/app"}
			},
			prepare: subject,
		},
	}
}

// errUnreachable stands for a step of Diagnose that warns, and goes on: this machine need not reach
// AWS STS.
var errUnreachable = errors.New("AWS STS was not reached")

// identityError is what Diagnose says of the step that asks AWS STS.
func identityError(report *awsfed.Report) error {
	for _, step := range report.Steps {
		switch {
		case step.Stage != awsfed.StageIdentity:
		case step.Err != nil:
			return step.Err
		case step.Verdict != awsfed.VerdictPassed:
			return fmt.Errorf("%w: %s", errUnreachable, strings.Join(step.Findings, "; "))
		default:
			return nil
		}
	}
	return errors.New("there is no step for the AWS identity")
}

// hostileBehaviours is all that a server does to every step. A redirect leads to elsewhere.
func hostileBehaviours(certs certificates, elsewhere string) []behaviour {
	google := func(h hostileStep) bool { return !h.aws }
	ofAWS := func(h hostileStep) bool { return h.aws }
	anywhere := func(hostileStep) bool { return true }
	xml := func(h hostileStep) bool { return h.name == "caller identity" }
	spaces := bytes.Repeat([]byte(" "), 32<<10) // which no JSON decoder minds
	ok := func(e exchange, headers string) {
		e.say("HTTP/1.1 200 OK\r\nContent-Type: ", e.mediaType(), "\r\n", headers, "\r\n")
	}
	behaviours := []behaviour{
		// It is slow.
		{name: "silence", answer: exchange.hang},
		{name: "silence within the headers", answer: func(e exchange) { e.Write(e.head()[:len(e.head())/2]); e.hang() }},
		{name: "silence before the body", answer: func(e exchange) { e.Write(e.head()); e.hang() }},
		{name: "silence within the body", answer: func(e exchange) { e.Write(e.legal[:len(e.head())+len(e.body())/2]); e.hang() }},
		{name: "silence before the last byte", answer: func(e exchange) { e.Write(e.legal[:len(e.legal)-1]); e.hang() }},
		{name: "a byte at a time", answer: trickle},

		// It ends.
		{name: "no answer", answer: func(exchange) {}},
		{name: "a reset", answer: exchange.reset},
		{name: "a reset on connecting", connect: func(c *net.TCPConn) { _ = c.SetLinger(0) }},

		// It is large.
		{name: "a body of 100 MB", large: true, answer: func(e exchange) {
			ok(e, "Content-Length: 104857600\r\n")
			e.pour(spaces, 100<<20)
		}},
		{name: "a body without end", large: true, answer: func(e exchange) {
			ok(e, "")
			e.pour(spaces, 256<<20)
		}},
		{name: "a chunked body without end", large: true, answer: func(e exchange) {
			ok(e, "Transfer-Encoding: chunked\r\n")
			e.pour(fmt.Appendf(nil, "%x\r\n%s\r\n", len(spaces), spaces), 256<<20)
		}},
		{name: "a chunk extension without end", large: true, answer: func(e exchange) {
			ok(e, "Transfer-Encoding: chunked\r\n")
			e.say("1;")
			e.pour(bytes.Repeat([]byte("a"), 32<<10), 256<<20)
		}},
		{name: "a string without end", large: true, answer: func(e exchange) {
			ok(e, "")
			e.say(`{"access_token":"`)
			e.pour(bytes.Repeat([]byte("a"), 32<<10), 100<<20)
		}},
		{name: "a body without end of status 500", large: true, answer: func(e exchange) {
			e.say("HTTP/1.1 500 Internal Server Error\r\n\r\n")
			e.pour(bytes.Repeat([]byte("a"), 32<<10), 100<<20)
		}},
		{name: "a gzip bomb", large: true, answer: func(e exchange) {
			ok(e, "Content-Encoding: gzip\r\n")
			w := gzip.NewWriter(e)
			for range 100 << 20 / len(spaces) {
				if _, err := w.Write(spaces); err != nil {
					return
				}
			}
		}},
		{name: "a header of 8 MB", large: true, answer: func(e exchange) {
			e.say("HTTP/1.1 200 OK\r\nX-Large: ")
			for range 8 << 20 / len(spaces) {
				if _, err := e.Write(spaces); err != nil {
					return
				}
			}
			e.say("\r\nContent-Length: 2\r\n\r\n{}")
		}},
		{name: "headers without end", large: true, answer: func(e exchange) {
			e.say("HTTP/1.1 200 OK\r\n")
			e.pour(bytes.Repeat([]byte("X-A: b\r\n"), 4<<10), 32<<20)
		}},
		{name: "a flood of 100 Continue", large: true, answer: func(e exchange) {
			e.pour(bytes.Repeat([]byte("HTTP/1.1 100 Continue\r\n\r\n"), 1<<10), 32<<20)
		}},
		{name: "a flood of 103 Early Hints", large: true, answer: func(e exchange) {
			e.pour(bytes.Repeat([]byte("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), 1<<10), 32<<20)
		}},
		{name: "a trailer without end", large: true, answer: func(e exchange) {
			ok(e, "Transfer-Encoding: chunked\r\n")
			e.say("1\r\n{\r\n0\r\n")
			e.pour(bytes.Repeat([]byte("X-A: b\r\n"), 4<<10), 32<<20)
		}},
		{name: "JSON of a depth of 9,000", large: true, answer: func(e exchange) {
			deep := strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000)
			ok(e, fmt.Sprintf("Content-Length: %d\r\n", len(`{"access_token":}`)+len(deep)))
			e.say(`{"access_token":`, deep, `}`)
		}},
		{name: "JSON of a depth of a million", large: true, answer: func(e exchange) {
			ok(e, "")
			e.pour(bytes.Repeat([]byte("["), 1<<20), 1<<20)
		}},
		{name: "XML of a depth of a million", large: true, answer: func(e exchange) {
			ok(e, "")
			e.pour(bytes.Repeat([]byte("<a>"), 1<<20), 3<<20)
		}, only: xml},

		// It is no HTTP/1.1, or nearly.
		{name: "a single 103 before the answer", passes: anywhere, answer: func(e exchange) {
			e.say("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", string(e.legal))
		}},
		{name: "a header without a colon", answer: func(e exchange) {
			e.say("HTTP/1.1 200 OK\r\nno colon here\r\n", string(bytes.TrimPrefix(e.legal, []byte("HTTP/1.1 200 OK\r\n"))))
		}},
		{name: "two Content-Lengths that differ", answer: func(e exchange) {
			e.Write(bytes.Replace(e.legal, []byte("\r\n\r\n"), []byte("\r\nContent-Length: 3\r\n\r\n"), 1))
		}},
		{name: "a Content-Length that is too small", answer: func(e exchange) {
			ok(e, "Content-Length: 3\r\n")
			e.Write(e.body())
		}},
		{name: "a Content-Length that is too large", passes: ofAWS, answer: func(e exchange) {
			ok(e, fmt.Sprintf("Content-Length: %d\r\n", len(e.body())+1))
			e.Write(e.body())
		}},
		{name: "a negative Content-Length", answer: func(e exchange) {
			ok(e, "Content-Length: -1\r\n")
			e.Write(e.body())
		}},
		{name: "a chunk of 2^64 bytes", answer: func(e exchange) {
			ok(e, "Transfer-Encoding: chunked\r\n")
			e.say("10000000000000000\r\n")
			e.Write(e.body())
		}},
		{name: "a NUL in a header", answer: func(e exchange) {
			e.Write(bytes.Replace(e.legal, []byte("\r\n\r\n"), []byte("\r\nX-A: \x00\r\n\r\n"), 1))
		}},
		{name: "a body of NULs", answer: func(e exchange) {
			ok(e, fmt.Sprintf("Content-Length: %d\r\n", len(e.body())))
			e.Write(make([]byte, len(e.body())))
		}},
		{name: "a NUL before the body", answer: func(e exchange) {
			ok(e, fmt.Sprintf("Content-Length: %d\r\n", len(e.body())+1))
			e.say("\x00")
			e.Write(e.body())
		}, only: func(h hostileStep) bool { return h.name != "EC2 metadata" }, passes: xml},
		{name: "a body without HTTP", answer: func(e exchange) { e.Write(e.body()) }},
		{name: "nonsense", answer: func(e exchange) { e.say("\xff\xfe\x00\x01\x02\r\n\r\n\r\n\r\n") }},
		{name: "a banner of SSH", answer: func(e exchange) { e.say("SSH-2.0-OpenSSH_9.9\r\n"); e.hang() }},
		{name: "a status of four digits", answer: func(e exchange) { e.say("HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}") }},
		{name: "a status of 999", answer: func(e exchange) { e.say("HTTP/1.1 999 \r\nContent-Length: 2\r\n\r\n{}") }},
		{name: "a status of 000", answer: func(e exchange) { e.say("HTTP/1.1 000 \r\nContent-Length: 2\r\n\r\n{}") }},
		{name: "frames of HTTP/2 where HTTP/1 was asked", answer: func(e exchange) {
			e.Write(frame(frameSettings, 0, 0, nil))
			e.Write(frame(frameGoAway, 0, 0, make([]byte, 8)))
		}},
		{name: "101 Switching Protocols", answer: func(e exchange) {
			e.say("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			e.pour(spaces, 1<<20)
		}},
		{name: "200 without a body", answer: func(e exchange) { ok(e, "Content-Length: 0\r\n") }},
		{name: "204 without a body", answer: func(e exchange) { e.say("HTTP/1.1 204 No Content\r\n\r\n") }},
		{name: "206 with the first half of the body", answer: func(e exchange) {
			half := e.body()[:len(e.body())/2]
			e.say("HTTP/1.1 206 Partial Content\r\n", fmt.Sprintf("Content-Range: bytes 0-%d/%d\r\nContent-Length: %d\r\n\r\n", len(half)-1, len(e.body()), len(half)))
			e.Write(half)
		}},
		{name: "300 with a body", answer: func(e exchange) {
			e.Write(bytes.Replace(e.legal, []byte("200 OK"), []byte("300 Multiple Choices"), 1))
		}},

		// It is no TLS, or not the right one.
		{name: "no TLS where TLS was asked", secure: true, connect: func(c *net.TCPConn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			_, _ = io.Copy(io.Discard, c)
		}},
		{name: "a TLS handshake that hangs", secure: true, connect: func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }},
		{name: "a TLS handshake that is reset", secure: true, connect: func(c *net.TCPConn) {
			_, _ = io.ReadFull(c, make([]byte, 10))
			_ = c.SetLinger(0)
		}},
		{name: "TLS records without end", secure: true, connect: func(c *net.TCPConn) {
			for range 1 << 10 { // of the handshake, each a part of one message of 16 MiB
				if _, err := c.Write(append([]byte{22, 3, 3, 0x40, 0, 2, 0xff, 0xff, 0xff}, make([]byte, 16<<10-4)...)); err != nil {
					return
				}
			}
		}},
		{name: "an expired certificate", secure: true, connect: func(c *net.TCPConn) { handshake(c, certs.expired) }},
		{name: "a certificate of nobody known", secure: true, connect: func(c *net.TCPConn) { handshake(c, certs.unknown) }},
		{name: "a certificate of another host", secure: true, connect: func(c *net.TCPConn) { handshake(c, certs.ofAnotherHost) }},
	}
	for _, status := range []int{300, 301, 302, 303, 307, 308} {
		behaviours = append(behaviours, behaviour{
			name: fmt.Sprintf("a redirect of status %d", status),
			answer: func(e exchange) {
				e.say(fmt.Sprintf("HTTP/1.1 %d %s\r\nLocation: %s/%d\r\nContent-Length: 0\r\n\r\n", status, http.StatusText(status), elsewhere, status))
			},
		})
	}
	// Over HTTP/2, which the AWS SDK's clients do not speak with these endpoints.
	for _, b := range []struct {
		name  string
		large bool
		do    func(exchange, uint32)
	}{
		{"silence", false, func(e exchange, _ uint32) { e.hang() }},
		{"GOAWAY with debug data", false, func(e exchange, _ uint32) {
			e.Write(frame(frameGoAway, 0, 0, append(make([]byte, 7), "\x01the-debug-data-of-a-server"...)))
			e.hang()
		}},
		{"GOAWAY without end", false, func(e exchange, stream uint32) {
			payload := make([]byte, 8)
			payload[3] = byte(stream)
			e.Write(frame(frameGoAway, 0, 0, payload))
			e.hang()
		}},
		{"RST_STREAM of a fault", false, func(e exchange, stream uint32) { e.Write(frame(frameRST, 0, stream, []byte{0, 0, 0, 2})); e.hang() }},
		{"RST_STREAM that asks to try again", false, func(e exchange, stream uint32) { e.Write(frame(frameRST, 0, stream, []byte{0, 0, 0, 7})); e.hang() }},
		{"RST_STREAM within the body", false, func(e exchange, stream uint32) {
			e.Write(frame(frameHeaders, flagEndHeaders, stream, []byte{0x88}))
			e.Write(frame(frameData, 0, stream, []byte(`{"access_token":`)))
			e.Write(frame(frameRST, 0, stream, []byte{0, 0, 0, 2}))
			e.hang()
		}},
		{"silence within the body", false, func(e exchange, stream uint32) {
			e.Write(frame(frameHeaders, flagEndHeaders, stream, []byte{0x88}))
			e.Write(frame(frameData, 0, stream, []byte(`{"access_token":`)))
			e.hang()
		}},
		{"a body before the headers", false, func(e exchange, stream uint32) { e.Write(frame(frameData, 0, stream, []byte("{}"))); e.hang() }},
		{"a frame of 16 MiB", false, func(e exchange, stream uint32) {
			e.Write([]byte{0xff, 0xff, 0xff, frameHeaders, flagEndHeaders, 0, 0, 0, byte(stream)})
			e.hang()
		}},
		{"bytes that are no frame", false, func(e exchange, _ uint32) { e.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"); e.hang() }},
		{"a body without end", true, func(e exchange, stream uint32) {
			go func() { _, _ = io.Copy(io.Discard, e) }() // the client's acknowledgements
			e.Write(frame(frameHeaders, flagEndHeaders, stream, []byte{0x88}))
			data := frame(frameData, 0, stream, spaces[:16<<10])
			for range 100 << 20 / len(data) {
				if _, err := e.Write(data); err != nil {
					return
				}
			}
		}},
		{"headers without end", true, func(e exchange, stream uint32) {
			e.Write(frame(frameHeaders, 0, stream, []byte{0x88}))
			// A literal header without indexing: "a: " and 127 bytes.
			field := append([]byte{0x00, 0x01, 'a', 0x7f, 0x00}, bytes.Repeat([]byte("b"), 127)...)
			more := frame(frameContinuation, 0, stream, bytes.Repeat(field, 100))
			for range 32 << 20 / len(more) {
				if _, err := e.Write(more); err != nil {
					return
				}
			}
			e.hang()
		}},
		{"a flood of PING", true, func(e exchange, _ uint32) {
			go func() { _, _ = io.Copy(io.Discard, e) }()
			pings := bytes.Repeat(frame(framePing, 0, 0, make([]byte, 8)), 1<<6)
			for range 1 << 8 {
				if _, err := e.Write(pings); err != nil {
					return
				}
			}
			<-time.After(patience) // as long as the client waits
		}},
	} {
		behaviours = append(behaviours, behaviour{
			name: "HTTP 2: " + b.name, secure: true, large: b.large, only: google,
			connect: func(c *net.TCPConn) { speakHTTP2(c, certs.good, b.do) },
		})
	}
	behaviours = append(behaviours, behaviour{
		name: "206 with the whole body", passes: ofAWS, // whose SDK takes any 2xx
		answer: func(e exchange) {
			e.Write(bytes.Replace(e.legal, []byte("200 OK"), []byte("206 Partial Content"), 1))
		},
	})
	return behaviours
}

// fieldBehaviours is JSON of the right fields with values of the wrong types.
func fieldBehaviours(h hostileStep) []behaviour {
	var behaviours []behaviour
	for _, field := range h.fields {
		for _, value := range []string{`null`, `true`, `42`, `1e999`, `""`, `"text"`, `[]`, `["text"]`, `{}`, `{"text":{}}`} {
			behaviours = append(behaviours, behaviour{
				name:   "JSON with " + field + " as " + strings.NewReplacer(`"`, "", " ", "_").Replace(value) + kindOf(value),
				passes: func(hostileStep) bool { return true }, // some fields do not matter, and "text" is a fine token
				answer: func(e exchange) {
					var fields map[string]json.RawMessage
					if json.Unmarshal(e.body(), &fields) != nil {
						return
					}
					fields[field] = json.RawMessage(value)
					var b strings.Builder
					sep := "{"
					for name, value := range fields {
						fmt.Fprintf(&b, "%s%q:%s", sep, name, value)
						sep = ","
					}
					b.WriteString("}")
					e.say("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n", fmt.Sprintf("Content-Length: %d\r\n\r\n", b.Len()), b.String())
				},
			})
		}
	}
	return behaviours
}

func kindOf(value string) string {
	if value == `""` {
		return "an empty string"
	}
	return ""
}

// trickle sends the legal answer so slowly that it takes minutes.
func trickle(e exchange) {
	left := make(chan struct{})
	go func() {
		defer close(left)
		e.hang()
	}()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := range e.legal {
		if _, err := e.Write(e.legal[i : i+1]); err != nil {
			break
		}
		select {
		case <-tick.C:
		case <-left:
			return
		}
	}
	<-left
}

// handshake takes a connection through TLS, and answers nothing.
func handshake(c *net.TCPConn, certificate tls.Certificate) {
	stream := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate}})
	if stream.Handshake() == nil {
		_, _ = io.Copy(io.Discard, stream)
	}
}

// A hostileSetup is what the cases share.
type hostileSetup struct {
	certs     certificates
	client    *http.Client // that trusts certs
	elsewhere string       // where redirects lead
	strayed   sync.Map     // of the requests that came there, as text
	keys      aws.Credentials
	cloud     *awsfedtest.Cloud
	good      *hostileServer // that always behaves
	setenv    func(name, value string)
}

func newHostileSetup(t *testing.T) *hostileSetup {
	t.Helper()
	l := &hostileSetup{certs: newCertificates(t), cloud: awsfedtest.New(awsfedtest.Options{}), setenv: t.Setenv}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		l.strayed.Store(fmt.Sprintf("%s %s of %s", r.Method, r.URL.Path, r.UserAgent()), true)
	}))
	t.Cleanup(elsewhere.Close)
	l.elsewhere = elsewhere.URL
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: l.certs.trusted}, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10,
	}
	t.Cleanup(transport.CloseIdleConnections)
	l.client = &http.Client{Transport: transport}
	var err error
	l.keys, err = l.cloud.AddSession("app", "hostile", 12*time.Hour)
	require.NoError(t, err)
	l.good = newHostileServer(t, l.cloud, nil, everyRequest)
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_EC2_METADATA_DISABLED",
		"AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_CA_BUNDLE", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	return l
}

// server is a server for one case, and the configuration that leads the step to it. What the AWS
// SDK reads of the environment it reads when a source is made.
func (l *hostileSetup) server(t *testing.T, h hostileStep, secure bool) (*hostileServer, awsfed.Config) {
	t.Helper()
	var config *tls.Config
	if secure {
		config = &tls.Config{Certificates: []tls.Certificate{l.certs.good}}
	}
	server := newHostileServer(t, l.cloud, config, h.concerns)
	cfg := awsfed.Config{
		Audience:               l.cloud.Config().Audience,
		Credentials:            credentials.StaticCredentialsProvider{Value: l.keys},
		Region:                 "us-east-1",
		TokenURL:               l.good.url + "/v1/token",
		IAMCredentialsEndpoint: l.good.url,
		Logger:                 quiet,
		Timeout:                1500 * time.Millisecond,
	}
	if secure {
		cfg.HTTPClient = l.client
	}
	h.config(&cfg, server.url)
	l.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")
	for name, value := range h.environ(server.url) {
		l.setenv(name, value)
	}
	return server, cfg
}

// cases calls do for every step and what its server does to it.
func (l *hostileSetup) cases(do func(h hostileStep, b behaviour)) {
	for _, h := range hostileSteps() {
		for _, b := range append(hostileBehaviours(l.certs, l.elsewhere), fieldBehaviours(h)...) {
			if b.only == nil || b.only(h) {
				do(h, b)
			}
		}
	}
}

// judgeHostile asserts that a call to a hostile server ended as it may.
func judgeHostile(t *testing.T, h hostileStep, b behaviour, err error) {
	t.Helper()
	if err == nil {
		assert.True(t, b.passes != nil && b.passes(h), "the answer is taken")
		return
	}
	assert.Less(t, len(err.Error()), 8<<10, "a short text")
	assert.NotContains(t, err.Error(), "the-debug-data-of-a-server")
	if h.name == "caller identity" && errors.Is(err, errUnreachable) {
		return
	}
	var e *awsfed.Error
	if assert.ErrorAs(t, err, &e) {
		assert.Equal(t, h.stage, e.Stage)
	}
}

func TestHostileServer(t *testing.T) {
	l := newHostileSetup(t)
	var cold, refreshed atomic.Int32
	calls := make(chan struct{}, 16) // at once, so that they do not take each other's time
	l.cases(func(h hostileStep, b behaviour) {
		t.Run(h.name+"/"+b.name, func(t *testing.T) {
			server, cfg := l.server(t, h, b.secure)
			server.mode.Store(&b)
			if b.secure && h.aws {
				cfg.HTTPClient = nil
			}
			ask := h.prepare(t, cfg)
			// The AWS SDK's clients trust none of our certificates, so there they never get a token
			// to hold.
			refreshes := h.stage != awsfed.StageSubjectToken && !(b.secure && h.aws) && !strings.HasPrefix(b.name, "JSON with")
			var held *refresh
			if refreshes {
				held = newRefresh(t, l, h, b)
			}
			type result struct {
				err  error
				took time.Duration
			}
			asked := make(chan result, 1)
			go func() {
				calls <- struct{}{}
				defer func() { <-calls }()
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				start := time.Now()
				err := ask(ctx)
				asked <- result{err, time.Since(start)}
			}()
			t.Parallel()

			got := <-asked
			cold.Add(1)
			assert.Less(t, got.took, patience+slack)
			judgeHostile(t, h, b, got.err)
			if refreshes {
				refreshed.Add(1)
				held.await(t)
			}
		})
	})
	t.Cleanup(func() {
		l.strayed.Range(func(request, _ any) bool { return assert.Fail(t, "a redirect is followed", "%s", request) })
		t.Logf("%d steps, %d behaviours and those of fields; %d cases, %d of them with a token at hand",
			len(hostileSteps()), len(hostileBehaviours(l.certs, l.elsewhere)), cold.Load(), refreshed.Load())
	})
}

// A refresh is a source that gets its first token from a server that behaves, and is to replace it
// while the server does not.
type refresh struct {
	server *hostileServer
	source *awsfed.TokenSource
	events chan awsfed.RefreshEvent
	done   chan struct{}

	// What came of it, once done is closed.
	first, during, after *oauth2.Token
	withheld             error // although the token was valid
	late                 bool  // the machine was too slow to tell
	failed               error // to get a token from a server that behaves
}

func newRefresh(t *testing.T, l *hostileSetup, h hostileStep, b behaviour) *refresh {
	t.Helper()
	server, cfg := l.server(t, h, b.secure)
	r := &refresh{server: server, events: make(chan awsfed.RefreshEvent, 1000), done: make(chan struct{})}
	kind := awsfed.FederatedToken
	if cfg.ServiceAccount != "" {
		kind = awsfed.ServiceAccountToken
	}
	cfg.OnRefresh = func(e awsfed.RefreshEvent) {
		if e.Kind == kind {
			select {
			case r.events <- e:
			default:
			}
		}
	}
	var err error
	r.source, err = awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	go r.run(t.Context(), b)
	return r
}

func (r *refresh) run(ctx context.Context, b behaviour) {
	defer close(r.done)
	if r.first, r.failed = r.token(ctx); r.failed != nil {
		return
	}
	r.server.mode.Store(&b)
	began := time.Now()
	// The refresh is due at half of the token's life, and nobody has to call for it.
	enough := time.After(time.Until(r.first.Expiry) - 2*time.Second)
	for waiting := true; waiting; {
		select {
		case e := <-r.events:
			waiting = e.Start.Before(began)
		case <-enough:
			waiting = false
		}
	}
	r.during, r.withheld = r.source.TokenContext(ctx)
	r.late = time.Until(r.first.Expiry) <= 0

	r.server.mode.Store(nil)
	if r.during != nil {
		r.source.Invalidate(r.during)
	}
	r.after, r.failed = r.token(ctx)
}

// token asks until there is a token: the source may hold the error of a failed refresh for a
// moment.
func (r *refresh) token(ctx context.Context) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		token, err := r.source.TokenContext(ctx)
		if err == nil {
			return token, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (r *refresh) await(t *testing.T) {
	t.Helper()
	<-r.done
	require.NoError(t, r.failed, "a server that behaves gives a token")
	if r.late {
		t.Log("this machine was too slow to tell whether a valid token is served")
	} else {
		assert.NoError(t, r.withheld, "a valid token is served, whatever the server does")
	}
	if r.during != nil {
		assert.NotEqual(t, r.during.AccessToken, r.after.AccessToken, "the next refresh brings a new token")
	}
}

func TestHostileServerMemory(t *testing.T) {
	l := newHostileSetup(t)
	var worst int64
	var where string
	measured := 0
	l.cases(func(h hostileStep, b behaviour) {
		if !b.large {
			return
		}
		t.Run(h.name+"/"+b.name, func(t *testing.T) {
			server, cfg := l.server(t, h, b.secure)
			server.mode.Store(&b)
			ask := h.prepare(t, cfg)
			limit := patience
			if h.aws {
				limit /= 3 // the AWS SDK uses up all of it, with pauses between its attempts
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			err := ask(ctx)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			server.close()
			judgeHostile(t, h, b, err)
			assert.Less(t, took, patience+slack)
			spent := int64(after.TotalAlloc - before.TotalAlloc)
			assert.Less(t, spent, int64(maxMemory))
			measured++
			if spent > worst {
				worst, where = spent, h.name+"/"+b.name
			}
		})
	})
	t.Logf("%d cases; the worst allocates %d KiB: %s", measured, worst>>10, where)
}

func TestHostileServerResetsAtEveryByte(t *testing.T) {
	l := newHostileSetup(t)
	total := 0
	for _, h := range hostileSteps() {
		t.Run(h.name, func(t *testing.T) {
			// A legal answer to cut.
			server, cfg := l.server(t, h, false)
			require.NoError(t, h.prepare(t, cfg)(t.Context()))
			legal := *server.last.Load()

			const workers = 16 // with more of them a busy machine comes to none of them in time
			offsets := make(chan int)
			var running sync.WaitGroup
			hit := make([]atomic.Bool, len(legal))
			var preparing sync.Mutex // the environment is one for all
			for range workers {
				server, cfg := l.server(t, h, false)
				running.Go(func() {
					for offset := range offsets {
						server.mode.Store(&behaviour{answer: func(e exchange) {
							hit[offset].Store(true)
							e.Write(legal[:offset])
							e.reset()
						}})
						for tries := 0; tries < 20 && !hit[offset].Load(); tries++ { // a slow machine may not come that far, so it gets ever more time
							preparing.Lock()
							for name, value := range h.environ(server.url) {
								l.setenv(name, value)
							}
							ask := h.prepare(t, cfg)
							preparing.Unlock()
							ctx, cancel := context.WithTimeout(t.Context(), patience/3<<(tries/3))
							err := ask(ctx)
							cancel()
							if assert.Error(t, err, "cut after %d of %d bytes", offset, len(legal)) {
								judgeHostile(t, h, behaviour{}, err)
							}
						}
					}
				})
			}
			for offset := range legal {
				offsets <- offset
			}
			close(offsets)
			running.Wait()
			for offset := range hit {
				assert.True(t, hit[offset].Load(), "offset %d was not tried", offset)
			}
			total += len(legal)
			t.Logf("%d offsets", len(legal))
		})
	}
	t.Logf("%d offsets in all", total)
}
