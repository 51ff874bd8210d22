package serve_test

import (
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/commandtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/serve"
)

func TestServeGivesTokensOnTheLoopbackAddressesOfBothFamilies(t *testing.T) {
	loopback6(t)
	w := commandtest.Start(t)
	server := run(t, w.Flags()...)
	four := server.address(t)
	six := server.find(t, `address=(\[::1\]:\d+)`)[1]
	assert.Equal(t, four[strings.LastIndex(four, ":"):], six[strings.LastIndex(six, ":"):], "the port of both")

	first := token(t, four, "default")
	assert.Equal(t, first, token(t, six, "default"))
	access, err := w.Cloud.Check(first)
	require.NoError(t, err)
	assert.Equal(t, w.Cloud.Options().ServiceAccount, access.Principal)

	server.stop()
	assert.Equal(t, command.Succeeded, <-server.code)
	server.find(t, "stops")
	assert.NotContains(t, server.log(), first)
	_, err = net.Dial("tcp", four)
	assert.Error(t, err, "nobody listens any more")
}

func TestServeRefusesAPortThatIsTakenOnEitherFamily(t *testing.T) {
	loopback6(t)
	w := commandtest.Start(t)
	for _, taken := range []string{"127.0.0.1:0", "[::1]:0"} {
		other, err := net.Listen("tcp", taken)
		require.NoError(t, err)
		_, port, err := net.SplitHostPort(other.Addr().String())
		require.NoError(t, err)
		result := commandtest.Run(t, serve.Command(), w.Flags("-port", port)...)
		assert.Equal(t, command.Failed, result.Code)
		assert.Contains(t, result.Stderr, "awsfed serve: listening: ")
		require.NoError(t, other.Close())
	}
}

func TestServeRefusesFlagsThatMakeNoSense(t *testing.T) {
	w := commandtest.Start(t)
	for _, test := range []struct {
		name  string
		flags []string
		code  int
		want  string
	}{
		{"a user that is no number", w.Flags("-allow-uid", "root"), command.Misused, `-allow-uid: "root" is neither the number of a user nor any`},
		{"a log of another format", w.Flags("-log", "xml"), command.Misused, `-log: "xml" is neither text nor json`},
		{"no configuration", nil, command.Misused, "GOOGLE_APPLICATION_CREDENTIALS"},
		{"an account that is none", w.Flags("-accounts", "batch"), command.Failed, "Accounts"},
		{"a project that is no number", w.Flags("-numeric-project", "my-project"), command.Failed, "NumericProjectID"},
		{"a host with a scheme", w.Flags("-hosts", "http://metadata"), command.Failed, "Hosts"},
		{"a file that is not there", []string{"-credentials", filepath.Join(t.TempDir(), "none.json")}, command.Failed, "none.json"},
	} {
		t.Run(test.name, func(t *testing.T) {
			result := commandtest.Run(t, serve.Command(), append([]string{"-port", "0"}, test.flags...)...)
			assert.Equal(t, test.code, result.Code)
			assert.Contains(t, result.Stderr, test.want)
		})
	}
}

func TestServeTellsItsFlagsToClients(t *testing.T) {
	w := commandtest.Start(t)
	server := run(t, w.Flags("-project", "other-project", "-numeric-project", "42", "-zone", "europe-west1-b", "-hosts", "metadata:8988", "-allow-uid", "any")...)
	address := server.address(t)
	for path, want := range map[string]string{
		"/computeMetadata/v1/project/project-id":         "other-project",
		"/computeMetadata/v1/project/numeric-project-id": "42",
		"/computeMetadata/v1/instance/zone":              "projects/42/zones/europe-west1-b",
	} {
		status, body := get(t, address, path)
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, want, body)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/", nil)
	require.NoError(t, err)
	r.Host = "metadata:8988"
	r.Header.Set("Metadata-Flavor", "Google")
	response, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	assert.Equal(t, http.StatusOK, response.StatusCode)
}

func TestServeExposedListensOnAllAddresses(t *testing.T) {
	w := commandtest.Start(t)
	server := run(t, w.Flags("-expose")...)
	address := server.find(t, `listens" address=(\[::\]:\d+|0\.0\.0\.0:\d+)`)[1]
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	token(t, "127.0.0.1:"+port, "default")
}

func TestServeHasItsMetricsOnAPortOfTheirOwn(t *testing.T) {
	w := commandtest.Start(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	metrics := free.Addr().String()
	require.NoError(t, free.Close())
	server := run(t, w.Flags("-metrics", metrics)...)
	token(t, server.address(t), "default")
	status, body := get(t, metrics, "/metrics")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, `awsfed_metadata_requests_total{route="token",code="200"} 1`)
	status, _ = get(t, metrics, accounts+"default/token")
	assert.Equal(t, http.StatusOK, status)
	_, body = get(t, metrics, accounts+"default/token")
	assert.NotContains(t, body, "access_token", "that port has metrics alone")
}

func TestServeGoesOnWithoutAFirstTokenAndSaysWhy(t *testing.T) {
	w := commandtest.Start(t)
	fault, found := awsfedtest.FaultByName("missing-binding")
	require.True(t, found)
	fault.Inject(w.Cloud)
	server := run(t, w.Flags()...)
	address := server.address(t)
	server.find(t, `level=(WARN|ERROR).*workloadIdentityUser`)
	status, body := get(t, address, accounts+"default/token")
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, body, "hint:")
	status, body = get(t, address, "/healthz")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, body, "impersonation")
}

func TestServeTellsSystemd(t *testing.T) {
	w := commandtest.Start(t)
	socket := filepath.Join(t.TempDir(), "notify")
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Skip("this system has no datagrams of Unix sockets")
	}
	defer systemd.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	require.NoError(t, systemd.SetReadDeadline(time.Now().Add(time.Minute)))
	receive := func() string {
		buffer := make([]byte, 200)
		n, err := systemd.Read(buffer)
		require.NoError(t, err)
		return string(buffer[:n])
	}
	server := run(t, w.Flags()...)
	assert.Equal(t, "READY=1\nSTATUS=serves tokens of "+w.Cloud.Options().ServiceAccount, strings.TrimSpace(receive()))
	server.stop()
	assert.Equal(t, "STOPPING=1", strings.TrimSpace(receive()))
}
