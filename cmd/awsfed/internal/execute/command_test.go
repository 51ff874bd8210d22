package execute_test

import (
	"encoding/json"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/commandtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/execute"
)

// A stage is a place to run awsfed exec in, whose command is this binary.
type stage struct {
	commandtest.Workload
	report string
}

// start makes an environment without anything of this machine that exec tells of, in which
// GOOGLE_APPLICATION_CREDENTIALS leads to the clouds.
func start(t *testing.T) stage {
	t.Helper()
	s := stage{commandtest.Start(t), filepath.Join(t.TempDir(), "report.json")}
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		for _, prefix := range []string{"CLOUDSDK_", "GOOGLE_", "GCLOUD_", "GCE_", "BOTO_", "NO_GCE_", "METADATA_"} {
			if strings.HasPrefix(name, prefix) {
				unset(t, name)
			}
		}
	}
	home := t.TempDir()
	for _, name := range []string{"HOME", "USERPROFILE", "APPDATA"} {
		t.Setenv(name, home)
	}
	unset(t, "NO_PROXY")
	unset(t, "no_proxy")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", s.File)
	t.Setenv("AWSFED_ALLOW_HOSTS", s.Server.Addr)
	t.Setenv(reportVariable, s.report)
	t.Setenv("GORACE", "atexit_sleep_ms=0") // else the command stays for a second with the race detector
	return s
}

// unset takes a variable away until the test ends.
func unset(t *testing.T, name string) {
	t.Helper()
	t.Setenv(name, "")
	require.NoError(t, os.Unsetenv(name))
}

// run runs this binary with an argument, by awsfed exec with flags.
func (s stage) run(t *testing.T, argument string, flags ...string) commandtest.Result {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return commandtest.Run(t, execute.Command(), append(flags, "--", self, argument)...)
}

// seen is what the command saw.
func (s stage) seen(t *testing.T) report {
	t.Helper()
	text, err := os.ReadFile(s.report)
	require.NoError(t, err)
	var seen report
	require.NoError(t, json.Unmarshal(text, &seen))
	require.Empty(t, seen.Fault)
	return seen
}

func variables(environ []string) map[string]string {
	values := make(map[string]string)
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	return values
}

func TestTheCommandGetsATokenAndItsExitCodeIsPassedOn(t *testing.T) {
	s := start(t)
	t.Setenv(codeVariable, "42")
	result := s.run(t, "token")
	assert.Equal(t, commandtest.Result{Code: 42}, result)
	seen := s.seen(t)
	assert.Equal(t, []string{"token"}, seen.Args)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal([]byte(seen.Token), &token))
	access, err := s.Cloud.Check(token.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, s.Cloud.Config().ServiceAccount, access.Principal)
}

func TestTheEnvironmentOfTheCommandIsThatOfTheParentButForWhatIsDocumented(t *testing.T) {
	s := start(t)
	for _, name := range []string{"GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"} {
		t.Setenv(name, s.File)
	}
	t.Setenv("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", "a-file")
	t.Setenv("NO_GCE_CHECK", "true")
	t.Setenv("GCE_METADATA_HOST", "169.254.169.254")
	t.Setenv("NO_PROXY", "internal.example")
	want := variables(os.Environ())
	require.Zero(t, s.run(t, "").Code)

	got := variables(s.seen(t).Environ)
	server := got["GCE_METADATA_HOST"]
	require.Regexp(t, `^127\.0\.0\.1:[1-9][0-9]*$`, server)
	for _, name := range []string{"GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
		"CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", "NO_GCE_CHECK"} {
		delete(want, name)
	}
	maps.Copy(want, map[string]string{
		"GCE_METADATA_HOST": server, "GCE_METADATA_IP": server, "GCE_METADATA_ROOT": server,
		"METADATA_SERVER_DETECTION": "assume-present", "GCE_METADATA_MTLS_MODE": "none",
		"GOOGLE_CLOUD_PROJECT": "my-project", "CLOUDSDK_CORE_ACCOUNT": s.Cloud.Config().ServiceAccount,
		"NO_PROXY": "internal.example,127.0.0.1", "no_proxy": "internal.example,127.0.0.1",
	})
	assert.Equal(t, want, got)
}

func TestWhatIsTakenFromTheCommandIsToldButForTheFileThatAwsfedHas(t *testing.T) {
	s := start(t)
	t.Setenv("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", s.File)
	assert.Empty(t, s.run(t, "").Stderr, "the server has that file, by both names")

	t.Setenv("NO_GCE_CHECK", "true")
	t.Setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.a-secret")
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "another-file")
	lines := strings.Split(strings.TrimSuffix(s.run(t, "", "-credentials", s.File).Stderr, "\n"), "\n")
	for i, name := range []string{"GOOGLE_APPLICATION_CREDENTIALS", "NO_GCE_CHECK", "GOOGLE_OAUTH_ACCESS_TOKEN"} {
		require.Greater(t, len(lines), i)
		assert.Regexp(t, "^awsfed exec: "+name+" is not passed on: ", lines[i])
	}
	assert.Len(t, lines, 3, lines)
}

func TestWithoutATokenRequireDoesNotStartTheCommand(t *testing.T) {
	s := start(t)
	inject(t, s, "missing-binding")
	result := s.run(t, "", "-require")
	assert.Equal(t, 125, result.Code)
	assert.NoFileExists(t, s.report)
	assert.Equal(t, 1, strings.Count(result.Stderr, "add-iam-policy-binding aws-app@"), result.Stderr)
	assert.Regexp(t, "^awsfed exec: ", result.Stderr)
}

func TestWithoutATokenTheCommandRunsAndTheReasonIsToldOnce(t *testing.T) {
	s := start(t)
	inject(t, s, "missing-binding")
	t.Setenv(codeVariable, "3")
	result := s.run(t, "")
	assert.Equal(t, 3, result.Code)
	assert.Regexp(t, "^awsfed exec: there is no token yet: ", result.Stderr)
	assert.Equal(t, 1, strings.Count(result.Stderr, "add-iam-policy-binding aws-app@"), result.Stderr)
	assert.Empty(t, s.seen(t).Token)
}

func TestWaitBoundsTheFirstTokenWhereGoogleDoesNotAnswer(t *testing.T) {
	s := start(t)
	s.Cloud.Inject(awsfedtest.Drop(awsfedtest.GoogleSTS))
	// Without a bound the test would last for ten minutes.
	result := s.run(t, "", "-wait", "50ms", "-timeout", "10m")
	assert.Zero(t, result.Code)
	assert.Contains(t, result.Stderr, "there is no token yet: ")
	assert.Contains(t, result.Stderr, "did not answer within the 50ms of -wait")
	assert.Empty(t, s.seen(t).Token)

	require.NoError(t, os.Remove(s.report))
	assert.Equal(t, 125, s.run(t, "", "-require", "-wait", "50ms", "-timeout", "10m").Code)
	assert.NoFileExists(t, s.report)
}

func TestIsolateGivesTheCommandAPrivateConfigurationAndRemovesIt(t *testing.T) {
	s := start(t)
	require.Zero(t, s.run(t, "").Code)
	assert.NotContains(t, variables(s.seen(t).Environ), "CLOUDSDK_CONFIG")

	for _, code := range []string{"0", "7"} {
		t.Setenv(codeVariable, code)
		result := s.run(t, "", "-isolate")
		assert.Empty(t, result.Stderr)
		seen := s.seen(t)
		assert.Empty(t, seen.Config)
		directory := variables(seen.Environ)["CLOUDSDK_CONFIG"]
		require.NotEmpty(t, directory)
		assert.NoDirExists(t, directory, "what the command left there is gone too")
	}
}

func TestTheServerIsGoneAfterTheCommand(t *testing.T) {
	s := start(t)
	require.Zero(t, s.run(t, "token").Code)
	_, err := net.Dial("tcp", variables(s.seen(t).Environ)["GCE_METADATA_HOST"])
	assert.Error(t, err)
}

func TestNoSecretIsOnStandardError(t *testing.T) {
	for _, fault := range []string{"", "missing-binding", "pool-disabled"} {
		t.Run(fault, func(t *testing.T) {
			s := start(t)
			if fault != "" {
				inject(t, s, fault)
			}
			t.Setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.a-secret")
			result := s.run(t, "token")
			assert.NotEmpty(t, s.seen(t).Token)
			assert.NotContains(t, result.Stderr, "ya29.")
			for _, name := range []string{"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
				secret := os.Getenv(name)
				require.NotEmpty(t, secret)
				assert.NotContains(t, result.Stderr, secret)
			}
			assert.Empty(t, result.Stdout)
		})
	}
}

func TestACommandThatCannotBeStartedHasTheCodeOfAShell(t *testing.T) {
	start(t)
	for line, want := range map[string]struct {
		code int
		says string
	}{
		"-- no-such-command": {127, "no-such-command"},
		"":                   {125, "there is no command"},
		"-no-such-flag":      {125, "no-such-flag"},
	} {
		result := commandtest.Run(t, execute.Command(), strings.Fields(line)...)
		assert.Equal(t, want.code, result.Code, line)
		assert.Contains(t, result.Stderr, want.says)
	}
}

func inject(t *testing.T, s stage, name string) {
	t.Helper()
	fault, found := awsfedtest.FaultByName(name)
	require.True(t, found, name)
	fault.Inject(s.Cloud)
}
