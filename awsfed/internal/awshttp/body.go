package awshttp

import (
	"context"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
)

// BoundBodies makes every operation of a client of the SDK read at most [call.MaxBody] bytes of an
// answer: what is larger ends in [call.ErrTooLarge]. It is for config.WithAPIOptions, which all
// clients that the chain makes honour, that of EC2 metadata and that of the credentials endpoint
// among them.
func BoundBodies(stack *middleware.Stack) error {
	// After all others is next to the transport: whatever reads the body reads it through this one.
	// It counts what comes out of the transport, where a compressed answer is unpacked.
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("awsfedBoundBody", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if resp, ok := out.RawResponse.(*smithyhttp.Response); ok && resp != nil && resp.Body != nil {
			resp.Body = &boundedBody{ReadCloser: resp.Body, left: call.MaxBody}
		}
		return out, metadata, err
	}), middleware.After)
}

// A boundedBody fails once more than left bytes came.
type boundedBody struct {
	io.ReadCloser
	left int // -1 when it has failed
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, call.ErrTooLarge
	}
	if len(p) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if n > b.left {
		n, b.left = b.left, -1
		return n, call.ErrTooLarge
	}
	b.left -= n
	return n, err
}
