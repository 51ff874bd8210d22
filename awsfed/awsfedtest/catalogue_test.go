package awsfedtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// sight is what a client that trusts its clock and tries everything once sees of a fault. The zero
// sight is success.
type sight struct {
	endpoint awsfedtest.Endpoint
	status   int
	code     string
	reason   string
	text     string
}

const cloudPlatform = "https://www.googleapis.com/auth/cloud-platform"

// look goes through the whole token flow from EC2 metadata to a service-account token. It is not
// awsfed, which copes with some faults by itself.
func look(ctx context.Context, t *testing.T, cloud *awsfedtest.Cloud) sight {
	t.Helper()
	cfg := cloud.Config()
	client := cloud.Client()
	client.CheckRedirect = stay

	keys, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		s := sight{endpoint: awsfedtest.EC2Metadata, text: err.Error()}
		var answered interface{ HTTPStatusCode() int }
		if errors.As(err, &answered) {
			s.status = answered.HTTPStatusCode()
		}
		return s
	}

	form := url.Values{
		"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"audience":             {cfg.Audience},
		"scope":                {cloudPlatform},
		"requested_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
		"subject_token":        {signSubject(ctx, t, cfg, keys)},
		"subject_token_type":   {"urn:ietf:params:aws:token-type:aws4_request"},
	}
	var federated struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		AccessToken string `json:"access_token"`
	}
	status, err := post(ctx, client, "https://sts.googleapis.com/v1/token", "application/x-www-form-urlencoded", "", form.Encode(), &federated)
	if err != nil || status != http.StatusOK {
		s := sight{awsfedtest.GoogleSTS, status, federated.Error, "", federated.Description}
		if err != nil {
			s.text = err.Error()
		}
		if code := regexp.MustCompile(`of type (\w+)`).FindStringSubmatch(s.text); code != nil {
			s.reason = code[1]
		}
		return s
	}

	var generated struct {
		AccessToken string `json:"accessToken"`
		Error       struct {
			Status  string
			Message string
			Details []struct{ Reason string }
		}
	}
	status, err = post(ctx, client, "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"+cfg.ServiceAccount+":generateAccessToken",
		"application/json", "Bearer "+federated.AccessToken, `{"scope":["`+cloudPlatform+`"],"lifetime":"3600s"}`, &generated)
	if err != nil || status != http.StatusOK {
		s := sight{awsfedtest.IAMCredentials, status, generated.Error.Status, "", generated.Error.Message}
		if err != nil {
			s.text = err.Error()
		}
		for _, detail := range generated.Error.Details {
			s.reason += detail.Reason
		}
		return s
	}
	return sight{}
}

// signSubject has the AWS SDK sign a subject token.
func signSubject(ctx context.Context, t *testing.T, cfg awsfed.Config, keys aws.Credentials) string {
	t.Helper()
	to := "https://sts." + cfg.Region + ".amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, nil)
	require.NoError(t, err)
	r.Header.Set("X-Goog-Cloud-Target-Resource", cfg.Audience)
	const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of no body
	require.NoError(t, v4.NewSigner().SignHTTP(ctx, keys, r, emptyHash, "sts", cfg.Region, time.Now()))
	headers := []map[string]string{{"key": "Host", "value": r.Host}}
	for name := range r.Header {
		headers = append(headers, map[string]string{"key": name, "value": r.Header.Get(name)})
	}
	token, err := json.Marshal(map[string]any{"url": to, "method": r.Method, "headers": headers})
	require.NoError(t, err)
	return url.QueryEscape(string(token))
}

// post sends a request and decodes the answer. The error is that of the network or, of an answer
// with status 200, of its body.
func post(ctx context.Context, client *http.Client, to, contentType, authorization, body string, into any) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", contentType)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	response, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return response.StatusCode, err
	}
	if err := json.Unmarshal(answer, into); err != nil && response.StatusCode == http.StatusOK {
		return response.StatusCode, err
	}
	return response.StatusCode, nil
}

func TestFaultsShowAsTheCatalogueSays(t *testing.T) {
	for _, fault := range awsfedtest.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				require.Zero(t, look(ctx, t, cloud), "before")

				undo := fault.Inject(cloud)
				got := look(ctx, t, cloud)
				assert.Equal(t, fault.Endpoint, got.endpoint, got.text)
				assert.Equal(t, fault.Status, got.status, got.text)
				assert.Equal(t, fault.Code, got.code, got.text)
				assert.Equal(t, fault.Reason, got.reason, got.text)
				if fault.Verified {
					assert.NotContains(t, got.text, "emulator", "this text is said to be the real service's")
				}

				undo()
				ctx, cancel = context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				assert.Zero(t, look(ctx, t, cloud), "after undo")
			})
		})
	}
}

func TestFaultsHaveNamesOfTheirOwn(t *testing.T) {
	seen := make(map[string]bool)
	for _, fault := range awsfedtest.Faults() {
		assert.Regexp(t, `^[a-z]+(-[a-z]+)*$`, fault.Name)
		assert.NotEmpty(t, fault.Summary)
		assert.False(t, seen[fault.Name], fault.Name)
		seen[fault.Name] = true

		found, ok := awsfedtest.FaultByName(fault.Name)
		assert.True(t, ok)
		assert.Equal(t, fault.Summary, found.Summary)
	}
	_, ok := awsfedtest.FaultByName("gremlins")
	assert.False(t, ok)
}

func TestCloudOrganizationPolicyKeepsNewProvidersOut(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	fault, ok := awsfedtest.FaultByName("organization-policy")
	require.True(t, ok)
	added := awsfedtest.Provider{Provider: cloud.Provider(), Account: "123456789012"}
	added.ID = "one-more"

	undo := fault.Inject(cloud)
	require.ErrorContains(t, cloud.AddProvider(added), "Precondition check failed.")
	undo()
	require.NoError(t, cloud.AddProvider(added))
}
