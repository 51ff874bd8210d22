package awsfed_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestExchangerAsksForExactlyTheScopesThatItIsGiven(t *testing.T) {
	const readOnly = "https://www.googleapis.com/auth/devstorage.read_only"
	for name, test := range map[string]struct {
		scopes []string
		whole  bool // the token source and not the layer alone
		want   string
	}{
		"the default":               {nil, false, awsfed.CloudPlatformScope},
		"one":                       {[]string{readOnly}, false, readOnly},
		"two":                       {[]string{readOnly, "openid"}, false, readOnly + " openid"},
		"for an account, as it has": {[]string{readOnly}, true, awsfed.CloudPlatformScope},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			cfg := cloud.Config()
			cfg.Scopes = test.scopes
			var asked []string
			base := cfg.HTTPClient.Transport
			cfg.HTTPClient = &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
				if req.URL.Path == "/v1/token" {
					body, err := req.GetBody()
					require.NoError(t, err)
					form := make([]byte, req.ContentLength)
					_, err = body.Read(form)
					require.NoError(t, err)
					values, err := url.ParseQuery(string(form))
					require.NoError(t, err)
					asked = append(asked, values.Get("scope"))
				}
				return base.RoundTrip(req)
			})}
			if test.whole {
				_, err := newSource(t, cloud, func(c *awsfed.Config) { *c = cfg; c.Logger = quiet }).Token()
				require.NoError(t, err)
			} else {
				builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
				require.NoError(t, err)
				exchanger, err := awsfed.NewExchanger(cfg, builder)
				require.NoError(t, err)
				_, err = exchanger.TokenContext(t.Context())
				require.NoError(t, err)
			}
			assert.Equal(t, []string{test.want}, asked)
		})
	}
}

func TestCacheOptionsKeepTheQuotaProject(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cloud.Config())
	require.NoError(t, err)
	exchanger, err := awsfed.NewExchanger(cloud.Config(), builder)
	require.NoError(t, err)
	ts, err := awsfed.NewCachedTokenSource(exchanger, &awsfed.CacheOptions{QuotaProject: "pays", Logger: quiet})
	require.NoError(t, err)
	metadata, err := ts.GetRequestMetadata(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "pays", metadata["x-goog-user-project"])

	_, err = awsfed.NewCachedTokenSource(exchanger, &awsfed.CacheOptions{QuotaProject: "pays\r\nX-Other: 1"})
	assert.ErrorContains(t, err, "QuotaProject")
}
