package awsfedtest_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// closeBound is how long Close may take, with room for a slow machine.
const closeBound = 4 * time.Second

func TestCloseBreaksARequestThatIsHalfSent(t *testing.T) {
	const (
		head  = "POST /v1/token HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: 100-continue\r\n"
		go100 = "HTTP/1.1 100 Continue\r\n\r\n"
	)
	for name, sent := range map[string]string{
		"ten of a hundred bytes of the body": head + "Content-Length: 100\r\n\r\n0123456789",
		"a chunk without the next":           head + "Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, err := awsfedtest.New(awsfedtest.Options{}).Start()
			require.NoError(t, err)
			connection, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
			require.NoError(t, err)
			defer connection.Close()
			_, err = io.WriteString(connection, sent)
			require.NoError(t, err)
			got := make([]byte, len(go100)) // which says that the server reads the body
			_, err = io.ReadFull(connection, got)
			require.NoError(t, err)
			require.Equal(t, go100, string(got))
			closed := make(chan error, 1)
			go func() { closed <- server.Close() }()
			select {
			case err := <-closed:
				require.NoError(t, err)
			case <-time.After(closeBound):
				t.Fatal("Close does not return")
			}
		})
	}
}

func TestTokenFilesReplaceWhatIsThere(t *testing.T) {
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

// assertOwnToken asserts that name is a regular file that its owner alone can read.
func assertOwnToken(t *testing.T, name string) {
	t.Helper()
	info, err := os.Lstat(name)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode(), "a regular file, of its owner")
}
