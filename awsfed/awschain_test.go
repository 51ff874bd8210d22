package awsfed_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// serve starts the cloud on loopback and leads the AWS SDK of this process there.
func serve(t *testing.T, cloud *awsfedtest.Cloud, source awsfedtest.CredentialSource) *awsfedtest.Server {
	t.Helper()
	clearAWSEnvironment(t)
	server, err := cloud.Start()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	env, err := server.Env(source, t.TempDir())
	require.NoError(t, err)
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	return server
}

// writeFile writes a file of the test and gives its name.
func writeFile(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestEverySourceOfTheAWSChainEndsInAGoogleToken(t *testing.T) {
	// keys are of the role app, as somebody's configuration may hold them.
	keys := func(t *testing.T, cloud *awsfedtest.Cloud) aws.Credentials {
		credentials, err := cloud.AddSession("app", "someone", time.Hour)
		require.NoError(t, err)
		return credentials
	}
	for name, test := range map[string]struct {
		source  awsfedtest.CredentialSource
		prepare func(t *testing.T, cloud *awsfedtest.Cloud, server *awsfedtest.Server)
	}{
		"keys in the environment": {source: awsfedtest.SourceEnvironment},
		"EC2 metadata v2":         {source: awsfedtest.SourceEC2Metadata},
		"an ECS task, full URI":   {source: awsfedtest.SourceECS},
		"EKS Pod Identity":        {source: awsfedtest.SourceEKSPodIdentity},
		"EKS IRSA":                {source: awsfedtest.SourceIRSA},
		"the keys of a profile": {awsfedtest.SourceEC2Metadata, func(t *testing.T, cloud *awsfedtest.Cloud, _ *awsfedtest.Server) {
			k := keys(t, cloud)
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", writeFile(t, "credentials", fmt.Sprintf(
				"[work]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n", k.AccessKeyID, k.SecretAccessKey, k.SessionToken)))
			t.Setenv("AWS_PROFILE", "work")
		}},
		"a role assumed by a profile": {awsfedtest.SourceEC2Metadata, func(t *testing.T, cloud *awsfedtest.Cloud, _ *awsfedtest.Server) {
			_, err := cloud.AddRole(awsfedtest.Role{Name: "base"})
			require.NoError(t, err)
			base, err := cloud.AddSession("base", "chain", time.Hour)
			require.NoError(t, err)
			baseARN, err := cloud.AddRole(awsfedtest.Role{Name: "base"})
			require.NoError(t, err)
			arn, err := cloud.AddRole(awsfedtest.Role{Name: "app", Trusts: []string{baseARN}})
			require.NoError(t, err)
			t.Setenv("AWS_CONFIG_FILE", writeFile(t, "config", fmt.Sprintf(
				"[profile base]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n\n[profile app]\nrole_arn = %s\nsource_profile = base\n",
				base.AccessKeyID, base.SecretAccessKey, base.SessionToken, arn)))
			t.Setenv("AWS_PROFILE", "app")
		}},
		"a credential_process": {awsfedtest.SourceEC2Metadata, func(t *testing.T, cloud *awsfedtest.Cloud, _ *awsfedtest.Server) {
			k := keys(t, cloud)
			output, err := json.Marshal(map[string]any{"Version": 1, "AccessKeyId": k.AccessKeyID, "SecretAccessKey": k.SecretAccessKey, "SessionToken": k.SessionToken})
			require.NoError(t, err)
			t.Setenv("AWS_CONFIG_FILE", writeFile(t, "config", "[default]\ncredential_process = cat "+writeFile(t, "output.json", string(output))+"\n"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			server := serve(t, cloud, test.source)
			if test.prepare != nil {
				test.prepare(t, cloud, server)
			}
			cfg := server.Config()
			require.Nil(t, cfg.Credentials, "the chain is the SDK's own")
			ts, err := awsfed.NewTokenSource(t.Context(), cfg)
			require.NoError(t, err)
			token, err := ts.Token()
			require.NoError(t, err)
			access, err := cloud.Check(token.AccessToken)
			require.NoError(t, err)
			assert.Equal(t, "aws-app@my-project.iam.gserviceaccount.com", access.Principal)
		})
	}
}

// The SDK fixes the host of a relative URI, 169.254.170.2, which an emulator can only be in the
// process.
func TestAnECSTaskWithARelativeURIEndsInAGoogleToken(t *testing.T) {
	clearAWSEnvironment(t)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/container/ecs/app")
	cloud := awsfedtest.New(awsfedtest.Options{})
	loaded, err := config.LoadDefaultConfig(t.Context(), config.WithEndpointCredentialOptions(func(o *endpointcreds.Options) { o.HTTPClient = cloud.Client() }))
	require.NoError(t, err)
	_, err = newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Credentials = loaded.Credentials }).Token()
	require.NoError(t, err)
	assert.Equal(t, 1, cloud.Count(awsfedtest.ContainerCredentials))
}

func TestSecretsOfACredentialProcessAreNotQuoted(t *testing.T) {
	clearAWSEnvironment(t)
	t.Setenv("AWS_CONFIG_FILE", writeFile(t, "config", "[default]\ncredential_process = echo '{\"SecretAccessKey\": \"mark\" broken'\n"))
	ts, err := awsfed.NewTokenSource(t.Context(), awsfed.Config{Audience: testAudience, Region: "us-east-1", Logger: quiet})
	require.NoError(t, err)
	_, err = ts.Token()
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, awsfed.StageCredentials, e.Stage)
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "mark")
}

func TestTheRegionIsThatOfTheChainThenOfEC2MetadataThenUSEast1(t *testing.T) {
	for name, test := range map[string]struct {
		env        map[string]string
		noMetadata bool
		want       string
		warns      bool
	}{
		"AWS_REGION":                           {env: map[string]string{"AWS_REGION": "eu-west-1"}, want: "eu-west-1"},
		"an empty AWS_REGION is none":          {env: map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-2"}, want: "eu-west-2"},
		"EC2 metadata, and never a Local Zone": {env: map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, want: "us-west-2"},
		"none at all":                          {env: map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_EC2_METADATA_DISABLED": "true"}, noMetadata: true, want: "us-east-1", warns: true},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			require.NoError(t, cloud.SetPlacement("us-west-2", "us-west-2-lax-1a"))
			server := serve(t, cloud, awsfedtest.SourceEnvironment)
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			var log bytes.Buffer
			cfg := server.Config()
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
			request := decode(t, subjectToken(t, cfg))
			assert.Equal(t, "https://sts."+test.want+".amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15", request.URL)
			assert.Equal(t, test.warns, strings.Contains(log.String(), "us-east-1 signs"), log.String())
			assert.LessOrEqual(t, strings.Count(log.String(), "\n"), 1)
		})
	}
}

func TestARegionThatIsNoneIsRefused(t *testing.T) {
	clearAWSEnvironment(t)
	t.Setenv("AWS_REGION", "us-west-2-lax-1a")
	_, err := awsfed.NewTokenSource(t.Context(), awsfed.Config{Audience: testAudience})
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, awsfed.StageRegion, e.Stage)
	assert.ErrorContains(t, err, "us-west-2-lax-1a")
}

func TestAProfileThatDoesNotExistIsAnErrorOfConstruction(t *testing.T) {
	clearAWSEnvironment(t)
	t.Setenv("AWS_PROFILE", "no-such-profile")
	_, err := awsfed.NewTokenSource(t.Context(), awsfed.Config{Audience: testAudience})
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, awsfed.StageCredentials, e.Stage)
	assert.ErrorContains(t, err, "no-such-profile")
	assert.NotEmpty(t, e.Hint)
}

func TestAProviderWithoutKeysIsAnErrorAndNothingIsSent(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts := newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Credentials = staticCredentials(aws.Credentials{}) })
	_, err := ts.Token()
	assert.ErrorIs(t, err, awsfed.ErrNoCredentials)
	assert.Empty(t, cloud.Requests())
}

// rotating is a cache of credentials like the SDK's, whose content a test sets.
type rotating struct{ now, next aws.Credentials }

func (r *rotating) Retrieve(context.Context) (aws.Credentials, error) { return r.now, nil }
func (r *rotating) Invalidate()                                       { r.now = r.next }

func TestAWSCredentialsThatWereRefusedAreFetchedAnewOnce(t *testing.T) {
	for name, test := range map[string]struct {
		spoil     func(*awsfedtest.Cloud, aws.Credentials) error
		others    bool
		wantErr   bool
		exchanges int
	}{
		"expired, and there are others":      {func(c *awsfedtest.Cloud, k aws.Credentials) error { return c.ExpireKeys(k.AccessKeyID) }, true, false, 2},
		"revoked, and there are others":      {func(c *awsfedtest.Cloud, k aws.Credentials) error { return c.RevokeKeys(k.AccessKeyID) }, true, false, 2},
		"expired, and there are only they":   {func(c *awsfedtest.Cloud, k aws.Credentials) error { return c.ExpireKeys(k.AccessKeyID) }, false, true, 1},
		"good from the start, as they ought": {func(*awsfedtest.Cloud, aws.Credentials) error { return nil }, true, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			first, err := cloud.AddSession("app", "first", time.Hour)
			require.NoError(t, err)
			provider := &rotating{now: first, next: first}
			if test.others {
				provider.next, err = cloud.AddSession("app", "second", time.Hour)
				require.NoError(t, err)
			}
			require.NoError(t, test.spoil(cloud, first))
			_, err = newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Credentials = provider }).Token()
			assert.Equal(t, test.wantErr, err != nil, err)
			assert.Equal(t, test.exchanges, cloud.Count(awsfedtest.GoogleSTS))
		})
	}
}
