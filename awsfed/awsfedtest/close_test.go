package awsfedtest_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// closeBound is how long Close may take, with room for a slow machine.
const closeBound = 4 * time.Second

// closeInTime closes the server and fails when that takes too long.
func closeInTime(t *testing.T, server *awsfedtest.Server) {
	t.Helper()
	closed := make(chan error, 1)
	go func() { closed <- server.Close() }()
	select {
	case err := <-closed:
		require.NoError(t, err)
	case <-time.After(closeBound):
		t.Fatal("Close does not return")
	}
}

// dial opens a connection to the server and sends text on it.
func dial(t *testing.T, server *awsfedtest.Server, text string) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { connection.Close() })
	require.NoError(t, connection.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(connection, text)
	require.NoError(t, err)
	return connection
}

const (
	expecting = "POST /v1/token HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n"
	go100     = "HTTP/1.1 100 Continue\r\n\r\n"
)

// reads waits until the server reads the body of a request with Expect: 100-continue.
func reads(t *testing.T, connection net.Conn) {
	t.Helper()
	got := make([]byte, len(go100))
	_, err := io.ReadFull(connection, got)
	require.NoError(t, err)
	require.Equal(t, go100, string(got))
}

func TestServerCloseBreaksARequestThatIsHalfSent(t *testing.T) {
	for name, sent := range map[string]string{
		"nothing":                            "",
		"half of the headers":                "POST /v1/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le",
		"ten of a hundred bytes of the body": expecting + "Content-Length: 100\r\n\r\n0123456789",
		"a chunk without the next":           expecting + "Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			server, err := awsfedtest.New(awsfedtest.Options{}).Start()
			require.NoError(t, err)
			connection := dial(t, server, sent)
			if strings.HasPrefix(sent, expecting) {
				reads(t, connection)
			}
			closeInTime(t, server)
			_, err = io.Copy(io.Discard, connection)
			assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection is closed")
		})
	}
}

func TestServerCloseDoesNotWaitForUserCodeThatHangs(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	cloud := awsfedtest.New(awsfedtest.Options{})
	cloud.Inject(awsfedtest.Drop(awsfedtest.GoogleKeys).When(func(awsfedtest.Request) bool {
		close(arrived)
		<-release
		return true
	}))
	server, err := cloud.Start()
	require.NoError(t, err)
	defer close(release)
	dial(t, server, "GET /oauth2/v3/certs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	<-arrived
	closeInTime(t, server)
}

func TestServerCloseMayBeCalledByManyAtOnce(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	server, err := awsfedtest.New(awsfedtest.Options{}).Start()
	require.NoError(t, err)
	reads(t, dial(t, server, expecting+"Content-Length: 100\r\n\r\n0123456789"))
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() { closeInTime(t, server) })
	}
	callers.Wait()
	closeInTime(t, server)
}

func TestServerRefusesHeadersBeyondItsBound(t *testing.T) {
	server, err := awsfedtest.New(awsfedtest.Options{}).Start()
	require.NoError(t, err)
	defer server.Close()
	for name, c := range map[string]struct {
		size int
		want string
	}{
		"the largest token that AWS takes": {20_000, "HTTP/1.1 200 OK\r\n"},
		"a quarter of a mebibyte":          {256 << 10, "HTTP/1.1 431 Request Header Fields Too Large\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			connection := dial(t, server, "")
			var sending sync.WaitGroup
			sending.Go(func() {
				// The server may answer and close before it has read all.
				_, _ = io.WriteString(connection, "GET /oauth2/v3/certs HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Large: "+
					strings.Repeat("a", c.size)+"\r\n\r\n")
			})
			got := make([]byte, len(c.want))
			_, err := io.ReadFull(connection, got)
			require.NoError(t, err)
			assert.Equal(t, c.want, string(got))
			connection.Close()
			sending.Wait()
		})
	}
}

func TestServerTokenFilesReplaceWhatIsThere(t *testing.T) {
	server, _ := start(t, awsfedtest.New(awsfedtest.Options{}))
	for source, file := range map[awsfedtest.CredentialSource]string{
		awsfedtest.SourceEKSPodIdentity: "eks-pod-identity-token", awsfedtest.SourceIRSA: "irsa-token",
	} {
		t.Run(string(source)+" over a file that everybody can read", func(t *testing.T) {
			dir := t.TempDir()
			name := filepath.Join(dir, file)
			require.NoError(t, os.WriteFile(name, []byte("old"), 0o600))
			require.NoError(t, os.Chmod(name, 0o666)) // whatever the umask is
			_, err := server.Env(source, dir)
			require.NoError(t, err)
			assertOwnToken(t, name)
		})
		t.Run(string(source)+" over a link to a file of somebody else", func(t *testing.T) {
			dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "precious")
			name := filepath.Join(dir, file)
			require.NoError(t, os.WriteFile(elsewhere, []byte("precious"), 0o644))
			require.NoError(t, os.Symlink(elsewhere, name))
			_, err := server.Env(source, dir)
			require.NoError(t, err)
			assertOwnToken(t, name)
			left, err := os.ReadFile(elsewhere)
			require.NoError(t, err)
			assert.Equal(t, "precious", string(left))
		})
		t.Run(string(source)+" over a link to nothing", func(t *testing.T) {
			dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "new")
			require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, file)))
			_, err := server.Env(source, dir)
			require.NoError(t, err)
			assertOwnToken(t, filepath.Join(dir, file))
			_, err = os.Lstat(elsewhere)
			assert.ErrorIs(t, err, os.ErrNotExist)
		})
	}
}

// assertOwnToken asserts that name is a regular file, that its owner alone can read, alone in its
// directory.
func assertOwnToken(t *testing.T, name string) {
	t.Helper()
	info, err := os.Lstat(name)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode(), "a regular file, of its owner")
	token, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(string(token), "."), "a JWT")
	left, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	assert.Len(t, left, 1, "no temporary file stays")
}

func TestServerTokenFileThatCannotBeWrittenLeavesNothing(t *testing.T) {
	server, _ := start(t, awsfedtest.New(awsfedtest.Options{}))
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "irsa-token"), 0o700))
	_, err := server.Env(awsfedtest.SourceIRSA, dir)
	require.ErrorContains(t, err, "irsa-token")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1, "no temporary file stays")
}
