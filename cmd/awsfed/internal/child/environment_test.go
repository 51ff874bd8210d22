package child_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/child"
)

const account = "reader@example-project.iam.gserviceaccount.com"

// options of a server, for Linux unless a test says otherwise.
func options() child.EnvironmentOptions {
	return child.EnvironmentOptions{Server: netip.MustParseAddrPort("127.0.0.1:41234"), OS: "linux"}
}

// parent is an environment with an empty home directory, and no boto file of this machine.
func parent(t *testing.T, entries ...string) []string {
	t.Helper()
	return append([]string{"HOME=" + t.TempDir(), "BOTO_CONFIG="}, entries...)
}

// get returns all values of a name.
func get(env []string, name string) (values []string) {
	for _, entry := range env {
		if value, found := strings.CutPrefix(entry, name+"="); found {
			values = append(values, value)
		}
	}
	return values
}

func TestEnvironmentPointsToTheServer(t *testing.T) {
	before := parent(t, "PATH=/bin", "GCE_METADATA_HOST=metadata.example", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "EMPTY=")
	original := slices.Clone(before)
	env, notes := child.Environment(before, options())
	assert.Empty(t, notes)
	assert.Equal(t, original, before, "the parent's environment")
	assert.ElementsMatch(t, []string{
		before[0], "BOTO_CONFIG=", "PATH=/bin", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "EMPTY=",
		"GCE_METADATA_HOST=127.0.0.1:41234", "GCE_METADATA_IP=127.0.0.1:41234", "GCE_METADATA_ROOT=127.0.0.1:41234",
		"METADATA_SERVER_DETECTION=assume-present", "GCE_METADATA_MTLS_MODE=none",
		"NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1",
	}, env)
}

func TestEnvironmentTakesAwayWhatClientsPreferToTheServer(t *testing.T) {
	for _, name := range []string{
		"GOOGLE_APPLICATION_CREDENTIALS", "google_application_credentials", "NO_GCE_CHECK", "DEVSHELL_CLIENT_PORT",
		"CLOUDSDK_AUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
		"CLOUDSDK_CORE_CHECK_GCE_METADATA", "CLOUDSDK_CORE_ACCOUNT",
		"GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON", "GOOGLE_OAUTH_ACCESS_TOKEN",
	} {
		t.Run(name, func(t *testing.T) {
			env, notes := child.Environment(parent(t, name+"=some-secret", name+"2=stays"), options())
			assert.Empty(t, get(env, name))
			assert.Equal(t, []string{"stays"}, get(env, name+"2"))
			require.Len(t, notes, 1)
			assert.Contains(t, notes[0], name+" is not passed on: ")
			assert.NotContains(t, notes[0], "some-secret")
		})
	}
}

func TestEnvironmentLeavesValuesThatPreferNothing(t *testing.T) {
	for _, entry := range []string{
		"CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE=", "CLOUDSDK_CORE_CHECK_GCE_METADATA=true",
		"CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT=other@example.com", "GOOGLE_CLOUD_QUOTA_PROJECT=billing",
		"GCE_METADATA_TIMEOUT=7", "GOOGLE_API_USE_CLIENT_CERTIFICATE=true", "AWS_PROFILE=work",
	} {
		t.Run(entry, func(t *testing.T) {
			env, notes := child.Environment(parent(t, entry), options())
			assert.Contains(t, env, entry)
			assert.Empty(t, notes)
		})
	}
}

func TestEnvironmentKeepsTheProjectThatTheUserSet(t *testing.T) {
	for name, test := range map[string]struct {
		entries []string
		project string
		want    []string
	}{
		"an unknown project is not set":                 {nil, "", nil},
		"a known project is set":                        {nil, "known", []string{"known"}},
		"a project of the user stays":                   {[]string{"GOOGLE_CLOUD_PROJECT=own"}, "known", []string{"own"}},
		"an empty one counts as not set":                {[]string{"GOOGLE_CLOUD_PROJECT="}, "known", []string{"known"}},
		"the old variable of the user is not overruled": {[]string{"GCLOUD_PROJECT=own"}, "known", nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.Project = test.project
			env, notes := child.Environment(parent(t, test.entries...), o)
			assert.Equal(t, test.want, get(env, "GOOGLE_CLOUD_PROJECT"))
			assert.Empty(t, notes)
		})
	}
}

func TestEnvironmentMakesGcloudUseAnAccountOfTheServer(t *testing.T) {
	o := options()
	o.Accounts = []string{account, "writer@example.com"}
	for name, test := range map[string]struct {
		entries []string
		want    string
		notes   int
	}{
		"the default account is set":                {nil, account, 0},
		"another account of the server stays":       {[]string{"CLOUDSDK_CORE_ACCOUNT=writer@example.com"}, "writer@example.com", 0},
		"an account that is not served is replaced": {[]string{"CLOUDSDK_CORE_ACCOUNT=user@example.com"}, account, 1},
	} {
		t.Run(name, func(t *testing.T) {
			env, notes := child.Environment(parent(t, test.entries...), o)
			assert.Equal(t, []string{test.want}, get(env, "CLOUDSDK_CORE_ACCOUNT"))
			assert.Len(t, notes, test.notes)
			assert.NotContains(t, strings.Join(notes, "\n"), "user@example.com")
		})
	}
}

func TestEnvironmentAddsTheServerToNoProxy(t *testing.T) {
	for name, test := range map[string]struct {
		os           string
		entries      []string
		upper, lower []string
	}{
		"both are set where none is":             {"linux", nil, []string{"127.0.0.1"}, []string{"127.0.0.1"}},
		"a list in upper case is not hidden":     {"linux", []string{"NO_PROXY=a,b"}, []string{"a,b,127.0.0.1"}, []string{"a,b,127.0.0.1"}},
		"a list in lower case is not hidden":     {"linux", []string{"no_proxy=a"}, []string{"a,127.0.0.1"}, []string{"a,127.0.0.1"}},
		"two lists stay two":                     {"linux", []string{"NO_PROXY=a", "no_proxy=b"}, []string{"a,127.0.0.1"}, []string{"b,127.0.0.1"}},
		"an empty list stays a list of its own":  {"linux", []string{"NO_PROXY=a", "no_proxy="}, []string{"a,127.0.0.1"}, []string{"127.0.0.1"}},
		"a host that is there is not added":      {"linux", []string{"NO_PROXY=a, 127.0.0.1 ,b"}, []string{"a, 127.0.0.1 ,b"}, []string{"a, 127.0.0.1 ,b"}},
		"a longer host is not the same":          {"linux", []string{"NO_PROXY=127.0.0.10"}, []string{"127.0.0.10,127.0.0.1"}, []string{"127.0.0.10,127.0.0.1"}},
		"a comma at the end is not doubled":      {"linux", []string{"NO_PROXY=a, "}, []string{"a,127.0.0.1"}, []string{"a,127.0.0.1"}},
		"a star stays alone where Python looks":  {"linux", []string{"NO_PROXY=*"}, []string{"*,127.0.0.1"}, []string{"*"}},
		"a star in a list is an entry as others": {"linux", []string{"no_proxy=a,*"}, []string{"a,*,127.0.0.1"}, []string{"a,*,127.0.0.1"}},
		"Windows has one variable":               {"windows", []string{"No_Proxy=a"}, []string{"a,127.0.0.1"}, nil},
		"a star stays alone on Windows":          {"windows", []string{"no_proxy=*"}, []string{"*"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := options()
			o.OS = test.os
			env, _ := child.Environment(parent(t, test.entries...), o)
			assert.Equal(t, test.upper, get(env, "NO_PROXY"))
			assert.Equal(t, test.lower, get(env, "no_proxy"))
			assert.Empty(t, get(env, "No_Proxy"))
		})
	}
}

func TestEnvironmentComparesNamesAsTheSystemDoes(t *testing.T) {
	entries := []string{`=C:=C:\work`, "Google_Application_Credentials=key.json", "gce_metadata_host=old", "NAME"}
	o := options()
	env, notes := child.Environment(parent(t, entries...), o)
	assert.Subset(t, env, entries)
	assert.Empty(t, notes)

	o.OS = "windows"
	env, notes = child.Environment(parent(t, entries...), o)
	assert.Subset(t, env, []string{`=C:=C:\work`, "NAME", "GCE_METADATA_HOST=127.0.0.1:41234"})
	assert.Empty(t, get(env, "Google_Application_Credentials"))
	assert.Empty(t, get(env, "gce_metadata_host"))
	assert.Len(t, notes, 1)
}

func TestEnvironmentTellsOfFilesThatClientsPrefer(t *testing.T) {
	const adc = "application_default_credentials.json"
	for name, test := range map[string]struct {
		files   map[string]string // below the home directory
		entries []string          // HOME stands for it in values
		options func(*child.EnvironmentOptions)
		age     time.Duration
		want    []string // in each note, in order
	}{
		"nothing":             {},
		"the well-known file": {files: map[string]string{".config/gcloud/" + adc: "{}"}, want: []string{"-isolate"}},
		"the well-known file on Windows": {
			files: map[string]string{"gcloud/" + adc: "{}"}, entries: []string{"AppData=HOME"},
			options: func(o *child.EnvironmentOptions) { o.OS = "windows" }, want: []string{"-isolate"},
		},
		"the well-known file in the user's own directory": {
			files: map[string]string{"own/" + adc: "{}"}, entries: []string{"CLOUDSDK_CONFIG=HOME/own"}, want: []string{"use -isolate"},
		},
		"the well-known file elsewhere than in the user's own directory": {
			files: map[string]string{".config/gcloud/" + adc: "{}"}, entries: []string{"CLOUDSDK_CONFIG=HOME/own"}, want: []string{"Go, C++, .NET"},
		},
		"the well-known file that a private directory does not hide from all": {
			files:   map[string]string{".config/gcloud/" + adc: "{}", ".config/gcloud/configurations/config_default": "[core]\naccount = user@example.com"},
			options: func(o *child.EnvironmentOptions) { o.Config = "/private" }, want: []string{"do not heed CLOUDSDK_CONFIG"},
		},
		"an account of gcloud": {
			files: map[string]string{".config/gcloud/configurations/config_default": "[core]\naccount = user@example.com\n"},
			want:  []string{"core/account"},
		},
		"an account of gcloud that a variable overrules": {
			files:   map[string]string{".config/gcloud/configurations/config_default": "[core]\naccount = user@example.com\n"},
			options: func(o *child.EnvironmentOptions) { o.Accounts = []string{account} },
		},
		"properties of the active configuration": {
			files: map[string]string{
				".config/gcloud/active_config":                 "work\n",
				".config/gcloud/configurations/config_default": "[core]\naccount = user@example.com",
				".config/gcloud/configurations/config_work": "# none\n[core]\nCheck_GCE_metadata: no\n" +
					"[auth]\naccess_token_file=a\ncredential_file_override=b\ndisable_credentials=True",
			},
			want: []string{"core/check_gce_metadata", "auth/access_token_file", "auth/credential_file_override", "auth/disable_credentials"},
		},
		"properties of the configuration that a variable names": {
			files:   map[string]string{".config/gcloud/configurations/config_work": "[auth]\naccess_token_file=a"},
			entries: []string{"CLOUDSDK_ACTIVE_CONFIG_NAME=work"}, want: []string{"auth/access_token_file"},
		},
		"a property that an empty variable overrules": {
			files:   map[string]string{".config/gcloud/configurations/config_default": "[auth]\naccess_token_file=a"},
			entries: []string{"CLOUDSDK_AUTH_ACCESS_TOKEN_FILE="},
		},
		"gcloud's memory of no server":     {files: map[string]string{".config/gcloud/gce": "False"}, want: []string{"ten minutes"}},
		"gcloud's old memory of no server": {files: map[string]string{".config/gcloud/gce": "False"}, age: time.Hour},
		"gcloud's memory of a server":      {files: map[string]string{".config/gcloud/gce": "True"}},
		"credentials switched off":         {entries: []string{"CLOUDSDK_AUTH_DISABLE_CREDENTIALS=1"}, want: []string{"send no token"}},
		"a boto file with a key": {
			files: map[string]string{"boto": "[Credentials]\ngs_service_key_file = key\n"}, entries: []string{"BOTO_CONFIG=HOME/boto"},
			want: []string{"gs_service_key_file"},
		},
		"a boto file without credentials": {files: map[string]string{"boto": "[Boto]\nproxy = p\n"}, entries: []string{"BOTO_CONFIG=~/boto"}},
		"a directory of the file's name":  {files: map[string]string{".config/gcloud/" + adc + "/x": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			for path, content := range test.files {
				path = filepath.Join(home, filepath.FromSlash(path))
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
				require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
				if test.age > 0 {
					old := time.Now().Add(-test.age)
					require.NoError(t, os.Chtimes(path, old, old))
				}
			}
			environment := []string{"HOME=" + home, "USERPROFILE=" + home}
			if !slices.ContainsFunc(test.entries, func(entry string) bool { return strings.HasPrefix(entry, "BOTO_") }) {
				environment = append(environment, "BOTO_CONFIG=")
			}
			for _, entry := range test.entries {
				environment = append(environment, strings.ReplaceAll(entry, "=HOME", "="+home))
			}
			o := options()
			if test.options != nil {
				test.options(&o)
			}
			_, notes := child.Environment(environment, o)
			require.Len(t, notes, len(test.want), "%q", notes)
			for i, want := range test.want {
				assert.Contains(t, notes[i], want)
				assert.NotContains(t, notes[i], "user@example.com")
			}
		})
	}
}

func TestIsolateMakesAPrivateDirectory(t *testing.T) {
	dir, remove, err := child.Isolate()
	require.NoError(t, err)
	info, err := os.Stat(dir)
	require.NoError(t, err)
	assert.True(t, info.IsDir())
	if info.Mode().Perm()&0o077 != 0 && filepath.Separator == '/' {
		t.Errorf("mode is %v", info.Mode())
	}
	o := options()
	o.Config = dir
	env, _ := child.Environment(parent(t, "CLOUDSDK_CONFIG=/home/user/own"), o)
	assert.Equal(t, []string{dir}, get(env, "CLOUDSDK_CONFIG"))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "access_tokens.db"), []byte("token"), 0o600))
	require.NoError(t, remove())
	assert.NoDirExists(t, dir)
	assert.NoError(t, remove())
}

func TestIsolateTellsThatThereIsNoPlace(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent")
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, absent)
	}
	_, _, err := child.Isolate()
	require.ErrorIs(t, err, os.ErrNotExist)
}
