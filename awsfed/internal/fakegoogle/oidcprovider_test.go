package fakegoogle_test

import (
	"crypto"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

func TestAnOIDCProviderHasItsOwnMappingAndCondition(t *testing.T) {
	a := newOIDCAttempt(t)
	a.claims["nested"] = map[string]any{"groups": []string{"g"}, "number": 1}
	a.provider.Mapping = func(claims map[string]any) (principal.Attributes, error) {
		nested := claims["nested"].(map[string]any)
		return principal.Attributes{Subject: "mapped-" + claims["sub"].(string), Groups: []string{nested["groups"].([]any)[0].(string)}}, nil
	}
	a.provider.Condition = func(claims map[string]any, attributes principal.Attributes) (bool, error) {
		return attributes.Subject == "mapped-workload" && claims["nested"].(map[string]any)["number"] == 1.0, nil
	}
	require.NoError(t, a.cloud.Google.Grant(appEmail, fakegoogle.RoleWorkloadIdentityUser, a.provider.Group("g")))
	response, answer := a.send(t)
	require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
	response, answer = postIAM(t, a.cloud, answer["access_token"].(string), appEmail+":generateAccessToken", oneScope)
	assert.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
}

func TestAJWTIsNothingForAnAWSProvider(t *testing.T) {
	a := newOIDCAttempt(t)
	form := exchangeForm(a.signed(t))
	for _, kind := range []string{jwtType, idTokenType} {
		form.Set("subject_token_type", kind)
		response, answer := postForm(t, a.cloud, form)
		assert.Equal(t, http.StatusBadRequest, response.StatusCode)
		assert.Equal(t, "emulator: subject_token_type must be urn:ietf:params:aws:token-type:aws4_request for an AWS provider", answer["error_description"])
	}
}

func TestOIDCProvidersThatCannotBe(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*fakegoogle.OIDCProvider)
		want   string
	}{
		"one without a name":            {func(p *fakegoogle.OIDCProvider) { p.Provider = principal.Provider{} }, "the project number is empty"},
		"one of a reserved prefix":      {func(p *fakegoogle.OIDCProvider) { p.ID = "gcp-provider" }, "gcp- of an ID"},
		"one of an AWS provider's name": {func(p *fakegoogle.OIDCProvider) { p.ID = "my-aws-provider" }, "exists"},
		"one without an issuer":         {func(p *fakegoogle.OIDCProvider) { p.Issuer = "" }, `issuer "" is not an https URL`},
		"one of an issuer in http":      {func(p *fakegoogle.OIDCProvider) { p.Issuer = "http://issuer.example" }, "is not an https URL"},
		"one without keys":              {func(p *fakegoogle.OIDCProvider) { p.Keys = nil }, "has no Keys"},
		"one of 11 audiences":           {func(p *fakegoogle.OIDCProvider) { p.Audiences = make([]string, 11) }, "11 audiences, more than 10"},
		"one of an empty audience":      {func(p *fakegoogle.OIDCProvider) { p.Audiences = []string{""} }, "an audience has 0 characters"},
		"one of a long audience":        {func(p *fakegoogle.OIDCProvider) { p.Audiences = []string{strings.Repeat("a", 257)} }, "an audience has 257 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newOIDCAttempt(t)
			test.change(&a.provider)
			assert.ErrorContains(t, a.cloud.Google.AddOIDCProvider(a.provider), test.want)
		})
	}
	a := newOIDCAttempt(t)
	require.NoError(t, a.cloud.Google.AddOIDCProvider(a.provider))
	assert.ErrorContains(t, a.cloud.Google.AddOIDCProvider(a.provider), "exists")
	taken := fakegoogle.Provider{Provider: a.provider.Provider, Account: "123456789012"}
	assert.ErrorContains(t, a.cloud.Google.AddProvider(taken), "exists", "the names of both kinds are one namespace")
}

func TestAnOrganizationPolicyNamesTheIssuersOfOIDCProviders(t *testing.T) {
	a := newOIDCAttempt(t)
	a.cloud.Google.SetOrganizationPolicy(fakegoogle.OrganizationPolicy{Issuers: []string{"https://sts.amazonaws.com"}})
	assert.ErrorContains(t, a.cloud.Google.AddOIDCProvider(a.provider), "Org Policy violated for value: 'https://issuer.example'.")
	a.cloud.Google.SetOrganizationPolicy(fakegoogle.OrganizationPolicy{Issuers: []string{issuerURL}})
	assert.NoError(t, a.cloud.Google.AddOIDCProvider(a.provider))
}

func TestTheAudiencesOfAnOIDCProviderAreACopy(t *testing.T) {
	a := newOIDCAttempt(t)
	audiences := []string{"one"}
	a.provider.Audiences, a.claims["aud"] = audiences, "one"
	a.sent = func() { audiences[0] = "two" }
	response, answer := a.send(t)
	assert.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
}

func TestAnOIDCProviderOfANewPoolMakesThePool(t *testing.T) {
	a := newOIDCAttempt(t)
	a.provider.Pool = "my-oidc-pool"
	a.claims["aud"] = a.provider.Audience()
	a.provider.Keys = func(string) crypto.PublicKey { return a.key.Public() }
	response, answer := a.send(t)
	require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
	require.NoError(t, a.cloud.Google.SetPoolState(a.provider.Provider, fakegoogle.StateDeleted))
	_, err := a.cloud.Google.Check(answer["access_token"].(string))
	assert.ErrorContains(t, err, "ACCOUNT_STATE_INVALID")
}
