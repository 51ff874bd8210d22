//go:build unix

package token_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/commandtest"
)

func TestTokenLeavesACacheAloneThatOthersMayOpen(t *testing.T) {
	for name, mode := range map[string]os.FileMode{
		"that others may read": 0o604, "that the group may read": 0o640, "that others may write": 0o602,
	} {
		t.Run(name, func(t *testing.T) {
			workload, file := cached(t)
			require.NoError(t, os.Chmod(file, mode))
			assertUnused(t, workload, file, "chmod 600")
		})
	}
}

func TestTokenLeavesACacheAloneOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	workload, file := cached(t)
	require.NoError(t, os.Chown(file, 65534, -1))
	assertUnused(t, workload, file, "another user")
}

func TestTokenDoesNotWaitForAPipe(t *testing.T) {
	workload := commandtest.Start(t)
	file := filepath.Join(t.TempDir(), "cache")
	require.NoError(t, syscall.Mkfifo(file, 0o600))
	assertUnused(t, workload, file, "no regular file (p")
}
