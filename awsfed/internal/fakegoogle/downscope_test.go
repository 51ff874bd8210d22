package fakegoogle_test

import (
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
	bucket   = "//storage.googleapis.com/projects/_/buckets/reports"
	oneRule  = `{"availableResource":"` + bucket + `","availablePermissions":["inRole:roles/storage.objectViewer"]}`
	boundary = `{"accessBoundary":{"accessBoundaryRules":[` + oneRule + `]}}`
)

// downscopeForm is what golang.org/x/oauth2/google/downscope sends.
func downscopeForm(token string) url.Values {
	return url.Values{
		"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token_type":   {accessTokenType},
		"requested_token_type": {accessTokenType},
		"subject_token":        {token},
		"options":              {boundary},
	}
}

func TestADownscopedTokenIsItsSourceWithABoundary(t *testing.T) {
	for name, source := range map[string]func(*testing.T) (*testCloud, string){
		"a federated token": func(t *testing.T) (*testCloud, string) {
			cloud := newCloud(fakegoogle.Options{})
			return cloud, federatedToken(t, cloud)
		},
		"a service account's": func(t *testing.T) (*testCloud, string) {
			cloud := newCloud(fakegoogle.Options{})
			return cloud, impersonate(t, cloud)
		},
		"a user's": func(t *testing.T) (*testCloud, string) {
			a := newGrantAttempt(t)
			_, answer := a.send(t)
			return a.cloud, answer["access_token"].(string)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud, token := source(t)
				want, err := cloud.Google.Check(token)
				require.NoError(t, err)
				cloud.SetClock(10 * time.Minute)

				form := downscopeForm(token)
				form.Set("options", strings.Replace(boundary, oneRule, oneRule+`,{"availableResource":"//storage.googleapis.com/projects/_/buckets/b","availablePermissions":["inRole:a","inRole:b"],"availabilityCondition":{"title":"t","description":"d","expression":"true"}}`, 1))
				response, answer := postForm(t, cloud, form)
				require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
				downscoped := answer["access_token"].(string)
				access, err := cloud.Google.Check(downscoped)
				require.NoError(t, err)
				want.Boundary = []fakegoogle.AccessBoundaryRule{
					{AvailableResource: bucket, AvailablePermissions: []string{"inRole:roles/storage.objectViewer"}},
					{AvailableResource: "//storage.googleapis.com/projects/_/buckets/b", AvailablePermissions: []string{"inRole:a", "inRole:b"}, Condition: "true"},
				}
				assert.Equal(t, want, access)
				access.Boundary[0].AvailablePermissions[0] = "changed"
				again, err := cloud.Google.Check(downscoped)
				require.NoError(t, err)
				assert.Equal(t, want, again, "what Check returns is a copy")

				delete(answer, "access_token")
				rest := map[string]any{"issued_token_type": accessTokenType, "token_type": "Bearer"}
				if access.Kind != fakegoogle.DelegatedToken {
					rest["expires_in"] = want.Expires.Sub(cloud.Now()).Seconds()
				}
				assert.Equal(t, rest, answer)
			})
		})
	}
}

// brokenDownscopings has a row for each rule on downscoping, in a request that breaks just that
// one.
var brokenDownscopings = []struct {
	name   string
	spoil  func(*testing.T, *testCloud, url.Values)
	reason fakegoogle.Reason
	code   string
	want   string
}{
	{"no options", func(_ *testing.T, _ *testCloud, form url.Values) { form.Del("options") },
		fakegoogle.ReasonAccessBoundary, "invalid_request", "options must have an accessBoundary for an access token"},
	{"options without a boundary", func(_ *testing.T, _ *testCloud, form url.Values) { form.Set("options", `{"accessBoundary":null}`) },
		fakegoogle.ReasonAccessBoundary, "invalid_request", "options must have an accessBoundary for an access token"},
	{"a boundary without rules", spoilBoundary(oneRule, ""),
		fakegoogle.ReasonOptions, "invalid_request", "accessBoundary has 0 rules, not 1 to 10"},
	{"a boundary with a capital letter", spoilBoundary("accessBoundaryRules", "AccessBoundaryRules"),
		fakegoogle.ReasonOptions, "invalid_request", "accessBoundary has 0 rules, not 1 to 10"},
	{"a rule with a capital letter", spoilBoundary("availablePermissions", "AvailablePermissions"),
		fakegoogle.ReasonOptions, "invalid_request", "the rule on " + bucket + " has no availablePermissions"},
	{"a boundary of 11 rules", spoilBoundary(oneRule, strings.TrimSuffix(strings.Repeat(oneRule+",", 11), ",")),
		fakegoogle.ReasonOptions, "invalid_request", "accessBoundary has 11 rules, not 1 to 10"},
	{"a boundary that is no object", spoilBoundary("["+oneRule+"]", `"none"`),
		fakegoogle.ReasonOptions, "invalid_request", "accessBoundary is not an object with accessBoundaryRules"},
	{"a rule on a bare bucket", spoilBoundary(bucket, "reports"),
		fakegoogle.ReasonOptions, "invalid_request", `availableResource "reports" is not a full resource name`},
	{"a rule without permissions", spoilBoundary(`"inRole:roles/storage.objectViewer"`, ""),
		fakegoogle.ReasonOptions, "invalid_request", "the rule on " + bucket + " has no availablePermissions"},
	{"a bare role", spoilBoundary("inRole:", ""),
		fakegoogle.ReasonOptions, "invalid_request", `"roles/storage.objectViewer" of availablePermissions does not begin with "inRole:"`},
	{"a condition without an expression", spoilBoundary("]}]", `],"availabilityCondition":{"title":"t"}}]`),
		fakegoogle.ReasonOptions, "invalid_request", "the condition of the rule on " + bucket + " has no expression"},
	{"no subject token", func(_ *testing.T, _ *testCloud, form url.Values) { form.Del("subject_token") },
		fakegoogle.ReasonAccessToken, "invalid_grant", "the access token in subject_token is not valid: CREDENTIALS_MISSING"},
	{"a token from elsewhere", func(_ *testing.T, _ *testCloud, form url.Values) { form.Set("subject_token", "ya29.d.x") },
		fakegoogle.ReasonAccessToken, "invalid_grant", "the access token in subject_token is not valid: ACCESS_TOKEN_TYPE_UNSUPPORTED"},
	{"a token that has ended", func(_ *testing.T, cloud *testCloud, _ url.Values) { cloud.SetClock(time.Hour) },
		fakegoogle.ReasonAccessToken, "invalid_grant", "the access token in subject_token is not valid: ACCESS_TOKEN_EXPIRED"},
	{"a token that is downscoped", func(t *testing.T, cloud *testCloud, form url.Values) {
		_, answer := postForm(t, cloud, form)
		form.Set("subject_token", answer["access_token"].(string))
	}, fakegoogle.ReasonDownscoped, "invalid_grant", "the access token in subject_token is downscoped already"},
}

// spoilBoundary replaces parts of the boundary by others.
func spoilBoundary(pairs ...string) func(*testing.T, *testCloud, url.Values) {
	return func(_ *testing.T, _ *testCloud, form url.Values) {
		options := form.Get("options")
		for i := 0; i < len(pairs); i += 2 {
			options = strings.Replace(options, pairs[i], pairs[i+1], 1)
		}
		form.Set("options", options)
	}
}

func TestADownscopingThatBreaksOneRuleIsRefusedForIt(t *testing.T) {
	for _, test := range brokenDownscopings {
		t.Run(test.name, func(t *testing.T) {
			cloud := newCloud(fakegoogle.Options{})
			form := downscopeForm(federatedToken(t, cloud))
			test.spoil(t, cloud, form)
			response, answer := postForm(t, cloud, form)
			assert.Equal(t, http.StatusBadRequest, response.StatusCode)
			assert.Equal(t, map[string]any{"error": test.code, "error_description": "emulator: " + test.want}, answer)
		})
	}
}

func TestIAMCredentialsRefusesDownscopedTokens(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	_, answer := postForm(t, cloud, downscopeForm(federatedToken(t, cloud)))
	response, answer := postIAM(t, cloud, answer["access_token"].(string), appEmail+":generateAccessToken", oneScope)
	assert.Equal(t, http.StatusForbidden, response.StatusCode)
	assert.Equal(t, map[string]any{"error": map[string]any{
		"code": 403.0, "status": "PERMISSION_DENIED", "message": "emulator: a downscoped token has no permission on service accounts",
	}}, answer)
}

func TestAnExchangeMayAskForABoundaryAtOnce(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	form := exchangeForm(signSubject(t, cloud, verificationURL).encode(t))
	form.Set("options", boundary)
	_, answer := postForm(t, cloud, form)
	access, err := cloud.Google.Check(answer["access_token"].(string))
	require.NoError(t, err)
	assert.Len(t, access.Boundary, 1)
}

func TestADownscopedTokenEndsWithItsPool(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	_, answer := postForm(t, cloud, downscopeForm(federatedToken(t, cloud)))
	cloud.Google.DisablePool()
	_, err := cloud.Google.Check(answer["access_token"].(string))
	assert.ErrorContains(t, err, "ACCOUNT_STATE_INVALID")
}

// google-auth for Python quotes the options before it encodes the form.
func TestPercentEncodedOptionsDownscopeAToken(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	form := downscopeForm(federatedToken(t, cloud))
	form.Set("options", pythonQuote(form.Get("options")))
	require.Contains(t, form.Get("options"), "%7B%22accessBoundary%22")
	response, answer := postForm(t, cloud, form)
	require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
	access, err := cloud.Google.Check(answer["access_token"].(string))
	require.NoError(t, err)
	assert.Len(t, access.Boundary, 1)
}
