package cloudauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/storage/control/apiv2/controlpb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/api/option"
	"google.golang.org/grpc"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/cloudauth"
)

// A wiring is a way to give the tokens of a source to a client.
type wiring struct {
	name    string
	connect func(*testing.T, *wire, *awsfed.TokenSource) caller
	returns time.Duration // of a call with two seconds while Google's STS is silent; 0: when the source gives up
	silent  kept          // of the error of that call
	refused kept          // of the error of a call while Google's STS refuses
}

// What is kept of the error of the source in the error of a call.
type kept struct {
	text  bool // as it is, with the hint
	typed bool // *awsfed.Error, for errors.As
}

var (
	all  = kept{text: true, typed: true}
	text = kept{text: true}
	none = kept{}
)

func wirings() []wiring {
	return []wiring{
		{"TokenContext", func(_ *testing.T, _ *wire, ts *awsfed.TokenSource) caller {
			return tokenContext(ts)
		}, 2 * time.Second, all, all},
		{"HTTP, awsfed.Transport", func(_ *testing.T, w *wire, ts *awsfed.TokenSource) caller {
			return w.plainHTTP(&awsfed.Transport{Source: ts, Base: w.base})
		}, 2 * time.Second, all, all},
		// Once the ctx has ended, Google's client takes its error for more useful than what it got.
		{"storage, option.WithHTTPClient with awsfed.Transport", func(t *testing.T, w *wire, ts *awsfed.TokenSource) caller {
			return storageWith(t, &http.Client{Transport: &awsfed.Transport{Source: ts, Base: w.base}})
		}, 2 * time.Second, none, all},
		// Google's adapter keeps status and body of the error.
		{"storage, option.WithTokenSource", func(t *testing.T, w *wire, ts *awsfed.TokenSource) caller {
			return w.storage(t, option.WithTokenSource(ts))
		}, 0, none, text},
		{"storage, option.WithAuthCredentials", func(t *testing.T, w *wire, ts *awsfed.TokenSource) caller {
			return w.storage(t, option.WithAuthCredentials(cloudauth.Credentials(ts, nil)))
		}, 2 * time.Second, all, all},
		// Without a status of the error's own, gRPC keeps its text.
		{"gRPC, grpc.WithPerRPCCredentials", func(t *testing.T, w *wire, ts *awsfed.TokenSource) caller {
			return w.plainGRPC(t, grpc.WithPerRPCCredentials(ts))
		}, 2 * time.Second, text, text},
		{"storage control, option.WithTokenSource", func(t *testing.T, w *wire, ts *awsfed.TokenSource) caller {
			return w.control(t, option.WithTokenSource(ts))
		}, 0, text, text},
		{"storage control, option.WithAuthCredentials", func(t *testing.T, w *wire, ts *awsfed.TokenSource) caller {
			return w.control(t, option.WithAuthCredentials(cloudauth.Credentials(ts, nil)))
		}, 1960 * time.Millisecond, all, all},
		{"storage control, option.WithAuthCredentials with ForGRPC", func(t *testing.T, w *wire, ts *awsfed.TokenSource) caller {
			return w.control(t, option.WithAuthCredentials(cloudauth.Credentials(ts, &cloudauth.Options{GRPC: true})))
		}, 1960 * time.Millisecond, all, all},
	}
}

func tokenContext(ts *awsfed.TokenSource) caller {
	return func(ctx context.Context) error {
		_, err := ts.TokenContext(ctx)
		return err
	}
}

func (w *wire) plainHTTP(transport http.RoundTripper) caller {
	client := &http.Client{Transport: transport}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://storage.googleapis.com/storage/v1/b", nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
}

func (w *wire) plainGRPC(t *testing.T, options ...grpc.DialOption) caller {
	conn, err := grpc.NewClient("passthrough:///api", append(options, w.dialOptions()...)...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, conn.Close()) })
	client := controlpb.NewStorageControlClient(conn)
	return func(ctx context.Context) error {
		_, err := client.GetFolder(ctx, &controlpb.GetFolderRequest{Name: folder})
		return err
	}
}

// In a bubble: the times are exact.
func TestACallWithADeadlineWhileGooglesSTSIsSilent(t *testing.T) {
	certified := newCertified(t)
	for _, wiring := range wirings() {
		t.Run(wiring.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				answer := cloud.Inject(awsfedtest.Drop(awsfedtest.GoogleSTS))
				ts := newSource(t, cloud)
				call := wiring.connect(t, inProcess(t, cloud, certified), ts)

				start := time.Now()
				err := callFor(2*time.Second, call)
				took := time.Since(start)
				t.Logf("%v\n%v", took, err)
				require.Error(t, err)
				source := callFor(time.Second, tokenContext(ts))
				if wiring.returns == 0 {
					assert.Greater(t, took, 25*time.Second, "or it got better, and the documents say too little")
					assert.Less(t, took, 30*time.Second)
				} else {
					assert.Equal(t, wiring.returns, took)
					assert.ErrorContains(t, source, "hint: the ctx of the caller ended first")
				}
				wiring.silent.check(t, source, err)

				answer()
				cloud.Wait()
				assert.NoError(t, callFor(2*time.Second, call), "and it goes on once there is an answer")
			})
		})
	}
}

func TestACallWhileGooglesSTSRefuses(t *testing.T) {
	certified := newCertified(t)
	for _, wiring := range wirings() {
		t.Run(wiring.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				disabled, ok := awsfedtest.FaultByName("pool-disabled")
				require.True(t, ok)
				disabled.Inject(cloud)
				ts := newSource(t, cloud)
				call := wiring.connect(t, inProcess(t, cloud, certified), ts)

				start := time.Now()
				err := callFor(2*time.Second, call)
				t.Logf("%v\n%v", time.Since(start), err)
				require.Error(t, err)
				assert.Zero(t, time.Since(start), "nobody tries again what cannot succeed")
				_, source := ts.Token()
				assert.ErrorContains(t, source, "hint: ")
				wiring.refused.check(t, source, err)
				cloud.Wait()
			})
		})
	}
}

// check compares the error of a call with that of the source.
func (k kept) check(t *testing.T, source, call error) {
	t.Helper()
	var want, got *awsfed.Error
	require.ErrorAs(t, source, &want)
	if k.text {
		// Of a RetrieveError Google's library prints the body, which has the whole hint.
		line, whole := strings.Contains(call.Error(), source.Error()), strings.Contains(call.Error(), fmt.Sprintf("%+v", source))
		assert.True(t, line || whole, call.Error())
	} else {
		assert.NotContains(t, call.Error(), want.Hint)
	}
	require.Equal(t, k.typed, errors.As(call, &got), "*awsfed.Error for errors.As")
	if k.typed {
		assert.Equal(t, want.Stage, got.Stage)
		assert.Equal(t, want.Code, got.Code)
		assert.Equal(t, want.Hint, got.Hint)
	}
}

func callFor(d time.Duration, call caller) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return call(ctx)
}
