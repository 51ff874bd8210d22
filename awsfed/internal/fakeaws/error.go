package fakeaws

import "net/http"

// awsError is an answer with which AWS STS refuses a request.
//
// The texts are AWS's own wherever they are known from its answers; those few that are not say so.
// Trailing spaces in them are real.
type awsError struct {
	status  int
	code    string
	message string // no Message element when empty
	xmlns   string // default: stsNamespace
}

// The texts that more than one rule answers with.
const (
	invalidTokenMessage  = "The security token included in the request is invalid."
	expiredTokenMessage  = "The security token included in the request is expired"
	wrongRegionMessage   = "Credential should be scoped to a valid region. "
	wrongServiceMessage  = "Credential should be scoped to correct service: 'sts'. "
	wrongSignatureReason = "The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)

func incompleteSignature(message string) *awsError {
	return &awsError{status: http.StatusBadRequest, code: "IncompleteSignature", message: message}
}

func signatureDoesNotMatch(message string) *awsError {
	return &awsError{status: http.StatusForbidden, code: "SignatureDoesNotMatch", message: message}
}

func invalidClientToken() *awsError {
	return &awsError{status: http.StatusForbidden, code: "InvalidClientTokenId", message: invalidTokenMessage}
}

func expiredToken() *awsError {
	return &awsError{status: http.StatusForbidden, code: "ExpiredToken", message: expiredTokenMessage}
}

func missingAuthenticationToken() *awsError {
	return &awsError{status: http.StatusForbidden, code: "MissingAuthenticationToken", message: "Request is missing Authentication Token"}
}

func accessDenied(message string) *awsError {
	return &awsError{status: http.StatusForbidden, code: "AccessDenied", message: message}
}

func validationError(message string) *awsError {
	return &awsError{status: http.StatusBadRequest, code: "ValidationError", message: message}
}

func invalidIdentityToken(message string) *awsError {
	return &awsError{status: http.StatusBadRequest, code: "InvalidIdentityToken", message: message}
}

// Error returns a handler that answers as AWS STS does with an error. The request ID is new each
// time.
func Error(status int, code, message string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		(&awsError{status: status, code: code, message: message}).write(w, newRequestID())
	})
}
