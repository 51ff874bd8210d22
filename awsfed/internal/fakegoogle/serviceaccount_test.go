package fakegoogle_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

func TestWhoMayImpersonate(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	p := cloud.Google.Provider()
	const session = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
	for name, test := range map[string]struct {
		role, member string
		want         int
	}{
		"the session":                       {fakegoogle.RoleWorkloadIdentityUser, p.Subject(session), 200},
		"another session":                   {fakegoogle.RoleWorkloadIdentityUser, p.Subject(session + "0"), 403},
		"everyone of the pool":              {fakegoogle.RoleWorkloadIdentityUser, p.Everyone(), 200},
		"the role as the default maps it":   {fakegoogle.RoleWorkloadIdentityUser, p.Attribute("aws_role", "arn:aws:sts::123456789012:assumed-role/app"), 200},
		"the bare role":                     {fakegoogle.RoleWorkloadIdentityUser, p.Attribute("aws_role", "app"), 403},
		"the creator of tokens":             {fakegoogle.RoleServiceAccountTokenCreator, p.Everyone(), 200},
		"the creator of ID tokens":          {fakegoogle.RoleServiceAccountOpenIDTokenCreator, p.Everyone(), 403},
		"a service account, which it isn't": {fakegoogle.RoleServiceAccountTokenCreator, "serviceAccount:" + appEmail, 403},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newCloud(fakegoogle.Options{})
			cloud.Google.RemoveBinding()
			require.NoError(t, cloud.Google.Grant(appEmail, test.role, test.member))
			response, answer := postIAM(t, cloud, federatedToken(t, cloud), appEmail+":generateAccessToken", oneScope)
			assert.Equal(t, test.want, response.StatusCode, "%v", answer)

			require.NoError(t, cloud.Google.Revoke(appEmail, test.role, test.member))
			response, _ = postIAM(t, cloud, federatedToken(t, cloud), appEmail+":generateAccessToken", oneScope)
			assert.Equal(t, http.StatusForbidden, response.StatusCode, "after the revocation")
		})
	}
}

func TestAServiceAccountMayImpersonateAnother(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	const target = "target@p.iam.gserviceaccount.com"
	addAccount(t, cloud, target)
	token := impersonate(t, cloud)
	response, _ := postIAM(t, cloud, token, target+":generateAccessToken", oneScope)
	assert.Equal(t, http.StatusForbidden, response.StatusCode)

	require.NoError(t, cloud.Google.Grant(target, fakegoogle.RoleServiceAccountTokenCreator, "serviceAccount:"+appEmail))
	response, answer := postIAM(t, cloud, token, target+":generateAccessToken", oneScope)
	require.Equal(t, http.StatusOK, response.StatusCode)
	access, err := cloud.Google.Check(answer["accessToken"].(string))
	require.NoError(t, err)
	require.Len(t, access.Delegation, 2)
	assert.Equal(t, appEmail, access.Delegation[1])
}

func TestTokensOfAnAccountEndWithIt(t *testing.T) {
	cloud := newCloud(fakegoogle.Options{})
	token := impersonate(t, cloud)
	undelete := cloud.Google.RemoveServiceAccount()
	_, err := cloud.Google.Check(token)
	require.ErrorContains(t, err, "ACCOUNT_STATE_INVALID")
	undelete()
	_, err = cloud.Google.Check(token)
	require.NoError(t, err)
	require.NoError(t, cloud.Google.UpdateServiceAccount(appEmail, func(sa *fakegoogle.ServiceAccount) { sa.Disabled = true }))
	_, err = cloud.Google.Check(token)
	assert.ErrorContains(t, err, "ACCOUNT_STATE_INVALID")
}

func TestServiceAccountsThatCannotBe(t *testing.T) {
	google := newCloud(fakegoogle.Options{}).Google
	everyone := google.Provider().Everyone()
	update := func(*fakegoogle.ServiceAccount) {}
	for name, test := range map[string]struct {
		do   func() error
		want string
	}{
		"one without an email": {func() error { _, err := google.AddServiceAccount(fakegoogle.ServiceAccount{Email: "app"}); return err }, `"app" is not an email`},
		"one that exists": {func() error {
			_, err := google.AddServiceAccount(fakegoogle.ServiceAccount{Email: appEmail})
			return err
		}, "aws-app@my-project.iam.gserviceaccount.com exists"},
		"an update of nobody":   {func() error { return google.UpdateServiceAccount("no@x", update) }, "no@x does not exist"},
		"a deletion of nobody":  {func() error { _, err := google.DeleteServiceAccount("no@x"); return err }, "no@x does not exist"},
		"a grant on nobody":     {func() error { return google.Grant("no@x", fakegoogle.RoleWorkloadIdentityUser, everyone) }, "no@x does not exist"},
		"what is no role":       {func() error { return google.Grant(appEmail, "viewer", everyone) }, `role "viewer" is none of the form`},
		"a member that is none": {func() error { return google.Grant(appEmail, fakegoogle.RoleWorkloadIdentityUser, "user:a@b") }, `member "user:a@b"`},
	} {
		t.Run(name, func(t *testing.T) { assert.ErrorContains(t, test.do(), test.want) })
	}
}

func TestAnUpdateKeepsTheNames(t *testing.T) {
	google := newCloud(fakegoogle.Options{}).Google
	require.NoError(t, google.UpdateServiceAccount(appEmail, func(sa *fakegoogle.ServiceAccount) { *sa = fakegoogle.ServiceAccount{} }))
	assert.NotNil(t, google.Policy(appEmail))
}

func TestPolicy(t *testing.T) {
	google := newCloud(fakegoogle.Options{}).Google
	want := google.Provider().Attribute("aws_role", "arn:aws:sts::123456789012:assumed-role/app")
	assert.Equal(t, map[string][]string{fakegoogle.RoleWorkloadIdentityUser: {want}}, google.Policy(appEmail))
	require.NoError(t, google.Grant(appEmail, fakegoogle.RoleWorkloadIdentityUser, want), "a grant that is there already")
	assert.Equal(t, map[string][]string{fakegoogle.RoleWorkloadIdentityUser: {want}}, google.Policy(appEmail))
	undo := google.RemoveBinding()
	assert.Empty(t, google.Policy(appEmail))
	undo()
	assert.Equal(t, map[string][]string{fakegoogle.RoleWorkloadIdentityUser: {want}}, google.Policy(appEmail))
	assert.Nil(t, google.Policy("no@x"))
}
