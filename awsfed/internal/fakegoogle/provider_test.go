package fakegoogle_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

func TestProvidersThatCannotBe(t *testing.T) {
	google := newCloud(fakegoogle.Options{}).Google
	named := func(project, pool, id string) principal.Provider {
		return principal.Provider{ProjectNumber: project, Pool: pool, ID: id}
	}
	for name, test := range map[string]struct {
		provider fakegoogle.Provider
		want     string
	}{
		"one without a name":              {fakegoogle.Provider{Account: "123456789012"}, "the project number is empty"},
		"one of a project ID":             {fakegoogle.Provider{Provider: named("my-project", "pool", "provider"), Account: "123456789012"}, `"my-project" is not a number`},
		"one of an ID that is too short":  {fakegoogle.Provider{Provider: named("1", "pool", "p"), Account: "123456789012"}, `provider ID "p"`},
		"one of a reserved prefix":        {fakegoogle.Provider{Provider: named("1", "gcp-pool", "provider"), Account: "123456789012"}, "gcp- of an ID"},
		"one that exists":                 {fakegoogle.Provider{Provider: google.Provider(), Account: "123456789012"}, "exists"},
		"one without an account":          {fakegoogle.Provider{Provider: named("1", "pool", "provider")}, `AWS account "" is not 12 digits`},
		"one of an account of 11 digits":  {fakegoogle.Provider{Provider: named("1", "pool", "provider"), Account: "12345678901"}, "is not 12 digits"},
		"one of an account with a letter": {fakegoogle.Provider{Provider: named("1", "pool", "provider"), Account: "12345678901x"}, "is not 12 digits"},
	} {
		t.Run(name, func(t *testing.T) { assert.ErrorContains(t, google.AddProvider(test.provider), test.want) })
	}
	nobody := named("1", "none", "none")
	assert.ErrorContains(t, google.UpdateProvider(nobody, func(*fakegoogle.Provider) {}), "does not exist")
	assert.ErrorContains(t, google.SetProviderState(nobody, fakegoogle.StateActive), "does not exist")
	assert.ErrorContains(t, google.SetPoolState(nobody, fakegoogle.StateActive), "project 1 has no pool none")
}

func TestADeletedProviderKeepsItsIDAndCanComeBack(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	p := cloud.Google.Provider()
	exchange := func() int {
		response, _ := postForm(t, cloud, exchangeForm(signSubject(t, cloud, verificationURL).encode(t)))
		return response.StatusCode
	}
	require.NoError(t, cloud.Google.SetProviderState(p, fakegoogle.StateDeleted))
	assert.Equal(t, http.StatusBadRequest, exchange())
	assert.ErrorContains(t, cloud.Google.AddProvider(fakegoogle.Provider{Provider: p, Account: "123456789012"}), "keeps its ID")
	require.NoError(t, cloud.Google.SetProviderState(p, fakegoogle.StateActive))
	assert.Equal(t, http.StatusOK, exchange())
	require.NoError(t, cloud.Google.SetPoolState(p, fakegoogle.StateDisabled))
	assert.Equal(t, http.StatusBadRequest, exchange())
	require.NoError(t, cloud.Google.SetPoolState(p, fakegoogle.StateActive))
	assert.Equal(t, http.StatusOK, exchange())
}

func TestASecondProviderOfThePoolSharesItsPrincipals(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	second := cloud.Google.Provider()
	second.ID = "second-provider"
	require.NoError(t, cloud.Google.AddProvider(fakegoogle.Provider{Provider: second, Account: cloud.AWS.Account()}))
	form := exchangeForm(signSubject(t, cloud, verificationURL, func(r *http.Request) { r.Header.Set(targetHeader, second.Audience()) }).encode(t))
	form.Set("audience", second.Audience())
	_, answer := postForm(t, cloud, form)
	require.Contains(t, answer, "access_token")
	response, _ := postIAM(t, cloud, answer["access_token"].(string), appEmail+":generateAccessToken", oneScope)
	assert.Equal(t, http.StatusOK, response.StatusCode)
}

func TestOrganizationPoliciesAreEnforcedWhenProvidersChange(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	added := fakegoogle.Provider{Provider: principal.Provider{ProjectNumber: "1", Pool: "pool", ID: "provider"}, Account: "210987654321"}
	violation := func(err error) fakegoogle.Violation {
		t.Helper()
		var failure *fakegoogle.APIError
		require.ErrorAs(t, err, &failure)
		assert.Equal(t, "FAILED_PRECONDITION", failure.Status)
		assert.Equal(t, "Precondition check failed.", failure.Message)
		require.Len(t, failure.Violations, 1)
		return failure.Violations[0]
	}

	undo := cloud.Google.DenyByOrganizationPolicy()
	assert.Equal(t, fakegoogle.Violation{
		Type:        "constraints/iam.workloadIdentityPoolProviders",
		Subject:     "orgpolicy:projects/1/locations/global/workloadIdentityPools/pool",
		Description: "Org Policy violated for value: 'https://sts.amazonaws.com'.",
	}, violation(cloud.Google.AddProvider(added)))
	violation(cloud.Google.UpdateProvider(cloud.Google.Provider(), func(*fakegoogle.Provider) {}))
	impersonate(t, cloud) // The provider that exists goes on working.
	undo()

	cloud.Google.SetOrganizationPolicy(fakegoogle.OrganizationPolicy{AWSAccounts: []string{"123456789012"}})
	v := violation(cloud.Google.AddProvider(added))
	assert.Equal(t, "constraints/iam.workloadIdentityPoolAwsAccounts", v.Type)
	assert.Equal(t, "Org Policy violated for value: '210987654321'.", v.Description)
	cloud.Google.SetOrganizationPolicy(fakegoogle.OrganizationPolicy{AWSAccounts: []string{"210987654321"}, Issuers: []string{"https://sts.amazonaws.com"}})
	assert.NoError(t, cloud.Google.AddProvider(added))
}

func TestWorldsOfOtherMappingsWork(t *testing.T) {
	for name, mapping := range map[string]principal.Mapping{
		"the default":    nil,
		"the documented": principal.DocumentedMapping,
		"one without aws_role": func(id principal.Identity) (principal.Attributes, error) {
			return principal.Attributes{Subject: id.UserID}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud(fakegoogle.Options{Mapping: mapping})
			impersonate(t, cloud)
			undo := cloud.Google.BindWrongPrincipal()
			response, _ := postIAM(t, cloud, federatedToken(t, cloud), appEmail+":generateAccessToken", oneScope)
			assert.Equal(t, http.StatusForbidden, response.StatusCode)
			undo()
			impersonate(t, cloud)
		})
	}
}

func TestTheConditionSeesWhatTheMappingYields(t *testing.T) {
	const role = "arn:aws:sts::123456789012:assumed-role/app"
	for name, want := range map[string]int{role: http.StatusOK, "app": http.StatusBadRequest} {
		cloud := newCloud(fakegoogle.Options{Condition: func(_ principal.Identity, a principal.Attributes) (bool, error) {
			return a.Custom["aws_role"] == name, nil
		}})
		response, _ := postForm(t, cloud, exchangeForm(signSubject(t, cloud, verificationURL).encode(t)))
		assert.Equal(t, want, response.StatusCode, name)
	}
}

func TestEveryMisconfigurationCanBeUndone(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	google := cloud.Google
	for name, test := range map[string]struct {
		bringAbout func() (undo func())
		exchange   int // the status at STS
		generate   int // the status at the Service Account Credentials API
	}{
		"DisablePool":              {google.DisablePool, 400, 401},
		"DeletePool":               {google.DeletePool, 400, 401},
		"DisableProvider":          {google.DisableProvider, 400, 200},
		"DeleteProvider":           {google.DeleteProvider, 400, 200},
		"TrustAccount":             {func() func() { return google.TrustAccount("210987654321") }, 400, 200},
		"RejectByCondition":        {google.RejectByCondition, 400, 200},
		"LongSubject":              {google.LongSubject, 400, 200},
		"EmptySubject":             {google.EmptySubject, 400, 200},
		"RemoveBinding":            {google.RemoveBinding, 200, 403},
		"BindWrongPrincipal":       {google.BindWrongPrincipal, 200, 403},
		"RemoveServiceAccount":     {google.RemoveServiceAccount, 200, 404},
		"DisableIAMCredentialsAPI": {google.DisableIAMCredentialsAPI, 200, 403},
		"DenyByVPCServiceControls": {func() func() { return google.DenyByVPCServiceControls() }, 200, 403},
		"DenyByOrganizationPolicy": {google.DenyByOrganizationPolicy, 200, 200},
		"ExhaustSTSQuota":          {google.ExhaustSTSQuota, 429, 200},
		"ExhaustIAMQuota":          {google.ExhaustIAMQuota, 200, 429},
	} {
		t.Run(name, func(t *testing.T) {
			token := federatedToken(t, cloud)
			status := func() [2]int {
				exchange, _ := postForm(t, cloud, exchangeForm(signSubject(t, cloud, verificationURL).encode(t)))
				generate, _ := postIAM(t, cloud, token, appEmail+":generateAccessToken", oneScope)
				return [2]int{exchange.StatusCode, generate.StatusCode}
			}
			undo := test.bringAbout()
			assert.Equal(t, [2]int{test.exchange, test.generate}, status())
			undo()
			assert.Equal(t, [2]int{200, 200}, status())
		})
	}
}
