//go:build linux

package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// userOf reads the value of USER, which is not to be root nor a name: an image of scratch has no
// /etc/passwd.
func userOf(t *testing.T, value string) (uid, gid uint32) {
	t.Helper()
	u, g, ok := strings.Cut(value, ":")
	require.True(t, ok, value)
	for text, id := range map[*string]*uint32{&u: &uid, &g: &gid} {
		n, err := strconv.ParseUint(*text, 10, 32)
		require.NoError(t, err)
		require.NotZero(t, n)
		*id = uint32(n)
	}
	return uid, gid
}

// become makes cmd run as the user, if the test runs as root and may choose.
func become(t *testing.T, cmd *exec.Cmd, user string) {
	t.Helper()
	uid, gid := userOf(t, user)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid}}
	}
}

// own gives a directory to the user, as become does.
func own(t *testing.T, dir, user string) {
	t.Helper()
	uid, gid := userOf(t, user)
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(dir, int(uid), int(gid)))
	}
}

func terminate(t *testing.T, process *os.Process) {
	t.Helper()
	require.NoError(t, process.Signal(syscall.SIGTERM))
}
