//go:build unix

package awsfed_test

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// A pipe would hang a refresh, and a device has no token.
func TestSubjectTokenOfWhatIsNoRegularFileIsAnErrorAtOnce(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "socket")
	listener, err := net.Listen("unix", socket)
	require.NoError(t, err)
	defer listener.Close()
	for name, path := range map[string]string{"a pipe": fifo(t), "a device": "/dev/zero", "a terminal": "/dev/tty", "a directory": dir, "a socket": socket} {
		link := filepath.Join(t.TempDir(), "token")
		require.NoError(t, os.Symlink(path, link))
		for how, path := range map[string]string{"": path, " behind a link": link} {
			t.Run(name+how, func(t *testing.T) {
				start := time.Now()
				_, err := proof(t, withoutAWS(t, awsfed.Subject{File: path}))
				var e *awsfed.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, "TokenFile", e.Code)
				assert.NotEmpty(t, e.Hint)
				assert.ErrorContains(t, e, path)
				assert.Less(t, time.Since(start), 3*time.Second)
			})
		}
	}
}

func TestSubjectTokenOfAFileThatMayNotBeReadSaysHowItMay(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read all")
	}
	path := writeFile(t, "token", testJWT)
	require.NoError(t, os.Chmod(path, 0))
	_, err := proof(t, withoutAWS(t, awsfed.Subject{File: path}))
	e := unproven(t, err, "TokenFile", false)
	assert.ErrorIs(t, err, fs.ErrPermission)
	assert.Contains(t, e.Hint, "fsGroup")
}
