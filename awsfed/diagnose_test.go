package awsfed_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

func diagnose(t *testing.T, cfg awsfed.Config, options *awsfed.DiagnoseOptions) *awsfed.Report {
	t.Helper()
	cfg.Logger = quiet
	report, err := awsfed.Diagnose(t.Context(), cfg, options)
	require.NoError(t, err)
	return report
}

func stepOf(t *testing.T, report *awsfed.Report, stage awsfed.Stage) awsfed.Step {
	t.Helper()
	for _, step := range report.Steps {
		if step.Stage == stage {
			return step
		}
	}
	require.Fail(t, "no such step", "%s in\n%s", stage, report)
	return awsfed.Step{}
}

func TestDiagnoseTellsWhoTheCallerIsWhenAllWorks(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	server := serve(t, cloud, awsfedtest.SourceEC2Metadata)
	cfg := server.Config()
	cfg.VerificationURL = server.URL + "?Action=GetCallerIdentity&Version=2011-06-15"
	report := diagnose(t, cfg, nil)
	assert.Equal(t, awsfed.VerdictPassed, report.Worst(), report)
	assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0", report.Identity.ARN)
	assert.Contains(t, report.Members, "principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/attribute.aws_role/arn:aws:sts::123456789012:assumed-role/app")
	assert.WithinDuration(t, time.Now().Add(time.Hour), report.Expiry, time.Minute)
	assert.Contains(t, strings.Join(stepOf(t, report, awsfed.StageNetwork).Findings, "\n"), "127.0.0.1 (this machine)")
}

func TestDiagnoseReportsEveryFaultOfTheConfiguration(t *testing.T) {
	report := diagnose(t, awsfed.Config{Audience: "https://wrong", ServiceAccount: "nobody", Timeout: -1}, nil)
	step := stepOf(t, report, awsfed.StageConfiguration)
	assert.Equal(t, awsfed.VerdictFailed, step.Verdict)
	for _, field := range []string{"Audience", "ServiceAccount", "Timeout"} {
		assert.Contains(t, strings.Join(step.Findings, "\n"), field)
	}
	var fault *awsfed.FieldError
	assert.ErrorAs(t, step.Err, &fault)
}

func TestDiagnoseSeesPastAnAWSThatCannotBeAskedFromHere(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cfg := cloud.Config()
	cfg.HTTPClient = diverted("sts.us-east-1.amazonaws.com", broken(errors.New("no route")), cloud.Client().Transport)
	report := diagnose(t, cfg, nil)
	assert.Equal(t, awsfed.VerdictWarned, stepOf(t, report, awsfed.StageIdentity).Verdict)
	assert.Equal(t, awsfed.VerdictSkipped, stepOf(t, report, awsfed.StageMapping).Verdict)
	assert.Equal(t, awsfed.VerdictPassed, stepOf(t, report, awsfed.StageImpersonation).Verdict)
}

func TestDiagnoseTakesTheMappingOfTheProvider(t *testing.T) {
	report := diagnose(t, awsfedtest.New(awsfedtest.Options{}).Config(), &awsfed.DiagnoseOptions{Mapping: principal.DocumentedMapping})
	assert.Contains(t, strings.Join(stepOf(t, report, awsfed.StageMapping).Findings, "\n"), "attribute.aws_role is app\n")
}

func TestDiagnoseMeasuresTheSubject(t *testing.T) {
	report := diagnose(t, awsfedtest.New(awsfedtest.Options{}).Config(), &awsfed.DiagnoseOptions{Mapping: func(principal.Identity) (principal.Attributes, error) {
		return principal.Attributes{Subject: strings.Repeat("x", 128)}, nil
	}})
	step := stepOf(t, report, awsfed.StageMapping)
	assert.Equal(t, awsfed.VerdictFailed, step.Verdict)
	assert.Contains(t, strings.Join(step.Findings, "\n"), "128 of at most 127 bytes")
	assert.Contains(t, step.Hint, "update-aws")
}

func TestDiagnoseCallsOutTheRoleOfTheNode(t *testing.T) {
	for name, test := range map[string]struct {
		env  map[string]string
		want string
	}{
		"a pod with nothing": {map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, `this is a pod, and the credentials are those of its EC2 node. EKS tells a pod of a role of its own by these variables, which it sets when the pod is made:
Pod Identity: AWS_CONTAINER_CREDENTIALS_FULL_URI is not set, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is not set
IRSA: AWS_WEB_IDENTITY_TOKEN_FILE is not set, AWS_ROLE_ARN is not set
`},
		"a pod with half of IRSA": {map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/app"},
			"\nIRSA: AWS_WEB_IDENTITY_TOKEN_FILE is not set, AWS_ROLE_ARN is set\n"},
		"a task of ECS": {map[string]string{"ECS_CONTAINER_METADATA_URI_V4": "http://169.254.170.2/v4/x"},
			"of which ECS tells it by this variable:\nAWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			clearAWSEnvironment(t)
			for variable, value := range test.env {
				t.Setenv(variable, value)
			}
			step := stepOf(t, diagnose(t, awsfedtest.New(awsfedtest.Options{}).Config(), nil), awsfed.StageCredentials)
			assert.Equal(t, awsfed.VerdictWarned, step.Verdict)
			assert.Contains(t, step.Hint, test.want)
			assert.NotContains(t, step.Hint, "EC2 metadata", "that has just given the credentials")
		})
	}
}

func TestDiagnoseCallsOutCredentialsThatHaveExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cfg := cloud.Config()
		credentials, err := cfg.Credentials.Retrieve(t.Context())
		require.NoError(t, err)
		for _, test := range []struct {
			left time.Duration
			want string
		}{{time.Minute, "they expire in 1m0s"}, {-2 * time.Hour, "they expired 2h0m0s ago, at 1999-12-31T22:00:00Z"}} {
			left, want := test.left, test.want
			credentials.CanExpire, credentials.Expires = true, time.Now().Add(left)
			cfg.Credentials = staticCredentials(credentials)
			step := stepOf(t, diagnose(t, cfg, nil), awsfed.StageCredentials)
			assert.Contains(t, step.Findings, want)
			assert.Equal(t, left < 0, step.Verdict == awsfed.VerdictWarned)
			assert.Equal(t, left < 0, step.Hint != "")
		}
		credentials.SessionToken = ""
		cfg.Credentials = staticCredentials(credentials)
		step := stepOf(t, diagnose(t, cfg, nil), awsfed.StageCredentials)
		require.True(t, strings.HasPrefix(credentials.AccessKeyID, "ASIA"))
		assert.Contains(t, step.Hint, "AWS_SESSION_TOKEN", "one warning does not hide the other")
		assert.Contains(t, step.Hint, "have expired")
	})
}

func TestDiagnoseSaysWhichClockIsBehind(t *testing.T) {
	for skew, want := range map[time.Duration]string{
		time.Hour: "is 1h0m0s ahead of this machine's", -time.Hour: "is 1h0m0s behind this machine's", 0: "agrees with this machine's",
	} {
		t.Run(skew.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.SetClock(skew)
				step := stepOf(t, diagnose(t, cloud.Config(), nil), awsfed.StageClock)
				assert.Equal(t, []string{"the clock of AWS " + want, "the clock of Google " + want}, step.Findings)
			})
		})
	}
}

func TestDiagnoseTakesTheErrorOfAConfigThatCouldNotBeRead(t *testing.T) {
	file := writeFile(t, "credentials.json", `{"type":"external_account","audience":"//wrong"}`)
	_, missing := awsfed.ConfigFromFile(file+".not", nil)
	_, faulty := awsfed.ConfigFromFile(file, nil)
	for err, want := range map[error][]string{missing: {"no such file"}, faulty: {"audience is", "subject_token_type is missing"}} {
		report := diagnose(t, awsfed.Config{}, &awsfed.DiagnoseOptions{ConfigError: err})
		require.Len(t, report.Steps, 1)
		step := stepOf(t, report, awsfed.StageConfiguration)
		assert.Equal(t, awsfed.VerdictFailed, step.Verdict)
		assert.ErrorIs(t, step.Err, err)
		for _, text := range want {
			assert.Contains(t, strings.Join(step.Findings, "\n"), text)
		}
		assert.Contains(t, step.Hint, "file")
	}
}

func TestDiagnoseGivesAnErrorForEachStepThatFailed(t *testing.T) {
	cfg := awsfedtest.New(awsfedtest.Options{}).Config()
	cfg.HTTPClient, cfg.TokenURL, cfg.IAMCredentialsEndpoint = nil, "https://sts.invalid/v1/token", "https://iam.invalid"
	cfg.Timeout = time.Second
	cfg.VerificationURL = "http://127.0.0.1:1/?Action=GetCallerIdentity&Version=2011-06-15"
	step := stepOf(t, diagnose(t, cfg, nil), awsfed.StageNetwork)
	assert.Equal(t, awsfed.VerdictFailed, step.Verdict)
	var e *awsfed.Error
	require.ErrorAs(t, step.Err, &e)
	assert.Contains(t, step.Hint, "sts.invalid")
	assert.Contains(t, strings.Join(step.Findings, "\n"), "iam.invalid: ")
}

func TestDiagnoseCallsOutAMissingSessionToken(t *testing.T) {
	cfg := awsfedtest.New(awsfedtest.Options{}).Config()
	cfg.Credentials = staticCredentials(aws.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "secret"})
	step := stepOf(t, diagnose(t, cfg, nil), awsfed.StageCredentials)
	assert.Equal(t, awsfed.VerdictWarned, step.Verdict)
	assert.Contains(t, step.Hint, "AWS_SESSION_TOKEN")
}

func TestDiagnoseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Drop(awsfedtest.GoogleSTS))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		report, err := awsfed.Diagnose(ctx, cloud.Config(), nil)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, awsfed.VerdictFailed, stepOf(t, report, awsfed.StageExchange).Verdict)
	})
}

func TestDiagnoseThatDidNotEndDoesNotSayThatItWorks(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	report, err := awsfed.Diagnose(ctx, awsfedtest.New(awsfedtest.Options{}).Config(), nil)
	assert.ErrorIs(t, err, context.Canceled)
	assert.NotContains(t, report.String(), "It works")
}

func TestDiagnoseOfDirectAccessDoesNotLookForIAMCredentials(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cfg := serve(t, cloud, awsfedtest.SourceEC2Metadata).Config()
	cfg.ServiceAccount = ""
	cfg.VerificationURL = cfg.TokenURL[:strings.LastIndex(cfg.TokenURL, "/v1/")] + "?Action=GetCallerIdentity&Version=2011-06-15"
	cfg.IAMCredentialsEndpoint = "https://iamcredentials.invalid"
	report := diagnose(t, cfg, nil)
	assert.Equal(t, awsfed.VerdictPassed, report.Worst(), report)
	assert.NotContains(t, report.String(), "iamcredentials.invalid")
}

func TestDiagnoseKnowsTheSourcesNearbyThatTheChainMayAsk(t *testing.T) {
	keys := map[string]string{"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
	role := writeFile(t, "config", "[default]\nrole_arn = arn:aws:iam::123456789012:role/app\ncredential_source = Ec2InstanceMetadata\n")
	elsewhere := writeFile(t, "config", "[default]\nec2_metadata_service_endpoint = http://[fd00:ec2::254]:80\n")
	for name, test := range map[string]struct {
		env  map[string]string
		cfg  awsfed.Config
		want []string
	}{
		"EC2":                          {want: []string{"http://169.254.169.254"}},
		"EC2, by a setting":            {cfg: awsfed.Config{MetadataEndpoint: "http://169.254.169.254:80"}, want: []string{"http://169.254.169.254:80"}},
		"EC2, by a profile":            {env: map[string]string{"AWS_CONFIG_FILE": elsewhere}, want: []string{"http://[fd00:ec2::254]:80"}},
		"EC2, for a role of a profile": {env: map[string]string{"AWS_CONFIG_FILE": role}, want: []string{"http://169.254.169.254"}},
		"ECS":                          {env: map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/1"}, want: []string{"http://169.254.170.2/v2/credentials/1"}},
		"EKS Pod Identity":             {env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"}, want: []string{"http://169.254.170.23/v1/credentials"}},
		"keys and a region":            {env: keys},
		"a program's own provider":     {cfg: awsfed.Config{Credentials: staticCredentials(aws.Credentials{})}},
	} {
		t.Run(name, func(t *testing.T) {
			clearAWSEnvironment(t)
			t.Setenv("AWS_REGION", "us-east-1")
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			got, err := awsfed.NearbySources(t.Context(), test.cfg)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}
