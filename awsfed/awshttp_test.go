package awsfed_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestAWSChainRefusesRedirectsOfItsSources(t *testing.T) {
	for source := range remoteSources {
		for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
			t.Run(fmt.Sprintf("%s, %d", source, status), func(t *testing.T) {
				var elsewhere atomic.Int32
				thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					elsewhere.Add(1)
					http.NotFound(w, r)
				}))
				defer thief.Close()
				lead(t, source, func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, thief.URL+r.URL.Path, status)
				})
				err := attempt(t)
				assert.Zero(t, elsewhere.Load(), "requests that followed")
				assert.ErrorIs(t, err, awsfed.ErrMisconfigured)
				var e *awsfed.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, awsfed.StageCredentials, e.Stage)
				assert.Equal(t, "Redirect", e.Code)
				assert.Equal(t, status, e.StatusCode)
				assert.Contains(t, e.Hint, "do not redirect")
			})
		}
	}
}

func TestAWSChainBoundsTheAnswersOfItsSources(t *testing.T) {
	const (
		size    = 64 << 20
		buffers = 24 << 20 // of two sockets, and what the reader took
	)
	block := []byte(strings.Repeat(" ", 64<<10))
	for source := range remoteSources {
		for name, status := range map[string]int{"an answer": http.StatusOK, "a refusal": http.StatusForbidden} {
			t.Run(source+", "+name, func(t *testing.T) {
				var (
					mu      sync.Mutex
					largest int
				)
				lead(t, source, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(status)
					sent := 0
					for sent < size {
						n, err := w.Write(block)
						if sent += n; err != nil {
							break
						}
					}
					mu.Lock()
					defer mu.Unlock()
					largest = max(largest, sent)
				})
				err := attempt(t)
				assert.Error(t, err)
				assert.NotErrorIs(t, err, context.DeadlineExceeded)
				mu.Lock()
				defer mu.Unlock()
				assert.Less(t, largest, buffers, "bytes that were read of one answer")
			})
		}
	}
}

func TestAWSChainBoundsTheHeadersOfItsSources(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	for _, source := range []awsfedtest.CredentialSource{awsfedtest.SourceEC2Metadata, awsfedtest.SourceECS, awsfedtest.SourceIRSA} {
		t.Run(string(source), func(t *testing.T) {
			emulator := serve(t, cloud, source)
			require.NoError(t, attempt(t), "without the header")
			wasteful := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Padding", strings.Repeat("x", 128<<10))
				cloud.ServeHTTP(w, r)
			}))
			defer wasteful.Close()
			for _, name := range []string{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_ENDPOINT_URL_STS"} {
				t.Setenv(name, strings.ReplaceAll(os.Getenv(name), emulator.URL, wasteful.URL))
			}
			assert.Error(t, attempt(t))
		})
	}
}

// The bundle needs a client that the AWS SDK can change.
func TestAWSChainTrustsTheCABundle(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	for name, trusted := range map[string]bool{"with the bundle": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			serve(t, cloud, awsfedtest.SourceIRSA)
			server := httptest.NewUnstartedServer(cloud)
			server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes
			server.StartTLS()
			defer server.Close()
			t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
			if trusted {
				t.Setenv("AWS_CA_BUNDLE", writeFile(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))))
			}
			err := attempt(t)
			assert.Equal(t, trusted, err == nil, err)
		})
	}
}

// Within the five seconds that the SDK gives a question, a client with long timeouts sends one
// request.
func TestEC2MetadataKeepsTheShortTimeoutsOfTheAWSSDK(t *testing.T) {
	for name, bundle := range map[string]bool{"as it is": false, "with AWS_CA_BUNDLE": true} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			lead(t, "EC2 metadata", func(_ http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				<-r.Context().Done()
			})
			if bundle {
				server := httptest.NewTLSServer(nil)
				defer server.Close()
				t.Setenv("AWS_CA_BUNDLE", writeFile(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))))
			}
			assert.Error(t, attempt(t))
			assert.GreaterOrEqual(t, requests.Load(), int32(3))
		})
	}
}

// The AWS SDK's cache asks an endpoint under a ctx without a deadline, and everybody waits for that
// one request.
func TestAWSChainAsksAnEndpointAgainThatHangsOnce(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	emulator := serve(t, cloud, awsfedtest.SourceECS)
	var requests atomic.Int32
	over := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) == 1 {
			select {
			case <-r.Context().Done():
			case <-over:
			}
			return
		}
		cloud.ServeHTTP(w, r)
	}))
	defer hanging.Close()
	defer close(over)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", strings.ReplaceAll(os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"), emulator.URL, hanging.URL))
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), awsfed.Config{Audience: testAudience, Logger: quiet})
	require.NoError(t, err)
	impatient, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = builder.SubjectToken(impatient)
	assert.ErrorIs(t, err, awsfed.ErrTransient)

	patient, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = builder.SubjectToken(patient)
	assert.NoError(t, err)
}

// The AWS SDK takes some of these for credentials, and panics where nobody can recover.
func TestAWSChainAnswerWithoutCredentialsIsAnErrorAndEndsNoProcess(t *testing.T) {
	for source, bodies := range map[string][]string{
		"the endpoint of a task or pod": {"null", "{}", "[]", "", `"text"`},
		"EC2 metadata":                  {"null", "{}", ""},
		"SSO":                           {"null", "{}", "", `{"roleCredentials": null}`, `{"roleCredentials": {}}`},
		"a web identity": {"", "<AssumeRoleWithWebIdentityResponse/>",
			"<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult/></AssumeRoleWithWebIdentityResponse>"},
	} {
		for _, body := range bodies {
			t.Run(source+", "+body, func(t *testing.T) {
				lead(t, source, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
					_, _ = io.WriteString(w, body)
				})
				var e *awsfed.Error
				if err := attempt(t); assert.ErrorAs(t, err, &e) {
					assert.Equal(t, awsfed.StageCredentials, e.Stage, err)
				}
			})
		}
	}
}

func TestAWSChainRefusalThatIsNullIsAnErrorAndEndsNoProcess(t *testing.T) {
	for source := range remoteSources {
		t.Run(source, func(t *testing.T) {
			lead(t, source, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, "null")
			})
			var e *awsfed.Error
			if err := attempt(t); assert.ErrorAs(t, err, &e) {
				assert.Equal(t, awsfed.StageCredentials, e.Stage, err)
			}
		})
	}
}
