package awsfed_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// ssoSession is the file by which the AWS CLI keeps the session "corp": the name is its SHA-1.
const ssoSession = "ee0bfd2552fbd840c02cc48b6e823320543c450f.json"

// The hints rest on types and on words of the AWS SDK. An update that changes them fails here.
func TestHintsOfAWSCredentialsTellWhatWasTried(t *testing.T) {
	const ssoProfile = "[sso-session corp]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n" +
		"[profile work]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = dev\n"
	const hopLimit = "--http-put-response-hop-limit"
	for name, test := range map[string]struct {
		arrange func(t *testing.T)
		code    string
		says    []string
		saysNot []string
	}{
		"an SSO session, never logged in": {
			arrange: func(t *testing.T) {
				t.Setenv("AWS_CONFIG_FILE", writeFile(t, "config", ssoProfile))
				t.Setenv("AWS_PROFILE", "work")
			},
			code: "SSOSession", says: []string{"\n  aws sso login --profile work"},
		},
		"an SSO session that has ended": {
			arrange: func(t *testing.T) {
				t.Setenv("AWS_CONFIG_FILE", writeFile(t, "config", ssoProfile))
				t.Setenv("AWS_PROFILE", "work")
				dir := filepath.Join(os.Getenv("HOME"), ".aws", "sso", "cache")
				require.NoError(t, os.MkdirAll(dir, 0o700))
				require.NoError(t, os.WriteFile(filepath.Join(dir, ssoSession), []byte(`{"accessToken":"secret-sso-token","expiresAt":"2020-01-01T00:00:00Z"}`), 0o600))
			},
			code: "SSOSession", says: []string{"\n  aws sso login --profile work"},
		},
		"a profile that is not there": {
			arrange: func(t *testing.T) {
				t.Setenv("AWS_CONFIG_FILE", writeFile(t, "config", "[profile a]\nregion = us-east-1\n"))
				t.Setenv("AWS_PROFILE", "nosuch")
			},
			code: "Profile", says: []string{"the profile nosuch", "(AWS_CONFIG_FILE)", "\n  aws configure list-profiles"},
		},
		"a source_profile that is not there": {
			arrange: func(t *testing.T) {
				t.Setenv("AWS_CONFIG_FILE", writeFile(t, "config", "[profile a]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = nosuch\n"))
				t.Setenv("AWS_PROFILE", "a")
			},
			code: "Profile", says: []string{"source_profile", "\n  aws configure list-profiles"},
		},
		"a web identity whose token file is missing": {
			arrange: func(t *testing.T) {
				t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/token")
				t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/app")
			},
			code:    "TokenFile",
			says:    []string{"AWS_WEB_IDENTITY_TOKEN_FILE is /no/such/token, which cannot be read", "projected volume", "service account", "kubectl get serviceaccount"},
			saysNot: []string{"EC2 metadata"},
		},
		"a pod identity whose token file is missing": {
			arrange: func(t *testing.T) {
				t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/v1/credentials")
				t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/no/such/token")
			},
			code:    "TokenFile",
			says:    []string{"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is /no/such/token, which cannot be read", "association", "list-pod-identity-associations"},
			saysNot: []string{"refused"},
		},
		"no role": {
			arrange: func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				noRole, _ := awsfedtest.FaultByName("metadata-no-role")
				noRole.Inject(cloud)
				serve(t, cloud, awsfedtest.SourceEC2Metadata)
				t.Setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/app")
				t.Setenv("AWS_PROFILE", "")
			},
			code: "NoCredentials",
			says: []string{"EC2 metadata answers that the instance has no role", "associate-iam-instance-profile", "AWS_ACCESS_KEY_ID is not set", "AWS_ROLE_ARN is set",
				"profile default", "AWS_CONTAINER_CREDENTIALS_FULL_URI is not set"},
			saysNot: []string{hopLimit},
		},
		"EC2 metadata that is switched off": {
			arrange: func(t *testing.T) { t.Setenv("AWS_EC2_METADATA_DISABLED", "true") },
			code:    "NoCredentials",
			says:    []string{"AWS_EC2_METADATA_DISABLED is true, so EC2 metadata was not asked"},
			saysNot: []string{hopLimit},
		},
		"EC2 metadata where nobody is": {
			arrange: func(t *testing.T) { t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1") },
			code:    "NoCredentials",
			says:    []string{"nobody answered at the address of EC2 metadata"},
			saysNot: []string{hopLimit},
		},
	} {
		t.Run(name, func(t *testing.T) {
			clearAWSEnvironment(t)
			t.Setenv("HOME", t.TempDir()) // where the SDK looks for sessions
			test.arrange(t)
			e := failureOfChain(t)
			assert.Equal(t, test.code, e.Code)
			assert.False(t, e.Transient)
			assert.ErrorIs(t, e, awsfed.ErrMisconfigured)
			for _, part := range test.says {
				assert.Contains(t, e.Hint, part)
			}
			for _, part := range test.saysNot {
				assert.NotContains(t, e.Hint, part)
			}
			assert.NotContains(t, e.Error()+e.Hint, "secret-sso-token")
		})
	}
}

// Who calls gets the name of the endpoint as soon as the first attempt has failed.
func TestHintOfAnEndpointThatIsDeadNamesIt(t *testing.T) {
	for name, test := range map[string]struct{ fault awsfedtest.Fault }{
		"it is silent":  {awsfedtest.Drop(awsfedtest.ContainerCredentials)},
		"it is failing": {awsfedtest.Status(awsfedtest.ContainerCredentials, http.StatusInternalServerError, nil, "")},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			server := serve(t, cloud, awsfedtest.SourceECS)
			cloud.Inject(test.fault)
			told := make(chan awsfed.RefreshEvent, 100)
			ts, err := awsfed.NewTokenSource(t.Context(), awsfed.Config{Audience: testAudience, Region: "us-east-1", Logger: quiet, Timeout: 6 * time.Second,
				OnRefresh: func(event awsfed.RefreshEvent) { told <- event }})
			require.NoError(t, err)
			go func() { _, _ = ts.Token() }()
			event := <-told
			assert.Less(t, event.Duration, 5*time.Second, "not the whole Timeout: a third of it, and some patience with the machine")
			var e *awsfed.Error
			require.ErrorAs(t, event.Err, &e)
			assert.True(t, e.Transient)
			assert.Contains(t, e.Hint, server.URL+", which AWS_CONTAINER_CREDENTIALS_FULL_URI names")
			assert.NotContains(t, e.Hint, "EC2 metadata")
		})
	}
}
