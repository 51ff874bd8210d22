package awsrole_test

import (
	"context"
	"encoding/base64"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const (
	audience = "https://aws.example"
	account  = "to-aws@my-project.iam.gserviceaccount.com"
	uniqueID = "107517467455664443765"
	roleARN  = "arn:aws:iam::123456789012:role/from-google"
)

// newCloud is a cloud with a service account that everybody of the pool may have ID tokens of, and a
// role with that trust.
func newCloud(t *testing.T, trust ...awsfedtest.GoogleTrust) *awsfedtest.Cloud {
	t.Helper()
	cloud := awsfedtest.New(awsfedtest.Options{})
	require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: account, UniqueID: uniqueID}))
	require.NoError(t, cloud.Grant(account, "roles/iam.workloadIdentityUser", cloud.Provider().Everyone()))
	_, err := cloud.AddRole(awsfedtest.Role{Name: "from-google", Google: trust})
	require.NoError(t, err)
	return cloud
}

// googleTokens gets ID tokens of the account.
func googleTokens(t *testing.T, cloud *awsfedtest.Cloud, audience string) *awsfed.TokenSource {
	t.Helper()
	cfg := cloud.Config()
	cfg.ServiceAccount = account
	source, err := awsfed.NewIDTokenSource(t.Context(), cfg, audience)
	require.NoError(t, err)
	return source
}

// sourceFunc is a source that gets the ctx.
type sourceFunc func(context.Context) (*oauth2.Token, error)

func (f sourceFunc) TokenContext(ctx context.Context) (*oauth2.Token, error) { return f(ctx) }
func (f sourceFunc) Token() (*oauth2.Token, error)                           { panic("it has TokenContext") }

// plainFunc is a source that does not.
type plainFunc func() (*oauth2.Token, error)

func (f plainFunc) Token() (*oauth2.Token, error) { return f() }

// jwt is an ID token with these claims, signed by nobody.
func jwt(claims string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(claims)) + "." + strings.Repeat("c2lnbmF0dXJl", 20)
}

const claims = `{"iss":"https://accounts.google.com","sub":"` + uniqueID + `","azp":"` + uniqueID + `","aud":"` + audience + `","exp":1764000000}`

// always is a source of one token.
func always(token string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})
}

// clientFunc is a client of AWS STS.
type clientFunc func(context.Context, *sts.AssumeRoleWithWebIdentityInput) (*sts.AssumeRoleWithWebIdentityOutput, error)

func (f clientFunc) AssumeRoleWithWebIdentity(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput, _ ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	return f(ctx, in)
}

// granting is a client that gives credentials for an hour, and counts.
func granting(count *atomic.Int64) clientFunc {
	return func(context.Context, *sts.AssumeRoleWithWebIdentityInput) (*sts.AssumeRoleWithWebIdentityOutput, error) {
		count.Add(1)
		return &sts.AssumeRoleWithWebIdentityOutput{Credentials: keys(time.Now().Add(time.Hour))}, nil
	}
}

func keys(end time.Time) *types.Credentials {
	return &types.Credentials{
		AccessKeyId: aws.String("ASIAEXAMPLE"), SecretAccessKey: aws.String("the-secret-access-key"),
		SessionToken: aws.String("the-session-token"), Expiration: &end,
	}
}

// stsOf is the AWS SDK's client, which has the emulator for its network.
func stsOf(cloud *awsfedtest.Cloud, credentials aws.CredentialsProvider) *sts.Client {
	return sts.New(sts.Options{Region: "us-east-1", HTTPClient: cloud.Client(), Credentials: credentials, Retryer: aws.NopRetryer{}})
}
