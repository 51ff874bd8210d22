//go:build unix

package serve_test

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/principal"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/commandtest"
)

func TestServeTakesAChangedFileOverAndKeepsTheOldOneIfThatGivesNoToken(t *testing.T) {
	w := commandtest.Start(t)
	const other = "batch@my-project.iam.gserviceaccount.com"
	require.NoError(t, w.Cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: other}))
	everyone := principal.Member{Kind: principal.KindEveryone, ProjectNumber: w.Cloud.Provider().ProjectNumber, Pool: w.Cloud.Provider().Pool}
	require.NoError(t, w.Cloud.Grant(other, "roles/iam.workloadIdentityUser", everyone.String()))
	first := w.Cloud.Options().ServiceAccount
	before, err := os.ReadFile(w.File)
	require.NoError(t, err)
	server := run(t, w.Flags()...)
	address := server.address(t)
	email := func() string {
		_, body := get(t, address, accounts+"default/email")
		return body
	}
	assert.Equal(t, first, email())

	replace := func(content string) { // as a tool does that never leaves half a file
		fresh := w.File + ".new"
		require.NoError(t, os.WriteFile(fresh, []byte(content), 0o600))
		require.NoError(t, os.Rename(fresh, w.File))
		require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	}
	replace("{")
	server.find(t, "gives no token; the one before it is served on")
	assert.Equal(t, first, email())
	token(t, address, "default")

	replace(strings.ReplaceAll(string(before), first, other))
	server.find(t, "was taken over")
	assert.Equal(t, other, email())
	access, err := w.Cloud.Check(token(t, address, "default"))
	require.NoError(t, err)
	assert.Equal(t, other, access.Principal)
}
