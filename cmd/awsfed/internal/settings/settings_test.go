package settings_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/settings"
)

const (
	provider = "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider"
	account  = "app@my-project.iam.gserviceaccount.com"
)

// resolve parses a command line in an environment.
func resolve(t *testing.T, environment map[string]string, args ...string) (*settings.Settings, error) {
	t.Helper()
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	s := new(settings.Settings)
	s.Register(flags)
	lookup := func(name string) (string, bool) {
		value, found := environment[name]
		return value, found
	}
	_, err := command.Parse(flags, args, lookup, settings.Overridden())
	require.NoError(t, err)
	return s, s.Resolve(lookup)
}

// file is a credential file for that audience, with a lifetime of half an hour.
func file(t *testing.T, audience string) string {
	t.Helper()
	content, err := awsfed.Config{Audience: audience, ServiceAccount: account, Lifetime: 30 * time.Minute}.CredentialFile()
	require.NoError(t, err)
	return written(t, content)
}

func written(t *testing.T, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "credentials.json")
	require.NoError(t, os.WriteFile(name, content, 0o600))
	return name
}

func TestConfigOfTheFirstThatSaysSomething(t *testing.T) {
	of := func(id string) string { return provider + "-" + id }
	google, cloudsdk, variable, given := file(t, of("google")), file(t, of("cloudsdk")), file(t, of("variable")), file(t, of("flag"))
	environment := map[string]string{}
	for _, step := range []struct {
		name, value string
		args        []string
		want, file  string
	}{
		{"CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", cloudsdk, nil, of("cloudsdk"), cloudsdk},
		{"GOOGLE_APPLICATION_CREDENTIALS", google, nil, of("google"), google},
		{"AWSFED_CREDENTIALS", variable, nil, of("variable"), variable},
		{"", "", []string{"-credentials", given}, of("flag"), given},
		{"", "", []string{"-audience", of("provider")}, of("provider"), ""},
		{"AWSFED_CREDENTIALS", "", nil, of("google"), google},
		{"AWSFED_AUDIENCE", of("of-a-variable"), nil, of("of-a-variable"), ""},
		{"", "", []string{"-credentials", given}, of("flag"), given},
		{"AWSFED_SERVICE_ACCOUNT", account, []string{"-credentials", given}, of("flag"), given},
	} {
		environment[step.name] = step.value
		s, err := resolve(t, environment, step.args...)
		require.NoError(t, err, step)
		cfg, err := s.Config()
		require.NoError(t, err, step)
		assert.Equal(t, step.want, cfg.Audience)
		assert.Equal(t, step.file, s.File())
	}
}

func TestConfigOfFlagsAlone(t *testing.T) {
	s, err := resolve(t, map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": "no-such-file"},
		"-audience", provider, "-service-account", account, "-delegates", "a@example.com,b@example.com", "-scopes", "s1,s2",
		"-lifetime", "2h", "-region", "eu-west-1", "-timeout", "3s", "-reserve", "40m")
	require.NoError(t, err)
	cfg, err := s.Config()
	require.NoError(t, err)
	assert.Equal(t, awsfed.Config{Audience: provider, ServiceAccount: account, Delegates: []string{"a@example.com", "b@example.com"},
		Scopes: []string{"s1", "s2"}, Lifetime: 2 * time.Hour, Region: "eu-west-1", Timeout: 3 * time.Second, Reserve: 40 * time.Minute}, cfg)
}

func TestConfigOfAFileWithWhatFlagsSayBeside(t *testing.T) {
	name := file(t, provider)
	s, err := resolve(t, nil, "-credentials", name)
	require.NoError(t, err)
	cfg, err := s.Config()
	require.NoError(t, err)
	assert.Equal(t, account, cfg.ServiceAccount)
	assert.Equal(t, 30*time.Minute, cfg.Lifetime, "the file's own")
	assert.Empty(t, cfg.Scopes)

	s, err = resolve(t, map[string]string{"AWSFED_SCOPES": "s"}, "-credentials", name, "-lifetime", "10m", "-region", "eu-west-1")
	require.NoError(t, err)
	cfg, err = s.Config()
	require.NoError(t, err)
	assert.Equal(t, account, cfg.ServiceAccount)
	assert.Equal(t, 10*time.Minute, cfg.Lifetime)
	assert.Equal(t, []string{"s"}, cfg.Scopes)
	assert.Equal(t, "eu-west-1", cfg.Region)
}

func TestConfigReadsTheFileAnew(t *testing.T) {
	name := file(t, provider)
	s, err := resolve(t, nil, "-credentials", name)
	require.NoError(t, err)
	_, err = s.Config()
	require.NoError(t, err)
	require.NoError(t, os.Remove(name))
	_, err = s.Config()
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.Rename(file(t, provider+"-2"), name))
	cfg, err := s.Config()
	require.NoError(t, err)
	assert.Equal(t, provider+"-2", cfg.Audience)
}

func TestConfigOfAFileNamesOnlyHostsThatAreAllowed(t *testing.T) {
	aws := func(host string) string {
		return `{"type":"external_account","audience":"` + provider + `","subject_token_type":"urn:ietf:params:aws:token-type:aws4_request",
			"token_url":"http://` + host + `/v1/token","credential_source":{"environment_id":"aws1",
			"url":"http://` + host + `/latest/meta-data/iam/security-credentials","region_url":"http://` + host + `/latest/meta-data/placement/availability-zone",
			"regional_cred_verification_url":"http://` + host + `?Action=GetCallerIdentity&Version=2011-06-15"}}`
	}
	jwt := func(source string) string {
		return `{"type":"external_account","audience":"` + provider + `","subject_token_type":"urn:ietf:params:oauth:token-type:jwt",
			"token_url":"https://sts.googleapis.com/v1/token","credential_source":` + source + `}`
	}
	universe := `{"type":"external_account","universe_domain":"example.com","audience":"` + provider + `","subject_token_type":"urn:ietf:params:aws:token-type:aws4_request",
		"token_url":"https://sts.example.com/v1/token","credential_source":{"environment_id":"aws1",
		"regional_cred_verification_url":"https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}}`
	for name, test := range map[string]struct{ content, flag, value string }{
		"an emulator":                {aws("127.0.0.1:8085"), "-allow-hosts", "other.example,127.0.0.1:8085"},
		"a URL of a subject token":   {jwt(`{"url":"http://127.0.0.1:8085/token"}`), "-allow-subject-hosts", "127.0.0.1:8085"},
		"a file with subject tokens": {jwt(`{"file":"/var/run/token"}`), "-allow-subject-file", "/other,/var/run/token"},
		"another universe":           {universe, "-allow-universes", "example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			path := written(t, []byte(test.content))
			s, err := resolve(t, nil, "-credentials", path, test.flag, test.value)
			require.NoError(t, err)
			_, err = s.Config()
			require.NoError(t, err)

			for _, flag := range []string{"-allow-hosts", "-allow-subject-hosts", "-allow-subject-file", "-allow-universes"} {
				if flag == test.flag {
					continue
				}
				s, err = resolve(t, nil, "-credentials", path, flag, test.value)
				require.NoError(t, err)
				_, err = s.Config()
				require.Error(t, err, "what is allowed for one purpose is not for another: %s", flag)
				assert.ErrorContains(t, err, test.flag, "it names the flag, and not the library's field alone")
			}
		})
	}
}

func TestResolveRefusesWhatDoesNotGoTogether(t *testing.T) {
	for name, test := range map[string]struct {
		environment map[string]string
		args        []string
		want        string
	}{
		"nothing at all":             {nil, nil, "GOOGLE_APPLICATION_CREDENTIALS"},
		"variables that are empty":   {map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": "", "AWSFED_AUDIENCE": ""}, nil, "GOOGLE_APPLICATION_CREDENTIALS"},
		"a file and a provider":      {nil, []string{"-credentials", "x", "-audience", provider}, "give one of them"},
		"variables for both":         {map[string]string{"AWSFED_CREDENTIALS": "x", "AWSFED_AUDIENCE": provider}, nil, "AWSFED_CREDENTIALS and AWSFED_AUDIENCE"},
		"an account without either":  {nil, []string{"-service-account", account}, "-service-account"},
		"an account beside a file":   {nil, []string{"-credentials", "x", "-service-account", account}, "a credential file names its own"},
		"delegates beside a file":    {map[string]string{"AWSFED_DELEGATES": account}, []string{"-scopes", "x"}, "AWSFED_DELEGATES"},
		"an account in the variable": {map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": "x", "AWSFED_SERVICE_ACCOUNT": account}, nil, "AWSFED_SERVICE_ACCOUNT"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := resolve(t, test.environment, test.args...)
			assert.ErrorContains(t, err, test.want)
		})
	}
	_, err := resolve(t, nil)
	assert.ErrorIs(t, err, settings.ErrNone)
}
