package metadataserver_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

const (
	appAccount  = "aws-app@my-project.iam.gserviceaccount.com"
	v1          = "/computeMetadata/v1"
	accounts    = v1 + "/instance/service-accounts"
	tokenKey    = accounts + "/default/token"
	identityKey = accounts + "/default/identity"
)

// handlerOf makes a quiet server with the identity of the cloud, changed.
func handlerOf(t testing.TB, cloud *awsfedtest.Cloud, options metadataserver.Options, change ...func(*awsfed.Config)) *metadataserver.Handler {
	t.Helper()
	options.AllowAnyUID = true
	h, err := metadataserver.New(t.Context(), identityOf(cloud, change...), &options)
	require.NoError(t, err)
	return h
}

// identityOf is the configuration of the cloud, quiet and changed.
func identityOf(cloud *awsfedtest.Cloud, change ...func(*awsfed.Config)) awsfed.Config {
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	for _, c := range change {
		c(&cfg)
	}
	return cfg
}

// direct is an identity without a service account.
func direct(cfg *awsfed.Config) { cfg.ServiceAccount = "" }

// A response is what a client reads, with the names of headers in their canonical form.
type response struct {
	status int
	header http.Header
	body   string
}

// requestFor is a request as it comes over a loopback address, without a socket.
func requestFor(ctx context.Context, method, target string) *http.Request {
	ctx = context.WithValue(ctx, http.LocalAddrContextKey, loopback(8988))
	r := httptest.NewRequestWithContext(ctx, method, target, nil)
	r.Host, r.RemoteAddr = loopback(8988).String(), loopback(40000).String()
	r.Header.Set("Metadata-Flavor", "Google")
	return r
}

func loopback(port int) *net.TCPAddr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port} }

// get asks the handler in the goroutine of the test, which works in a synctest bubble.
func get(t testing.TB, h http.Handler, target string) response {
	t.Helper()
	return getWithin(t.Context(), h, target)
}

func getWithin(ctx context.Context, h http.Handler, target string) response {
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, requestFor(ctx, http.MethodGet, target))
	header := http.Header{}
	for name, values := range recorder.Header() {
		header[http.CanonicalHeaderKey(name)] = values
	}
	return response{recorder.Code, header, recorder.Body.String()}
}

// An accessToken is the answer of a key token.
type accessToken struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	TokenType   string `json:"token_type"`
}

func tokenOf(t testing.TB, r response) (token accessToken) {
	t.Helper()
	require.Equal(t, http.StatusOK, r.status, r.body)
	require.NoError(t, json.Unmarshal([]byte(r.body), &token))
	return token
}

// listen serves the handler on a port of 127.0.0.1 until the test ends. It is not for a bubble.
func listen(t testing.TB, h *metadataserver.Handler) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := h.NewServer()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		assert.NoError(t, server.Close())
		assert.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	return listener.Addr().String()
}

// A rawResponse is what comes through the socket, byte by byte.
type rawResponse struct {
	status  string              // the first line
	headers map[string][]string // by their names as they were sent
	body    string              // all up to the end of the connection
}

// raw sends a request of that first line on a connection of its own, and reads until the server
// closes that.
func raw(t testing.TB, address, method, target string, headers ...string) (r rawResponse) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer func() { assert.NoError(t, conn.Close()) }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute))) // far beyond: a hang is to be told
	lines := append([]string{method + " " + target + " HTTP/1.1", "Host: " + address, "Connection: close"}, headers...)
	_, err = io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n")
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	r.headers = map[string][]string{}
	for {
		line, err := reader.ReadString('\n')
		require.NoError(t, err)
		line = strings.TrimSuffix(line, "\r\n")
		if r.status == "" {
			r.status = line
			continue
		}
		if line == "" {
			break
		}
		name, value, found := strings.Cut(line, ": ")
		require.True(t, found, line)
		r.headers[name] = append(r.headers[name], value)
	}
	body, err := io.ReadAll(reader)
	require.NoError(t, err)
	r.body = string(body)
	return r
}

const googleFlavor = "Metadata-Flavor: Google"

// requireShape is what holds for every answer, whatever the status.
func requireShape(t testing.TB, r rawResponse) {
	t.Helper()
	for name, want := range map[string]string{"Metadata-Flavor": "Google", "Server": "Metadata Server for VM",
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Content-Length": strconv.Itoa(len(r.body))} {
		require.Equal(t, []string{want}, r.headers[name], name)
	}
	require.NotContains(t, r.headers, "Transfer-Encoding")
	require.NotContains(t, r.headers, "Access-Control-Allow-Origin")
	require.Len(t, r.headers["Content-Type"], 1)
	require.Len(t, r.headers["Date"], 1)
}
