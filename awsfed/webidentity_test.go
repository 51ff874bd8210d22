package awsfed_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// newIssuer is a cloud whose AWS account issues tokens, with a provider at Google for them, and the
// audience of that. Its subject may impersonate the account.
func newIssuer(t *testing.T, audiences ...string) (*awsfedtest.Cloud, string) {
	t.Helper()
	cloud := awsfedtest.New(awsfedtest.Options{})
	provider := principal.Provider{ProjectNumber: cloud.Provider().ProjectNumber, Pool: cloud.Provider().Pool, ID: "aws-oidc"}
	require.NoError(t, cloud.AddOIDCProvider(awsfedtest.OIDCProvider{Provider: provider, Issuer: cloud.EnableOutboundIdentity(), Audiences: audiences}))
	require.NoError(t, cloud.Grant(cloud.Config().ServiceAccount, "roles/iam.workloadIdentityUser", provider.Subject("arn:aws:iam::123456789012:role/app")))
	return cloud, provider.Audience()
}

// inProcess is a client of AWS STS with the credentials of the cloud's instance, without a socket.
func inProcess(cloud *awsfedtest.Cloud) *sts.Client {
	cfg := cloud.Config()
	return sts.New(sts.Options{Region: "us-east-1", HTTPClient: cloud.Client(), Credentials: cfg.Credentials})
}

func TestWebIdentityOfAWSGetsAGoogleToken(t *testing.T) {
	for name, test := range map[string]struct {
		options   awsfed.WebIdentityOptions
		audiences []string
	}{
		"by default":      {},
		"for an audience": {awsfed.WebIdentityOptions{Audience: "https://gcp.example.com"}, []string{"https://gcp.example.com"}},
		"signed by ES384": {awsfed.WebIdentityOptions{Algorithm: "ES384"}, nil},
		"for a minute":    {awsfed.WebIdentityOptions{Lifetime: time.Minute}, nil},
		"for an hour":     {awsfed.WebIdentityOptions{Lifetime: time.Hour}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			cloud, audience := newIssuer(t, test.audiences...)
			ts := newSource(t, cloud, func(c *awsfed.Config) {
				c.Audience = audience
				test.options.Client = inProcess(cloud)
				c.Subject.WebIdentity = &test.options
			})
			token, err := ts.Token()
			require.NoError(t, err)
			access, err := cloud.Check(token.AccessToken)
			require.NoError(t, err)
			assert.Equal(t, cloud.Config().ServiceAccount, access.Principal)
			assert.Contains(t, access.Delegation[0], "/subject/arn:aws:iam::123456789012:role/app", "without the session's name")
		})
	}
}

func TestWebIdentityComesByTheChainFromEverySourceOfCredentials(t *testing.T) {
	for _, source := range awsfedtest.CredentialSources() {
		if source == awsfedtest.SourceECSRelative { // by a proxy variable, which a process reads once
			continue
		}
		t.Run(string(source), func(t *testing.T) {
			cloud, audience := newIssuer(t)
			cfg := serve(t, cloud, source).Config()
			cfg.Audience, cfg.Logger = audience, quiet
			cfg.Subject.WebIdentity = &awsfed.WebIdentityOptions{}
			ts, err := awsfed.NewTokenSource(t.Context(), cfg)
			require.NoError(t, err)
			require.NoError(t, usable(cloud, ts))
			require.NoError(t, usable(cloud, ts))
			assert.Equal(t, 1, actions(cloud, "GetWebIdentityToken"))
			assert.Zero(t, actions(cloud, "GetCallerIdentity"), "Google replays nothing")
		})
	}
}

// actions is how often AWS STS was asked for that.
func actions(cloud *awsfedtest.Cloud, action string) (count int) {
	for _, r := range cloud.Requests() {
		if r.Action == action {
			count++
		}
	}
	return count
}

func TestWebIdentityIsRefreshedForHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, audience := newIssuer(t)
		ts := newSource(t, cloud, func(c *awsfed.Config) {
			c.Audience = audience
			c.Subject.WebIdentity = &awsfed.WebIdentityOptions{Client: inProcess(cloud), Lifetime: time.Hour}
		})
		defer cloud.Wait()
		for range 12 * 60 {
			require.NoError(t, usable(cloud, ts))
			time.Sleep(time.Minute)
		}
	})
}

func TestWebIdentityOfASessionThatEndsSoonIsAskedForLess(t *testing.T) {
	for name, test := range map[string]struct {
		session  time.Duration
		own      bool // the program's client, whose session is not known here
		requests int
		life     time.Duration // of the federated token
	}{
		"the chain's, of 20 minutes":   {20 * time.Minute, false, 1, 20 * time.Minute},
		"the program's, of 20 minutes": {20 * time.Minute, true, 2, 15 * time.Minute},
		"the program's, of 15 minutes": {15*time.Minute - time.Second, true, 3, time.Minute},
		"the program's, of two hours":  {2 * time.Hour, true, 1, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			cloud, audience := newIssuer(t)
			keys, err := cloud.AddSession("app", "short", test.session)
			require.NoError(t, err)
			cfg := serve(t, cloud, awsfedtest.SourceEC2Metadata).Config()
			cfg.Audience, cfg.ServiceAccount, cfg.Logger = audience, "", quiet
			cfg.Credentials = staticCredentials(keys)
			cfg.Subject.WebIdentity = &awsfed.WebIdentityOptions{}
			if test.own {
				cfg.Subject.WebIdentity.Client = sts.New(sts.Options{Region: "us-east-1", HTTPClient: cloud.Client(), Credentials: cfg.Credentials})
			}
			token, err := newExchanger(t, cfg).TokenContext(t.Context()) // which, unlike a cache, is not at work a minute later
			require.NoError(t, err)
			assert.WithinDuration(t, time.Now().Add(test.life), token.Expiry, 10*time.Second)
			assert.Equal(t, test.requests, actions(cloud, "GetWebIdentityToken"))
		})
	}
}

func TestWebIdentitySaysWhatIsMissing(t *testing.T) {
	api := func(code string) error { return &smithy.GenericAPIError{Code: code, Message: "no"} }
	for name, test := range map[string]struct {
		err    error
		code   string
		hint   []string
		status int
	}{
		"that the account has not enabled it": {nil, "OutboundWebIdentityFederationDisabledException",
			[]string{"aws iam enable-outbound-web-identity-federation", "oidc.issuerUri"}, 403},
		"the permission":   {api("AccessDenied"), "AccessDenied", []string{"sts:GetWebIdentityToken", "3600 seconds (sts:DurationSeconds)"}, 0},
		"a longer session": {api("SessionDurationEscalationException"), "SessionDurationEscalationException", []string{"session ends within a minute"}, 0},
		"a way out":        {errors.New("dial tcp 192.0.2.1:443: no route to host"), "", []string{"interface endpoint", "AWS_ENDPOINT_URL_STS"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{}) // which has it disabled
			client := awsfed.WebIdentityClient(inProcess(cloud))
			if test.err != nil {
				client = failingClient{test.err}
			}
			cfg := cloud.Config()
			cfg.Subject.WebIdentity = &awsfed.WebIdentityOptions{Client: client}
			builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
			require.NoError(t, err)
			_, err = builder.SubjectToken(t.Context())
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, awsfed.StageSubjectToken, e.Stage)
			assert.Equal(t, test.code, e.Code)
			assert.Equal(t, test.status, e.StatusCode)
			for _, want := range test.hint {
				assert.Contains(t, e.Hint, want)
			}
		})
	}
}

// failingClient fails, and givingClient gives what it has.
type failingClient struct{ err error }

func (f failingClient) GetWebIdentityToken(context.Context, *sts.GetWebIdentityTokenInput, ...func(*sts.Options)) (*sts.GetWebIdentityTokenOutput, error) {
	return nil, f.err
}

func TestWebIdentityTakesOnlyAToken(t *testing.T) {
	for name, out := range map[string]*sts.GetWebIdentityTokenOutput{
		"nothing":          nil,
		"no token":         {},
		"an empty one":     {WebIdentityToken: aws.String("")},
		"one with a blank": {WebIdentityToken: aws.String("secret token")},
		"one of 33 KiB":    {WebIdentityToken: aws.String(string(make([]byte, 33<<10)))},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := offlineConfig(http.DefaultTransport)
			cfg.Subject.WebIdentity = &awsfed.WebIdentityOptions{Client: givingClient{out}}
			builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
			require.NoError(t, err)
			_, err = builder.SubjectToken(t.Context())
			assert.Equal(t, awsfed.StageSubjectToken, invalidAnswer(t, err).Stage)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

type givingClient struct {
	out *sts.GetWebIdentityTokenOutput
}

func (g givingClient) GetWebIdentityToken(context.Context, *sts.GetWebIdentityTokenInput, ...func(*sts.Options)) (*sts.GetWebIdentityTokenOutput, error) {
	return g.out, nil
}

func TestDiagnoseTellsTheClaimsOfASubject(t *testing.T) {
	cloud, audience := newIssuer(t)
	cfg := serve(t, cloud, awsfedtest.SourceEC2Metadata).Config()
	cfg.Audience = audience
	cfg.Subject.WebIdentity = &awsfed.WebIdentityOptions{}
	report := diagnose(t, cfg, nil)
	assert.Equal(t, awsfed.VerdictPassed, report.Worst(), report)
	findings := stepOf(t, report, awsfed.StageSubjectToken).Findings
	assert.Contains(t, findings, "issuer "+cloud.EnableOutboundIdentity())
	assert.Contains(t, findings, "subject arn:aws:iam::123456789012:role/app")
	assert.Contains(t, findings, "audience https:"+audience)
	assert.Equal(t, []string{"principal://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/subject/arn:aws:iam::123456789012:role/app"}, report.Members)
}

func TestDiagnoseNamesTheSubjectThatIsNotLetIn(t *testing.T) {
	cloud, audience := newIssuer(t)
	token, err := inProcess(cloud).GetWebIdentityToken(t.Context(), &sts.GetWebIdentityTokenInput{
		Audience: []string{"https:" + audience}, SigningAlgorithm: aws.String("RS256")})
	require.NoError(t, err)
	name := t.TempDir() + "/token"
	require.NoError(t, os.WriteFile(name, []byte(*token.WebIdentityToken), 0o600))
	cfg := serve(t, cloud, awsfedtest.SourceEnvironment).Config()
	cfg.Audience, cfg.Subject.File = audience, name
	cfg.ServiceAccount = "stranger@my-project.iam.gserviceaccount.com"
	require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: cfg.ServiceAccount}))
	report := diagnose(t, cfg, nil)
	step := stepOf(t, report, awsfed.StageImpersonation)
	assert.Equal(t, awsfed.VerdictFailed, step.Verdict)
	assert.Contains(t, step.Hint, "/subject/arn:aws:iam::123456789012:role/app")
	for _, step := range report.Steps {
		assert.NotContains(t, []awsfed.Stage{awsfed.StageCredentials, awsfed.StageIdentity}, step.Stage, "AWS has no part in it")
	}
}
