package awsfedtest_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestClientOfAServiceUnderTestRunsInABubbleAsAWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Handle("storage.googleapis.com", cloud.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			access, _ := awsfedtest.AccessFrom(r.Context())
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s sent %s to %s", access.Principal, body, r.URL.Path)
		})))
		source, err := awsfed.NewTokenSource(t.Context(), cloud.Config())
		require.NoError(t, err)
		client := &http.Client{Transport: &awsfed.Transport{Source: source, Base: cloud.Client().Transport}}

		resp, err := client.Post("https://storage.googleapis.com:443/upload", "text/plain", http.NoBody)
		require.NoError(t, err)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.Equal(t, "aws-app@my-project.iam.gserviceaccount.com sent  to /upload", string(text))

		resp, err = cloud.Client().Get("https://storage.googleapis.com/upload")
		require.NoError(t, err)
		assert.Equal(t, http.StatusUnauthorized, resp.StatusCode, "nobody's request")

		cloud.Handle("storage.googleapis.com", nil)
		_, err = cloud.Client().Get("https://storage.googleapis.com/upload")
		assert.ErrorContains(t, err, "storage.googleapis.com")
	})
}
