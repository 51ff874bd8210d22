//go:build unix

package systemd_test

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/systemd"
)

// manager is a service manager's socket.
func manager(t *testing.T, socket string) *net.UnixConn {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// socketPath is a path that is short enough for a socket. That of a test's own directory may not
// be.
func socketPath(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "notify")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	return filepath.Join(directory, "s")
}

// received is the message that a Notify before it sent.
func received(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	buffer := make([]byte, 4096)
	n, err := conn.Read(buffer)
	require.NoError(t, err)
	return string(buffer[:n])
}

func TestNotifySendsOneMessage(t *testing.T) {
	for _, tc := range []struct {
		name   string
		states []string
		want   string
	}{
		{"ready", []string{systemd.Ready}, "READY=1"},
		{"stopping with a status", []string{systemd.Stopping, systemd.Status("waits for 3 requests")}, "STOPPING=1\nSTATUS=waits for 3 requests"},
		{"alive", []string{systemd.Watchdog}, "WATCHDOG=1"},
		{"a status that would be a state", []string{systemd.Status("a\nREADY=1")}, "STATUS=a READY=1"},
		{"a status of nothing", []string{systemd.Status("")}, "STATUS="},
	} {
		t.Run(tc.name, func(t *testing.T) {
			socket := socketPath(t)
			conn := manager(t, socket)
			require.NoError(t, systemd.Notify(socket, tc.states...))
			assert.Equal(t, tc.want, received(t, conn))
		})
	}
}

func TestNotifyByAnAbstractName(t *testing.T) {
	if runtime.GOOS != "linux" {
		assert.ErrorContains(t, systemd.Notify("@awsfed", systemd.Ready), "Linux alone")
		return
	}
	socket := "@" + strings.TrimPrefix(socketPath(t), "/") // which nobody else uses
	for _, name := range []string{socket, socket + strings.Repeat("x", 108-len(socket))} {
		conn := manager(t, name)
		require.NoError(t, systemd.Notify(name, systemd.Ready))
		assert.Equal(t, systemd.Ready, received(t, conn))
	}
}

func TestNotifyOfAReload(t *testing.T) {
	socket := socketPath(t)
	conn := manager(t, socket)
	var last int64
	for range 2 {
		require.NoError(t, systemd.Notify(socket, append(systemd.Reloading(), systemd.Status("reads"))...))
		lines := strings.Split(received(t, conn), "\n")
		assert.Equal(t, "RELOADING=1", lines[0])
		assert.Equal(t, "STATUS=reads", lines[len(lines)-1])
		if runtime.GOOS != "linux" {
			assert.Len(t, lines, 2)
			continue
		}
		require.Len(t, lines, 3)
		digits, found := strings.CutPrefix(lines[1], "MONOTONIC_USEC=")
		require.True(t, found)
		now, err := strconv.ParseInt(digits, 10, 64)
		require.NoError(t, err)
		assert.Positive(t, now)
		// It counts from the start of the machine, and not from 1970.
		assert.Less(t, now, time.Now().UnixMicro()/2)
		assert.GreaterOrEqual(t, now, last)
		last = now
	}
}

func TestNotifyWithoutAManager(t *testing.T) {
	assert.NoError(t, systemd.Notify("", systemd.Ready))
	assert.NoError(t, systemd.Notify(""))
	assert.ErrorIs(t, systemd.Notify(socketPath(t), systemd.Ready), syscall.ENOENT)

	socket := socketPath(t)
	require.NoError(t, os.WriteFile(socket, nil, 0o600))
	assert.Error(t, systemd.Notify(socket, systemd.Ready))
}

// A service manager that does not read must not stop the service.
func TestNotifyDoesNotHang(t *testing.T) {
	socket := socketPath(t)
	manager(t, socket)
	var err error
	for sent := 0; err == nil && sent < 1_000_000; sent++ {
		err = systemd.Notify(socket, systemd.Ready)
	}
	require.Error(t, err)
	if runtime.GOOS == "linux" { // others drop what finds no room
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	}
}
