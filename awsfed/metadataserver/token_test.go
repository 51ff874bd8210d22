package metadataserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

func TestATokenSaysWhatIsLeftOfItsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		h := handlerOf(t, cloud, metadataserver.Options{}, func(cfg *awsfed.Config) { cfg.Lifetime = time.Hour })
		first := tokenOf(t, get(t, h, tokenKey))
		assert.Equal(t, accessToken{first.AccessToken, 3600, "Bearer"}, first)
		access, err := cloud.Check(first.AccessToken)
		require.NoError(t, err)
		assert.Equal(t, appAccount, access.Principal)
		for _, passed := range []struct {
			after time.Duration
			left  int
		}{{time.Nanosecond, 3599}, {time.Second - time.Nanosecond, 3599}, {999 * time.Millisecond, 3598}, {time.Millisecond, 3598}, {time.Minute, 3538}} {
			time.Sleep(passed.after)
			r := get(t, h, tokenKey)
			assert.Equal(t, fmt.Sprintf(`{"access_token":%q,"expires_in":%d,"token_type":"Bearer"}`, first.AccessToken, passed.left), r.body)
			assert.Equal(t, []string{"application/json"}, r.header["Content-Type"])
		}
		time.Sleep(2 * time.Hour)
		cloud.Wait()
	})
}

func TestATokenThatEndsAtOnceIsNeverSaidToHaveEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		h := handlerOf(t, cloud, metadataserver.Options{}, func(cfg *awsfed.Config) { cfg.Lifetime = time.Second })
		for range 1000 {
			left := tokenOf(t, get(t, h, tokenKey)).ExpiresIn
			require.Equal(t, 1, left)
			time.Sleep(33 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		cloud.Wait()
	})
}

func TestATokenIsEscapedInJSON(t *testing.T) {
	const odd = `a"b\c<&>d`
	cloud := awsfedtest.New(awsfedtest.Options{})
	body, err := json.Marshal(map[string]string{"accessToken": odd, "expireTime": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
	require.NoError(t, err)
	cloud.Inject(awsfedtest.Status(awsfedtest.IAMCredentials, http.StatusOK, http.Header{"Content-Type": {"application/json"}}, string(body)))
	r := get(t, handlerOf(t, cloud, metadataserver.Options{}), tokenKey)
	assert.Equal(t, odd, tokenOf(t, r).AccessToken)
	assert.Contains(t, r.body, `{"access_token":"a\"b\\c<&>d",`)
}

func TestATokenIsTheSameUnderEachName(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	h := handlerOf(t, cloud, metadataserver.Options{})
	want := tokenOf(t, get(t, h, tokenKey)).AccessToken
	for _, name := range []string{"default", appAccount, strings.Replace(appAccount, "@", "%40", 1)} {
		assert.Equal(t, want, tokenOf(t, get(t, h, accounts+"/"+name+"/token")).AccessToken, name)
		assert.Equal(t, want, tokenOf(t, get(t, h, accounts+"/"+name+"/token?alt=json&recursive=true")).AccessToken, name)
	}
	assert.Equal(t, 1, cloud.Count(awsfedtest.IAMCredentials))
}

func TestTheETagOfATokenChangesWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		h := handlerOf(t, cloud, metadataserver.Options{})
		first := get(t, h, tokenKey)
		require.Len(t, first.header["Etag"], 1)
		assert.NotContains(t, tokenOf(t, first).AccessToken, first.header.Get("ETag"))
		time.Sleep(time.Minute)
		same := get(t, h, tokenKey)
		assert.Equal(t, first.header["Etag"], same.header["Etag"], "though less is left of its life")
		assert.NotEqual(t, first.body, same.body)
		time.Sleep(time.Hour)
		assert.NotEqual(t, first.header["Etag"], get(t, h, tokenKey).header["Etag"])
		time.Sleep(2 * time.Hour)
		cloud.Wait()
	})
}

func TestAFederatedIdentityIsAnAccountWithItsToken(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	h := handlerOf(t, cloud, metadataserver.Options{}, direct)
	assert.Equal(t, fmt.Sprintf(`{"aliases":["default"],"email":%q,"scopes":[%q]}`, directEmail, scope), get(t, h, accounts+"/default/?recursive=true").body)
	byName := tokenOf(t, get(t, h, accounts+"/"+directEmail+"/token"))
	assert.Equal(t, byName.AccessToken, tokenOf(t, get(t, h, tokenKey)).AccessToken)
	access, err := cloud.Check(byName.AccessToken)
	require.NoError(t, err)
	assert.Equal(t, awsfed.FederatedToken, access.Kind)
	assert.Zero(t, cloud.Count(awsfedtest.IAMCredentials))
	assert.Equal(t, http.StatusNotFound, get(t, h, accounts+"/"+appAccount+"/token").status)
}
