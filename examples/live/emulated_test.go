//go:build !live

package live_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// emulated is the emulator, on loopback.
type emulated struct {
	cloud   *awsfedtest.Cloud
	server  *awsfedtest.Server
	answers string
}

func startEmulated(t *testing.T) *emulated {
	t.Helper()
	cloud := awsfedtest.New(awsfedtest.Options{})
	server, err := cloud.Start()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	// As main.tf has it.
	account := cloud.Config().ServiceAccount
	for _, member := range []string{"serviceAccount:" + account, cloud.Provider().Attribute("aws_role", "arn:aws:sts::123456789012:assumed-role/app")} {
		require.NoError(t, cloud.Grant(account, "roles/iam.serviceAccountTokenCreator", member))
	}
	return &emulated{cloud, server, filepath.Join(t.TempDir(), "answers.md")}
}

func (e *emulated) Config() awsfed.Config {
	cfg := e.server.Config()
	cfg.Region = "us-east-1"
	cfg.Logger = slog.New(slog.DiscardHandler)
	return cfg
}

func (e *emulated) Keys(t *testing.T) aws.Credentials {
	t.Helper()
	keys, err := e.cloud.AddSession("app", "probe", 15*time.Minute)
	require.NoError(t, err)
	return keys
}

func (e *emulated) OtherKeys(t *testing.T, which string) (aws.Credentials, bool) {
	t.Helper()
	if which == "expired" {
		keys := e.Keys(t)
		require.NoError(t, e.cloud.ExpireKeys(keys.AccessKeyID))
		return keys, true
	}
	arn, err := e.cloud.AddRole(awsfedtest.Role{Account: "210987654321", Name: "stranger"})
	require.NoError(t, err)
	keys, err := e.cloud.AddSession(arn, "probe", time.Hour)
	require.NoError(t, err)
	return keys, true
}

// Kinds are all that AWS has. One that is led by an HTTP proxy works once in a process alone.
func (e *emulated) Kinds(t *testing.T) []kind {
	t.Helper()
	var all []kind
	for _, source := range awsfedtest.CredentialSources() {
		if source != awsfedtest.SourceECSRelative {
			all = append(all, kind{name: string(source), config: e.Config()})
		}
	}
	return all
}

func (e *emulated) Answers() string { return e.answers }

func TestFlowOnEachKindOfCredentialsOfTheEmulator(t *testing.T) {
	e := startEmulated(t)
	for _, k := range e.Kinds(t) {
		t.Run("with", func(t *testing.T) {
			env, err := e.server.Env(awsfedtest.CredentialSource(k.name), t.TempDir())
			require.NoError(t, err)
			for _, variable := range env {
				name, value, _ := strings.Cut(variable, "=")
				t.Setenv(name, value)
			}
			runFlow(t, &oneKind{e, k})
		})
	}
}

// oneKind is a target with one kind of credentials, since the environment has no room for more.
type oneKind struct {
	*emulated
	kind kind
}

func (o *oneKind) Kinds(*testing.T) []kind { return []kind{o.kind} }

func TestProbesAnswerInEitherPositionOfTheEmulatorsSwitch(t *testing.T) {
	for name, accept := range map[string]bool{"federated tokens sign": true, "federated tokens do not sign": false} {
		t.Run(name, func(t *testing.T) {
			e := startEmulated(t)
			e.cloud.AcceptFederatedSigning(accept)
			answers := runProbes(t, e)
			for _, question := range []string{questionSignBlob, questionSignJWT} {
				if accept {
					assert.Equal(t, "200", answers[question])
				} else {
					assert.Contains(t, answers[question], "401 UNAUTHENTICATED ACCESS_TOKEN_TYPE_UNSUPPORTED: ")
				}
			}
			assert.Equal(t, "200, a token", answers["the host sts.amazonaws.com"])
			assert.Contains(t, answers["keys that have expired"], "400 invalid_grant: ")

			table, err := os.ReadFile(e.Answers())
			require.NoError(t, err)
			rows := strings.Split(strings.TrimSpace(string(table)), "\n")
			assert.Len(t, rows, len(answers))
			for _, row := range rows {
				assert.Regexp(t, `^\| \d{4}-\d\d-\d\d \| [^|]+ \| .+ \|$`, row)
			}
			assert.NotContains(t, string(table), "ya29.", "no token")
		})
	}
}

func TestQuestionsAreAskedOnceEach(t *testing.T) {
	var questions []string
	for _, p := range probes() {
		questions = append(questions, p.question)
	}
	slices.Sort(questions)
	assert.Equal(t, slices.Compact(slices.Clone(questions)), questions)
}
