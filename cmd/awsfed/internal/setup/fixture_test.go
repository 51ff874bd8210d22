package setup_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/principal"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/setup"
)

const (
	pool       = "projects/912480652101/locations/global/workloadIdentityPools/aws-pool"
	role       = "arn:aws:sts::123456789012:assumed-role/app"
	account    = "aws-app@my-project.iam.gserviceaccount.com"
	roleMember = "principalSet://iam.googleapis.com/" + pool + "/attribute.aws_role/" + role

	defaultMapping = `google.subject=assertion.arn,attribute.aws_role=assertion.arn.contains("assumed-role") ? ` +
		`assertion.arn.extract("{account_arn}assumed-role/") + "assumed-role/" + assertion.arn.extract("assumed-role/{role_name}/") : assertion.arn`

	// hostilePath leaves each kind of quotes of a shell, HCL, CEL and JSON, in what the path of an
	// IAM user may hold.
	hostilePath = "a';>PWNED;$(>PWNED)`>PWNED`\"\\${path.cwd}%{if(true)}\\n#/*-->"
	hostileUser = "arn:aws:iam::123456789012:user/" + hostilePath + "/x"
)

var update = flag.Bool("update", false, "write the golden files anew")

// wanted is a plan's input for the role app, changed by edit.
func wanted(edit func(*setup.Wanted)) setup.Wanted {
	w := setup.Wanted{
		ProjectID:      "my-project",
		ProjectNumber:  "912480652101",
		Pool:           "aws-pool",
		Provider:       "prod",
		ServiceAccount: "aws-app",
		Roles:          []string{"roles/storage.objectViewer"},
		Identity:       principal.Identity{Account: "123456789012", ARN: role + "/i-0123456789abcdef0"},
	}
	if edit != nil {
		edit(&w)
	}
	return w
}

func newPlan(t *testing.T, edit func(*setup.Wanted)) *setup.Plan {
	t.Helper()
	plan, err := setup.NewPlan(wanted(edit))
	require.NoError(t, err)
	return plan
}

// written is what a method of a plan writes.
func written(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, write(&b))
	return b.String()
}

// golden compares text with a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(want), text, "go test ./cmd/awsfed/internal/setup -update writes it anew")
}

// there is what the stub of gcloud finds at Google.
type there struct{ number, pool, provider, account string }

// run gives a script to bash, where gcloud is a stub: it notes its words, and refuses a command or
// a flag that gcloud does not have. Nothing else may happen.
func run(t *testing.T, script string, found there) (calls [][]string, output string, err error) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	lists, err := filepath.Abs("testdata/commands")
	require.NoError(t, err)
	stubs, err := filepath.Abs("../../../../awsfed/testdata/commands/stubs.bash")
	require.NoError(t, err)
	bin, dir, record := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "record")
	const stub = `#!/usr/bin/env bash
source "$STUBS"
call gcloud "$@"
answer() { if [ -n "$1" ]; then echo "$1"; else exit 1; fi; }
case "$*" in
  'projects describe '*) answer "$NUMBER" ;;
  'iam workload-identity-pools describe '*) answer "$POOL" ;;
  'iam workload-identity-pools providers describe '*) answer "$PROVIDER" ;;
  'iam service-accounts describe '*) answer "$ACCOUNT" ;;
esac
`
	require.NoError(t, os.WriteFile(filepath.Join(bin, "gcloud"), []byte(stub), 0o755))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, bash, "--norc")
	command.Stdin, command.Dir = strings.NewReader(script), dir
	command.Env = []string{"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "STUBS=" + stubs, "LISTS=" + lists, "RECORD=" + record,
		"NUMBER=" + found.number, "POOL=" + found.pool, "PROVIDER=" + found.provider, "ACCOUNT=" + found.account}
	said, err := command.CombinedOutput()
	entries, readErr := os.ReadDir(dir)
	require.NoError(t, readErr)
	assert.Empty(t, entries, "the script ran something else: %s", script)
	return recorded(t, record), string(said), err
}

// recorded reads the calls that the stub noted: the number of words, then the words.
func recorded(t *testing.T, name string) (calls [][]string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	words := strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
	for len(words) > 0 {
		n, err := strconv.Atoi(words[0])
		require.NoError(t, err)
		calls, words = append(calls, words[1:1+n]), words[1+n:]
	}
	return calls
}
