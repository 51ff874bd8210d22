package world_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/world"
	"github.com/awsfed/awsfed-go/awsfed/internal/clouds"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// build builds a world that must be good.
func build(t *testing.T, file string) *awsfedtest.Cloud {
	t.Helper()
	cloud, err := world.Build([]byte(file), nil)
	require.NoError(t, err)
	return cloud
}

func example(t *testing.T) *awsfedtest.Cloud {
	t.Helper()
	file, err := os.ReadFile("../../example.yaml")
	require.NoError(t, err)
	return build(t, string(file))
}

// use gets a token by the configuration of the cloud's instance with a change, and tells whose it
// is.
func use(t *testing.T, cloud *awsfedtest.Cloud, change func(*awsfed.Config)) (awsfedtest.Access, error) {
	t.Helper()
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	if change != nil {
		change(&cfg)
	}
	tokens, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	token, err := tokens.TokenContext(t.Context())
	if err != nil {
		return awsfedtest.Access{}, err
	}
	return cloud.Check(token.AccessToken)
}

// keys are the credentials of a session of a role.
func keys(t *testing.T, cloud *awsfedtest.Cloud, role string) aws.CredentialsProvider {
	t.Helper()
	session, err := cloud.AddSession(role, "session", time.Hour)
	require.NoError(t, err)
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return session, nil })
}

// refused is the error of the step that Google refused.
func refused(t *testing.T, err error) *awsfed.Error {
	t.Helper()
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	return e
}

func TestExampleLetsInWhomItsMappingAndConditionName(t *testing.T) {
	cloud := example(t)
	access, err := use(t, cloud, nil)
	require.NoError(t, err)
	assert.Equal(t, "aws-app@my-project.iam.gserviceaccount.com", access.Principal)

	_, err = use(t, cloud, func(c *awsfed.Config) { c.Credentials = keys(t, cloud, "batch") })
	require.NoError(t, err, "the other role of the condition")

	_, err = use(t, cloud, func(c *awsfed.Config) { c.Credentials = keys(t, cloud, "from-google") })
	assert.Equal(t, "unauthorized_client", refused(t, err).Code)
	assert.ErrorContains(t, err, "The given credential is rejected by the attribute condition.")

	partner := "arn:aws:iam::210987654321:role/partner"
	_, err = use(t, cloud, func(c *awsfed.Config) { c.Credentials = keys(t, cloud, partner) })
	assert.ErrorContains(t, err, "The AWS account is not the one of the provider.", "the answer that the file gives")
}

func TestExampleTakesTokensOfTheIssuerOfAWS(t *testing.T) {
	cloud := example(t)
	home := cloud.Provider()
	access, err := use(t, cloud, func(c *awsfed.Config) {
		c.Audience = principal.Provider{ProjectNumber: home.ProjectNumber, Pool: home.Pool, ID: "from-aws-token"}.Audience()
		c.Subject.WebIdentity = &awsfed.WebIdentityOptions{
			Audience: "my-audience",
			Client:   sts.New(sts.Options{Region: "eu-west-1", HTTPClient: cloud.Client(), Credentials: keys(t, cloud, "app")}),
		}
	})
	require.NoError(t, err)
	assert.Equal(t, home.Subject("arn:aws:iam::123456789012:role/app"), access.Delegation[0])
}

func TestExampleHasUsersWithTheirKeys(t *testing.T) {
	cloud := example(t)
	jane := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}, nil
	})
	client := sts.New(sts.Options{Region: "eu-west-1", HTTPClient: cloud.Client(), Credentials: jane})
	assumed, err := client.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/app"), RoleSessionName: aws.String("jane")})
	require.NoError(t, err)
	assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/app/jane", *assumed.AssumedRoleUser.Arn)
	_, err = client.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/from-google"), RoleSessionName: aws.String("jane")})
	require.ErrorContains(t, err, "AccessDenied")
}

func TestExamplesOrganizationPolicyKeepsNewProvidersOut(t *testing.T) {
	cloud := example(t)
	name := principal.Provider{ProjectNumber: "912480652101", Pool: "my-aws-pool", ID: "late-provider"}
	require.ErrorContains(t, cloud.AddProvider(awsfedtest.Provider{Provider: name, Account: "210987654321"}), "Org Policy violated for value: '210987654321'.")
	require.NoError(t, cloud.AddProvider(awsfedtest.Provider{Provider: name, Account: "123456789012"}))
}

func TestDefaultWorldIsThatOfAnEmptyFile(t *testing.T) {
	access, err := use(t, build(t, ""), nil)
	require.NoError(t, err)
	assert.Equal(t, "aws-app@my-project.iam.gserviceaccount.com", access.Principal)
}

func TestWhatAFileLeavesOutIsOfTheDefaultWorld(t *testing.T) {
	for name, file := range map[string]string{
		"pools":            "{aws: {accounts: [{id: 210987654321, roles: [{name: runner, path: /ci/}]}]}}",
		"service accounts": "{google: {pools: [{id: pool, providers: [{id: prov, aws: {account: 123456789012}, attribute_mapping: {google.subject: assertion.arn}}]}]}}",
		"accounts":         "{google: {project: {number: 1, id: other}, service_accounts: [{email: a@example.com, bindings: [{role: roles/iam.workloadIdentityUser, members: ['principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/my-aws-pool/*']}]}]}}",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := use(t, build(t, file), nil)
			require.NoError(t, err)
		})
	}
}

func TestWhatAFileListsIsAllThatThereIs(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want string
	}{
		"no pools":            {"{google: {pools: []}}", "invalid_target"},
		"no service accounts": {"{google: {service_accounts: []}}", "NOT_FOUND"},
		"no bindings":         {"{google: {service_accounts: [{email: a@example.com}]}}", "PERMISSION_DENIED"},
		"a disabled account":  {"{google: {service_accounts: [{email: a@example.com, disabled: true, bindings: [{role: roles/iam.workloadIdentityUser, members: ['principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/*']}]}]}}", ""},
		"a disabled pool":     {"{google: {pools: [{id: pool, state: DISABLED, providers: [{id: prov, aws: {account: 123456789012}}]}]}}", "invalid_target"},
		"a deleted provider":  {"{google: {pools: [{id: pool, providers: [{id: prov, state: DELETED, aws: {account: 123456789012}}]}]}}", "invalid_target"},
		"another account":     {"{google: {pools: [{id: pool, providers: [{id: prov, aws: {account: 210987654321}}]}]}}", "invalid_grant"},
		"a fault":             {"{faults: [condition-false]}", "unauthorized_client"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := use(t, build(t, c.file), nil)
			if e := refused(t, err); c.want != "" {
				assert.Equal(t, c.want, e.Code, err)
			}
		})
	}
	cloud := build(t, "{aws: {accounts: [{id: 123456789012}]}}")
	_, err := cloud.AddSession("app", "session", time.Hour)
	require.Error(t, err, "there is no role")
}

func TestExpressionThatFailsIsRefusedForItsReason(t *testing.T) {
	for name, c := range map[string]struct {
		file   string
		reason fakegoogle.Reason
	}{
		"a mapping":                       {`{google: {pools: [{id: pool, providers: [{id: prov, aws: {account: 123456789012}, attribute_mapping: {google.subject: assertion.email}}]}]}}`, fakegoogle.ReasonMapping},
		"a mapping to nothing":            {`{google: {pools: [{id: pool, providers: [{id: prov, aws: {account: 123456789012}, attribute_mapping: {google.subject: "''"}}]}]}}`, fakegoogle.ReasonSubjectEmpty},
		"a condition":                     {`{google: {pools: [{id: pool, providers: [{id: prov, aws: {account: 123456789012}, attribute_condition: attribute.none == 'x'}]}]}}`, fakegoogle.ReasonConditionError},
		"a condition of Google's default": {`{google: {pools: [{id: pool, providers: [{id: prov, aws: {account: 123456789012}, attribute_condition: attribute.aws_role == 'app'}]}]}}`, fakegoogle.ReasonCondition},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := use(t, build(t, c.file), nil)
			want := c.reason.Refusal()
			got := refused(t, err)
			assert.Equal(t, want.Code, got.Code)
			assert.ErrorContains(t, err, want.Description)
		})
	}
}

func TestRolesRunWhereTheFileSays(t *testing.T) {
	cloud := build(t, `
aws:
  accounts:
    - {id: 123456789012, roles: [{name: first}, {name: second, path: /p/}]}
    - {id: 210987654321, roles: [{name: third}]}
  ec2_role: second
  ecs_role: arn:aws:iam::210987654321:role/third
  eks_role: first
`)
	var pair clouds.Pair
	cloud.Reveal(&pair)
	assert.Equal(t, "arn:aws:iam::123456789012:role/p/second", pair.AWS.InstanceRole())
	assert.Equal(t, "arn:aws:iam::210987654321:role/third", pair.AWS.TaskRole())
	server, err := cloud.Start()
	require.NoError(t, err)
	defer server.Close()
	env, err := server.Env(awsfedtest.SourceECS, "")
	require.NoError(t, err)
	assert.Contains(t, env, "AWS_CONTAINER_CREDENTIALS_FULL_URI="+server.URL+"/container/ecs/arn:aws:iam::210987654321:role/third")
	env, err = server.Env(awsfedtest.SourceIRSA, t.TempDir())
	require.NoError(t, err)
	assert.Contains(t, env, "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/p/second", "the exports are of the instance's role")

	none := build(t, `aws: {ec2_role: ""}`)
	none.Reveal(&pair)
	assert.Empty(t, pair.AWS.InstanceRole())
}

func TestBindingOfTheProjectCountsForItsServiceAccounts(t *testing.T) {
	const file = "{google: {project: {bindings: [{role: %s, members: ['principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/*']}]}, service_accounts: [{email: a@my-project.iam.gserviceaccount.com}]}}"
	_, err := use(t, build(t, fmt.Sprintf(file, "roles/iam.workloadIdentityUser")), nil)
	require.NoError(t, err)
	_, err = use(t, build(t, fmt.Sprintf(file, "roles/owner")), nil)
	assert.Equal(t, "PERMISSION_DENIED", refused(t, err).Code)
}

func TestUnsettledValuesOfTheFileAreInForce(t *testing.T) {
	var pair clouds.Pair
	build(t, "google: {unsettled: {accept_get: true, signature_window: 5m, max_subject_token: 1024}}").Reveal(&pair)
	want := fakegoogle.DefaultUnsettled()
	want.AcceptGET, want.SignatureWindow, want.MaxSubjectToken = true, 5*time.Minute, 1024
	assert.Equal(t, want, pair.Google.Unsettled())
}

func TestReplaceTakesAllOrNothing(t *testing.T) {
	w, err := world.New([]byte("faults: [sts-quota]"), nil)
	require.NoError(t, err)
	before := w.Cloud()
	require.Error(t, w.Replace([]byte("faults: [gremlins]")))
	assert.Same(t, before, w.Cloud())
	assert.Equal(t, "faults: [sts-quota]", string(w.Config()))

	require.NoError(t, w.Replace([]byte("faults: []")))
	assert.NotSame(t, before, w.Cloud())
	assert.Equal(t, "faults: []", string(w.Config()))
	_, err = use(t, w.Cloud(), nil)
	require.NoError(t, err, "the fault was of the old world")
}
