package metadataserver_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

type idClaims struct {
	Aud   string
	Email string
	Exp   int64
}

// claimsOf are those of an ID token.
func claimsOf(t *testing.T, r response) (claims idClaims) {
	t.Helper()
	require.Equal(t, http.StatusOK, r.status, r.body)
	parts := strings.Split(r.body, ".")
	require.Len(t, parts, 3, "a token without a line break")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(payload, &claims))
	return claims
}

func identityOfAudience(audience string) string {
	return identityKey + "?audience=" + url.QueryEscape(audience)
}

func TestAnIDTokenIsForItsAudience(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	h := handlerOf(t, cloud, metadataserver.Options{})
	for _, audience := range []string{ofRun, ofRun + "/", "32555940559.apps.googleusercontent.com", "a&b=c", strings.Repeat("x", 2048)} {
		r := get(t, h, identityOfAudience(audience))
		claims := claimsOf(t, r)
		assert.Equal(t, audience, claims.Aud)
		assert.Equal(t, appAccount, claims.Email)
		assert.Equal(t, []string{"text/html"}, r.header["Content-Type"])
		assert.Equal(t, []string{"nosniff"}, r.header["X-Content-Type-Options"], "it is no HTML, whatever the type says")
		assert.Len(t, r.header["Etag"], 1)
		for _, more := range []string{"&format=full", "&format=standard&licenses=TRUE", "&licenses=FALSE", "&format=odd"} {
			assert.Equal(t, r.body, get(t, h, identityOfAudience(audience)+more).body, more)
		}
		assert.Equal(t, r.body, get(t, h, accounts+"/"+appAccount+"/identity?audience="+url.QueryEscape(audience)).body)
	}
	assert.Equal(t, 5, cloud.Count(awsfedtest.IAMCredentials), "one for each audience")
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
}

func TestAnIDTokenNeedsAnAudience(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	for identity, h := range map[string]*metadataserver.Handler{
		"an account":           handlerOf(t, cloud, metadataserver.Options{}),
		"a federated identity": handlerOf(t, cloud, metadataserver.Options{}, direct),
	} {
		for name, query := range map[string]string{
			"none":             "",
			"an empty one":     "?audience=",
			"another name":     "?Audience=x",
			"a blank":          "?audience=a%20b",
			"a line break":     "?audience=a%0a",
			"other letters":    "?audience=%c3%a4",
			"what is no UTF-8": "?audience=%ff",
			"one too long":     "?audience=" + strings.Repeat("x", 2049),
		} {
			assert.Equal(t, http.StatusBadRequest, get(t, h, identityKey+query).status, "%s, %s", identity, name)
		}
	}
	assert.Zero(t, cloud.Count(awsfedtest.GoogleSTS))
}

func TestAnIDTokenOfAFederatedIdentityIsNotThere(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	h := handlerOf(t, cloud, metadataserver.Options{}, direct)
	r := get(t, h, identityKey+"?audience=x")
	assert.Equal(t, http.StatusNotFound, r.status)
	assert.Contains(t, r.body, "service accounts alone")
	assert.Zero(t, cloud.Count(awsfedtest.GoogleSTS))
}

func TestAudiencesAreBounded(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	h := handlerOf(t, cloud, metadataserver.Options{})
	ask := func(i int) { require.Equal(t, http.StatusOK, get(t, h, identityOfAudience(fmt.Sprint(i))).status) }
	for range 2 {
		for i := range 256 {
			ask(i)
		}
	}
	require.Equal(t, 256, cloud.Count(awsfedtest.IAMCredentials), "256 are kept")
	ask(256)
	ask(1)
	require.Equal(t, 257, cloud.Count(awsfedtest.IAMCredentials))
	ask(0)
	require.Equal(t, 258, cloud.Count(awsfedtest.IAMCredentials), "it made room")
}

func TestAnIDTokenIsReplacedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		h := handlerOf(t, cloud, metadataserver.Options{})
		for range 6 * 60 {
			left := time.Until(time.Unix(claimsOf(t, get(t, h, identityOfAudience(ofRun))).Exp, 0))
			require.Greater(t, left, 5*time.Minute)
			time.Sleep(time.Minute)
		}
		time.Sleep(2 * time.Hour)
		cloud.Wait()
	})
}
