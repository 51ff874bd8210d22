package awsfed

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// The AWS SDK asks EC2 metadata three times, and three times for its token each, with pauses of
	// a second: most of the five seconds that it gives a question. Here a refresh has retries of
	// its own.
	metadataAttempts = 2
	metadataPause    = 250 * time.Millisecond
)

// Codes of awsfed's own for EC2 metadata that failed where it may answer later.
const (
	codeMetadataUnavailable = "MetadataUnavailable"
	codeMetadataToken       = "MetadataTokenUnanswered"
)

// A metadataClient is the SDK's client of EC2 metadata, which remembers what it saw: the SDK's
// errors do not tell whether a connection stood, nor what became of the request for the token.
type metadataClient struct {
	client   *imds.Client // set before the first use
	answered atomic.Bool  // that there was an HTTP answer, ever
}

// connect makes the client. It comes after the configuration, which the SDK's provider of
// credentials is part of.
func (m *metadataClient) connect(loaded aws.Config) {
	m.client = imds.NewFromConfig(loaded, func(o *imds.Options) {
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff = metadataAttempts, metadataPause
			o.RateLimiter = ratelimit.None // its quota is for services that many share
		})
		o.DisableDefaultMaxBackoff = true // of a second, in place of the retryer's
		o.APIOptions = append(o.APIOptions, m.watch)
	})
}

// GetMetadata is what the SDK's provider of an instance's credentials asks.
func (m *metadataClient) GetMetadata(ctx context.Context, in *imds.GetMetadataInput, options ...func(*imds.Options)) (*imds.GetMetadataOutput, error) {
	seen := &sighting{}
	ctx = context.WithValue(ctx, sightingKey{}, seen)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { seen.connected.Store(true) }})
	out, err := m.client.GetMetadata(ctx, in, options...)
	if err != nil {
		err = &metadataError{
			err:          err,
			reachable:    seen.connected.Load() || m.answered.Load(),
			tokenIsStuck: seen.tokenSilent.Load() && !seen.dataSilent.Load(),
		}
	}
	return out, err
}

// A sighting is what was seen in one question to EC2 metadata, with all of its requests.
type sighting struct {
	connected   atomic.Bool // a connection stood
	tokenSilent atomic.Bool // the newest request for the token was sent and not answered
	dataSilent  atomic.Bool // nor was the newest request for anything else
}

type sightingKey struct{}

// watch notes which requests are answered.
func (m *metadataClient) watch(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("awsfedWatch", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		resp, ok := out.RawResponse.(*smithyhttp.Response)
		m.note(ctx, in.Request, ok && resp.StatusCode != 0)
		return out, metadata, err
	}), middleware.After)
}

func (m *metadataClient) note(ctx context.Context, request any, answered bool) {
	if answered {
		m.answered.Store(true)
	}
	seen, ok := ctx.Value(sightingKey{}).(*sighting)
	if !ok {
		return
	}
	silent := !answered && seen.connected.Load()
	if req, ok := request.(*smithyhttp.Request); ok && req.Method == http.MethodPut {
		seen.tokenSilent.Store(silent)
	} else {
		seen.dataSilent.Store(silent)
	}
}

// A metadataError is an error of EC2 metadata with what was seen.
type metadataError struct {
	err          error
	reachable    bool // in this question, or ever
	tokenIsStuck bool
}

func (e *metadataError) Error() string { return e.err.Error() }
func (e *metadataError) Unwrap() error { return e.err }

// judgeMetadata tells whether EC2 metadata, the end of the chain, may still give credentials. Where
// it says that there is no role, or nobody is there, the process has none. All else passes: a
// connection that stood shows that there is an EC2 metadata, and so does an answer or credentials
// at any time before. e has its status already.
func judgeMetadata(e *Error, question *smithy.OperationError, yielded bool) {
	var (
		seen *metadataError
		dial *net.OpError
	)
	e.Code, e.Transient = codeMetadataUnavailable, true
	reachable := yielded
	switch {
	case e.StatusCode == http.StatusUnauthorized, transientStatus(e.StatusCode):
		reachable = true // 401 is for requests without a token
	case e.StatusCode != 0:
		reachable = false
	case errors.As(e.Err, &seen):
		reachable = reachable || seen.reachable
	case errors.As(e.Err, &dial) && dial.Op == "dial":
	case errors.Unwrap(question.Err) == nil: // The client is disabled and sent nothing.
	default:
		reachable = true
	}
	switch {
	case !reachable:
		e.Code, e.Transient = codeNoCredentials, false
	case errors.As(e.Err, &seen) && seen.tokenIsStuck:
		e.Code = codeMetadataToken
	}
}
