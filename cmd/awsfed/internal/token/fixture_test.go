package token_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/commandtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/token"
)

func run(t *testing.T, args ...string) commandtest.Result {
	t.Helper()
	return commandtest.Run(t, token.Command(), args...)
}

// printed is the token that a run prints, which the clouds know.
func printed(t *testing.T, workload commandtest.Workload, others ...string) string {
	t.Helper()
	result := run(t, workload.Flags(others...)...)
	require.Equal(t, 0, result.Code, result.Stderr)
	value := strings.TrimSuffix(result.Stdout, "\n")
	_, err := workload.Cloud.Check(value)
	require.NoError(t, err)
	return value
}

// asked is how many requests Google got since it was asked last.
func asked(workload commandtest.Workload) int {
	defer workload.Cloud.ResetRequests()
	return workload.Cloud.Count(awsfedtest.GoogleSTS) + workload.Cloud.Count(awsfedtest.IAMCredentials)
}

// cached is a workload with a cache file that holds a token of it.
func cached(t *testing.T, others ...string) (workload commandtest.Workload, file string) {
	t.Helper()
	workload = commandtest.Start(t)
	file = filepath.Join(t.TempDir(), "cache")
	printed(t, workload, append(others, "-cache", file)...)
	require.Equal(t, 2, asked(workload), "an exchange and an impersonation")
	return workload, file
}

// assertAlone asserts that there is no file beside the cache, such as one that is half written.
func assertAlone(t *testing.T, file string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	assert.Equal(t, filepath.Base(file), entries[0].Name())
}
