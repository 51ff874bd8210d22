package awsfedtest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// urls has a URL of every endpoint.
var urls = map[awsfedtest.Endpoint]string{
	awsfedtest.AWSSTS:               "https://sts.amazonaws.com/",
	awsfedtest.AWSIssuer:            "https://id.tokens.sts.global.api.aws/",
	awsfedtest.EC2Metadata:          "http://169.254.169.254/latest/",
	awsfedtest.ContainerCredentials: "http://169.254.170.2/container/ecs/app",
	awsfedtest.GoogleSTS:            "https://sts.googleapis.com/v1/token",
	awsfedtest.IAMCredentials:       "https://iamcredentials.googleapis.com/v1/",
	awsfedtest.ResourceManager:      "https://cloudresourcemanager.googleapis.com/v1/projects/my-project",
	awsfedtest.GoogleOAuth:          "https://oauth2.googleapis.com/token",
	awsfedtest.GoogleKeys:           keysURL,
}

func TestFaultBodiesHaveTheFormOfTheService(t *testing.T) {
	for endpoint, want := range map[awsfedtest.Endpoint][2]string{
		awsfedtest.AWSSTS:          {"text/xml", "<ErrorResponse"},
		awsfedtest.GoogleSTS:       {"application/json", `{"error":"`},
		awsfedtest.GoogleOAuth:     {"application/json", `{"error":"`},
		awsfedtest.IAMCredentials:  {"application/json", `"status":`},
		awsfedtest.ResourceManager: {"application/json", `"status":`},
	} {
		for _, fault := range []awsfedtest.Fault{awsfedtest.TooManyRequests(endpoint, 0), awsfedtest.Unavailable(endpoint)} {
			cloud := awsfedtest.New(awsfedtest.Options{})
			cloud.Inject(fault)
			response, body, err := get(t.Context(), cloud.Client(), urls[endpoint])
			require.NoError(t, err)
			assert.Contains(t, response.Header.Get("Content-Type"), want[0], endpoint)
			assert.Contains(t, body, want[1], endpoint)
		}
	}
}

func TestFaultThrottlesAnyEndpoint(t *testing.T) {
	for endpoint, url := range urls {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.TooManyRequests(endpoint, time.Second))
		response, body, err := get(t.Context(), cloud.Client(), url)
		require.NoError(t, err)
		if endpoint == awsfedtest.AWSSTS { // as AWS does
			assert.Equal(t, http.StatusBadRequest, response.StatusCode)
			assert.Contains(t, body, "<Code>Throttling</Code>")
			assert.Contains(t, body, "<Message>Rate exceeded</Message>")
		} else {
			assert.Equal(t, http.StatusTooManyRequests, response.StatusCode, endpoint)
		}
		assert.Equal(t, "1", response.Header.Get("Retry-After"), endpoint)
	}
}
