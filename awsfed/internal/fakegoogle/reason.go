package fakegoogle

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// Reason names the rule of Google's STS that a token exchange breaks.
type Reason string

// The reasons for which STS refuses a request as a whole, in the order in which it looks for them.
const (
	ReasonQuota               Reason = "quota"                // the quota is used up
	ReasonVPCServiceControls  Reason = "vpc-service-controls" // a perimeter denies it
	ReasonClient              Reason = "client"               // not the one of RequireClient
	ReasonAuthorizationHeader Reason = "authorization-header" // see Unsettled.AcceptAuthorizationHeader
	ReasonMalformed           Reason = "malformed"            // the body is neither a form nor JSON, or repeats a parameter
	ReasonGrantType           Reason = "grant-type"
	ReasonRequestedTokenType  Reason = "requested-token-type"
	ReasonScope               Reason = "scope"       // missing, or not a scope of Google's
	ReasonActorToken          Reason = "actor-token" // the emulator takes none
	ReasonOptions             Reason = "options"
	ReasonAudience            Reason = "audience" // not a provider's full resource name
	ReasonTarget              Reason = "target"   // the pool or provider is disabled, deleted or absent
	ReasonSubjectTokenType    Reason = "subject-token-type"
	ReasonSubjectTokenMissing Reason = "subject-token-missing"
)

// The reasons for which STS refuses to downscope an access token, in the order in which it looks
// for them. They come after that of the options.
const (
	ReasonAccessBoundary Reason = "access-boundary" // missing
	ReasonAccessToken    Reason = "access-token"    // not valid here
	ReasonDownscoped     Reason = "downscoped"      // it is already
)

// The reasons for which STS refuses an AWS subject token before it asks AWS, in the order in which
// it looks for them.
const (
	ReasonTokenSize         Reason = "token-size"             // judged before anything is decoded
	ReasonTokenEncoding     Reason = "token-encoding"         // not percent-encoded
	ReasonTokenEmpty        Reason = "token-empty"            // nothing at all
	ReasonTokenFormat       Reason = "token-format"           // not JSON
	ReasonTokenShape        Reason = "token-shape"            // JSON, and not {url, method, headers: [{key, value}]}
	ReasonMethod            Reason = "method"                 // not POST
	ReasonBody              Reason = "body"                   // not empty
	ReasonURL               Reason = "url"                    // does not parse, or has a user name or fragment
	ReasonScheme            Reason = "scheme"                 // not https
	ReasonHost              Reason = "host"                   // not AWS STS
	ReasonPath              Reason = "path"                   // not empty or "/"
	ReasonQuery             Reason = "query"                  // does not parse, or repeats a parameter
	ReasonAction            Reason = "action"                 // not GetCallerIdentity
	ReasonVersion           Reason = "version"                // not 2011-06-15
	ReasonHeaderForm        Reason = "header-form"            // a name or value that HTTP does not allow
	ReasonHeaderTwice       Reason = "header-twice"           // with different values, whatever the case of its name
	ReasonAuthorizationCase Reason = "authorization-case"     // see Unsettled.AcceptLowerCaseAuthorization
	ReasonHeaderMissing     Reason = "header-missing"         // Authorization, host, x-amz-date or x-goog-cloud-target-resource
	ReasonHostHeader        Reason = "host-header"            // not the URL's host
	ReasonTargetResource    Reason = "target-resource"        // not the audience
	ReasonAuthorization     Reason = "authorization"          // not an AWS4-HMAC-SHA256 signature
	ReasonTargetNotSigned   Reason = "target-resource-signed" // see Unsettled.RequireSignedTargetResource
	ReasonSignatureDate     Reason = "signature-date"         // x-amz-date does not parse
	ReasonSignatureAge      Reason = "signature-age"          // see Unsettled.SignatureWindow
)

// The reasons for which STS refuses the subject token of an OpenID Connect provider, in the order
// in which it looks for them. They come after ReasonTokenSize.
const (
	ReasonJWTFormat    Reason = "jwt-format"    // no JSON Web Token, or one without a kid
	ReasonJWTAlgorithm Reason = "jwt-algorithm" // not RS256 or ES256; see also Unsettled.AcceptES384
	ReasonIssuer       Reason = "issuer"        // not the provider's
	ReasonIssuerKeys   Reason = "issuer-keys"   // the issuer gives no key of that kid
	ReasonJWTSignature Reason = "jwt-signature" // not of that key
	ReasonJWTAudience  Reason = "jwt-audience"  // none of the provider's
	ReasonJWTTimes     Reason = "jwt-times"     // expired, or issued in the future or too long ago
	ReasonJWTEnding    Reason = "jwt-ending"    // in its last second
)

// The reasons for which STS refuses an identity, in the order in which it looks for them.
const (
	ReasonAWS            Reason = "aws"              // AWS refused the signed request
	ReasonAWSUnavailable Reason = "aws-unavailable"  // AWS gave no answer, or none that can be read
	ReasonAccount        Reason = "account"          // not the provider's
	ReasonMapping        Reason = "mapping"          // the attribute mapping failed
	ReasonSubjectEmpty   Reason = "subject-empty"    // the mapping yields no google.subject
	ReasonSubjectSize    Reason = "subject-size"     // google.subject is longer than 127 bytes
	ReasonAttributes     Reason = "attributes"       // the mapping breaks another limit
	ReasonConditionError Reason = "condition-failed" // the attribute condition failed
	ReasonCondition      Reason = "condition"        // the attribute condition is false
)

// Answer is what STS answers with: the fields of an OAuth error (RFC 6749 §5.2) and the HTTP
// status.
type Answer struct {
	Status      int
	Code        string // the field error
	Description string // the field error_description
}

// ruling is a reason's answer. A description that is not Google's own is put after "emulator: ".
type ruling struct {
	reason Reason
	Answer
	literal bool // the description is Google's own, as documentation or reports of answers show it
}

const (
	invalidRequest = "invalid_request"
	invalidGrant   = "invalid_grant"
	invalidClient  = "invalid_client"
	bad            = http.StatusBadRequest
	badFormat      = "AWS request has invalid format."
)

// rulings are in the order in which STS applies them.
var rulings = [...]ruling{
	{ReasonQuota, Answer{http.StatusTooManyRequests, "quota_exceeded", "The request was throttled due to rate limit: sts.googleapis.com/requests. Please retry after a few seconds."}, true},
	{ReasonVPCServiceControls, Answer{http.StatusForbidden, "access_denied", "VPC Service Controls deny the request"}, false},
	{ReasonClient, Answer{http.StatusUnauthorized, invalidClient, "the request does not come with the ID and secret of the client"}, false},
	{ReasonAuthorizationHeader, Answer{bad, invalidRequest, "the request has an Authorization header"}, false},
	{ReasonMalformed, Answer{bad, invalidRequest, "the body is neither a form nor JSON"}, false},
	{ReasonGrantType, Answer{bad, "unsupported_grant_type", "grant_type must be " + grantTypeTokenExchange}, false},
	{ReasonRequestedTokenType, Answer{bad, invalidRequest, "requested_token_type must be " + tokenTypeAccessToken}, false},
	{ReasonScope, Answer{bad, invalidRequest, "scope must hold at least one scope of Google's"}, false},
	{ReasonActorToken, Answer{bad, invalidRequest, "actor tokens are not supported"}, false},
	{ReasonOptions, Answer{bad, invalidRequest, "options are invalid"}, false},
	{ReasonAccessBoundary, Answer{bad, invalidRequest, "options must have an accessBoundary for an access token"}, false},
	{ReasonAccessToken, Answer{bad, invalidGrant, "the access token in subject_token is not valid"}, false},
	{ReasonDownscoped, Answer{bad, invalidGrant, "the access token in subject_token is downscoped already"}, false},
	{ReasonAudience, Answer{bad, invalidRequest, `Invalid value for "audience". This value should be the full resource name of the Identity Provider. See https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token for the list of possible formats.`}, true},
	{ReasonTarget, Answer{bad, "invalid_target", `The target service indicated by the "audience" parameters is invalid. This might either be because the pool or provider is disabled or deleted or because it doesn't exist.`}, true},
	{ReasonSubjectTokenType, Answer{bad, invalidRequest, "subject_token_type must be " + tokenTypeAWS + " for an AWS provider"}, false},
	{ReasonSubjectTokenMissing, Answer{bad, invalidRequest, "subject_token is missing"}, false},

	{ReasonTokenSize, Answer{bad, invalidGrant, "subject_token is too large"}, false},
	{ReasonTokenEncoding, Answer{bad, invalidGrant, "subject_token is not percent-encoded"}, false},
	{ReasonTokenEmpty, Answer{bad, invalidGrant, "Invalid format of AWS credentials:Error at line 0:0: Unexpected end of stream : expected '{'"}, true},
	{ReasonTokenFormat, Answer{bad, invalidGrant, "subject_token is not the JSON of an AWS request"}, false},
	{ReasonTokenShape, Answer{bad, invalidGrant, badFormat}, true},
	{ReasonMethod, Answer{bad, invalidGrant, "the method of the AWS request must be POST"}, false},
	{ReasonBody, Answer{bad, invalidGrant, "the body of the AWS request must be empty"}, false},
	{ReasonURL, Answer{bad, invalidGrant, "the URL of the AWS request is invalid"}, false},
	{ReasonScheme, Answer{bad, invalidGrant, "the URL of the AWS request must have the scheme https"}, false},
	{ReasonHost, Answer{bad, invalidGrant, "the host of the AWS request is not AWS STS"}, false},
	{ReasonPath, Answer{bad, invalidGrant, "the path of the AWS request must be empty or /"}, false},
	{ReasonQuery, Answer{bad, invalidGrant, "the query of the AWS request is invalid"}, false},
	{ReasonAction, Answer{bad, invalidGrant, "the Action of the AWS request must be GetCallerIdentity"}, false},
	{ReasonVersion, Answer{bad, invalidGrant, "the Version of the AWS request must be 2011-06-15"}, false},
	{ReasonHeaderForm, Answer{bad, invalidGrant, "a header of the AWS request is invalid"}, false},
	{ReasonHeaderTwice, Answer{bad, invalidGrant, "a header of the AWS request is there with two values"}, false},
	{ReasonAuthorizationCase, Answer{bad, invalidGrant, badFormat}, true},
	{ReasonHeaderMissing, Answer{bad, invalidGrant, "a header of the AWS request is missing"}, false},
	{ReasonHostHeader, Answer{bad, invalidGrant, "the header host of the AWS request is not the host of its URL"}, false},
	{ReasonTargetResource, Answer{bad, invalidGrant, "the header x-goog-cloud-target-resource of the AWS request is not the audience"}, false},
	{ReasonAuthorization, Answer{bad, invalidGrant, "the header Authorization of the AWS request is not an AWS4-HMAC-SHA256 signature"}, false},
	{ReasonTargetNotSigned, Answer{bad, invalidGrant, "the header x-goog-cloud-target-resource of the AWS request is not signed"}, false},
	{ReasonSignatureDate, Answer{bad, invalidGrant, "the header x-amz-date of the AWS request is not a date such as 20060102T150405Z"}, false},
	{ReasonSignatureAge, Answer{bad, invalidGrant, "the AWS request was signed too long ago, or in the future"}, false},

	{ReasonJWTFormat, Answer{bad, invalidGrant, "subject_token is not a JWT"}, false},
	{ReasonJWTAlgorithm, Answer{bad, invalidGrant, "the alg of the JWT must be RS256 or ES256"}, false},
	{ReasonIssuer, Answer{bad, invalidGrant, "the issuer of the JWT is not the provider's"}, false},
	{ReasonIssuerKeys, Answer{bad, invalidGrant, "Error connecting to the given credential's issuer."}, true},
	{ReasonJWTSignature, Answer{bad, invalidGrant, "the signature of the JWT is not the issuer's"}, false},
	{ReasonJWTAudience, Answer{bad, invalidGrant, "the aud of the JWT is not the provider's"}, false},
	{ReasonJWTTimes, Answer{bad, invalidGrant, "the JWT is not good at this time"}, false},
	{ReasonJWTEnding, Answer{http.StatusInternalServerError, "server_error", "the JWT ends within a second"}, false},

	{ReasonAWS, Answer{bad, invalidGrant, "Received invalid AWS response of type %s with error message: %s"}, true},
	{ReasonAWSUnavailable, Answer{bad, invalidGrant, "AWS gave no answer that can be read"}, false},
	{ReasonAccount, Answer{bad, invalidGrant, "the AWS account is not the provider's"}, false},
	{ReasonMapping, Answer{bad, invalidRequest, "the attribute mapping failed"}, false},
	{ReasonSubjectEmpty, Answer{bad, invalidRequest, "the attribute mapping yields no google.subject"}, false},
	{ReasonSubjectSize, Answer{bad, invalidRequest, "The size of mapped attribute google.subject exceeds the 127 bytes limit. Either modify your attribute mapping or the incoming assertion to produce a mapped attribute that is less than 127 bytes."}, true},
	{ReasonAttributes, Answer{bad, invalidRequest, "the mapped attributes break a limit"}, false},
	{ReasonConditionError, Answer{bad, invalidGrant, "the attribute condition failed"}, false},
	{ReasonCondition, Answer{bad, "unauthorized_client", "The given credential is rejected by the attribute condition."}, true},
}

// Reasons returns every reason, in the order in which STS looks for them.
func Reasons() []Reason {
	reasons := make([]Reason, len(rulings))
	for i, r := range rulings {
		reasons[i] = r.reason
	}
	return reasons
}

// Refusal is the error of a token exchange that STS refuses.
type Refusal struct {
	Reason Reason
	Answer
	// Literal says that Description is Google's own text, as its documentation or reports of its
	// answers show it. Other texts begin with "emulator: ". What brings Google to say it is not
	// certain for ReasonTokenShape and ReasonAuthorizationCase; and of ReasonAWS the form was seen
	// with InvalidClientTokenId alone.
	Literal bool

	secret bool // Description quotes the request
}

// Refusal is what STS answers for the reason as long as its answers are not replaced.
func (r Reason) Refusal() *Refusal { return DefaultUnsettled().refusal(judge(r, "")) }

// ServeHTTP answers with the refusal.
func (r *Refusal) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if r.Code == invalidClient {
		w.Header().Set("WWW-Authenticate", "Basic") // required by RFC 6749 §5.2
	}
	writeJSON(w, r.Status, map[string]string{"error": r.Code, "error_description": r.Description})
}

// Error is what STS answers.
func (r *Refusal) Error() string { return r.Code + ": " + r.Description }

// judgement is a reason with what is to be said of the case at hand; "" for the ruling's own words.
type judgement struct {
	reason Reason
	detail string
	known  string    // what a record says of the case; "" for no more than the reason
	api    *APIError // in the place of an OAuth error: what reads JSON for all of Google's APIs refuses it
}

// judge makes a judgement. The detail must not quote a secret: no signature, session token or whole
// subject token.
func judge(reason Reason, format string, args ...any) *judgement {
	return &judgement{reason: reason, detail: fmt.Sprintf(format, args...)}
}

// openly has a record say the detail as well. It must quote nothing but what has been checked: what
// a client sends in a wrong place may be a secret.
func (j *judgement) openly() *judgement {
	j.known = j.detail
	return j
}

// record is what a record says of the judgement.
func (j *judgement) record() string {
	known := j.known
	if known == "" && j.detail == "" && j.api == nil {
		known = j.reason.Refusal().Description
	}
	if known == "" {
		return string(j.reason)
	}
	return string(j.reason) + ": " + strings.TrimPrefix(known, "emulator: ")
}

// judgeAttributes holds what a mapping yields against Google's limits.
func judgeAttributes(attributes principal.Attributes) *judgement {
	switch err := attributes.Validate(); {
	case attributes.Subject == "":
		return judge(ReasonSubjectEmpty, "")
	case len(attributes.Subject) > principal.MaxSubject:
		return judge(ReasonSubjectSize, "")
	case err != nil:
		return judge(ReasonAttributes, "%v", err).openly()
	}
	return nil
}

// refusal is what STS answers to j.
func (u Unsettled) refusal(j *judgement) *Refusal {
	r := &Refusal{Reason: j.reason}
	for _, known := range rulings {
		if known.reason == j.reason {
			r.Answer, r.Literal = known.Answer, known.literal
		}
	}
	if j.detail != "" {
		r.Description = j.detail
	}
	if !r.Literal {
		r.Description = "emulator: " + r.Description
	}
	other := u.Answers[j.reason]
	if other.Status != 0 {
		r.Status = other.Status
	}
	if other.Code != "" {
		r.Code = other.Code
	}
	if other.Description != "" {
		r.Description, r.Literal = other.Description, false
	}
	return r
}
