package fakegoogle_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

const (
	appEmail    = "aws-app@my-project.iam.gserviceaccount.com"
	iamURL      = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
	oneScope    = `{"scope":["https://www.googleapis.com/auth/cloud-platform"]}`
	apiDisabled = "IAM Service Account Credentials API has not been used in project 912480652101 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/iamcredentials.googleapis.com/overview?project=912480652101 then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
)

func postIAM(t testing.TB, cloud *testCloud, token, method, body string) (*http.Response, map[string]any) {
	t.Helper()
	return callGoogle(t, cloud, http.MethodPost, iamURL+method, body, "Authorization", "Bearer "+token, "Content-Type", "application/json")
}

// impersonate gets a token of the account of Options.
func impersonate(t testing.TB, cloud *testCloud) string {
	t.Helper()
	response, answer := postIAM(t, cloud, federatedToken(t, cloud), appEmail+":generateAccessToken", oneScope)
	require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
	return answer["accessToken"].(string)
}

func addAccount(t testing.TB, cloud *testCloud, email string) fakegoogle.ServiceAccount {
	t.Helper()
	sa, err := cloud.Google.AddServiceAccount(fakegoogle.ServiceAccount{Email: email})
	require.NoError(t, err)
	return sa
}

func TestGenerateAccessToken(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	response, answer := postIAM(t, cloud, federatedToken(t, cloud), appEmail+":generateAccessToken",
		`{"lifetime":"600s","scope":["https://www.googleapis.com/auth/bigquery","email"]}`)
	require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
	require.Len(t, answer, 2)
	assert.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`, answer["expireTime"])
	expires, err := time.Parse(time.RFC3339, answer["expireTime"].(string))
	require.NoError(t, err)
	assert.WithinDuration(t, cloud.Now().Add(10*time.Minute), expires, 5*time.Second)

	access, err := cloud.Google.Check(answer["accessToken"].(string))
	require.NoError(t, err)
	const session = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
	assert.Equal(t, fakegoogle.ServiceAccountToken, access.Kind)
	assert.Equal(t, appEmail, access.Principal)
	assert.Equal(t, []string{cloud.Google.Provider().Subject(session)}, access.Delegation)
	assert.Equal(t, []string{"https://www.googleapis.com/auth/bigquery", "email"}, access.Scopes)
	assert.True(t, expires.Equal(access.Expires))
	assert.Equal(t, session, access.Identity.ARN)
}

func TestOneEmptyScopeStandsForCloudPlatform(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	for body, want := range map[string]int{`{"scope":[""]}`: 200, `{"scope":[]}`: 400, `{"scope":["","email"]}`: 400, `{"scope":["",""]}`: 400} {
		response, answer := postIAM(t, cloud, federatedToken(t, cloud), appEmail+":generateAccessToken", body)
		require.Equal(t, want, response.StatusCode, "%s: %v", body, answer)
		if want == http.StatusOK {
			access, err := cloud.Google.Check(answer["accessToken"].(string))
			require.NoError(t, err)
			assert.Equal(t, []string{cloudPlatform}, access.Scopes)
		}
	}
}

func TestAServiceAccountIsNamedByEmailOrUniqueID(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	sa := addAccount(t, cloud, "other@my-project.iam.gserviceaccount.com")
	assert.Regexp(t, `^1\d{20}$`, sa.UniqueID)
	require.NoError(t, cloud.Google.Grant(sa.UniqueID, fakegoogle.RoleWorkloadIdentityUser, cloud.Google.Provider().Everyone()))
	for _, name := range []string{sa.Email, sa.UniqueID, strings.Replace(sa.Email, "@", "%40", 1)} {
		response, _ := postIAM(t, cloud, federatedToken(t, cloud), name+":generateAccessToken", oneScope)
		assert.Equal(t, http.StatusOK, response.StatusCode, name)
	}
}

func TestExpireTimeMayHaveAFraction(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	u := cloud.Google.Unsettled()
	u.FractionalExpireTime = true
	cloud.Google.SetUnsettled(u)
	_, answer := postIAM(t, cloud, federatedToken(t, cloud), appEmail+":generateAccessToken", oneScope)
	assert.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`, answer["expireTime"])
}

// There is a row for each rule of the Service Account Credentials API, in a call that breaks just
// that one.
func TestACallThatBreaksOneRuleIsRefusedForIt(t *testing.T) {
	invalid := map[string]any{"code": 400.0, "message": "Request contains an invalid argument.", "status": "INVALID_ARGUMENT"}
	refused := func(code float64, status, message, reason, domain string, metadata map[string]any) map[string]any {
		info := map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": domain, "metadata": metadata}
		return map[string]any{"code": code, "message": message, "status": status, "details": []any{info}}
	}
	denied := func(permission string) map[string]any {
		return refused(403, "PERMISSION_DENIED", "Permission '"+permission+"' denied on resource (or it may not exist).",
			"IAM_PERMISSION_DENIED", "iam.googleapis.com", map[string]any{"permission": permission})
	}
	unauthenticated := func(reason, method string) map[string]any {
		return refused(401, "UNAUTHENTICATED", unauthenticatedText, reason, "googleapis.com",
			map[string]any{"service": "iamcredentials.googleapis.com", "method": "google.iam.credentials.v1.IAMCredentials." + method})
	}
	service := map[string]any{"consumer": "projects/912480652101", "service": "iamcredentials.googleapis.com"}
	with := func(metadata map[string]any, more ...string) map[string]any {
		copied := map[string]any{}
		for k, v := range metadata {
			copied[k] = v
		}
		for i := 0; i < len(more); i += 2 {
			copied[more[i]] = more[i+1]
		}
		return copied
	}

	type call struct{ url, token, method, body string }
	for name, test := range map[string]struct {
		spoil func(*testing.T, *testCloud, *call)
		want  map[string]any
	}{
		"no token":             {func(_ *testing.T, _ *testCloud, c *call) { c.token = "" }, unauthenticated("CREDENTIALS_MISSING", "GenerateAccessToken")},
		"a token from nowhere": {func(_ *testing.T, _ *testCloud, c *call) { c.token = "x" }, unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED", "GenerateAccessToken")},
		"an expired token":     {func(_ *testing.T, cloud *testCloud, _ *call) { cloud.SetClock(time.Hour) }, unauthenticated("ACCESS_TOKEN_EXPIRED", "GenerateAccessToken")},
		"a disabled pool":      {func(_ *testing.T, cloud *testCloud, _ *call) { cloud.Google.DisablePool() }, unauthenticated("ACCOUNT_STATE_INVALID", "GenerateAccessToken")},
		"the API disabled":     {func(_ *testing.T, cloud *testCloud, _ *call) { cloud.Google.DisableIAMCredentialsAPI() }, refused(403, "PERMISSION_DENIED", apiDisabled, "SERVICE_DISABLED", "googleapis.com", service)},
		"a perimeter":          {func(_ *testing.T, cloud *testCloud, _ *call) { cloud.Google.DenyByVPCServiceControls() }, refused(403, "PERMISSION_DENIED", "Request is prohibited by organization's policy.", "SECURITY_POLICY_VIOLATED", "googleapis.com", with(service, "uid", "emulator"))},
		"the quota used up":    {func(_ *testing.T, cloud *testCloud, _ *call) { cloud.Google.ExhaustIAMQuota() }, refused(429, "RESOURCE_EXHAUSTED", "emulator: the quota is exhausted", "RATE_LIMIT_EXCEEDED", "googleapis.com", with(service, "quota_metric", "emulator", "quota_limit", "emulator"))},
		"a token of few scopes": {func(t *testing.T, cloud *testCloud, c *call) {
			c.token = tokenWithScope(t, cloud, "https://www.googleapis.com/auth/devstorage.read_only")
		}, refused(403, "PERMISSION_DENIED", "emulator: the scopes of the token do not suffice", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", map[string]any{"service": "iamcredentials.googleapis.com", "method": "google.iam.credentials.v1.IAMCredentials.GenerateAccessToken"})},
		"a project ID": {func(_ *testing.T, _ *testCloud, c *call) {
			c.url = strings.Replace(c.url, "/-/", "/my-project/", 1)
		}, invalid},
		"an unknown account": {func(_ *testing.T, _ *testCloud, c *call) {
			c.method = "no@x.iam.gserviceaccount.com:generateAccessToken"
		}, map[string]any{"code": 404.0, "message": "Not found; Gaia id not found for email no@x.iam.gserviceaccount.com", "status": "NOT_FOUND"}},
		"an unknown unique ID": {func(_ *testing.T, _ *testCloud, c *call) { c.method = "123:generateAccessToken" }, map[string]any{"code": 404.0, "message": "emulator: no service account has the unique ID 123", "status": "NOT_FOUND"}},
		"a deleted account":    {func(_ *testing.T, cloud *testCloud, _ *call) { cloud.Google.RemoveServiceAccount() }, map[string]any{"code": 404.0, "message": "Not found; Gaia id not found for email " + appEmail, "status": "NOT_FOUND"}},
		"a disabled account": {func(t *testing.T, cloud *testCloud, _ *call) {
			require.NoError(t, cloud.Google.UpdateServiceAccount(appEmail, func(sa *fakegoogle.ServiceAccount) { sa.Disabled = true }))
		}, map[string]any{"code": 400.0, "message": "emulator: service account " + appEmail + " is disabled", "status": "FAILED_PRECONDITION"}},
		"no binding":                   {func(_ *testing.T, cloud *testCloud, _ *call) { cloud.Google.RemoveBinding() }, denied("iam.serviceAccounts.getAccessToken")},
		"the bare role in the binding": {func(_ *testing.T, cloud *testCloud, _ *call) { cloud.Google.BindWrongPrincipal() }, denied("iam.serviceAccounts.getAccessToken")},
		"no binding, for an ID token": {func(_ *testing.T, cloud *testCloud, c *call) {
			cloud.Google.RemoveBinding()
			c.method = appEmail + ":generateIdToken"
			c.body = `{"audience":"a"}`
		}, denied("iam.serviceAccounts.getOpenIdToken")},
		"no scope":      {func(_ *testing.T, _ *testCloud, c *call) { c.body = `{"lifetime":"3600s"}` }, invalid},
		"an empty body": {func(_ *testing.T, _ *testCloud, c *call) { c.body = "" }, invalid},
		"a scope of another cloud": {func(_ *testing.T, _ *testCloud, c *call) {
			c.body = `{"scope":["https://graph.microsoft.com/.default"]}`
		}, invalid},
		"scopes in one string": {func(_ *testing.T, _ *testCloud, c *call) { c.body = `{"scope":"email"}` }, invalid},
		"a field in two spellings": {func(_ *testing.T, _ *testCloud, c *call) {
			c.method = appEmail + ":generateIdToken"
			c.body = `{"audience":"a","includeEmail":true,"include_email":true}`
		}, invalid},
		"no JSON": {func(_ *testing.T, _ *testCloud, c *call) { c.body = "scope=email" }, invalid},
		"an ID token for nobody": {func(_ *testing.T, _ *testCloud, c *call) {
			c.method = appEmail + ":generateIdToken"
			c.body = `{}`
		}, invalid},
		"signBlob with federated token": {func(_ *testing.T, _ *testCloud, c *call) {
			c.method = appEmail + ":signBlob"
			c.body = `{"payload":"eA=="}`
		}, unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED", "SignBlob")},
		"signJwt with a federated token": {func(_ *testing.T, _ *testCloud, c *call) {
			c.method = appEmail + ":signJwt"
			c.body = `{"payload":"{}"}`
		}, unauthenticated("ACCESS_TOKEN_TYPE_UNSUPPORTED", "SignJwt")},
		"a delegate with a project ID": {func(_ *testing.T, _ *testCloud, c *call) {
			c.body = `{"scope":["email"],"delegates":["projects/my-project/serviceAccounts/` + appEmail + `"]}`
		}, invalid},
		"a delegate without a name": {func(_ *testing.T, _ *testCloud, c *call) {
			c.body = `{"scope":["email"],"delegates":["projects/-/serviceAccounts/"]}`
		}, invalid},
		"a bare delegate that does not exist": {func(_ *testing.T, _ *testCloud, c *call) {
			c.body = `{"scope":["email"],"delegates":["no@x"]}`
		}, map[string]any{"code": 404.0, "message": "Not found; Gaia id not found for email no@x", "status": "NOT_FOUND"}},
		"a delegate that does not exist": {func(_ *testing.T, _ *testCloud, c *call) {
			c.body = `{"scope":["email"],"delegates":["projects/-/serviceAccounts/no@x"]}`
		}, map[string]any{"code": 404.0, "message": "Not found; Gaia id not found for email no@x", "status": "NOT_FOUND"}},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud(fakegoogle.Options{})
			c := &call{url: iamURL, token: federatedToken(t, cloud), method: appEmail + ":generateAccessToken", body: oneScope}
			test.spoil(t, cloud, c)
			response, answer := callGoogle(t, cloud, http.MethodPost, c.url+c.method, c.body, "Authorization", "Bearer "+c.token)
			assert.Equal(t, map[string]any{"error": test.want}, answer)
			assert.InDelta(t, test.want["code"], response.StatusCode, 0)
		})
	}
}

// tokenWithScope gets a federated token of another scope.
func tokenWithScope(t *testing.T, cloud *testCloud, scope string) string {
	t.Helper()
	form := exchangeForm(signSubject(t, cloud, verificationURL).encode(t))
	form.Set("scope", scope)
	_, answer := postForm(t, cloud, form)
	return answer["access_token"].(string)
}

func TestTheScopeIAMSuffices(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	token := tokenWithScope(t, cloud, "https://www.googleapis.com/auth/iam")
	response, answer := postIAM(t, cloud, token, appEmail+":generateAccessToken", oneScope)
	assert.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
}

func TestTheIAMCredentialsAPIServesNothingElse(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	token := federatedToken(t, cloud)
	for _, request := range []string{
		"GET " + iamURL + appEmail + ":generateAccessToken",
		"POST " + iamURL + appEmail + ":delete",
		"POST " + iamURL + appEmail,
		"POST " + iamURL + appEmail + "/allowedLocations",
		"GET https://iamcredentials.googleapis.com/v1/projects/912480652101/locations/us/workloadIdentityPools/my-aws-pool/allowedLocations",
		"GET https://iamcredentials.googleapis.com/v2/projects/-/serviceAccounts/" + appEmail + "/allowedLocations",
		"GET https://iamcredentials.googleapis.com/",
	} {
		method, to, _ := strings.Cut(request, " ")
		response, _ := callGoogle(t, cloud, method, to, "", "Authorization", "Bearer "+token)
		assert.Equal(t, http.StatusNotFound, response.StatusCode, request)
	}
}

func TestAllowedLocations(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	token, federated := impersonate(t, cloud), federatedToken(t, cloud)
	const pool = "https://iamcredentials.googleapis.com/v1/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/allowedLocations"
	for name, test := range map[string]struct {
		url, token string
		want       int
	}{
		"an account's own":          {iamURL + appEmail + "/allowedLocations", token, 200},
		"a pool's own":              {pool, federated, 200},
		"an account's, by its user": {iamURL + appEmail + "/allowedLocations", federated, 200},
		"a pool's, by an account":   {pool, token, 403},
		"another pool's":            {strings.Replace(pool, "my-aws-pool", "other-pool", 1), federated, 403},
		"nobody's":                  {pool, "x", 401},
		"an unknown account's":      {iamURL + "no@x/allowedLocations", token, 404},
	} {
		t.Run(name, func(t *testing.T) {
			response, answer := callGoogle(t, cloud, http.MethodGet, test.url, "", "Authorization", "Bearer "+test.token)
			require.Equal(t, test.want, response.StatusCode, "%v", answer)
			if test.want == http.StatusOK {
				assert.Equal(t, map[string]any{"encodedLocations": "0x0"}, answer)
			}
		})
	}
	cloud.Google.SetAllowedLocations(fakegoogle.AllowedLocations{Locations: []string{"us-central1"}, EncodedLocations: "0xA30"})
	_, answer := callGoogle(t, cloud, http.MethodGet, pool, "", "Authorization", "Bearer "+federated)
	text, err := json.Marshal(answer)
	require.NoError(t, err)
	assert.JSONEq(t, `{"locations":["us-central1"],"encodedLocations":"0xA30"}`, string(text))
}
