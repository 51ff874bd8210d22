package awsfedtest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestVersion1OfEC2MetadataIsOffUntilItIsSwitchedOn(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ask := func() (status int, body string) {
		response, b, err := get(t.Context(), cloud.Client(), "http://169.254.169.254/latest/meta-data/placement/region")
		require.NoError(t, err)
		return response.StatusCode, b
	}
	status, _ := ask()
	assert.Equal(t, http.StatusUnauthorized, status)
	cloud.SetIMDSv1(true)
	status, body := ask()
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "us-east-1", body)
	cloud.SetIMDSv1(false)
	status, _ = ask()
	assert.Equal(t, http.StatusUnauthorized, status)
}
