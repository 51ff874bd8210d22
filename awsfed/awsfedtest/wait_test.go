package awsfedtest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestCloudWaitReturnsWhenARefreshThatNobodyAwaitsIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleSTS, 3*time.Second))
		cloud.Inject(awsfedtest.Latency(awsfedtest.IAMCredentials, 2*time.Second))
		source, err := awsfed.NewTokenSource(t.Context(), cloud.Config())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = source.TokenContext(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)

		cloud.Wait()
		requests := cloud.Requests()
		assert.Equal(t, "generateAccessToken", requests[len(requests)-1].Action, "the step after the one that was open")
		for _, r := range requests {
			assert.Equal(t, 200, r.Status, r.Path)
		}
	})
}

func TestCloudWaitReturnsSoonWhenNothingIsOpen(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cloud.Wait()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		cloud.Wait()
		assert.Less(t, time.Since(begin), 2*time.Minute)
	})
}

func TestCloudWaitOutlastsTheAttemptsOfARefreshThatFails(t *testing.T) {
	for name, fault := range map[string]awsfedtest.Fault{
		"nothing answers":     awsfedtest.Drop(awsfedtest.GoogleSTS),
		"nothing is there":    awsfedtest.Unavailable(awsfedtest.GoogleSTS),
		"it is asked to wait": awsfedtest.TooManyRequests(awsfedtest.GoogleSTS, 5*time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.Inject(fault)
				source, err := awsfed.NewTokenSource(t.Context(), cloud.Config())
				require.NoError(t, err)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err = source.TokenContext(ctx)
				require.Error(t, err)
				cloud.Wait()
			})
		})
	}
}

func TestCloudWaitIsForRequestsAtAServerToo(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	server, client := start(t, cloud)
	arrived, release := make(chan struct{}), make(chan struct{})
	cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleKeys, 0).When(func(awsfedtest.Request) bool {
		close(arrived)
		<-release
		return true
	}))
	answered := make(chan error, 1)
	go func() {
		_, _, err := get(context.Background(), client, server.URL+"/oauth2/v3/certs")
		answered <- err
	}()
	<-arrived
	waited := make(chan struct{})
	go func() {
		cloud.Wait()
		close(waited)
	}()
	select {
	case <-waited:
		t.Error("a request is open")
	default:
	}
	close(release)
	require.NoError(t, <-answered)
	<-waited
}

func TestCloudWaitMayBeCalledByMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		remove := cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleKeys, time.Minute))
		go func() { _ = status(t, cloud) }()
		synctest.Wait()
		begin := time.Now()
		for range 4 {
			go cloud.Wait()
		}
		remove()
		cloud.Wait()
		assert.GreaterOrEqual(t, time.Since(begin), time.Minute)
	})
}
