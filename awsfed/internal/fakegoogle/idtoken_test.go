package fakegoogle_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

// idToken gets an ID token of the account of Options.
func idToken(t testing.TB, cloud *testCloud) string {
	t.Helper()
	response, answer := postIAM(t, cloud, federatedToken(t, cloud), appEmail+":generateIdToken", `{"audience":"https://service.example","includeEmail":true}`)
	require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
	return answer["token"].(string)
}

func TestVerifyIDToken(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*testing.T, *testCloud, string) string
		want  error
	}{
		"a good one":                {func(_ *testing.T, _ *testCloud, s string) string { return s }, nil},
		"one in its last second":    {func(_ *testing.T, c *testCloud, s string) string { c.SetClock(3599 * time.Second); return s }, nil},
		"one that has ended":        {func(_ *testing.T, c *testCloud, s string) string { c.SetClock(time.Hour); return s }, fakegoogle.ErrIDTokenExpired},
		"nothing":                   {func(*testing.T, *testCloud, string) string { return "" }, fakegoogle.ErrIDTokenMalformed},
		"an access token":           {func(t *testing.T, c *testCloud, _ string) string { return federatedToken(t, c) }, fakegoogle.ErrIDTokenMalformed},
		"one with a part too many":  {func(_ *testing.T, _ *testCloud, s string) string { return s + ".x" }, fakegoogle.ErrIDTokenMalformed},
		"one with padding":          {func(_ *testing.T, _ *testCloud, s string) string { return s + "=" }, fakegoogle.ErrIDTokenMalformed},
		"one without its signature": {func(_ *testing.T, _ *testCloud, s string) string { return s[:strings.LastIndex(s, ".")+1] }, fakegoogle.ErrIDTokenForeign},
		"one of another cloud":      {func(t *testing.T, _ *testCloud, _ string) string { return idToken(t, newCloud(fakegoogle.Options{})) }, fakegoogle.ErrIDTokenForeign},
		"one of another algorithm": {func(_ *testing.T, _ *testCloud, s string) string {
			_, rest, _ := strings.Cut(s, ".")
			return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + rest
		}, fakegoogle.ErrIDTokenForeign},
		"one that a service account signed as Google": {func(t *testing.T, c *testCloud, _ string) string {
			require.NoError(t, c.Google.Grant(appEmail, fakegoogle.RoleServiceAccountTokenCreator, c.Google.Provider().Everyone()))
			c.Google.SetUnsettled(signingByAll(c))
			return signedBy(t, c, appEmail, map[string]any{"iss": "https://accounts.google.com", "sub": "1", "exp": c.Now().Unix() + 3600})
		}, fakegoogle.ErrIDTokenForeign},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(fakegoogle.Options{})
				claims, err := cloud.Google.VerifyIDToken(test.spoil(t, cloud, idToken(t, cloud)))
				if test.want != nil {
					require.ErrorIs(t, err, test.want)
					assert.Nil(t, claims)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, appEmail, claims["email"])
				assert.Equal(t, "https://service.example", claims["aud"])
			})
		})
	}
}

// No token but the one that was signed is taken, whatever is done to its text.
func FuzzVerifyIDToken(f *testing.F) {
	cloud := newCloud(fakegoogle.Options{})
	token := idToken(f, cloud)
	parts := strings.Split(token, ".")
	for _, seed := range []string{
		token, "", "..", parts[0] + "." + parts[1] + ".", parts[0] + "." + parts[1] + "." + parts[2] + "=",
		base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","crit":null}`)) + "." + parts[1] + ".",
		"e30.e30.AA", "bnVsbA.bnVsbA.", "W10.W10.", parts[1] + "." + parts[0] + "." + parts[2],
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := cloud.Google.VerifyIDToken(text); err == nil {
			assert.Equal(t, token, text)
		}
	})
}
