package metadataserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

const (
	reader   = "reader@my-project.iam.gserviceaccount.com"
	forsaken = "forsaken@my-project.iam.gserviceaccount.com" // whom nobody may use
	unlisted = "unlisted@my-project.iam.gserviceaccount.com"
)

// severalAccounts are clouds with further accounts, two of which the identity may use.
func severalAccounts(t *testing.T) *awsfedtest.Cloud {
	t.Helper()
	cloud := awsfedtest.New(awsfedtest.Options{})
	for _, email := range []string{reader, forsaken, unlisted} {
		require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: email}))
		if email != forsaken {
			require.NoError(t, cloud.Grant(email, "roles/iam.workloadIdentityUser", cloud.Provider().Everyone()))
		}
	}
	return cloud
}

func TestAccountsAreServedByAnAllowList(t *testing.T) {
	for name, change := range map[string]func(*awsfed.Config){
		"beside an account":                          func(*awsfed.Config) {},
		"beside an account with scopes and lifetime": func(cfg *awsfed.Config) { cfg.Scopes, cfg.Lifetime = []string{scope}, time.Hour },
		"beside a federated identity":                direct,
	} {
		t.Run(name, func(t *testing.T) {
			cloud := severalAccounts(t)
			h := handlerOf(t, cloud, metadataserver.Options{Accounts: []string{reader, forsaken}}, change)
			access, err := cloud.Check(tokenOf(t, get(t, h, accounts+"/"+reader+"/token")).AccessToken)
			require.NoError(t, err)
			assert.Equal(t, reader, access.Principal)
			access, err = cloud.Check(tokenOf(t, get(t, h, accounts+"/"+strings.Replace(reader, "@", "%40", 1)+"/token?scopes=https://www.googleapis.com/auth/a")).AccessToken)
			require.NoError(t, err)
			assert.Equal(t, reader, access.Principal)
			assert.Equal(t, []string{"https://www.googleapis.com/auth/a"}, access.Scopes)
			access, err = cloud.Check(tokenOf(t, get(t, h, tokenKey)).AccessToken)
			require.NoError(t, err)
			assert.NotEqual(t, reader, access.Principal)

			assert.Equal(t, http.StatusOK, get(t, h, accounts+"/"+reader+"/identity?audience=x").status)
			assert.Equal(t, http.StatusForbidden, get(t, h, accounts+"/"+forsaken+"/token").status)
			assert.Equal(t, http.StatusNotFound, get(t, h, accounts+"/"+forsaken+"/identity?audience=x").status)
			asked := cloud.Count(awsfedtest.IAMCredentials)
			for _, key := range []string{"/token", "/identity?audience=x", "/email", "/", "", "/?recursive=true"} {
				assert.Equal(t, http.StatusNotFound, get(t, h, accounts+"/"+unlisted+key).status, key)
				assert.Equal(t, http.StatusNotFound, get(t, h, accounts+"/"+strings.ToUpper(reader)+key).status, key)
			}
			assert.Equal(t, asked, cloud.Count(awsfedtest.IAMCredentials))
		})
	}
}

func TestAccountsThatAreListedTwiceAreThereOnce(t *testing.T) {
	cloud := severalAccounts(t)
	h := handlerOf(t, cloud, metadataserver.Options{Accounts: []string{reader, appAccount, reader, appAccount}})
	assert.Equal(t, appAccount+"/\ndefault/\n"+reader+"/\n", get(t, h, accounts+"/").body)
	assert.Equal(t, 1, strings.Count(get(t, h, accounts+"/?recursive=true").body, `"`+reader+`":`))
}

func TestAccountsShareOneFederatedToken(t *testing.T) {
	cloud := severalAccounts(t)
	h := handlerOf(t, cloud, metadataserver.Options{Accounts: []string{reader, unlisted}})
	for _, name := range []string{"default", reader, unlisted} {
		require.Equal(t, http.StatusOK, get(t, h, accounts+"/"+name+"/token").status)
		require.Equal(t, http.StatusOK, get(t, h, accounts+"/"+name+"/identity?audience=x").status)
	}
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
	assert.Equal(t, 6, cloud.Count(awsfedtest.IAMCredentials))
}
