package peer_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/peer"
)

const (
	childVariable = "AWSFED_PEER_CHILD"
	nobody        = 65534
)

// TestMain runs the tests, or one half of a connection in a process that a test started.
func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(childVariable) {
	case "":
		os.Exit(m.Run())
	case "client":
		err = childClient(os.Args[1])
	case "server":
		err = childServer()
	default:
		err = errors.New("no such child")
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(0)
}

// childClient connects to address, and stays until its standard input ends.
func childClient(address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// childServer prints its address, and who each method says connects to it.
func childServer() error {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	uid, err := peer.UID(conn.LocalAddr(), conn.RemoteAddr())
	fmt.Println(uid, errors.Is(err, peer.ErrUnmapped))
	return nil
}

// startChild runs this program again. It ends with the test.
func startChild(t *testing.T, role string, attr *syscall.SysProcAttr, args ...string) (stdin io.Closer, stdout *bufio.Reader) {
	t.Helper()
	// Not the name of the program: it lies in a directory that another user cannot enter.
	child := exec.Command("/proc/self/exe", args...)
	child.Dir = "/"
	child.Env = append(os.Environ(), childVariable+"="+role)
	child.SysProcAttr = attr
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	require.NoError(t, err)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	switch err := child.Start(); {
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EINVAL):
		t.Skipf("this machine does not let the tests start such a process: %v", err)
	default:
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		_ = child.Process.Kill() // no process but this one
		_ = child.Wait()
	})
	return in, bufio.NewReader(out)
}

func TestUIDOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can start a process of another user")
	}
	for _, tc := range []struct{ network, address string }{{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}} {
		t.Run(tc.network, func(t *testing.T) {
			l := listen(t, tc.network, tc.address)
			stdin, stdout := startChild(t, "client", &syscall.SysProcAttr{
				Credential: &syscall.Credential{Uid: nobody, Gid: nobody},
			}, l.Addr().String())
			server, err := l.Accept()
			require.NoError(t, err)
			defer func() { _ = server.Close() }()
			p := pair{server: server}
			p.each(t, func(t *testing.T, uid uint32, err error) {
				require.NoError(t, err)
				assert.EqualValues(t, nobody, uid)
			})

			require.NoError(t, stdin.Close())
			drained(t, server)
			_, err = io.ReadAll(stdout) // until the process has ended
			require.NoError(t, err)
			p.each(t, unknown) // and not root
		})
	}
}

// A user whom the namespace does not know looks like nobody, and a server of nobody must not take
// it for its own.
func TestUIDOfAUserWithoutANumberInTheNamespace(t *testing.T) {
	for _, tc := range []struct {
		name     string
		mappings []syscall.SysProcIDMap
		want     string
	}{
		{"the client's user has no number", []syscall.SysProcIDMap{{ContainerID: nobody, HostID: 4711, Size: 1}}, "0 true"},
		{"the client's user has one", []syscall.SysProcIDMap{{ContainerID: 7, HostID: os.Geteuid(), Size: 1}}, "7 false"},
		{"the client's user has that of those who have none", []syscall.SysProcIDMap{{ContainerID: nobody, HostID: os.Geteuid(), Size: 1}}, "0 true"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.mappings[0].HostID != os.Geteuid() && os.Geteuid() != 0 {
				t.Skip("only root can map another user")
			}
			_, stdout := startChild(t, "server", &syscall.SysProcAttr{
				Cloneflags: syscall.CLONE_NEWUSER, UidMappings: tc.mappings,
			})
			address, err := stdout.ReadString('\n')
			require.NoError(t, err)
			client, err := net.Dial("tcp4", strings.TrimSpace(address))
			require.NoError(t, err)
			defer func() { _ = client.Close() }()
			answer, err := io.ReadAll(stdout)
			require.NoError(t, err)
			assert.Equal(t, tc.want, strings.TrimSpace(string(answer)))
		})
	}
}

func TestUserNamespaceLeavesSomebodyOut(t *testing.T) {
	for _, tc := range []struct {
		name, table string
		all         bool
	}{
		{"that of the machine", "         0          0 4294967295\n", true},
		{"all in two ranges", "0 0 65536\n65536 65536 4294901759\n", true},
		{"a container without root", "0 1000 1\n1 100000 65536\n", false},
		{"no range yet", "", false},
		{"a count that is too large", "0 0 4294967296\n", false},
		{"no count", "0 0\n", false},
		{"words", "a b c\n", false},
	} {
		t.Run(tc.name, func(t *testing.T) { assert.Equal(t, tc.all, peer.MapsAll(tc.table)) })
	}
}
