package fakegoogle_test

import (
	"cmp"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

func TestLifetimesOfAccessTokens(t *testing.T) {
	const (
		zero    = "Lifetime of access token must be larger then zero."
		tooLong = "Access tokens for service account " + appEmail + " can not have lifetimes of more than 1 hour. Use the Org Policy Constraint constraints/iam.allowServiceAccountCredentialLifetimeExtension to allow up to 12 hours."
	)
	for name, test := range map[string]struct {
		lifetime string // JSON
		extended bool
		minimum  time.Duration
		want     time.Duration // 0: refused
		message  string        // of a refusal; default: the general one
	}{
		"an hour if nothing is said":               {lifetime: "null", want: time.Hour},
		"an hour":                                  {lifetime: `"3600s"`, want: time.Hour},
		"a fraction of a second":                   {lifetime: `"1800.5s"`, want: 1800 * time.Second},
		"more than an hour":                        {lifetime: `"3601s"`, message: tooLong},
		"a fraction more than an hour":             {lifetime: `"3600.000000001s"`, message: tooLong},
		"more than 12 hours without the extension": {lifetime: `"43201s"`, message: tooLong},
		"12 hours with the extension":              {lifetime: `"43200s"`, extended: true, want: 12 * time.Hour},
		"more than 12 hours":                       {lifetime: `"43201s"`, extended: true},
		"none":                                     {lifetime: `"0s"`, message: zero},
		"none in nanoseconds":                      {lifetime: `"0.000000000s"`, message: zero},
		"none, spelled as a negative one":          {lifetime: `"-0s"`, message: zero},
		"none where a minimum is set":              {lifetime: `"0s"`, minimum: 10 * time.Minute, message: zero},
		"a second":                                 {lifetime: `"1s"`, want: time.Second},
		"a negative one":                           {lifetime: `"-60s"`},
		"one without a unit":                       {lifetime: `"3600"`},
		"one of Go's":                              {lifetime: `"1h"`},
		"ten digits after the point":               {lifetime: `"1.0000000001s"`},
		"a number":                                 {lifetime: `3600`},
		"one below a minimum that is set":          {lifetime: `"599s"`, minimum: 10 * time.Minute},
		"one of the minimum that is set":           {lifetime: `"600s"`, minimum: 10 * time.Minute, want: 10 * time.Minute},
		"a minute, where no minimum is set":        {lifetime: `"60s"`, want: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := newCloud(fakegoogle.Options{})
				require.NoError(t, cloud.Google.UpdateServiceAccount(appEmail, func(sa *fakegoogle.ServiceAccount) { sa.ExtendedLifetime = test.extended }))
				u := cloud.Google.Unsettled()
				u.MinLifetime = test.minimum
				cloud.Google.SetUnsettled(u)
				body := `{"scope":["` + cloudPlatform + `"],"lifetime":` + test.lifetime + `}`
				response, answer := postIAM(t, cloud, federatedToken(t, cloud), appEmail+":generateAccessToken", body)
				if test.want == 0 {
					assert.Equal(t, http.StatusBadRequest, response.StatusCode)
					message := cmp.Or(test.message, "Request contains an invalid argument.")
					assert.Equal(t, map[string]any{"error": map[string]any{"code": 400.0, "message": message, "status": "INVALID_ARGUMENT"}}, answer)
					return
				}
				require.Equal(t, http.StatusOK, response.StatusCode, "%v", answer)
				access, err := cloud.Google.Check(answer["accessToken"].(string))
				require.NoError(t, err)
				assert.Equal(t, cloud.Now().Add(test.want).UTC(), access.Expires)
			})
		})
	}
}
