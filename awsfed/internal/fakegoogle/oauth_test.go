package fakegoogle_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

const (
	oauthURL  = "https://oauth2.googleapis.com/token"
	calendar  = "https://www.googleapis.com/auth/calendar"
	gmail     = "https://mail.google.com/"
	user      = "ann@example.com"
	jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"

	invalidJWTTimes    = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim."
	unauthorizedClient = "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested."
)

// grantAttempt is an assertion in which nothing is wrong until a test breaks it.
type grantAttempt struct {
	cloud       *testCloud
	account     string // which signs
	claims      map[string]any
	assertion   string // in place of claims
	grantType   string
	method, to  string
	contentType string
	sent        func() // called between signing and sending
}

func newGrantAttempt(t *testing.T) *grantAttempt {
	cloud := newCloud(fakegoogle.Options{})
	require.NoError(t, cloud.Google.Grant(appEmail, fakegoogle.RoleServiceAccountTokenCreator, cloud.Google.Provider().Everyone()))
	cloud.Google.SetUnsettled(signingByAll(cloud))
	require.NoError(t, cloud.Google.AddWorkspaceUser("Ann@Example.com"))
	require.NoError(t, cloud.Google.DelegateDomain(appEmail, calendar, gmail))
	now := cloud.Now().Unix()
	return &grantAttempt{
		cloud: cloud, account: appEmail, grantType: jwtBearer, method: http.MethodPost, to: oauthURL,
		contentType: "application/x-www-form-urlencoded", sent: func() {},
		claims: map[string]any{"iss": appEmail, "sub": user, "aud": oauthURL, "scope": calendar, "iat": now, "exp": now + 3600},
	}
}

// send has the account sign the assertion and trades it.
func (a *grantAttempt) send(t *testing.T) (*http.Response, map[string]any) {
	t.Helper()
	if a.assertion == "" {
		a.assertion = signedBy(t, a.cloud, a.account, a.claims)
	}
	a.sent()
	form := url.Values{"grant_type": {a.grantType}, "assertion": {a.assertion}}
	return callGoogle(t, a.cloud, a.method, a.to, form.Encode(), "Content-Type", a.contentType)
}

// signedBy has signJwt sign claims as an account.
func signedBy(t *testing.T, cloud *testCloud, account string, claims map[string]any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	body, err := json.Marshal(map[string]string{"payload": string(payload)})
	require.NoError(t, err)
	response, answer := postIAM(t, cloud, federatedToken(t, cloud), account+":signJwt", string(body))
	require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
	return answer["signedJwt"].(string)
}

func TestAnAssertionGivesAToken(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*grantAttempt)
		want   fakegoogle.Access
	}{
		"of a user": {func(*grantAttempt) {}, fakegoogle.Access{
			Kind: fakegoogle.DelegatedToken, Principal: "Ann@Example.com", Delegation: []string{appEmail}, Scopes: []string{calendar},
		}},
		"of a user for two scopes": {func(a *grantAttempt) { a.claims["scope"] = gmail + " " + calendar }, fakegoogle.Access{
			Kind: fakegoogle.DelegatedToken, Principal: "Ann@Example.com", Delegation: []string{appEmail}, Scopes: []string{gmail, calendar},
		}},
		"of the account itself, of any scope": {func(a *grantAttempt) {
			delete(a.claims, "sub")
			a.claims["scope"] = cloudPlatform
		}, fakegoogle.Access{Kind: fakegoogle.ServiceAccountToken, Principal: appEmail, Scopes: []string{cloudPlatform}}},
		"in another universe": {func(a *grantAttempt) {
			a.to = "https://oauth2.apis-tpc.goog/token"
			a.claims["aud"] = a.to
		}, fakegoogle.Access{Kind: fakegoogle.DelegatedToken, Principal: "Ann@Example.com", Delegation: []string{appEmail}, Scopes: []string{calendar}}},
		"at the emulator's own address": {func(a *grantAttempt) {
			a.to = "http://127.0.0.1:8085/token"
			a.claims["aud"] = a.to
		}, fakegoogle.Access{Kind: fakegoogle.DelegatedToken, Principal: "Ann@Example.com", Delegation: []string{appEmail}, Scopes: []string{calendar}}},
		"as long as the assertion is good": {func(a *grantAttempt) {
			a.sent = func() { a.cloud.SetClock(3599 * time.Second) }
		}, fakegoogle.Access{Kind: fakegoogle.DelegatedToken, Principal: "Ann@Example.com", Delegation: []string{appEmail}, Scopes: []string{calendar}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newGrantAttempt(t)
				test.change(a)
				response, answer := a.send(t)
				require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
				access, err := a.cloud.Google.Check(answer["access_token"].(string))
				require.NoError(t, err)
				test.want.Expires = a.cloud.Now().Add(3599 * time.Second)
				assert.Equal(t, test.want, access)
				delete(answer, "access_token")
				assert.Equal(t, map[string]any{"expires_in": 3599.0, "token_type": "Bearer"}, answer)
			})
		})
	}
}

func TestAnAssertionThatBreaksOneRuleIsRefusedForIt(t *testing.T) {
	claim := func(name string, value any) func(*testing.T, *grantAttempt) {
		return func(_ *testing.T, a *grantAttempt) { a.claims[name] = value }
	}
	for name, test := range map[string]struct {
		spoil  func(*testing.T, *grantAttempt)
		status int // default: 400
		code   string
		want   string
	}{
		"a GET": {func(_ *testing.T, a *grantAttempt) { a.method = http.MethodGet }, 405, "invalid_request", "emulator: /token takes POST"},
		"JSON": {func(_ *testing.T, a *grantAttempt) { a.contentType = "application/json" }, 0, "invalid_request",
			"emulator: Content-Type must be application/x-www-form-urlencoded"},
		"another grant type":  {func(_ *testing.T, a *grantAttempt) { a.grantType = "refresh_token" }, 0, "unsupported_grant_type", "Invalid grant_type: refresh_token"},
		"no grant type":       {func(_ *testing.T, a *grantAttempt) { a.grantType = "" }, 0, "unsupported_grant_type", "Invalid grant_type: "},
		"no JWT":              {func(_ *testing.T, a *grantAttempt) { a.assertion = "x.y" }, 0, "invalid_grant", "emulator: the assertion is not a JWT"},
		"no issuer":           {func(_ *testing.T, a *grantAttempt) { delete(a.claims, "iss") }, 0, "invalid_grant", "Invalid grant: account not found"},
		"an unknown issuer":   {claim("iss", "no@my-project.iam.gserviceaccount.com"), 0, "invalid_grant", "Invalid grant: account not found"},
		"an issuer by its ID": {claim("iss", "123456789012345678901"), 0, "invalid_grant", "Invalid grant: account not found"},
		"the signature of another account": {func(t *testing.T, a *grantAttempt) {
			a.account = "other@my-project.iam.gserviceaccount.com"
			addAccount(t, a.cloud, a.account)
			require.NoError(t, a.cloud.Google.Grant(a.account, fakegoogle.RoleServiceAccountTokenCreator, a.cloud.Google.Provider().Everyone()))
		}, 0, "invalid_grant", "Invalid JWT Signature."},
		"a claim that was changed after signing": {func(t *testing.T, a *grantAttempt) {
			parts := strings.Split(signedBy(t, a.cloud, appEmail, a.claims), ".")
			a.claims["sub"] = "root@example.com"
			a.assertion = parts[0] + "." + strings.Split(signedBy(t, a.cloud, appEmail, a.claims), ".")[1] + "." + parts[2]
		}, 0, "invalid_grant", "Invalid JWT Signature."},
		"an unsigned assertion": {func(t *testing.T, a *grantAttempt) {
			parts := strings.Split(signedBy(t, a.cloud, appEmail, a.claims), ".")
			a.assertion = "eyJhbGciOiJub25lIn0." + parts[1] + "." // {"alg":"none"}
		}, 0, "invalid_grant", "Invalid JWT Signature."},
		"a disabled account": {func(t *testing.T, a *grantAttempt) {
			a.sent = func() {
				require.NoError(t, a.cloud.Google.UpdateServiceAccount(appEmail, func(sa *fakegoogle.ServiceAccount) { sa.Disabled = true }))
			}
		}, 0, "invalid_grant", "emulator: service account " + appEmail + " is disabled"},
		"an end that has come":                 {func(_ *testing.T, a *grantAttempt) { a.sent = func() { a.cloud.SetClock(time.Hour) } }, 0, "invalid_grant", invalidJWTTimes},
		"a life over an hour":                  {func(_ *testing.T, a *grantAttempt) { a.claims["exp"] = a.cloud.Now().Unix() + 3601 }, 0, "invalid_grant", invalidJWTTimes},
		"an issue in the future":               {func(_ *testing.T, a *grantAttempt) { a.sent = func() { a.cloud.SetClock(-61 * time.Second) } }, 0, "invalid_grant", invalidJWTTimes},
		"no issue":                             {func(_ *testing.T, a *grantAttempt) { delete(a.claims, "iat") }, 0, "invalid_grant", invalidJWTTimes},
		"no end":                               {func(_ *testing.T, a *grantAttempt) { delete(a.claims, "exp") }, 0, "invalid_grant", invalidJWTTimes},
		"an issue with a fraction":             {func(_ *testing.T, a *grantAttempt) { a.claims["iat"] = float64(a.cloud.Now().Unix()) + 0.5 }, 0, "invalid_grant", invalidJWTTimes},
		"an issue in a string":                 {claim("iat", "1"), 0, "invalid_grant", invalidJWTTimes},
		"another audience":                     {claim("aud", "https://sts.googleapis.com/v1/token"), 0, "invalid_grant", "Invalid JWT: Failed audience check."},
		"an audience in http":                  {claim("aud", "http://oauth2.googleapis.com/token"), 0, "invalid_grant", "Invalid JWT: Failed audience check."},
		"a universe that was not named":        {claim("aud", "https://oauth2.anything.example/token"), 0, "invalid_grant", "Invalid JWT: Failed audience check."},
		"a stranger's address":                 {claim("aud", "http://127.0.0.1:8085/token"), 0, "invalid_grant", "Invalid JWT: Failed audience check."},
		"no scope":                             {func(_ *testing.T, a *grantAttempt) { delete(a.claims, "scope") }, 0, "invalid_scope", "Invalid OAuth scope or ID token audience provided."},
		"a scope of another cloud":             {claim("scope", "https://graph.microsoft.com/.default"), 0, "invalid_scope", "Invalid OAuth scope or ID token audience provided."},
		"a scope that is not granted":          {claim("scope", cloudPlatform), 401, "unauthorized_client", unauthorizedClient},
		"one scope of two that is not granted": {claim("scope", calendar+" "+cloudPlatform), 401, "unauthorized_client", unauthorizedClient},
		"no grant":                             {func(t *testing.T, a *grantAttempt) { require.NoError(t, a.cloud.Google.DelegateDomain(appEmail)) }, 401, "unauthorized_client", unauthorizedClient},
		"an unknown user":                      {claim("sub", "bob@example.com"), 0, "invalid_grant", "Invalid email or User ID"},
		"a user that is no string":             {claim("sub", 1), 0, "invalid_grant", "Invalid email or User ID"},
		"the user's empty name":                {claim("sub", ""), 0, "invalid_grant", "Invalid email or User ID"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newGrantAttempt(t)
				test.spoil(t, a)
				response, answer := a.send(t)
				assert.Equal(t, max(test.status, http.StatusBadRequest), response.StatusCode)
				assert.Equal(t, map[string]any{"error": test.code, "error_description": test.want}, answer)
			})
		})
	}
}

func TestTheOAuthServerServesNothingElse(t *testing.T) {
	response, _ := callGoogle(t, newCloud(fakegoogle.Options{}), http.MethodPost, "https://oauth2.googleapis.com/revoke", "")
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
}

func TestADelegatedTokenIsNoServiceAccounts(t *testing.T) {
	a := newGrantAttempt(t)
	require.NoError(t, a.cloud.Google.DelegateDomain(appEmail, cloudPlatform))
	a.claims["scope"] = cloudPlatform
	_, answer := a.send(t)
	token := answer["access_token"].(string)
	response, _ := postIAM(t, a.cloud, token, appEmail+":generateAccessToken", oneScope)
	assert.Equal(t, http.StatusForbidden, response.StatusCode, "no binding names the user")

	undelete := a.cloud.Google.RemoveServiceAccount()
	_, err := a.cloud.Google.Check(token)
	require.ErrorContains(t, err, "ACCOUNT_STATE_INVALID")
	undelete()
	_, err = a.cloud.Google.Check(token)
	assert.NoError(t, err)
}

func TestDelegationsThatCannotBe(t *testing.T) {
	google := newCloud(fakegoogle.Options{}).Google
	assert.ErrorContains(t, google.AddWorkspaceUser("ann"), `"ann" is not an email`)
	assert.ErrorContains(t, google.DelegateDomain("no@x", calendar), "no@x does not exist")
	assert.ErrorContains(t, google.DelegateDomain(appEmail, calendar, "calendar"), "are scopes of Google's")
}

func TestAGrantReplacesTheOneBefore(t *testing.T) {
	a := newGrantAttempt(t)
	scopes := []string{gmail}
	require.NoError(t, a.cloud.Google.DelegateDomain(appEmail, scopes...))
	scopes[0] = calendar // The cloud has its own copy.
	for scope, want := range map[string]int{calendar: 401, gmail: 200} {
		a.assertion, a.claims = "", maps.Clone(a.claims)
		a.claims["scope"] = scope
		response, answer := a.send(t)
		assert.Equal(t, want, response.StatusCode, "%s: %v", scope, answer)
	}
}
