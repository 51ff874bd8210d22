package awsfedtest_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestClientsFindTheirProject(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{ProjectNumber: "123456789", ProjectID: "other"})
	token, err := fetch(t.Context(), cloud.Config())
	require.NoError(t, err)
	server, err := cloud.Start()
	require.NoError(t, err)
	defer server.Close()
	cloud.ResetRequests()
	for url, client := range map[string]*http.Client{
		"https://cloudresourcemanager.googleapis.com/v1/projects/123456789": cloud.Client(),
		server.URL + "/v1/projects/123456789":                               http.DefaultClient,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		require.NoError(t, err)
		token.SetAuthHeader(r)
		response, err := client.Do(r)
		require.NoError(t, err)
		var project struct {
			ID string `json:"projectId"`
		}
		require.NoError(t, json.NewDecoder(response.Body).Decode(&project))
		require.NoError(t, response.Body.Close())
		assert.Equal(t, "other", project.ID, url)
	}
	assert.Equal(t, 2, cloud.Count(awsfedtest.ResourceManager))
	for _, request := range cloud.Requests() {
		assert.Equal(t, "GetProject", request.Action)
	}
}
