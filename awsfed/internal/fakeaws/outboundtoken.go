package fakeaws

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	minOutbound     = time.Minute
	maxOutbound     = time.Hour
	defaultOutbound = 5 * time.Minute

	maxOutboundAudiences = 10
	maxOutboundAudience  = 1000 // characters
	maxOutboundTags      = 50
	maxTagKey            = 128 // characters; so is the next
	maxTagValue          = 256

	// outboundNamespace is the claim that holds what AWS says beyond OpenID Connect.
	outboundNamespace = "https://sts.amazonaws.com/"
)

// outboundClaims is what an outbound token says, as AWS's documentation of token claims and tokens
// that people have published have it. Principal tags, the organization and the claims of EC2,
// Lambda and IAM Identity Center are left out, which AWS adds where there are any.
type outboundClaims struct {
	Issuer   string         `json:"iss"`
	Audience any            `json:"aud"` // a string if there is one, as in AWS's example; else strings, which is recalled
	Subject  string         `json:"sub"`
	IssuedAt int64          `json:"iat"`
	Expires  int64          `json:"exp"`
	ID       string         `json:"jti"`
	AWS      outboundDetail `json:"https://sts.amazonaws.com/"`
}

type outboundDetail struct {
	Account        string            `json:"aws_account"`
	Region         string            `json:"source_region"`
	Principal      string            `json:"principal_id"`
	SessionExpires string            `json:"original_session_exp,omitempty"` // RFC 3339
	RequestTags    map[string]string `json:"request_tags,omitempty"`
}

// getWebIdentityToken answers GetWebIdentityToken. The permission sts:GetWebIdentityToken, which
// the caller needs at AWS, is not asked for: the emulator has no policies but trust policies.
//
// The rules are those of AWS's reference; the order in which they are applied is recalled.
func (a *Cloud) getWebIdentityToken(c caller, p stsParameters) ([]element, *awsError) {
	request, failure := parseOutboundRequest(p)
	if failure != nil {
		return nil, failure
	}
	now := a.now()
	if c.account != a.account || a.OutboundIssuer() == "" {
		return nil, outboundDisabled()
	}
	expires := now.Add(request.duration).UTC().Truncate(time.Second)
	claims := outboundClaims{
		Issuer: a.outbound.url, Audience: request.audiences, Subject: c.principal,
		IssuedAt: now.Unix(), Expires: expires.Unix(), ID: newRequestID(),
		AWS: outboundDetail{Account: c.account, Region: c.region, Principal: c.principal, RequestTags: request.tags},
	}
	if len(request.audiences) == 1 {
		claims.Audience = request.audiences[0]
	}
	if !c.expires.IsZero() {
		if expires.After(c.expires) {
			return nil, sessionDurationEscalation()
		}
		claims.AWS.SessionExpires = awsTime(c.expires)
	}
	payload, _ := json.Marshal(claims) // cannot fail: it has strings and integers alone
	return []element{
		{name: "WebIdentityToken", text: a.outbound.sign(payload, request.algorithm)},
		{name: "Expiration", time: expires},
	}, nil
}

// outboundRequest is the parameters of GetWebIdentityToken.
type outboundRequest struct {
	audiences []string
	algorithm string
	duration  time.Duration
	tags      map[string]string
}

// parseOutboundRequest reads the parameters and reports all that is wrong with them. The texts are
// in the form that AWS gives those of other actions, but for the emulator's own.
func parseOutboundRequest(p stsParameters) (outboundRequest, *awsError) {
	var v stsValidator
	r := outboundRequest{audiences: p.members("Audience", "")}
	v.audiences(p, r.audiences)
	algorithm, ok := p.get("SigningAlgorithm")
	switch {
	case !ok:
		v.fault("Value null at 'signingAlgorithm' failed to satisfy constraint: Member must not be null")
	case algorithm != algorithmRS256 && algorithm != algorithmES384:
		v.fault("emulator: the value '%s' at 'signingAlgorithm' is none of RS256 and ES384", algorithm)
	}
	r.algorithm = algorithm
	r.duration = v.duration(p, minOutbound, maxOutbound, defaultOutbound)
	r.tags = v.tags(p)
	return r, v.failure()
}

func (v *stsValidator) audiences(p stsParameters, audiences []string) {
	const field = "at 'audience' failed to satisfy constraint: "
	list := "[" + strings.Join(audiences, ", ") + "]"
	if _, empty := p.get("Audience"); len(audiences) == 0 && !empty {
		v.fault("Value null %sMember must not be null", field)
	} else if len(audiences) == 0 {
		v.fault("Value '[]' %sMember must have length greater than or equal to 1", field)
	} else if len(audiences) > maxOutboundAudiences {
		v.fault("Value '%s' %sMember must have length less than or equal to %d", list, field, maxOutboundAudiences)
	}
	for _, audience := range audiences {
		if n := utf8.RuneCountInString(audience); n == 0 || n > maxOutboundAudience {
			v.fault("Value '%s' %sMember must satisfy constraint: [Member must have length less than or equal to %d, "+
				"Member must have length greater than or equal to 1]", list, field, maxOutboundAudience)
			break
		}
	}
}

func (v *stsValidator) tags(p stsParameters) map[string]string {
	keys, values := p.members("Tags", ".Key"), p.members("Tags", ".Value")
	if len(keys) != len(values) {
		v.fault("emulator: a tag has a key and a value")
		return nil
	}
	if len(keys) > maxOutboundTags {
		v.fault("emulator: there are %d tags, and %d at most", len(keys), maxOutboundTags)
	}
	tags := make(map[string]string, len(keys))
	for i, key := range keys {
		if n := utf8.RuneCountInString(key); n == 0 || n > maxTagKey || utf8.RuneCountInString(values[i]) > maxTagValue {
			v.fault("emulator: the key of tag %d is not of 1 to %d characters, or its value has more than %d", i+1, maxTagKey, maxTagValue)
		}
		if _, twice := tags[key]; twice {
			v.fault("emulator: there are two tags of the key '%s'", key)
		}
		tags[key] = values[i]
	}
	return tags
}

// members returns the values of NAME.member.1, NAME.member.2 and so on, each with the suffix after
// it, as far as there are any.
func (p stsParameters) members(name, suffix string) []string {
	var members []string
	for {
		value, ok := p.get(name + ".member." + strconv.Itoa(len(members)+1) + suffix)
		if !ok {
			return members
		}
		members = append(members, value)
	}
}

// outboundDisabled and sessionDurationEscalation have the codes by which the AWS SDKs know them.
// The status is recalled, and AWS's texts are not known.
func outboundDisabled() *awsError {
	return &awsError{
		status: http.StatusForbidden, code: "OutboundWebIdentityFederationDisabledException",
		message: "emulator: outbound identity federation is not enabled for this account",
	}
}

func sessionDurationEscalation() *awsError {
	return &awsError{
		status: http.StatusForbidden, code: "SessionDurationEscalationException",
		message: "emulator: the token would outlive the session that asks for it",
	}
}
