package metadataserver_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

// silent is a network in which nobody answers.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestKeysByWhichClientsFindTheServerNeedNobody(t *testing.T) {
	for name, change := range map[string]func(*awsfed.Config){
		"Google is silent": func(cfg *awsfed.Config) { cfg.HTTPClient = &http.Client{Transport: silent{}} },
		"AWS is silent": func(cfg *awsfed.Config) {
			cfg.Credentials = aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
				<-ctx.Done()
				return aws.Credentials{}, ctx.Err()
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				start := time.Now()
				h := handlerOf(t, cloud, metadataserver.Options{Zone: "europe-west1-b"}, change)
				waited := make(chan response)
				go func() { waited <- getWithin(t.Context(), h, tokenKey) }()
				synctest.Wait()
				for _, target := range []string{"/", "/computeMetadata/", v1 + "/", v1 + "/?recursive=true", v1 + "/project/project-id",
					v1 + "/project/numeric-project-id", v1 + "/universe/universe-domain", v1 + "/instance/", v1 + "/instance/zone",
					accounts + "/", accounts + "/?recursive=true", accounts + "/default/", accounts + "/default/?recursive=true",
					accounts + "/default/email", accounts + "/default/scopes", accounts + "/" + appAccount + "/?recursive=true"} {
					assert.Equal(t, http.StatusOK, get(t, h, target).status, target)
				}
				assert.Equal(t, http.StatusMovedPermanently, get(t, h, v1+"/instance").status)
				assert.Equal(t, http.StatusNotFound, get(t, h, v1+"/universe/universe_domain").status)
				assert.Equal(t, http.StatusServiceUnavailable, get(t, h, "/healthz").status)
				assert.Equal(t, http.StatusBadRequest, get(t, h, identityKey).status)
				metrics := httptest.NewRecorder()
				h.Metrics().ServeHTTP(metrics, requestFor(t.Context(), http.MethodGet, "/metrics"))
				assert.Equal(t, awsfed.TokenNone, h.Status().Token)
				assert.Zero(t, time.Since(start), "at once")

				r := <-waited
				assert.Equal(t, http.StatusServiceUnavailable, r.status)
				require.LessOrEqual(t, time.Since(start), 31*time.Second, "the Timeout")
				time.Sleep(time.Hour)
				cloud.Wait()
			})
		})
	}
}
