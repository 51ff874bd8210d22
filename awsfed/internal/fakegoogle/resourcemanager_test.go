package fakegoogle_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

const projectURL = "https://cloudresourcemanager.googleapis.com/v1/projects/"

// tokenOfScope gets a token of the account of Options with one scope.
func tokenOfScope(t *testing.T, cloud *testCloud, scope string) string {
	t.Helper()
	response, answer := postIAM(t, cloud, federatedToken(t, cloud), appEmail+":generateAccessToken", `{"scope":["`+scope+`"]}`)
	require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
	return answer["accessToken"].(string)
}

func TestTheProjectIsFoundByNumberAndByID(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	for name, token := range map[string]string{
		"a federated token":                     federatedToken(t, cloud),
		"a token of a service account":          impersonate(t, cloud),
		"a token that reads all of a project":   tokenOfScope(t, cloud, cloudPlatform+".read-only"),
		"a token that reads projects, no more":  tokenOfScope(t, cloud, "https://www.googleapis.com/auth/cloudplatformprojects.readonly"),
		"a token that writes projects, no more": tokenOfScope(t, cloud, "https://www.googleapis.com/auth/cloudplatformprojects"),
	} {
		for _, project := range []string{"912480652101", "my-project"} {
			t.Run(name+" and "+project, func(t *testing.T) {
				response, answer := callGoogle(t, cloud, http.MethodGet, projectURL+project, "", "Authorization", "Bearer "+token)
				require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
				assert.Equal(t, map[string]any{
					"projectNumber": "912480652101", "projectId": "my-project", "lifecycleState": "ACTIVE", "name": "my-project",
				}, answer)
			})
		}
	}
}

func TestResourceManagerRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		method, path string
		token        func(*testing.T, *testCloud) string
		code         int
		status       string
		reason       string
		message      string // "" for any
	}{
		"a project of somebody else": {path: "123456789", code: 403, status: "PERMISSION_DENIED", message: "The caller does not have permission"},
		"a project that cannot be":   {path: "-", code: 403, status: "PERMISSION_DENIED", message: "The caller does not have permission"},
		"no project at all":          {path: "", code: 404, status: "NOT_FOUND"},
		"what lies below a project":  {path: "my-project/more", code: 404, status: "NOT_FOUND"},
		"another method":             {method: http.MethodPost, path: "my-project", code: 404, status: "NOT_FOUND"},
		"nobody":                     {path: "my-project", token: func(*testing.T, *testCloud) string { return "" }, code: 401, status: "UNAUTHENTICATED", reason: "CREDENTIALS_MISSING"},
		"a stranger":                 {path: "my-project", token: func(*testing.T, *testCloud) string { return "ya29.x" }, code: 401, status: "UNAUTHENTICATED", reason: "ACCESS_TOKEN_TYPE_UNSUPPORTED"},
		"a token that has expired": {path: "my-project", token: func(t *testing.T, cloud *testCloud) string {
			token := federatedToken(t, cloud)
			cloud.SetClock(2 * time.Hour)
			return token
		}, code: 401, status: "UNAUTHENTICATED", reason: "ACCESS_TOKEN_EXPIRED"},
		"a token for something else": {path: "my-project", token: func(t *testing.T, cloud *testCloud) string {
			return tokenOfScope(t, cloud, "https://www.googleapis.com/auth/bigquery")
		}, code: 403, status: "PERMISSION_DENIED", reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT"},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud(fakegoogle.Options{})
			token := ""
			if test.token == nil {
				token = federatedToken(t, cloud)
			} else {
				token = test.token(t, cloud)
			}
			if test.method == "" {
				test.method = http.MethodGet
			}
			response, answer := callGoogle(t, cloud, test.method, projectURL+test.path, "", "Authorization", "Bearer "+token)
			assert.Equal(t, test.code, response.StatusCode)
			failure := answer["error"].(map[string]any)
			assert.Equal(t, test.status, failure["status"])
			if test.message != "" {
				assert.Equal(t, test.message, failure["message"])
			}
			if test.reason != "" {
				info := failure["details"].([]any)[0].(map[string]any)
				assert.Equal(t, test.reason, info["reason"])
				assert.Equal(t, map[string]any{"service": "cloudresourcemanager.googleapis.com"}, info["metadata"])
			}
		})
	}
}
