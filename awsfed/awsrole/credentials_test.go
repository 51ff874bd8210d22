package awsrole_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/awsrole"
)

func TestAServiceAccountHasTheCredentialsOfARole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(t, awsfedtest.GoogleTrust{Subject: uniqueID, Audience: uniqueID, OriginalAudience: audience})
		defer cloud.Wait()
		credentials, err := awsrole.NewCredentials(googleTokens(t, cloud, audience), awsrole.Options{
			RoleARN: roleARN, SessionName: "billing", Duration: 15 * time.Minute, Client: stsOf(cloud, aws.AnonymousCredentials{}),
		})
		require.NoError(t, err)
		client := stsOf(cloud, credentials)
		for range 3 {
			who, err := client.GetCallerIdentity(t.Context(), nil)
			require.NoError(t, err)
			assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/from-google/billing", *who.Arn)
		}
		assumed := 0
		for _, r := range cloud.Requests() {
			if r.Action == "AssumeRoleWithWebIdentity" {
				assumed++
			}
		}
		assert.Equal(t, 1, assumed, "the cache has the credentials")

		got, err := credentials.Retrieve(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "123456789012", got.AccountID)
		assert.Equal(t, "awsrole", got.Source)
		assert.True(t, got.CanExpire)
		assert.WithinRange(t, got.Expires, time.Now().Add(9*time.Minute-time.Second), time.Now().Add(11*time.Minute), "they end early")
		assert.Equal(t, []aws.CredentialSource{aws.CredentialSourceSTSAssumeRoleWebID}, credentials.ProviderSources())

		time.Sleep(12 * time.Minute)
		next, err := credentials.Retrieve(t.Context())
		require.NoError(t, err)
		assert.NotEqual(t, got.AccessKeyID, next.AccessKeyID)
	})
}

func TestTheHintNamesTheConditionsThatTheTokenMatches(t *testing.T) {
	for _, test := range []struct {
		name     string
		trust    []awsfedtest.GoogleTrust
		audience string
	}{
		{"a role that trusts nobody", nil, audience},
		{"a role that trusts somebody else", []awsfedtest.GoogleTrust{{Subject: "1"}}, audience},
		{"a token for another audience", []awsfedtest.GoogleTrust{{Subject: uniqueID, OriginalAudience: audience}}, "https://other.example"},
		{"a policy that has the audience for aud", []awsfedtest.GoogleTrust{{Subject: uniqueID, Audience: audience}}, audience},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud := newCloud(t, test.trust...)
			tokens := googleTokens(t, cloud, test.audience)
			var sent string
			recording := sourceFunc(func(ctx context.Context) (*oauth2.Token, error) {
				token, err := tokens.TokenContext(ctx)
				if err == nil {
					sent = token.AccessToken
				}
				return token, err
			})
			credentials, err := awsrole.NewCredentials(recording, awsrole.Options{RoleARN: roleARN, Client: stsOf(cloud, nil)})
			require.NoError(t, err)
			_, err = credentials.Retrieve(t.Context())
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, awsrole.StageAssumeRole, e.Stage)
			assert.Equal(t, 403, e.StatusCode)
			assert.Equal(t, "AccessDenied", e.Code)
			assert.NotEmpty(t, e.RequestID)
			assert.False(t, e.Transient)
			require.ErrorIs(t, err, awsfed.ErrMisconfigured)
			assert.Contains(t, e.Hint, "the trust policy of "+roleARN)
			assert.Contains(t, e.Hint, `accounts.google.com:sub = "`+uniqueID+`", accounts.google.com:aud = "`+uniqueID+`", accounts.google.com:oaud = "`+test.audience+`"`)
			assert.ErrorContains(t, err, "Not authorized to perform sts:AssumeRoleWithWebIdentity; hint: the trust policy of "+roleARN)
			assertHidden(t, err, sent)
		})
	}
}

func TestTheSourceIsAskedWithACtxThatEnds(t *testing.T) {
	type key struct{}
	var count atomic.Int64
	credentials, err := awsrole.NewCredentials(sourceFunc(func(ctx context.Context) (*oauth2.Token, error) {
		assert.Equal(t, "mine", ctx.Value(key{}))
		_, ends := ctx.Deadline()
		assert.True(t, ends)
		return &oauth2.Token{AccessToken: jwt(claims)}, nil
	}), awsrole.Options{RoleARN: roleARN, Client: granting(&count)})
	require.NoError(t, err)
	_, err = credentials.Retrieve(context.WithValue(t.Context(), key{}, "mine"))
	require.NoError(t, err)
}

func TestWhatIsAskedOfAWS(t *testing.T) {
	for _, test := range []struct {
		name    string
		options awsrole.Options
		session string
		seconds *int32
	}{
		{"the defaults", awsrole.Options{}, "awsfed", nil},
		{"all of it", awsrole.Options{SessionName: "x@y", Duration: 12 * time.Hour}, "x@y", aws.Int32(43200)},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.RoleARN = roleARN
			test.options.Client = clientFunc(func(_ context.Context, in *sts.AssumeRoleWithWebIdentityInput) (*sts.AssumeRoleWithWebIdentityOutput, error) {
				assert.Equal(t, &sts.AssumeRoleWithWebIdentityInput{
					RoleArn: aws.String(roleARN), RoleSessionName: &test.session, WebIdentityToken: aws.String(jwt(claims)), DurationSeconds: test.seconds,
				}, in)
				return &sts.AssumeRoleWithWebIdentityOutput{Credentials: keys(time.Now().Add(time.Hour))}, nil
			})
			credentials, err := awsrole.NewCredentials(always(jwt(claims)), test.options)
			require.NoError(t, err)
			_, err = credentials.Retrieve(t.Context())
			require.NoError(t, err)
		})
	}
}

func TestGoodCredentialsOutliveAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var count atomic.Int64
		down := false
		credentials, err := awsrole.NewCredentials(plainFunc(func() (*oauth2.Token, error) {
			if down {
				return nil, errors.New("the metadata server is down")
			}
			return &oauth2.Token{AccessToken: jwt(claims)}, nil
		}), awsrole.Options{RoleARN: roleARN, Client: granting(&count)})
		require.NoError(t, err)
		retrieve := func() error {
			got, err := credentials.Retrieve(t.Context())
			assert.Equal(t, err == nil, got.HasKeys())
			return err
		}
		require.NoError(t, retrieve())
		time.Sleep(53 * time.Minute)
		require.NoError(t, retrieve())
		assert.EqualValues(t, 1, count.Load())

		down = true
		time.Sleep(4 * time.Minute) // to 57 minutes, when a refresh is due
		require.NoError(t, retrieve())
		time.Sleep(3*time.Minute - time.Nanosecond)
		require.NoError(t, retrieve(), "they have a nanosecond left")
		time.Sleep(time.Nanosecond)
		require.ErrorContains(t, retrieve(), "the metadata server is down")
		down = false
		require.NoError(t, retrieve())
		assert.EqualValues(t, 2, count.Load())

		down = true
		credentials.Invalidate()
		require.Error(t, retrieve(), "those that were dropped do not come back")
	})
}

func TestDeploymentsDoNotRefreshInStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ends := make(map[time.Time]bool)
		for range 50 {
			var count atomic.Int64
			credentials, err := awsrole.NewCredentials(always(jwt(claims)), awsrole.Options{RoleARN: roleARN, Client: granting(&count)})
			require.NoError(t, err)
			got, err := credentials.Retrieve(t.Context())
			require.NoError(t, err)
			assert.WithinRange(t, got.Expires, time.Now().Add(54*time.Minute), time.Now().Add(56*time.Minute))
			ends[got.Expires] = true
		}
		assert.Greater(t, len(ends), 10)
	})
}

func TestCodeThatHangsIsLeftBehind(t *testing.T) {
	for _, test := range []struct {
		name    string
		source  func(hang chan struct{}) oauth2.TokenSource
		client  func(hang chan struct{}) awsrole.AssumeRoleClient
		expects awsfed.Stage
	}{
		{
			"a source",
			func(hang chan struct{}) oauth2.TokenSource {
				return plainFunc(func() (*oauth2.Token, error) { <-hang; return nil, errors.New("late") })
			},
			func(chan struct{}) awsrole.AssumeRoleClient { return granting(new(atomic.Int64)) },
			awsrole.StageIDToken,
		},
		{
			"a client",
			func(chan struct{}) oauth2.TokenSource { return always(jwt(claims)) },
			func(hang chan struct{}) awsrole.AssumeRoleClient {
				return clientFunc(func(context.Context, *sts.AssumeRoleWithWebIdentityInput) (*sts.AssumeRoleWithWebIdentityOutput, error) {
					<-hang
					return nil, errors.New("late")
				})
			},
			awsrole.StageAssumeRole,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hang := make(chan struct{})
				defer close(hang)
				credentials, err := awsrole.NewCredentials(test.source(hang), awsrole.Options{RoleARN: roleARN, Client: test.client(hang)})
				require.NoError(t, err)
				start := time.Now()
				_, err = credentials.Retrieve(t.Context())
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Equal(t, 30*time.Second, time.Since(start))
				var e *awsfed.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, test.expects, e.Stage)
				assert.True(t, e.Transient)
			})
		})
	}
}

func TestAWaiterLeavesWhenItsCtxEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var count atomic.Int64
		credentials, err := awsrole.NewCredentials(sourceFunc(func(ctx context.Context) (*oauth2.Token, error) {
			time.Sleep(10 * time.Second)
			return &oauth2.Token{AccessToken: jwt(claims)}, ctx.Err()
		}), awsrole.Options{RoleARN: roleARN, Client: granting(&count)})
		require.NoError(t, err)
		other := make(chan error)
		go func() {
			_, err := credentials.Retrieve(context.Background())
			other <- err
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = credentials.Retrieve(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, <-other, "the refresh goes on for the others")
	})
}

func TestWhatIsNoIDTokenIsNotSent(t *testing.T) {
	for name, source := range map[string]oauth2.TokenSource{
		"nothing":                       plainFunc(func() (*oauth2.Token, error) { return nil, nil }),
		"an empty token":                always(""),
		"an access token":               always("ya29.c0AYnqXlhAXI7-secret"),
		"an access token in three":      always("ya29.secret.secret"),
		"a token without a signature":   always("e30.e30."),
		"a token whose claims are null": always("e30.bnVsbA.c2ln"),
		"an error":                      plainFunc(func() (*oauth2.Token, error) { return nil, errors.New("it is down") }),
		"a panic":                       plainFunc(func() (*oauth2.Token, error) { panic("secret") }),
	} {
		t.Run(name, func(t *testing.T) {
			var count atomic.Int64
			credentials, err := awsrole.NewCredentials(source, awsrole.Options{RoleARN: roleARN, Client: granting(&count)})
			require.NoError(t, err)
			_, err = credentials.Retrieve(t.Context())
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, awsrole.StageIDToken, e.Stage)
			assert.NotContains(t, fmt.Sprintf("%+v %#v", err, err), "secret")
			assert.Zero(t, count.Load())
		})
	}
}

func TestAnErrorOfTheSourcesOwnIsKept(t *testing.T) {
	own := &awsfed.Error{Stage: awsfed.StageExchange, StatusCode: 400, Code: "invalid_target"}
	credentials, err := awsrole.NewCredentials(plainFunc(func() (*oauth2.Token, error) { return nil, own }),
		awsrole.Options{RoleARN: roleARN, Client: granting(new(atomic.Int64))})
	require.NoError(t, err)
	_, err = credentials.Retrieve(t.Context())
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	assert.Same(t, own, e)
}
