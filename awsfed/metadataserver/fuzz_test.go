package metadataserver_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

// FuzzRequest asks for any target by any method with any header, as a client on this machine.
func FuzzRequest(f *testing.F) {
	for _, target := range []string{"/", "/computeMetadata", v1, v1 + "/", v1 + "/?recursive=true", v1 + "/?recursive=1&alt=text", v1 + "/project/?alt=json", project, project + "/",
		project + waiting + "&last_etag=0", project + waiting + "&timeout_sec=0", accounts, accounts + "/default/", accounts + "/default?recursive=true", tokenKey, tokenKey + "?scopes=" + scope,
		tokenKey + "?scopes=a,,b", tokenKey + "?scopes=%22", tokenKey + "?alt=json", identityKey, identityKey + "?audience=x&format=full", identityKey + "?audience=%0a", accounts + "/" + appAccount + "/token",
		accounts + "/aws-app%40my-project.iam.gserviceaccount.com/token", accounts + "/default%2ftoken", v1 + "//", v1 + "/..", v1 + "/%2e%2e/", "//", "/healthz", "/%00", "/a;b?c;d", "*", "/?%zz"} {
		f.Add(http.MethodGet, target, "Google")
	}
	f.Add(http.MethodHead, tokenKey, "Google")
	f.Add(http.MethodPost, tokenKey, "Google")
	f.Add(http.MethodGet, tokenKey, "google")
	f.Add(http.MethodOptions, "*", "Google")

	cloud := awsfedtest.New(awsfedtest.Options{})
	known := &secrets{}
	h := handlerOf(f, cloud, metadataserver.Options{}, known.watch)
	require.NoError(f, h.Warm(f.Context()))
	f.Fuzz(func(t *testing.T, method, target, flavor string) {
		request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1:8988\r\nMetadata-Flavor: " + flavor + "\r\n\r\n")))
		if err != nil {
			t.Skip("no request")
		}
		like := requestFor(t.Context(), http.MethodGet, "/")
		request.RemoteAddr = like.RemoteAddr
		ctx, leave := context.WithCancel(like.Context())
		defer leave()
		if request.URL.Query().Has("wait_for_change") {
			leave() // or it waits until there is another token
		}
		request = request.WithContext(ctx)
		recorder := httptest.NewRecorder()
		h.ServeHTTP(recorder, request)
		header, body := recorder.Header(), recorder.Body.String()

		require.Contains(t, []int{200, 301, 400, 403, 404, 405, 503}, recorder.Code)
		require.Equal(t, []string{"Google"}, header["Metadata-Flavor"])
		require.Equal(t, []string{"Metadata Server for VM"}, header["Server"])
		require.Len(t, header["Content-Length"], 1)
		if request.Method != http.MethodHead {
			require.Equal(t, []string{strconv.Itoa(len(body))}, header["Content-Length"])
		} else {
			require.Empty(t, body)
		}
		for name, values := range header {
			require.Len(t, values, 1, name)
			require.NotContains(t, values[0], "\n", name)
			require.NotContains(t, values[0], "\r", name)
		}
		if recorder.Code != http.StatusOK {
			require.Equal(t, []string{html}, header["Content-Type"])
			require.NotContains(t, header, "ETag")
			if request.Method != http.MethodHead {
				require.Equal(t, 1, strings.Count(body, "\n"))
			}
			known.requireNone(t, body)
			if recorder.Code == http.StatusMovedPermanently {
				require.True(t, strings.HasPrefix(header["Location"][0], "http://127.0.0.1:8988/computeMetadata"), header["Location"])
			}
			return
		}
		require.Equal(t, "Google", request.Header.Get("Metadata-Flavor"))
		require.Contains(t, []string{http.MethodGet, http.MethodHead}, request.Method)
		require.Contains(t, header, "ETag")
		require.Contains(t, []string{"application/text", "application/json", "text/html"}, header["Content-Type"][0])
		tokens := []string{tokenKey, identityKey, accounts + "/" + appAccount + "/token", accounts + "/" + appAccount + "/identity"}
		if !slices.Contains(tokens, request.URL.Path) {
			known.requireNone(t, body)
		}
		if header["Content-Type"][0] == "application/json" && request.Method != http.MethodHead {
			require.True(t, json.Valid([]byte(body)), body)
		}
	})
}
