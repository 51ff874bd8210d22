package awshttp

import (
	"context"
	"errors"
	"reflect"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

var (
	errEmpty      = errors.New("the answer holds no credentials")
	errUnreadable = errors.New("the AWS SDK panicked as it read the answer")
)

// GuardAnswers makes an answer that the SDK cannot take an error. Its providers follow the nil
// pointer that an answer without credentials decodes to, and its endpoint client that of a refusal
// that is null, in a goroutine of aws.CredentialsCache where nobody can recover from the panic. It
// is for config.WithAPIOptions.
func GuardAnswers(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("awsfedGuardAnswers", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (out middleware.InitializeOutput, metadata middleware.Metadata, err error) {
		defer func() {
			if recover() != nil { // its value may quote the answer
				out, err = middleware.InitializeOutput{}, &smithy.DeserializationError{Err: errUnreadable}
			}
		}()
		out, metadata, err = next.HandleInitialize(ctx, in)
		if err == nil && empty(out.Result) {
			return middleware.InitializeOutput{}, metadata, &smithy.DeserializationError{Err: errEmpty}
		}
		return out, metadata, err
	}), middleware.Before)
}

// empty reports whether result is a nil pointer, as null decodes to, or has one where SSO puts
// credentials. The types are of packages that awsfed does not import, one of them internal to the
// SDK. AWS STS's client looks for itself.
func empty(result any) bool {
	v := reflect.ValueOf(result)
	if v.Kind() != reflect.Pointer {
		return false
	}
	if v.IsNil() {
		return true
	}
	if v = v.Elem(); v.Kind() != reflect.Struct {
		return false
	}
	field := v.FieldByName("RoleCredentials")
	return field.Kind() == reflect.Pointer && field.IsNil()
}
