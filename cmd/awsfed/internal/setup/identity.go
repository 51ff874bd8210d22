package setup

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/awsfed/awsfed-go/awsfed/principal"
	"github.com/awsfed/awsfed-go/internal/untrusted"
)

var _ CallerIdentifier = (*sts.Client)(nil)

// A CallerIdentifier is AWS STS as far as it says who a caller is. [sts.Client] is one.
type CallerIdentifier interface {
	GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error)
}

// fallbackRegion is asked where no region is configured, as the library does.
const fallbackRegion = "us-east-1"

// NewCallerIdentifier is AWS STS with the credentials and the region that the AWS SDK finds in this
// environment. A region that is given comes before that; without any it is us-east-1, which knows
// the identities of the partition aws alone.
func NewCallerIdentifier(ctx context.Context, region string) (*sts.Client, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithLogger(logging.Nop{})) // the error says it all
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %s", cleaned(err))
	}
	if cfg.Region == "" {
		cfg.Region = fallbackRegion
	}
	return sts.NewFromConfig(cfg), nil
}

// Identity asks AWS STS who the caller is. No permission is needed for that, and no policy of AWS
// can forbid it. The answer is not judged here; [NewPlan] does that.
func Identity(ctx context.Context, api CallerIdentifier) (principal.Identity, error) {
	out, err := api.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return principal.Identity{}, &identityError{err}
	}
	return principal.Identity{Account: text(out.Account), ARN: text(out.Arn), UserID: text(out.UserId)}, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// maxIdentityError bounds what is shown of an error of the AWS SDK, in bytes.
const maxIdentityError = 600

// cleaned is the text of an error of the AWS SDK, which may quote a server.
func cleaned(err error) string { return untrusted.Text(err.Error(), maxIdentityError) }

// An identityError is why AWS did not say who the caller is.
type identityError struct{ err error }

// Error is one line, whatever a server said.
func (e *identityError) Error() string {
	return "AWS STS does not say who the caller is; give -" + FlagARN + " instead, or see awsfed doctor: " + cleaned(e.err)
}

// Unwrap is the error of the AWS SDK.
func (e *identityError) Unwrap() error { return e.err }
