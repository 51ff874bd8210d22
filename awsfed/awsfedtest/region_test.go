package awsfedtest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestARegionThatAWSDoesNotHaveHasNoSTS(t *testing.T) {
	const query = "/?Action=GetCallerIdentity&Version=2011-06-15"

	t.Run("in the process there is no such host", func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		_, _, err := get(t.Context(), cloud.Client(), "https://sts.eu-west-9.amazonaws.com"+query)
		require.ErrorContains(t, err, `the emulator plays no host "sts.eu-west-9.amazonaws.com"`)
		_, _, err = get(t.Context(), cloud.Client(), "https://sts-fips.eu-west-1.amazonaws.com"+query)
		require.ErrorContains(t, err, `the emulator plays no host "sts-fips.eu-west-1.amazonaws.com"`)
	})

	t.Run("a server that stands for the name does not know it", func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		server, client := start(t, cloud)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+query, nil)
		require.NoError(t, err)
		r.Host = "sts.eu-west-9.amazonaws.com"
		response, err := client.Do(r)
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, http.StatusNotFound, response.StatusCode)
		assert.Empty(t, cloud.Requests()[0].Endpoint)
	})

	t.Run("Google takes it for no host of AWS", func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		config := cloud.Config()
		config.Region = "eu-west-9"
		source, err := awsfed.NewTokenSource(t.Context(), config)
		require.NoError(t, err)
		_, err = source.TokenContext(t.Context())
		require.ErrorContains(t, err, "is not AWS STS")
		assert.Zero(t, cloud.Count(awsfedtest.AWSSTS))
	})

	t.Run("no signature is good for it on loopback", func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{Region: "eu-west-9"})
		config := cloud.Config()
		config.VerificationURL = "http://127.0.0.1:8085" + query
		source, err := awsfed.NewTokenSource(t.Context(), config)
		require.NoError(t, err)
		_, err = source.TokenContext(t.Context())
		require.ErrorContains(t, err, "of type SignatureDoesNotMatch with error message: Credential should be")
	})
}
