package cloudauth_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/storage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"google.golang.org/api/option"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/cloudauth"
)

// Google's clients, by what they speak.
var clients = map[string]func(*wire, *testing.T, ...option.ClientOption) caller{
	"HTTP": (*wire).storage,
	"gRPC": (*wire).control,
}

func TestGooglesClientsCallAsTheServiceAccount(t *testing.T) {
	for name, connect := range clients {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			w := onLoopback(t, cloud)
			call := connect(w, t, option.WithAuthCredentials(cloudauth.Credentials(newSource(t, cloud), nil)))
			require.NoError(t, call(t.Context()))
			assert.Equal(t, cloud.Config().ServiceAccount, w.last().principal)
			assert.Empty(t, w.last().quotaProject)
		})
	}
}

// In real time, with all that storage.NewClient does. How exactly is for the test in a bubble.
func TestACallOnTheNetworkReturnsInTime(t *testing.T) {
	for name, connect := range clients {
		t.Run(name, func(t *testing.T) {
			cloud, _ := stuck()
			call := connect(onLoopback(t, cloud), t, option.WithAuthCredentials(cloudauth.Credentials(newSource(t, cloud), nil)))
			start := time.Now()
			assert.Error(t, callFor(300*time.Millisecond, call))
			assert.Less(t, time.Since(start), 5*time.Second, "and not the 30 of the source")
		})
	}
}

func TestTheQuotaProjectIsOnEachRequest(t *testing.T) {
	payer := &cloudauth.Options{QuotaProject: "payer"}
	for name, connect := range clients {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			ts := newSource(t, cloud)
			paidBy := func(w *wire, ours *cloudauth.Options, theirs ...option.ClientOption) string {
				call := connect(w, t, append(theirs, option.WithAuthCredentials(cloudauth.Credentials(ts, ours)))...)
				require.NoError(t, call(t.Context()))
				return w.last().quotaProject
			}
			assert.Equal(t, "payer", paidBy(onLoopback(t, cloud), payer))
			w := inProcess(t, cloud, newCertified(t))
			assert.Equal(t, "payer", paidBy(w, payer))
			assert.Equal(t, "client-payer", paidBy(w, payer, option.WithQuotaProject("client-payer")), "the client's goes first")
			assert.Equal(t, "client-payer", paidBy(w, nil, option.WithQuotaProject("client-payer")))
			t.Setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "environment-payer")
			assert.Equal(t, "environment-payer", paidBy(w, nil))
			assert.Equal(t, "payer", paidBy(w, payer))
		})
	}
}

// So the storage client, of all clients, takes a quota project through its credentials alone.
func TestTheStorageClientRefusesAQuotaProjectAsAnOption(t *testing.T) {
	ts := newSource(t, awsfedtest.New(awsfedtest.Options{}))
	for name, credentials := range map[string]option.ClientOption{
		"WithTokenSource":     option.WithTokenSource(ts),
		"WithAuthCredentials": option.WithAuthCredentials(cloudauth.Credentials(ts, nil)),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := storage.NewClient(t.Context(), credentials, option.WithQuotaProject("payer"))
			assert.ErrorContains(t, err, "WithHTTPClient is incompatible with QuotaProject", "or it got better, and the documents say too little")
		})
	}
}

func TestTheUniverseIsComparedWithTheClients(t *testing.T) {
	for name, connect := range clients {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			ts := newSource(t, cloud)
			w := onLoopback(t, cloud)
			elsewhere := &cloudauth.Options{UniverseDomain: "example.com"}
			call := connect(w, t, option.WithAuthCredentials(cloudauth.Credentials(ts, elsewhere)), option.WithUniverseDomain("example.com"))
			assert.NoError(t, call(t.Context()))
			call = connect(w, t, option.WithAuthCredentials(cloudauth.Credentials(ts, elsewhere)))
			assert.ErrorContains(t, call(t.Context()), `does not match the universe domain found in the credentials ("example.com")`)
		})
	}
}

func TestTheProjectIsToldOrTakenFromTheEnvironment(t *testing.T) {
	t.Setenv("GOOGLE_CLOUD_PROJECT", "")
	for _, test := range []struct {
		name, environment string
		options           *cloudauth.Options
		want              string
	}{
		{"nobody knows it", "", nil, ""},
		{"the environment", "their-project", nil, "their-project"},
		{"the option", "their-project", &cloudauth.Options{ProjectID: "my-project"}, "my-project"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("GOOGLE_CLOUD_PROJECT", test.environment)
			id, err := cloudauth.Credentials(nil, test.options).ProjectID(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.want, id)
		})
	}
}

func TestATokenThatWasInvalidatedIsNotSentAgain(t *testing.T) {
	for name, connect := range clients {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			ts := newSource(t, cloud)
			w := onLoopback(t, cloud)
			call := connect(w, t, option.WithAuthCredentials(cloudauth.Credentials(ts, nil)))
			require.NoError(t, call(t.Context()))
			refused := w.last().token
			require.NoError(t, call(t.Context()))
			require.Equal(t, refused, w.last().token)

			ts.Invalidate(&oauth2.Token{AccessToken: refused})
			require.NoError(t, call(t.Context()))
			assert.NotEqual(t, refused, w.last().token)
		})
	}
	t.Run("HTTP, without cloudauth", func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		ts := newSource(t, cloud)
		w := onLoopback(t, cloud)
		call := w.storage(t, option.WithTokenSource(ts))
		require.NoError(t, call(t.Context()))
		refused := w.last().token
		ts.Invalidate(&oauth2.Token{AccessToken: refused})
		require.NoError(t, call(t.Context()))
		assert.Equal(t, refused, w.last().token, "or it got better, and the documents say too little")
	})
}

// The refresh engine of the source is in charge: Google's cache neither makes a call wait nor asks
// more often.
func TestNoCallOfADayWaitsOnceThereIsAToken(t *testing.T) {
	certified := newCertified(t)
	for name, connect := range clients {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleSTS, time.Second))
				cloud.Inject(awsfedtest.Delay(awsfedtest.IAMCredentials, time.Second))
				w := inProcess(t, cloud, certified)
				call := connect(w, t, option.WithAuthCredentials(cloudauth.Credentials(newSource(t, cloud), nil)))
				require.NoError(t, call(t.Context()))
				tokens := make(map[string]bool)
				for range 24 * 60 {
					start := time.Now()
					require.NoError(t, call(t.Context()))
					require.Zero(t, time.Since(start))
					tokens[w.last().token] = true
					time.Sleep(time.Minute)
				}
				cloud.Wait()
				assert.GreaterOrEqual(t, len(tokens), cloud.Count(awsfedtest.IAMCredentials)-1, "each is used, but for one after the last call")
				assert.LessOrEqual(t, cloud.Count(awsfedtest.IAMCredentials), 60)
				assert.LessOrEqual(t, cloud.Count(awsfedtest.GoogleSTS), 60)
			})
		})
	}
}

// Google's clients try again while they have time.
func TestAnOutageThatEndsInTimeFailsNoCall(t *testing.T) {
	certified := newCertified(t)
	for name, connect := range clients {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS).During(time.Minute))
				call := connect(inProcess(t, cloud, certified), t, option.WithAuthCredentials(cloudauth.Credentials(newSource(t, cloud), nil)))
				start := time.Now()
				assert.NoError(t, callFor(5*time.Minute, call))
				assert.GreaterOrEqual(t, time.Since(start), time.Minute)
				cloud.Wait()
			})
		})
	}
}

func TestClientsOfOneSourceShareItsToken(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts := newSource(t, cloud)
	w := onLoopback(t, cloud)
	var callers sync.WaitGroup
	for _, connect := range clients {
		for range 4 {
			call := connect(w, t, option.WithAuthCredentials(cloudauth.Credentials(ts, nil)))
			for range 4 {
				callers.Go(func() { assert.NoError(t, call(t.Context())) })
			}
		}
	}
	callers.Wait()
	assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
	assert.Equal(t, 1, cloud.Count(awsfedtest.IAMCredentials))
}

// stuck is a cloud whose STS is silent. asked is closed when it is asked for the first time.
func stuck() (cloud *awsfedtest.Cloud, asked chan struct{}) {
	cloud, asked = awsfedtest.New(awsfedtest.Options{}), make(chan struct{})
	var once sync.Once
	cloud.Inject(awsfedtest.Drop(awsfedtest.GoogleSTS).When(func(awsfedtest.Request) bool {
		once.Do(func() { close(asked) })
		return true
	}))
	return cloud, asked
}

// In real time: a mutex that is waited for stops the clock of a bubble.
func TestCallersWaitInLineForTheLockOfGooglesCache(t *testing.T) {
	cloud, asked := stuck()
	credentials := cloudauth.Credentials(newSource(t, cloud), nil)
	start := time.Now()
	var first sync.WaitGroup
	first.Go(func() {
		assert.Error(t, callFor(300*time.Millisecond, tokenOf(credentials)))
	})
	<-asked
	ended, end := context.WithCancel(t.Context())
	end()
	assert.ErrorIs(t, tokenOf(credentials)(ended), context.Canceled)
	assert.GreaterOrEqual(t, time.Since(start), 290*time.Millisecond, "or it got better, and the documents say too little")
	first.Wait()
}

func TestCallersDoNotWaitForEachOtherWithForGRPC(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud, asked := stuck()
		credentials := cloudauth.Credentials(newSource(t, cloud), &cloudauth.Options{GRPC: true})
		var first sync.WaitGroup
		first.Go(func() {
			assert.Error(t, callFor(time.Minute, tokenOf(credentials)))
		})
		<-asked
		start := time.Now()
		assert.ErrorIs(t, callFor(time.Second, tokenOf(credentials)), context.DeadlineExceeded)
		assert.Equal(t, 980*time.Millisecond, time.Since(start))
		first.Wait()
		cloud.Wait()
	})
}

func tokenOf(credentials *auth.Credentials) caller {
	return func(ctx context.Context) error {
		_, err := credentials.Token(ctx)
		return err
	}
}

func TestAnErrorTellsWhetherToTryAgain(t *testing.T) {
	disabled, ok := awsfedtest.FaultByName("pool-disabled")
	require.True(t, ok)
	unavailable := func(cloud *awsfedtest.Cloud) { cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS)) }
	for _, test := range []struct {
		name      string
		inject    func(*awsfedtest.Cloud)
		ctx       func() (context.Context, context.CancelFunc)
		code      codes.Code
		temporary bool
		timeout   bool
		is        error
	}{
		{"it can pass", unavailable, forever, codes.Unavailable, true, false, awsfed.ErrTransient},
		{"it cannot pass", func(cloud *awsfedtest.Cloud) { disabled.Inject(cloud) }, forever, codes.Unauthenticated, false, false, awsfed.ErrMisconfigured},
		{"the time of the caller was up", unavailable, aSecond, codes.DeadlineExceeded, false, true, context.DeadlineExceeded},
		{"the caller has left", unavailable, canceled, codes.Canceled, false, false, context.Canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				test.inject(cloud)
				ctx, cancel := test.ctx()
				defer cancel()
				_, err := cloudauth.Credentials(newSource(t, cloud), nil).Token(ctx)
				require.ErrorIs(t, err, test.is)
				assert.Equal(t, test.code, status.Code(err))
				assert.Equal(t, err.Error(), status.Convert(err).Message())
				var temporary interface{ Temporary() bool }
				require.ErrorAs(t, err, &temporary)
				assert.Equal(t, test.temporary, temporary.Temporary())
				assert.Equal(t, test.timeout, os.IsTimeout(err))
				cloud.Wait()
			})
		})
	}
}

func forever() (context.Context, context.CancelFunc) { return context.Background(), func() {} }

func aSecond() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), time.Second)
}

func canceled() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx, cancel
}

// Code that looks for the errors of Google's own credentials in part finds what it can use.
func TestTheErrorIsARetrieveErrorAndNoAuthError(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	missing, ok := awsfedtest.FaultByName("missing-binding")
	require.True(t, ok)
	missing.Inject(cloud)
	_, err := cloudauth.Credentials(newSource(t, cloud), nil).Token(t.Context())
	var retrieve *oauth2.RetrieveError
	require.ErrorAs(t, err, &retrieve)
	assert.Equal(t, "PERMISSION_DENIED", retrieve.ErrorCode)
	var foreign *auth.Error
	assert.False(t, errors.As(err, &foreign), "of which adapters keep status and body alone")
}

func TestCredentialsOfNoSourceGiveErrors(t *testing.T) {
	for name, ts := range map[string]*awsfed.TokenSource{"nil": nil, "the zero value": {}} {
		t.Run(name, func(t *testing.T) {
			_, err := cloudauth.Credentials(ts, nil).Token(t.Context())
			var fault *awsfed.FieldError
			require.ErrorAs(t, err, &fault)
			assert.Equal(t, codes.Unauthenticated, status.Code(err))
		})
	}
	var noContext context.Context
	_, err := cloudauth.Credentials(newSource(t, awsfedtest.New(awsfedtest.Options{})), nil).Token(noContext)
	var fault *awsfed.FieldError
	assert.ErrorAs(t, err, &fault)
}
