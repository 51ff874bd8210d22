//go:build live

package live_test

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// real is Google Cloud and AWS, as main.tf set them up.
type real struct {
	audience, oidcAudience, account, role, region string

	assumed aws.CredentialsProvider
}

// openReal reads the file that AWSFED_LIVE names: terraform output -json.
func openReal(t *testing.T) *real {
	t.Helper()
	name := os.Getenv("AWSFED_LIVE")
	require.NotEmpty(t, name, "AWSFED_LIVE must name the output of terraform: see README.md")
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	var outputs map[string]struct {
		Value string `json:"value"`
	}
	require.NoError(t, json.Unmarshal(text, &outputs))
	r := &real{
		audience: outputs["audience"].Value, oidcAudience: outputs["oidc_audience"].Value,
		account: outputs["service_account"].Value, role: outputs["role_arn"].Value, region: outputs["region"].Value,
	}
	operator, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(r.region))
	require.NoError(t, err)
	r.assumed = assume(operator, r.role)
	return r
}

// assume gives sessions of 15 minutes, the shortest that AWS has.
func assume(operator aws.Config, role string) aws.CredentialsProvider {
	return stscreds.NewAssumeRoleProvider(sts.NewFromConfig(operator), role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName, o.Duration = "probe", 15*time.Minute
	})
}

func (r *real) Config() awsfed.Config {
	return awsfed.Config{Audience: r.audience, ServiceAccount: r.account, Region: r.region}
}

func (r *real) Keys(t *testing.T) aws.Credentials {
	t.Helper()
	keys, err := r.assumed.Retrieve(t.Context())
	require.NoError(t, err)
	return keys
}

func (r *real) OtherKeys(t *testing.T, which string) (aws.Credentials, bool) {
	t.Helper()
	switch which {
	case "expired":
		if os.Getenv("AWSFED_LIVE_WAIT") == "" {
			return aws.Credentials{}, false
		}
		keys := r.Keys(t)
		time.Sleep(time.Until(keys.Expires) + time.Minute)
		return keys, true
	default:
		profile := os.Getenv("AWSFED_LIVE_STRANGER_PROFILE")
		if profile == "" {
			return aws.Credentials{}, false
		}
		stranger, err := config.LoadDefaultConfig(t.Context(), config.WithSharedConfigProfile(profile))
		require.NoError(t, err)
		keys, err := stranger.Credentials.Retrieve(t.Context())
		require.NoError(t, err)
		return keys, true
	}
}

// Kinds are the session of the assumed role and, on a machine that runs as the role, what the SDK's
// chain finds. With an OpenID Connect provider there is the token of AWS STS too.
func (r *real) Kinds(t *testing.T) []kind {
	t.Helper()
	assumed := r.Config()
	assumed.Credentials = aws.NewCredentialsCache(r.assumed)
	all := []kind{{"the assumed role", assumed}}
	if r.oidcAudience != "" {
		oidc := assumed
		oidc.Audience, oidc.Subject = r.oidcAudience, awsfed.Subject{WebIdentity: &awsfed.WebIdentityOptions{}}
		all = append(all, kind{"a token of AWS STS", oidc})
	}
	if os.Getenv("AWSFED_LIVE_CHAIN") != "" {
		all = append(all, kind{"the chain of the AWS SDK", r.Config()})
	}
	return all
}

func (r *real) Answers() string { return "answers.md" }

func TestFlowOnEachKindOfCredentials(t *testing.T) {
	r := openReal(t)
	waitForBindings(t, r)
	runFlow(t, r)
}

// waitForBindings waits until the workload may impersonate, which it may about a minute after terraform
// is done.
func waitForBindings(t *testing.T, r *real) {
	t.Helper()
	const body = `{"scope": ["https://www.googleapis.com/auth/cloud-platform"]}`
	deadline := time.Now().Add(3 * time.Minute)
	for {
		a := credentialsAPI(t, r, federated(t, r), "generateAccessToken", body)
		if a.status == http.StatusOK {
			return
		}
		require.True(t, time.Now().Before(deadline), "%d %s", a.status, a.ofAPI(t))
		time.Sleep(10 * time.Second)
	}
}

func TestProbes(t *testing.T) {
	r := openReal(t)
	waitForBindings(t, r)
	runProbes(t, r)
}
