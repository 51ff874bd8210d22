package metadataserver_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

const ofRun = "https://service.run.app"

// statusOf is what a failure is by the library's own error, where denied is the status for one that
// lasts.
func statusOf(err error, denied int) int {
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, awsfed.ErrTransient):
		return http.StatusServiceUnavailable
	}
	return denied
}

func TestEveryFaultHasTheStatusThatClientsExpect(t *testing.T) {
	seen := map[string]map[int]int{"token": {}, "identity": {}}
	watched := 0
	for _, fault := range awsfedtest.Faults() {
		for _, key := range []struct {
			name, target string
			denied       int
			source       func(context.Context, awsfed.Config) (*awsfed.TokenSource, error)
		}{
			{"token", tokenKey, http.StatusForbidden, awsfed.NewTokenSource},
			{"identity", identityKey + "?audience=" + ofRun, http.StatusNotFound, func(ctx context.Context, cfg awsfed.Config) (*awsfed.TokenSource, error) {
				return awsfed.NewIDTokenSource(ctx, cfg, ofRun)
			}},
		} {
			t.Run(fault.Name+" at "+key.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cloud := awsfedtest.New(awsfedtest.Options{})
					fault.Inject(cloud)
					source, err := key.source(t.Context(), identityOf(cloud))
					require.NoError(t, err)
					_, err = source.TokenContext(t.Context())
					cloud.Wait()

					again := awsfedtest.New(awsfedtest.Options{})
					fault.Inject(again)
					secrets := &secrets{}
					h := handlerOf(t, again, metadataserver.Options{}, secrets.watch)
					r := get(t, h, key.target)
					again.Wait()

					want := statusOf(err, key.denied)
					seen[key.name][want]++
					watched += len(secrets.found)
					require.Equal(t, want, r.status, "%v\n%s", err, r.body)
					require.Equal(t, []string{"Google"}, r.header["Metadata-Flavor"])
					if err == nil {
						return
					}
					secrets.requireNone(t, r.body)
					assert.Equal(t, 1, strings.Count(r.body, "\n"), r.body)
					assert.NotContains(t, strings.TrimSuffix(r.body, "\n"), "\r")
					assert.NotContains(t, r.body, "<")
					assert.NotContains(t, r.body, ">")
					var failure *awsfed.Error
					if require.ErrorAs(t, err, &failure); failure.Hint != "" {
						assert.Contains(t, r.body, "; hint: ")
					}
				})
			})
		}
	}
	assert.NotZero(t, watched, "secrets that an error might have had")
	for key, statuses := range seen {
		for _, status := range []int{http.StatusOK, http.StatusServiceUnavailable} {
			assert.NotZero(t, statuses[status], "%s: %d", key, status)
		}
	}
	assert.NotZero(t, seen["token"][http.StatusForbidden])
	assert.NotZero(t, seen["identity"][http.StatusNotFound])
}

func TestWhatGoogleSaysIsNoHTML(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cloud.Inject(awsfedtest.Status(awsfedtest.IAMCredentials, http.StatusForbidden, http.Header{"Content-Type": {"application/json"}},
		`{"error":{"code":403,"status":"PERMISSION_DENIED","message":"<script>alert(1)</script> & more\r\nX: y"}}`))
	r := get(t, handlerOf(t, cloud, metadataserver.Options{}), tokenKey)
	assert.Equal(t, http.StatusForbidden, r.status)
	assert.Contains(t, r.body, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more")
	assert.Equal(t, 1, strings.Count(r.body, "\n"))
	assert.NotContains(t, r.body, "\r")
}

func TestATransientFailureIsOverWhenGoogleIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		h := handlerOf(t, cloud, metadataserver.Options{})
		undo := cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS))
		assert.Equal(t, http.StatusServiceUnavailable, get(t, h, tokenKey).status)
		assert.Equal(t, http.StatusServiceUnavailable, get(t, h, tokenKey).status, "at once by now")
		undo()
		time.Sleep(10 * time.Second)
		assert.Equal(t, http.StatusOK, get(t, h, tokenKey).status)
		cloud.Wait()
	})
}

func TestAClientThatLeavesLeavesTheRefreshToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleSTS, 2*time.Second))
		h := handlerOf(t, cloud, metadataserver.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.Equal(t, http.StatusServiceUnavailable, getWithin(ctx, h, tokenKey).status)
		time.Sleep(2 * time.Second)
		assert.Equal(t, http.StatusOK, get(t, h, tokenKey).status)
		assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
		cloud.Wait()
	})
}
