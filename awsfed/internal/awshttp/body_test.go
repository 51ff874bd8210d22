package awshttp_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"testing/iotest"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/awshttp"
	"github.com/awsfed/awsfed-go/awsfed/internal/call"
)

// read is what a deserializer of the SDK reads of a body.
func read(t *testing.T, body io.Reader) (got []byte, err error) {
	t.Helper()
	stack := middleware.NewStack("Anything", smithyhttp.NewStackRequest)
	require.NoError(t, stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("Deserializer", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, failure := next.HandleDeserialize(ctx, in)
		got, err = io.ReadAll(out.RawResponse.(*smithyhttp.Response).Body)
		return out, metadata, failure
	}), middleware.After))
	require.NoError(t, awshttp.BoundBodies(stack))
	client := smithyhttp.ClientDoFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(body)}, nil
	})
	_, _, failure := middleware.DecorateHandler(smithyhttp.NewClientHandlerWithOptions(client), stack).Handle(t.Context(), nil)
	require.NoError(t, failure)
	return got, err
}

func TestBodiesOfOneMiBAreReadAndLargerOnesAreErrors(t *testing.T) {
	for size, tooLarge := range map[int]bool{0: false, 1: false, call.MaxBody - 1: false, call.MaxBody: false, call.MaxBody + 1: true, 3 * call.MaxBody: true} {
		sent := bytes.Repeat([]byte("x"), size)
		for name, reader := range map[string]io.Reader{
			"in large pieces": bytes.NewReader(sent),
			"with its end":    iotest.DataErrReader(bytes.NewReader(sent)),
			"in halves":       iotest.HalfReader(bytes.NewReader(sent)),
		} {
			got, err := read(t, reader)
			if tooLarge {
				assert.ErrorIs(t, err, call.ErrTooLarge, "%d bytes %s", size, name)
				assert.Len(t, got, call.MaxBody, "%d bytes %s", size, name)
			} else {
				assert.NoError(t, err, "%d bytes %s", size, name)
				assert.Len(t, got, size, "%d bytes %s", size, name)
			}
		}
	}
}
