package fakeaws

import (
	"cmp"
	"net/http"
)

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

// errorRoot is the outermost element of an error, which JSON leaves out.
const errorRoot = "ErrorResponse"

// answer returns the error in AWS's form. In JSON that is, by aws-iam-authenticator's account of a
// throttled request, {"Error":{"Code":…,"Message":…,"Type":…},"RequestId":…}.
func (e *awsError) answer(requestID string) answer {
	blame := "Sender"
	if e.status >= http.StatusInternalServerError {
		blame = "Receiver"
	}
	content := elements("Type", blame, "Code", e.code)
	if e.message != "" {
		content = append(content, element{name: "Message", text: e.message})
	}
	return answer{status: e.status, root: errorRoot, xmlns: cmp.Or(e.xmlns, stsNamespace), content: []element{
		{name: "Error", children: content},
		{name: "RequestId", text: requestID},
	}}
}

// Error returns a handler that answers as AWS STS does with an error. The request ID is new each
// time. A request of nil is one that asks for no form in particular.
func Error(status int, code, message string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		accept := ""
		if r != nil {
			accept = r.Header.Get("Accept")
		}
		(&awsError{status: status, code: code, message: message}).answer(newRequestID()).write(w, accept)
	})
}
