package awsfed_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// causeOf is the error of an exchange whose requests end in err.
func causeOf(t *testing.T, err error) error {
	t.Helper()
	exchanger, newErr := awsfed.NewExchanger(offlineConfig(broken(err)), fixedSubject{})
	require.NoError(t, newErr)
	_, got := exchanger.TokenContext(t.Context())
	require.Error(t, got)
	assertFit(t, got)
	return got
}

func TestErrorWithoutAnAnswerHasItsCause(t *testing.T) {
	refused := errors.New("connection refused")
	exchanger, err := awsfed.NewExchanger(offlineConfig(broken(refused)), fixedSubject{})
	require.NoError(t, err)
	_, err = exchanger.TokenContext(t.Context())
	var failure *awsfed.Error
	require.ErrorAs(t, err, &failure)
	assert.ErrorIs(t, err, refused)
	assert.ErrorIs(t, err, awsfed.ErrTransient)
	assert.Zero(t, failure.StatusCode)
	assert.NotContains(t, everyRendering(err), "subject-token")
}

func TestErrorOfACancelledContextHasItInTheChain(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	exchanger, err := awsfed.NewExchanger(offlineConfig(roundTripper(hanging)), fixedSubject{})
	require.NoError(t, err)
	_, err = exchanger.TokenContext(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, awsfed.ErrTransient)
	assert.NotErrorIs(t, err, awsfed.ErrMisconfigured, "nothing is wrong with the configuration")
}

func TestErrorCauseIsStillFoundWhenItIsCleaned(t *testing.T) {
	t.Run("the end of a ctx", func(t *testing.T) {
		err := causeOf(t, context.DeadlineExceeded)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		var network net.Error
		require.ErrorAs(t, err, &network)
		assert.True(t, network.Timeout())
		err = causeOf(t, context.Canceled)
		assert.ErrorIs(t, err, context.Canceled)
		assert.NotErrorIs(t, err, awsfed.ErrMisconfigured)
	})
	t.Run("a refused connection", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, listener.Close())
		cfg := offlineConfig(http.DefaultTransport)
		cfg.TokenURL = "http://" + listener.Addr().String() + "/v1/token"
		exchanger, err := awsfed.NewExchanger(cfg, fixedSubject{})
		require.NoError(t, err)
		_, err = exchanger.TokenContext(t.Context())
		var operation *net.OpError
		require.ErrorAs(t, err, &operation)
		assert.Equal(t, "dial", operation.Op)
		var address *url.Error
		require.ErrorAs(t, err, &address)
		assert.ErrorIs(t, err, syscall.ECONNREFUSED)
		var number syscall.Errno
		assert.ErrorAs(t, err, &number)
	})
	t.Run("a name that does not resolve", func(t *testing.T) {
		err := causeOf(t, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "sts.example", IsNotFound: true}})
		var lookup *net.DNSError
		require.ErrorAs(t, err, &lookup)
		assert.True(t, lookup.IsNotFound)
		assert.Equal(t, "sts.example", lookup.Name)
		assert.Contains(t, err.Error(), "does not resolve")
	})
	t.Run("a certificate that nobody vouches for", func(t *testing.T) {
		server := httptest.NewTLSServer(http.NotFoundHandler())
		defer server.Close()
		server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		cfg := offlineConfig(&http.Transport{DisableKeepAlives: true})
		cfg.TokenURL = server.URL + "/v1/token"
		exchanger, err := awsfed.NewExchanger(cfg, fixedSubject{})
		require.NoError(t, err)
		_, err = exchanger.TokenContext(t.Context())
		var authority x509.UnknownAuthorityError
		require.ErrorAs(t, err, &authority)
		assert.NotErrorIs(t, err, awsfed.ErrTransient)
	})
	t.Run("an answer of an AWS API", func(t *testing.T) {
		cfg := offlineConfig(nil)
		cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, &smithy.OperationError{ServiceID: "STS", OperationName: "AssumeRole", Err: &smithyhttp.ResponseError{
				Response: &smithyhttp.Response{Response: &http.Response{StatusCode: 403, Header: http.Header{"X": {"\x1b" + strings.Repeat("x", 5000)}}}},
				Err:      &smithy.GenericAPIError{Code: "ExpiredToken", Message: "\x1b" + strings.Repeat("m", 5000), Fault: smithy.FaultClient}}}
		})
		builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
		require.NoError(t, err)
		_, err = builder.SubjectToken(t.Context())
		assertFit(t, err)
		var api smithy.APIError
		require.ErrorAs(t, err, &api)
		assert.Equal(t, "ExpiredToken", api.ErrorCode())
		assert.Equal(t, smithy.FaultClient, api.ErrorFault())
		assert.LessOrEqual(t, len(api.ErrorMessage()), 1000)
		var call *smithy.OperationError
		require.ErrorAs(t, err, &call)
		assert.Equal(t, "STS", call.Service())
		assert.LessOrEqual(t, len(call.Error()), 2000)
		var answer *smithyhttp.ResponseError
		require.ErrorAs(t, err, &answer)
		assert.Equal(t, 403, answer.HTTPStatusCode())
		assert.Empty(t, answer.Response.Header)
	})
}

// A rudeError belongs to somebody else: it is long, holds a command for a terminal, and a secret
// that %#v would print.
type rudeError struct{ Secret string }

func (rudeError) Error() string { return "rude \x1b[2J\n" + strings.Repeat("x", 100_000) }

func TestErrorOfForeignCodeIsFoundAndItsTextIsBounded(t *testing.T) {
	sentinel := errors.New("sentinel")
	foreign := fmt.Errorf("%w: %w", sentinel, rudeError{"mark-of-the-foreign-secret"})
	own := &awsfed.Error{Stage: awsfed.StageExchange, StatusCode: 400, Code: "invalid_target",
		Description: strings.Repeat("d\x1b", 9000), RequestID: strings.Repeat("r", 9000), Metadata: map[string]string{strings.Repeat("k", 9000): "\x1b"}}
	for name, source := range map[string]error{
		"as it is":                 foreign,
		"around an error of ours":  fmt.Errorf("%w: %w", foreign, own),
		"within an error of ours":  &awsfed.Error{Stage: awsfed.StageExchange, Err: foreign},
		"within and around it":     fmt.Errorf("%w", &awsfed.Error{Err: foreign, Transient: true}),
		"joined with an end of it": errors.Join(context.DeadlineExceeded, foreign),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				failing := fails(source)
				impersonator, err := awsfed.NewImpersonator(offlineConfig(&scriptedGoogle{}), failing)
				require.NoError(t, err)
				cached, err := awsfed.NewCachedTokenSource(failing, &awsfed.CacheOptions{Logger: quiet})
				require.NoError(t, err)
				for _, layer := range []awsfed.ContextTokenSource{impersonator, cached} {
					_, err := layer.TokenContext(t.Context())
					require.Error(t, err)
					assertFit(t, err)
					assert.ErrorIs(t, err, sentinel)
					var rude rudeError
					assert.ErrorAs(t, err, &rude)
					var e *awsfed.Error
					require.ErrorAs(t, err, &e)
					assert.NotContains(t, everyRendering(err), "mark-of-the-foreign-secret")
					assert.Less(t, len(everyRendering(err)), 256<<10)
				}
			})
		})
	}
	exchanger, err := awsfed.NewExchanger(offlineConfig(&scriptedGoogle{}), failingSubject{foreign})
	require.NoError(t, err)
	_, err = exchanger.TokenContext(t.Context())
	assertFit(t, err)
	assert.ErrorIs(t, err, sentinel)
}

type failingSubject struct{ err error }

func (s failingSubject) SubjectToken(context.Context) (awsfed.SubjectToken, error) {
	return awsfed.SubjectToken{}, s.err
}

// A wildError panics in the one method that is named.
type wildError struct{ method string }

func (e wildError) Error() string {
	if e.method == "Error" {
		panic("mark of the panic")
	}
	return "wild"
}

func (e wildError) Is(error) bool {
	if e.method == "Is" {
		panic("mark of the panic")
	}
	return false
}

func TestErrorOfForeignCodeThatPanicsIsAnErrorAllTheSame(t *testing.T) {
	var none *rudeError // whose Error panics
	for name, foreign := range map[string]error{"in Error": wildError{"Error"}, "in Is": wildError{"Is"}, "a nil pointer": none} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source, err := awsfed.NewCachedTokenSource(fails(foreign), &awsfed.CacheOptions{Logger: quiet})
				require.NoError(t, err)
				_, err = source.TokenContext(t.Context())
				require.Error(t, err)
				assertFit(t, err)
				assert.NotContains(t, everyRendering(err), "mark of the panic")
				assert.NotErrorIs(t, err, io.ErrClosedPipe)
			})
		})
	}
}

func TestErrorCauseOfAnEndedContextIsCleaned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, err := awsfed.NewCachedTokenSource(sourceFunc(hangs), &awsfed.CacheOptions{Logger: quiet})
		require.NoError(t, err)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(rudeError{"mark-of-the-foreign-secret"}) })
		_, err = source.TokenContext(ctx)
		assertFit(t, err)
		assert.ErrorIs(t, err, context.Canceled)
		var rude rudeError
		assert.ErrorAs(t, err, &rude)
		assert.NotContains(t, everyRendering(err), "mark-of-the-foreign-secret")
		time.Sleep(time.Minute)
	})
}
