package awsfed

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/awsfed/awsfed-go/awsfed/internal/awshttp"
	"github.com/awsfed/awsfed-go/awsfed/internal/call"
)

// credentialsError is the error of a provider, without what may hold secrets: processcreds quotes
// the output of the process. A provider that has yielded credentials before is expected to do so
// again. It is not cleaned yet.
func credentialsError(err error, yielded bool) *Error {
	e := &Error{Stage: StageCredentials, Err: err}
	var (
		process  *processcreds.ProviderError
		api      smithy.APIError
		answer   *smithyhttp.ResponseError
		named    interface{ ServiceRequestID() string }
		status   interface{ HTTPStatusCode() int }
		redirect *awshttp.RedirectError
		question *smithy.OperationError
	)
	switch {
	case errors.As(err, &process):
		e.Err = nil
		e.Code = codeCredentialProcess
		e.Description = "the credential_process of the AWS profile failed or printed no credentials"
		return e
	case errors.As(err, &redirect):
		e.StatusCode, e.Code = redirect.StatusCode, codeRedirect
		return e
	case errors.As(err, &status) && status.HTTPStatusCode()/100 == 3:
		e.StatusCode, e.Code = status.HTTPStatusCode(), codeRedirect
		return e
	case noProfile(err):
		e.Code = codeProfile
		return e
	case noTokenFile(err):
		e.Code = codeTokenFile
		return e
	case noSSOSession(err):
		e.Code = codeSSO
	case errors.As(err, &api):
		e.Code, e.Description = api.ErrorCode(), api.ErrorMessage()
	}
	if errors.As(err, &answer) {
		e.StatusCode = answer.HTTPStatusCode()
	}
	if errors.As(err, &named) {
		e.RequestID = named.ServiceRequestID()
	}
	e.Transient = e.Code != codeSSO && mayRecover(err)
	if errors.As(err, &question) && question.ServiceID == imds.ServiceID {
		judgeMetadata(e, question, yielded)
	}
	return e
}

// noProfile reports whether a profile that the environment or another profile names is not there.
func noProfile(err error) bool {
	var missing config.SharedConfigProfileNotExistError
	return errors.As(err, &missing)
}

// noTokenFile reports whether the file of a web identity or of EKS Pod Identity cannot be read. The
// SDK has no type for that; a test holds its words.
func noTokenFile(err error) bool {
	text := err.Error()
	return strings.Contains(text, "failed to retrieve jwt from provide source, unable to read file") ||
		strings.Contains(text, "failed to read authorization token from")
}

// noSSOSession reports whether there is no session of IAM Identity Center, or one that has ended.
func noSSOSession(err error) bool {
	var (
		invalid  *ssocreds.InvalidTokenError
		question *smithy.OperationError
		status   interface{ HTTPStatusCode() int }
	)
	switch {
	case errors.As(err, &invalid), strings.Contains(err.Error(), "cached SSO token"):
		return true
	case errors.As(err, &question) && strings.HasPrefix(question.ServiceID, "SSO"):
		return errors.As(err, &status) && status.HTTPStatusCode()/100 == 4 && !transientStatus(status.HTTPStatusCode())
	}
	return false
}

// mayRecover reports whether a source of credentials did not answer, not now, or not in a way that
// can be read: an agent may be starting, and what is in between may have cut the answer.
func mayRecover(err error) bool {
	var (
		status  interface{ HTTPStatusCode() int }
		unsent  *smithyhttp.RequestSendError
		garbled *smithy.DeserializationError
	)
	switch {
	case errors.As(err, &status) && status.HTTPStatusCode() >= 400:
		if transientStatus(status.HTTPStatusCode()) {
			return true
		}
	case errors.As(err, &unsent) && !errors.Is(err, context.Canceled),
		errors.As(err, &garbled), errors.Is(err, call.ErrTooLarge):
		return true
	}
	// The SDK would not try again what ran out of time. Here there is the rest of the refresh.
	return errors.Is(err, context.DeadlineExceeded) ||
		retry.IsErrorRetryables(retry.DefaultRetryables).IsErrorRetryable(err) == aws.TrueTernary
}
