package metadataserver_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

// abuseOtherUser has no process on this machine but those of this test.
const abuseOtherUser = 54321

// An abuseClient is this program where another user may run it.
type abuseClient string

func abuseClientOfOthers(t *testing.T) abuseClient {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can start a process of another user")
	}
	program, err := os.Executable()
	require.NoError(t, err)
	from, err := os.Open(program)
	require.NoError(t, err)
	defer from.Close()
	dir, err := os.MkdirTemp("", "awsfed-user-")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755)) // the umask does not count
	path := filepath.Join(dir, "client.test")
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(to, from)
	require.NoError(t, err)
	require.NoError(t, to.Chmod(0o755))
	require.NoError(t, to.Close())
	return abuseClient(path)
}

// ask has the other user's process ask for a token, from an address of this machine.
func (c abuseClient) ask(t *testing.T, s *abuseServer, source string) (status int) {
	t.Helper()
	command := exec.CommandContext(context.Background(), string(c), "-test.run=^TestAbuseChild$", "-test.v")
	command.Dir = "/" // which it may read
	command.Env = append(os.Environ(), abuseChildVariable+"=ask "+s.addr+" "+source)
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: abuseOtherUser, Gid: abuseOtherUser}}
	output, err := command.CombinedOutput()
	if code := new(exec.ExitError); err != nil && !assert.ErrorAs(t, err, &code) {
		t.Skip("a process of another user cannot be started here: ", err)
	}
	require.NoError(t, err, "%s", output)
	_, answer, _ := strings.Cut(string(output), "was answered with ")
	answer, _, _ = strings.Cut(answer, "\n")
	status, err = strconv.Atoi(answer)
	require.NoError(t, err, "%s", output)
	return status
}

func TestAProcessOfAnotherUserIsServedIfItsUserIsAllowed(t *testing.T) {
	client := abuseClientOfOthers(t)
	for _, test := range []struct {
		name    string
		options metadataserver.Options
		status  int
	}{
		{"by default", metadataserver.Options{}, http.StatusForbidden},
		{"with other users allowed", metadataserver.Options{AllowUIDs: []uint32{abuseOtherUser - 1, abuseOtherUser + 1}}, http.StatusForbidden},
		{"with the user allowed", metadataserver.Options{AllowUIDs: []uint32{1, abuseOtherUser}}, http.StatusOK},
		{"with any user allowed", metadataserver.Options{AllowAnyUID: true}, http.StatusOK},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := abuseServe(t, &test.options)
			assert.Equal(t, test.status, client.ask(t, s, "127.0.0.1"))
			refused := 0
			if test.status == http.StatusForbidden {
				refused = 1
			}
			assert.Equal(t, refused, s.refused(t, "peer"))
			assert.Equal(t, refused, s.unknown(t, http.StatusForbidden))
			s.stillServes(t)
		})
	}
}

// A process may connect to 127.0.0.1 from any address of its machine, not only from loopback ones.
func TestAProcessOfAnotherUserCannotHideBehindAnotherAddressOfTheMachine(t *testing.T) {
	client := abuseClientOfOthers(t)
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	tried := 0
	for _, address := range addresses {
		network, ok := address.(*net.IPNet)
		if !ok || network.IP.To4() == nil {
			continue
		}
		tried++
		s := abuseServe(t, nil)
		assert.Equal(t, http.StatusForbidden, client.ask(t, s, network.IP.String()), "from %v", network.IP)
		assert.Equal(t, 1, s.refused(t, "peer"))
	}
	t.Logf("from %d addresses", tried)
}

// A socket of IPv6 reaches IPv4's loopback address too, and is in another table of the kernel.
func TestTheUserOfASocketOfIPv6IsKnownAtIPv4(t *testing.T) {
	s := abuseServe(t, nil)
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Skip("no IPv6 here: ", err)
	}
	file := os.NewFile(uintptr(fd), "socket")
	defer file.Close()
	port, err := strconv.Atoi(s.port)
	require.NoError(t, err)
	mapped := &syscall.SockaddrInet6{Port: port, Addr: [16]byte{10: 0xff, 11: 0xff, 12: 127, 15: 1}}
	require.NoError(t, syscall.Connect(fd, mapped))
	conn, err := net.FileConn(file)
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, s.request(http.MethodGet, abuseToken))
	require.NoError(t, err)
	answer := make([]byte, len("HTTP/1.1 200"))
	_, err = io.ReadFull(conn, answer)
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 200", string(answer))
}
