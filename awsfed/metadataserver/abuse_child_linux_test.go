package metadataserver_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// abuseChildVariable makes TestAbuseChild be a process of another test: "serve", or "ask ADDRESS
// SOURCE" for a client that connects from SOURCE.
const abuseChildVariable = "AWSFED_TEST_ABUSE_CHILD"

// TestAbuseChild is no test. It is the process of a server whose memory another test looks at,
// which serves until its standard input ends, as it does when that test has ended in whatever way;
// or it is the process of a client that another user runs.
func TestAbuseChild(t *testing.T) {
	task := strings.Fields(os.Getenv(abuseChildVariable))
	switch {
	case len(task) == 1 && task[0] == "serve":
		s := abuseServe(t, nil)
		fmt.Println("serves on " + s.addr)
		_, _ = io.Copy(io.Discard, os.Stdin)
	case len(task) == 3 && task[0] == "ask":
		source, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(task[2], "0"))
		require.NoError(t, err)
		conn, err := (&net.Dialer{LocalAddr: source}).DialContext(t.Context(), "tcp", task[1])
		require.NoError(t, err)
		defer conn.Close()
		s := abuseServer{addr: task[1]}
		_, err = io.WriteString(conn, s.request(http.MethodGet, abuseToken))
		require.NoError(t, err)
		fmt.Println("was answered with", abuseRead(t, bufio.NewReader(conn)).status)
	default:
		t.Skip("it is a process of other tests")
	}
}

// An abuseChild is a server in a process of its own.
type abuseChild struct {
	abuseServer // without handler and server, which are there
	pid         int
}

func abuseStartChild(t *testing.T) *abuseChild {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(context.Background(), program, "-test.run=^TestAbuseChild$", "-test.v", "-test.timeout=0")
	command.Env = append(os.Environ(), abuseChildVariable+"=serve")
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	require.NoError(t, err)
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = input.Close()
		require.NoError(t, command.Wait())
	})
	child := &abuseChild{pid: command.Process.Pid}
	lines := bufio.NewScanner(output)
	for child.addr == "" && lines.Scan() {
		_, child.addr, _ = strings.Cut(lines.Text(), "serves on ")
	}
	require.NotEmpty(t, child.addr, "the child did not start")
	_, child.port, err = net.SplitHostPort(child.addr)
	require.NoError(t, err)
	return child
}

// resident is a field of /proc/PID/status in KiB: VmRSS is the memory that is in use, VmHWM the
// most that ever was.
func (c *abuseChild) resident(t *testing.T, field string) int {
	t.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(c.pid) + "/status")
	require.NoError(t, err)
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, field+":"); found {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			require.NoError(t, err)
			return n
		}
	}
	require.Fail(t, "no "+field)
	return 0
}
