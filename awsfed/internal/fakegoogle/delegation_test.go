package fakegoogle_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

func TestDelegation(t *testing.T) {
	const first, second, target = "first@p.iam.gserviceaccount.com", "second@p.iam.gserviceaccount.com", "target@p.iam.gserviceaccount.com"
	everyone := newCloud(fakegoogle.Options{}).Google.Provider().Everyone()
	grants := [][3]string{
		{first, fakegoogle.RoleServiceAccountTokenCreator, everyone},
		{second, fakegoogle.RoleServiceAccountTokenCreator, "serviceAccount:" + first},
		{target, fakegoogle.RoleServiceAccountTokenCreator, "serviceAccount:" + second},
	}
	body := `{"scope":["` + cloudPlatform + `"],"delegates":["projects/-/serviceAccounts/` + first + `","` + second + `"]}`
	for name, test := range map[string]struct {
		missing int // the grant that is not made; -1 for none
		denied  string
	}{
		"a whole chain":                        {-1, ""},
		"a caller that may not use the first":  {0, "iam.serviceAccounts.implicitDelegation"},
		"a first that may not use the second":  {1, "iam.serviceAccounts.implicitDelegation"},
		"a second that may not use the target": {2, "iam.serviceAccounts.getAccessToken"},
		"a caller that may only be the first":  {3, "iam.serviceAccounts.implicitDelegation"},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud(fakegoogle.Options{})
			for _, email := range []string{first, second, target} {
				addAccount(t, cloud, email)
			}
			for i, grant := range grants {
				role := grant[1]
				if i == 0 && test.missing == 3 {
					role = fakegoogle.RoleWorkloadIdentityUser // which holds no implicitDelegation
				}
				if i != test.missing {
					require.NoError(t, cloud.Google.Grant(grant[0], role, grant[2]))
				}
			}
			response, answer := postIAM(t, cloud, federatedToken(t, cloud), target+":generateAccessToken", body)
			if test.denied != "" {
				assert.Equal(t, http.StatusForbidden, response.StatusCode)
				assert.Equal(t, "Permission '"+test.denied+"' denied on resource (or it may not exist).", answer["error"].(map[string]any)["message"])
				return
			}
			require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
			access, err := cloud.Google.Check(answer["accessToken"].(string))
			require.NoError(t, err)
			assert.Equal(t, target, access.Principal)
			require.Len(t, access.Delegation, 3)
			assert.Equal(t, []string{first, second}, access.Delegation[1:])
		})
	}
}

func TestADelegateHasTwoSpellings(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	const email, target = "delegate@p.iam.gserviceaccount.com", "target@p.iam.gserviceaccount.com"
	delegate := addAccount(t, cloud, email)
	addAccount(t, cloud, target)
	require.NoError(t, cloud.Google.Grant(email, fakegoogle.RoleServiceAccountTokenCreator, cloud.Google.Provider().Everyone()))
	require.NoError(t, cloud.Google.Grant(target, fakegoogle.RoleServiceAccountTokenCreator, "serviceAccount:"+email))
	token := federatedToken(t, cloud)
	for name, spelling := range map[string]string{
		"a resource name of an email":    "projects/-/serviceAccounts/" + email,
		"a resource name of a unique ID": "projects/-/serviceAccounts/" + delegate.UniqueID,
		"a bare email":                   email,
		"a bare unique ID":               delegate.UniqueID,
	} {
		t.Run(name, func(t *testing.T) {
			for method, field := range map[string]string{
				"generateAccessToken": `"scope":["email"]`, "generateIdToken": `"audience":"a"`, "signBlob": `"payload":"eA=="`, "signJwt": `"payload":"{}"`,
			} {
				cloud.Google.SetUnsettled(signingByAll(cloud))
				response, answer := postIAM(t, cloud, token, target+":"+method, `{`+field+`,"delegates":["`+spelling+`"]}`)
				assert.Equal(t, http.StatusOK, response.StatusCode, "%s: %v", method, answer)
			}
		})
	}
}

// signingByAll lets federated tokens sign.
func signingByAll(cloud *testCloud) fakegoogle.Unsettled {
	u := cloud.Google.Unsettled()
	u.AcceptFederatedSigning = true
	return u
}
