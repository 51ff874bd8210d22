package fakegoogle

import (
	"cmp"
	"net/http"
)

// APIError is an error of Google's APIs other than STS: a google.rpc.Status (AIP-193). Where the
// real service's text is not known, Message begins with "emulator: ".
type APIError struct {
	Code    int    // HTTP
	Status  string // PERMISSION_DENIED, for one
	Message string

	// Reason, Domain and Metadata are those of its google.rpc.ErrorInfo; empty when it has none.
	Reason   string
	Domain   string
	Metadata map[string]string

	// Violations are those of its google.rpc.PreconditionFailure.
	Violations []Violation
	// Why is what a record says of it besides Status, in the place of Reason. It quotes nothing
	// that has not been checked.
	Why string
	// BadFields are the descriptions of the field violations of its google.rpc.BadRequest.
	BadFields []string
}

// Violation is one violation in a google.rpc.PreconditionFailure.
type Violation struct {
	Type        string `json:"type"`
	Subject     string `json:"subject"`
	Description string `json:"description"`
}

// Error is the status, the reason if there is one, and the message.
func (e *APIError) Error() string {
	s := e.Status + ": "
	if e.Reason != "" {
		s += e.Reason + ": "
	}
	s += e.Message
	for _, v := range e.Violations {
		s += " " + v.Description
	}
	return s
}

// record is what a record says of the error.
func (e *APIError) record() string {
	if more := cmp.Or(e.Why, e.Reason); more != "" {
		return e.Status + ": " + more
	}
	return e.Status
}

// because has a record say why.
func (e *APIError) because(why string) *APIError {
	e.Why = why
	return e
}

// ServeHTTP answers with the error.
func (e *APIError) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if e.Code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer") // required by RFC 9110 §15.5.2
	}
	writeJSON(w, e.Code, e.body())
}

// body is the error as Google's APIs write it in JSON.
func (e *APIError) body() any {
	type object = map[string]any
	status := object{"code": e.Code, "message": e.Message}
	if e.Status != "" {
		status["status"] = e.Status
	}
	var details []object
	if e.Reason != "" {
		info := object{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": e.Reason, "domain": e.Domain}
		if len(e.Metadata) > 0 {
			info["metadata"] = e.Metadata
		}
		details = append(details, info)
	}
	if len(e.Violations) > 0 {
		details = append(details, object{"@type": "type.googleapis.com/google.rpc.PreconditionFailure", "violations": e.Violations})
	}
	if len(e.BadFields) > 0 {
		var violations []object
		for _, description := range e.BadFields {
			violations = append(violations, object{"description": description})
		}
		details = append(details, object{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations})
	}
	if details != nil {
		status["details"] = details
	}
	return object{"error": status}
}

const iamCredentialsService = "iamcredentials.googleapis.com"

// InvalidArgument is all that the Service Account Credentials API says of an argument.
func InvalidArgument() *APIError {
	return &APIError{Code: http.StatusBadRequest, Status: "INVALID_ARGUMENT", Message: "Request contains an invalid argument."}
}

func permissionDenied(permission string) *APIError {
	return &APIError{
		Code: http.StatusForbidden, Status: "PERMISSION_DENIED",
		Message: "Permission '" + permission + "' denied on resource (or it may not exist).",
		Reason:  "IAM_PERMISSION_DENIED", Domain: "iam.googleapis.com",
		Metadata: map[string]string{"permission": permission},
	}
}

func accountNotFound(name string) *APIError {
	message := "Not found; Gaia id not found for email " + name
	if isDigits(name) { // The text is known for emails alone.
		message = "emulator: no service account has the unique ID " + name
	}
	return &APIError{Code: http.StatusNotFound, Status: "NOT_FOUND", Message: message}
}

// Unauthenticated is the answer to a bearer token that is not good. reason is one of
// google.api.ErrorReason.
func Unauthenticated(reason string) *APIError {
	return &APIError{
		Code: http.StatusUnauthorized, Status: "UNAUTHENTICATED",
		Message: "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
		Reason:  reason, Domain: googleDomain,
	}
}

// googleDomain is the domain of the reasons in google.api.ErrorReason.
const googleDomain = "googleapis.com"

// ScopeInsufficient is the answer to a token whose scopes do not allow the call.
func ScopeInsufficient() *APIError {
	return &APIError{
		Code: http.StatusForbidden, Status: "PERMISSION_DENIED", Message: "emulator: the scopes of the token do not suffice",
		Reason: "ACCESS_TOKEN_SCOPE_INSUFFICIENT", Domain: googleDomain, Metadata: map[string]string{"service": iamCredentialsService},
	}
}

// downscopedDenied is the answer to a downscoped token, whose boundary leaves it no permission
// here: boundaries are for Cloud Storage.
func downscopedDenied() *APIError {
	return &APIError{Code: http.StatusForbidden, Status: "PERMISSION_DENIED", Message: "emulator: a downscoped token has no permission on service accounts"}
}

func serviceDisabled(projectNumber string) *APIError {
	return &APIError{
		Code: http.StatusForbidden, Status: "PERMISSION_DENIED",
		Message: "IAM Service Account Credentials API has not been used in project " + projectNumber + " before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/iamcredentials.googleapis.com/overview?project=" + projectNumber + " then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.",
		Reason:  "SERVICE_DISABLED", Domain: googleDomain,
		Metadata: map[string]string{"consumer": "projects/" + projectNumber, "service": iamCredentialsService},
	}
}

// perimeterDenied has the message of public reports; what follows that sentence in them is not
// known for certain.
func perimeterDenied(projectNumber string) *APIError {
	return &APIError{
		Code: http.StatusForbidden, Status: "PERMISSION_DENIED", Message: "Request is prohibited by organization's policy.",
		Reason: "SECURITY_POLICY_VIOLATED", Domain: googleDomain,
		Metadata: map[string]string{"uid": "emulator", "consumer": "projects/" + projectNumber, "service": iamCredentialsService},
	}
}

// RateLimited is the answer when the quota of the project is used up. It names no project for a
// number of "".
func RateLimited(projectNumber string) *APIError {
	metadata := map[string]string{"service": iamCredentialsService, "quota_metric": "emulator", "quota_limit": "emulator"}
	if projectNumber != "" {
		metadata["consumer"] = "projects/" + projectNumber
	}
	return &APIError{
		Code: http.StatusTooManyRequests, Status: "RESOURCE_EXHAUSTED", Message: "emulator: the quota is exhausted",
		Reason: "RATE_LIMIT_EXCEEDED", Domain: googleDomain, Metadata: metadata,
	}
}

// fail answers with an error.
func (g *Cloud) fail(w http.ResponseWriter, e *APIError) {
	g.date(w)
	e.ServeHTTP(w, nil)
}

// notServed answers a request for something that is not there.
func (g *Cloud) notServed(w http.ResponseWriter, r *http.Request) {
	g.fail(w, &APIError{Code: http.StatusNotFound, Status: "NOT_FOUND", Message: "emulator: nothing answers " + r.Method + " " + r.URL.Path})
}

// write answers with JSON.
func (g *Cloud) write(w http.ResponseWriter, status int, v any) {
	g.date(w)
	writeJSON(w, status, v)
}

// date sets the Date, that of Google's clock, by which clients correct their own.
func (g *Cloud) date(w http.ResponseWriter) {
	w.Header().Set("Date", g.now().UTC().Format(http.TimeFormat))
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-store") // RFC 6749 §5.1
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(encodeJSON(v))) // The client's leaving is its own affair.
}
