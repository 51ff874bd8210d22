package health_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/commandtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/health"
)

func run(t *testing.T, args ...string) commandtest.Result {
	t.Helper()
	commandtest.ClearEnvironment(t)
	return commandtest.Run(t, health.Command(), args...)
}

// serve is a server on a free port of 127.0.0.1.
func serve(t *testing.T, handler http.HandlerFunc) (port string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return start(t, listener, handler)
}

func start(t *testing.T, listener net.Listener, handler http.HandlerFunc) (port string) {
	t.Helper()
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
	return strconv.Itoa(portOf(listener.Addr()))
}

func portOf(address net.Addr) int { return address.(*net.TCPAddr).Port }

// listenAtSecond listens at a port of [::1] which nothing listens at on 127.0.0.1.
func listenAtSecond(t *testing.T) net.Listener {
	t.Helper()
	for range 100 {
		listener, err := net.Listen("tcp", "[::1]:0")
		if err != nil {
			t.Skipf("this machine has no [::1]: %v", err)
		}
		if _, free := deny(t, "127.0.0.1", portOf(listener.Addr())); free {
			return listener
		}
		listener.Close() // somebody has that port of 127.0.0.1
	}
	require.Fail(t, "there is no port that both families have free")
	return nil
}

// deny keeps a port of an address such that nothing listens there and nothing else can: a
// connection that goes elsewhere has it. Port 0 is any. It reports whether the port was free.
func deny(t *testing.T, address string, port int) (denied int, free bool) {
	t.Helper()
	elsewhere, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	require.NoError(t, err)
	t.Cleanup(func() { elsewhere.Close() })
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address), Port: port}}
	connection, err := dialer.DialContext(t.Context(), "tcp", elsewhere.Addr().String())
	if err != nil {
		return 0, false
	}
	t.Cleanup(func() { connection.Close() })
	return portOf(connection.LocalAddr()), true
}

// denyBoth is a port at which nothing listens on either address.
func denyBoth(t *testing.T) int {
	t.Helper()
	probe, err := net.Listen("tcp", "[::1]:0")
	if err == nil {
		probe.Close()
	}
	for range 100 {
		port, _ := deny(t, "127.0.0.1", 0)
		if err != nil {
			return port // there is one address alone
		}
		if _, free := deny(t, "::1", port); free {
			return port
		}
	}
	require.Fail(t, "there is no port that both families have free")
	return 0
}

func TestHealthIsGoodWhereTheServerSaysSo(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	var got *http.Request
	port := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		_, _ = w.Write([]byte("ok"))
	})
	assert.Equal(t, commandtest.Result{}, run(t, "-port", port))
	assert.Equal(t, "/healthz", got.RequestURI)
	assert.Equal(t, http.MethodGet, got.Method)
	assert.Equal(t, "127.0.0.1:"+port, got.Host)
	assert.Equal(t, []string{"Google"}, got.Header["Metadata-Flavor"])
	assert.NotContains(t, got.Header, "X-Forwarded-For")

	t.Setenv("AWSFED_PORT", port)
	assert.Equal(t, 0, commandtest.Run(t, health.Command()).Code)
}

func TestHealthIsThatOfTheOtherFamilyWhereNothingListensAtTheFirst(t *testing.T) {
	port := start(t, listenAtSecond(t), func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Metadata-Flavor") == "" {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	assert.Equal(t, commandtest.Result{}, run(t, "-port", port))

	port = start(t, listenAtSecond(t), func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no token", http.StatusServiceUnavailable) })
	result := run(t, "-port", port)
	assert.Equal(t, command.Failed, result.Code)
	assert.Equal(t, "awsfed health: http://[::1]:"+port+"/healthz answers 503: no token\n", result.Stderr)
}

func TestHealthIsBadOtherwise(t *testing.T) {
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string // after the URL
	}{
		"if there is no token": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "there is no token: impersonation: HTTP 403", http.StatusServiceUnavailable)
		}, "answers 503: there is no token: impersonation: HTTP 403"},
		"if another server has the port": {http.NotFound, "answers 404: 404 page not found"},
		"if the answer is another success": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
		}, "answers 204"},
		"if there is a redirect, even to what is well": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/healthz" {
				w.Header().Set("Location", "/fine")
				w.WriteHeader(http.StatusFound)
			}
		}, "answers 302"},
		"if the reason has more than a line, and steers terminals": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "\n \x1b[2Jno\xff token\r\nsecond", http.StatusServiceUnavailable)
		}, "answers 503:  [2Jno\ufffd token"},
		"if the reason does not end": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte(strings.Repeat("x", 1000)))
			}
		}, "answers 503: " + strings.Repeat("x", 1024)},
	} {
		t.Run(name, func(t *testing.T) {
			port := serve(t, test.handler)
			result := run(t, "-port", port, "-timeout", "1m")
			assert.Equal(t, command.Failed, result.Code)
			assert.Equal(t, "awsfed health: http://127.0.0.1:"+port+"/healthz "+test.want+"\n", result.Stderr)
			assert.Empty(t, result.Stdout)
		})
	}
}

func TestHealthIsBadIfTheServerIsSilent(t *testing.T) {
	port := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	result := run(t, "-port", port, "-timeout", "50ms")
	assert.Equal(t, command.Failed, result.Code)
	assert.Contains(t, result.Stderr, "127.0.0.1:"+port)
	assert.Equal(t, 1, strings.Count(result.Stderr, "\n"))
}

func TestHealthIsBadIfTheHeaderOfTheAnswerIsEndless(t *testing.T) {
	port := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X", strings.Repeat("x", 64<<10))
	})
	result := run(t, "-port", port, "-timeout", "1m")
	assert.Equal(t, command.Failed, result.Code)
	assert.Equal(t, 1, strings.Count(result.Stderr, "\n"))
}

func TestHealthIsBadIfNothingListens(t *testing.T) {
	port := strconv.Itoa(denyBoth(t))
	result := run(t, "-port", port)
	assert.Equal(t, command.Failed, result.Code)
	assert.Contains(t, result.Stderr, "127.0.0.1:"+port)
	assert.Contains(t, result.Stderr, "refused")
	assert.Equal(t, 1, strings.Count(result.Stderr, "\n"))
}

func TestHealthIsBadIfItIsMisused(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"by a port that is none":      {[]string{"-port", "0"}, "-port is 0"},
		"by a port that is too high":  {[]string{"-port", "65536"}, "-port is 65536"},
		"by a port that is a word":    {[]string{"-port", "http"}, "-port"},
		"by a time that is none":      {[]string{"-timeout", "0"}, "-timeout is 0s"},
		"by an argument":              {[]string{"now"}, `"now"`},
		"by a flag that there is not": {[]string{"-url", "x"}, "-url"},
	} {
		t.Run(name, func(t *testing.T) {
			result := run(t, test.args...)
			assert.Equal(t, command.Failed, result.Code, "Docker reserves 2")
			assert.Contains(t, result.Stderr, test.want)
		})
	}
}
