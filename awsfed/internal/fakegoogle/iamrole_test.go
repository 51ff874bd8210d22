package fakegoogle_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

// may reports whether the holder of a token has the permission that a method of IAM Credentials on
// an account asks for.
func may(t *testing.T, cloud *testCloud, token, account, method string) bool {
	t.Helper()
	verb, to, body := http.MethodPost, iamURL+account+":"+method, map[string]string{
		"generateAccessToken": oneScope, "generateIdToken": `{"audience":"a"}`, "signBlob": `{"payload":"eA=="}`, "signJwt": `{"payload":"{}"}`,
	}[method]
	if method == "allowedLocations" {
		verb, to = http.MethodGet, iamURL+account+"/"+method
	}
	response, answer := callGoogle(t, cloud, verb, to, body, "Authorization", "Bearer "+token)
	if response.StatusCode != http.StatusOK {
		require.Equal(t, "PERMISSION_DENIED", answer["error"].(map[string]any)["status"], "%v", answer)
	}
	return response.StatusCode == http.StatusOK
}

func TestRolesGiveWhatTheyGiveAtGoogle(t *testing.T) {
	methods := []string{"allowedLocations", "generateAccessToken", "generateIdToken", "signBlob", "signJwt"}
	for role, want := range map[string]string{
		"roles/iam.workloadIdentityUser":              "allowedLocations generateAccessToken generateIdToken",
		"roles/iam.serviceAccountTokenCreator":        strings.Join(methods, " "),
		"roles/iam.serviceAccountOpenIdTokenCreator":  "generateIdToken",
		"roles/iam.serviceAccountUser":                "allowedLocations",
		"roles/iam.serviceAccountAdmin":               "allowedLocations",
		"roles/iam.workloadIdentityPoolAdmin":         "",
		"roles/owner":                                 "allowedLocations",
		"roles/editor":                                "allowedLocations",
		"roles/viewer":                                "allowedLocations",
		"roles/storage.admin":                         "",
		"projects/my-project/roles/myRole":            "",
		"organizations/123/roles/ours.tokens_creator": "",
	} {
		for _, level := range []string{"account", "project"} {
			t.Run(role+" of the "+level, func(t *testing.T) {
				cloud := newCloud(fakegoogle.Options{})
				cloud.Google.SetUnsettled(signingByAll(cloud))
				cloud.Google.RemoveBinding()
				member := cloud.Google.Provider().Everyone()
				if level == "account" {
					require.NoError(t, cloud.Google.Grant(appEmail, role, member))
				} else {
					require.NoError(t, cloud.Google.GrantProject(role, member))
				}
				token := federatedToken(t, cloud)
				var got []string
				for _, method := range methods {
					if may(t, cloud, token, appEmail, method) {
						got = append(got, method)
					}
				}
				assert.Equal(t, want, strings.Join(got, " "))
			})
		}
	}
}

func TestAGrantOnTheProjectCountsForItsAccountsAlone(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	cloud.Google.RemoveBinding()
	member := cloud.Google.Provider().Everyone()
	require.NoError(t, cloud.Google.GrantProject(fakegoogle.RoleWorkloadIdentityUser, member))
	require.NoError(t, cloud.Google.GrantProject(fakegoogle.RoleWorkloadIdentityUser, member), "a grant that is there already")
	token := federatedToken(t, cloud)
	for email, want := range map[string]bool{
		appEmail: true,
		"other@my-project.iam.gserviceaccount.com":            true,
		"912480652101-compute@developer.gserviceaccount.com":  true,
		"my-project@appspot.gserviceaccount.com":              true,
		"other@their-project.iam.gserviceaccount.com":         false,
		"other@not-my-project.iam.gserviceaccount.com":        false,
		"123456789-compute@developer.gserviceaccount.com":     false,
		"their-project@appspot.gserviceaccount.com":           false,
		"my-project.iam.gserviceaccount.com@evil.example.com": false,
	} {
		if email != appEmail {
			addAccount(t, cloud, email)
		}
		assert.Equal(t, want, may(t, cloud, token, email, "generateAccessToken"), email)
	}
	assert.Equal(t, map[string][]string{fakegoogle.RoleWorkloadIdentityUser: {member}}, cloud.Google.ProjectPolicy())
	require.NoError(t, cloud.Google.RevokeProject(fakegoogle.RoleWorkloadIdentityUser, member))
	assert.False(t, may(t, cloud, token, appEmail, "generateAccessToken"))
	assert.Empty(t, cloud.Google.ProjectPolicy())
}

func TestGrantsThatCannotBe(t *testing.T) {
	google := newCloud(fakegoogle.Options{}).Google
	everyone := google.Provider().Everyone()
	for _, role := range []string{"", "viewer", "roles/", "roles/a b", "roles/a/b", "projects/roles/x", "projects//roles/x", "folders/1/roles/x", "iam.serviceAccounts.get"} {
		assert.ErrorContains(t, google.GrantProject(role, everyone), "of the form roles/NAME", role)
		assert.ErrorContains(t, google.Grant(appEmail, role, everyone), "of the form roles/NAME", role)
	}
	assert.ErrorContains(t, google.GrantProject("roles/viewer", "user:a@b"), `member "user:a@b"`)
}
