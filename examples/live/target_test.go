package live_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// A target is the clouds that are asked: the real ones or the emulator's.
type target interface {
	// Config is that of the workload: the audience of the AWS provider, the service account and,
	// unless they are the real ones, the endpoints.
	Config() awsfed.Config
	// Keys are temporary ones of the workload's role.
	Keys(t *testing.T) aws.Credentials
	// OtherKeys are "expired" ones of the workload's role, or a "stranger's", of another AWS account.
	OtherKeys(t *testing.T, which string) (aws.Credentials, bool)
	// Kinds are the configurations to try, one for each kind of credentials at hand.
	Kinds(t *testing.T) []kind
	// Answers is the file that answers are appended to.
	Answers() string
}

// A kind is a configuration with one kind of credentials.
type kind struct {
	name   string
	config awsfed.Config
}

// An answer is what a service said.
type answer struct {
	status int
	body   []byte
}

// post sends a request as no client would, so that it is net/http's own.
func post(t *testing.T, ctx context.Context, to, contentType, bearer, body string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", contentType)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	require.NoError(t, err)
	return answer{response.StatusCode, text}
}

// exchange sends a subject token to STS, with changes to the form: an empty value takes a parameter
// out.
func exchange(t *testing.T, at target, subjectToken string, changes ...string) answer {
	t.Helper()
	cfg := at.Config()
	form := url.Values{
		"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token_type":   {"urn:ietf:params:aws:token-type:aws4_request"},
		"requested_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
		"scope":                {awsfed.CloudPlatformScope},
		"audience":             {cfg.Audience},
		"subject_token":        {subjectToken},
	}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			form.Del(changes[i])
		}
	}
	to := cfg.TokenURL
	if to == "" {
		to = "https://sts.googleapis.com/v1/token"
	}
	return post(t, t.Context(), to, "application/x-www-form-urlencoded", "", form.Encode())
}

// credentialsAPI calls a method of IAM Credentials for the service account.
func credentialsAPI(t *testing.T, at target, bearer, method, body string) answer {
	t.Helper()
	cfg := at.Config()
	root := cfg.IAMCredentialsEndpoint
	if root == "" {
		root = "https://iamcredentials.googleapis.com"
	}
	return post(t, t.Context(), root+"/v1/projects/-/serviceAccounts/"+cfg.ServiceAccount+":"+method, "application/json", bearer, body)
}

// field is a string or number of a JSON answer, as text; "" if it is not there.
func (a answer) field(t *testing.T, name string) string {
	t.Helper()
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(a.body, &fields), "%d %s", a.status, a.body)
	return strings.Trim(string(fields[name]), `"`)
}
