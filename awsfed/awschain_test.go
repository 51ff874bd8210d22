package awsfed_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestAWSChainEndsInAGoogleTokenWhateverItsSource(t *testing.T) {
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
			assert.Equal(t, testAccount, access.Principal)
		})
	}
}

// The SDK fixes the host of a relative URI, 169.254.170.2, which an emulator can only be in the
// process.
func TestAWSChainOfAnECSTaskWithARelativeURIEndsInAGoogleToken(t *testing.T) {
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

func TestAWSChainDoesNotQuoteTheSecretsOfACredentialProcess(t *testing.T) {
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

func TestAWSChainRegionIsItsOwnThenThatOfEC2MetadataThenUSEast1(t *testing.T) {
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

func TestAWSChainRemembersThatNobodyToldTheRegion(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		<-r.Context().Done()
	}))
	defer server.Close()
	clearAWSEnvironment(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.URL)
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), awsfed.Config{Audience: testAudience, Logger: quiet})
	require.NoError(t, err)
	_, err = builder.SubjectToken(t.Context())
	require.NoError(t, err)
	first := asked.Load()
	require.Positive(t, first)
	for range 3 {
		_, err = builder.SubjectToken(t.Context())
		require.NoError(t, err)
	}
	assert.Equal(t, first, asked.Load(), "it is not asked at each exchange")
}

func TestAWSChainRegionThatIsNoneIsRefused(t *testing.T) {
	clearAWSEnvironment(t)
	t.Setenv("AWS_REGION", "us-west-2-lax-1a")
	_, err := awsfed.NewTokenSource(t.Context(), awsfed.Config{Audience: testAudience})
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, awsfed.StageRegion, e.Stage)
	assert.ErrorContains(t, err, "us-west-2-lax-1a")
}

func TestAWSChainProfileThatDoesNotExistIsAnErrorOfConstruction(t *testing.T) {
	clearAWSEnvironment(t)
	t.Setenv("AWS_PROFILE", "no-such-profile")
	_, err := awsfed.NewTokenSource(t.Context(), awsfed.Config{Audience: testAudience})
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, awsfed.StageCredentials, e.Stage)
	assert.ErrorContains(t, err, "no-such-profile")
	assert.NotEmpty(t, e.Hint)
}

func TestSubjectTokenBuilderSendsNothingWithoutKeys(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts := newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Credentials = staticCredentials(aws.Credentials{}) })
	_, err := ts.Token()
	assert.ErrorIs(t, err, awsfed.ErrNoCredentials)
	assert.Empty(t, cloud.Requests())
}

func TestSubjectTokenBuilderFetchesRefusedAWSCredentialsAnewOnce(t *testing.T) {
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

func TestSubjectTokenBuilderWaitsForSlowAWSCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		credentials, err := cloud.Config().Credentials.Retrieve(t.Context())
		require.NoError(t, err)
		provider := aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			time.Sleep(12 * time.Second) // a credential_process, for example
			return credentials, nil
		}))
		_, err = newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Credentials = provider }).Token()
		require.NoError(t, err)
	})
}

func TestEC2MetadataThatHasAnsweredBeforeIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cfg := cloud.Config()
		cache := cfg.Credentials.(*aws.CredentialsCache)
		ts := newSource(t, cloud, func(c *awsfed.Config) { c.Credentials = cache })
		token, err := ts.Token()
		require.NoError(t, err)
		time.Sleep(time.Until(token.Expiry) + 3*time.Hour)
		cache.Invalidate()
		cloud.Inject(awsfedtest.Reset(awsfedtest.EC2Metadata).During(5 * time.Second))
		_, err = ts.Token()
		require.NoError(t, err)
	})
}

func TestAWSChainWaitsForAnAgentThatIsStarting(t *testing.T) {
	clearAWSEnvironment(t)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", nobody+"/v1/credentials")
	err := attempt(t)
	assert.ErrorIs(t, err, awsfed.ErrTransient)
	assert.NotErrorIs(t, err, awsfed.ErrNoCredentials)
}

func TestAWSChainEndpointOfATaskOrPodThatDoesNotAnswerIsTransient(t *testing.T) {
	at := awsfedtest.ContainerCredentials
	for name, test := range map[string]struct {
		fault     awsfedtest.Fault
		transport http.RoundTripper
		transient bool
	}{
		"the dial is refused":      {transport: undialed(os.NewSyscallError("connect", syscall.ECONNREFUSED)), transient: true},
		"there is no route":        {transport: undialed(os.NewSyscallError("connect", syscall.ENETUNREACH)), transient: true},
		"the dial times out":       {transport: undialed(os.ErrDeadlineExceeded), transient: true},
		"the name does not exist":  {transport: undialed(&net.DNSError{Err: "no such host", Name: "agent.example.com", IsNotFound: true}), transient: true},
		"the connection is reset":  {fault: awsfedtest.Reset(at), transient: true},
		"it is silent":             {fault: awsfedtest.Drop(at), transient: true},
		"the answer breaks off":    {fault: awsfedtest.Truncate(at), transient: true},
		"the answer is garbage":    {fault: awsfedtest.Status(at, http.StatusOK, nil, "\x00\xff"), transient: true},
		"it answers 500":           {fault: awsfedtest.Status(at, 500, nil, ""), transient: true},
		"it answers 429":           {fault: awsfedtest.Status(at, 429, nil, ""), transient: true},
		"it refuses, as 403 does":  {fault: awsfedtest.Status(at, 403, nil, "")},
		"it knows no task, as 404": {fault: awsfedtest.Status(at, 404, nil, "")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				client := &http.Client{Transport: test.transport, Timeout: 5 * time.Second}
				if test.transport == nil {
					client.Transport = cloud.Client().Transport
					cloud.Inject(test.fault)
				}
				provider := aws.NewCredentialsCache(endpointcreds.New("http://169.254.170.2/container/ecs/app", func(o *endpointcreds.Options) { o.HTTPClient = client }))
				builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), awsfed.Config{Audience: testAudience, Region: "us-east-1", Credentials: provider, Logger: quiet})
				require.NoError(t, err)
				_, err = builder.SubjectToken(t.Context())
				assert.Equal(t, test.transient, errors.Is(err, awsfed.ErrTransient), err)
				assert.NotErrorIs(t, err, awsfed.ErrNoCredentials)
			})
		})
	}
}

func TestSubjectTokenBuilderCutShortTellsWhatTheSourceSaidBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cfg := cloud.Config()
		cfg.Logger = quiet
		builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
		require.NoError(t, err)
		ask := func(timeout time.Duration) *awsfed.Error {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			_, err := builder.SubjectToken(ctx)
			if err == nil {
				return nil
			}
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			return e
		}
		remove := cloud.Inject(awsfedtest.Unavailable(awsfedtest.EC2Metadata))
		first := ask(10 * time.Second)
		require.NotNil(t, first)
		assert.NotEmpty(t, first.Code)

		second := ask(time.Millisecond)
		require.NotNil(t, second)
		assert.ErrorIs(t, second, context.DeadlineExceeded)
		assert.Equal(t, first.Code, second.Code)
		assert.Equal(t, first.Hint, second.Hint)
		assert.True(t, second.Transient)
		remove()
		time.Sleep(time.Minute)

		assert.Nil(t, ask(10*time.Second))
	})
}
