package fakeaws

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const (
	minSession     = 15 * time.Minute
	maxSession     = 12 * time.Hour
	defaultSession = time.Hour
	maxChained     = time.Hour // for a role that was assumed by another role's session
)

// assumeRole answers AssumeRole. Session policies, tags, a source identity and MFA change nothing
// that the emulator looks at, and are passed over.
func (a *Cloud) assumeRole(c caller, p stsParameters) ([]element, *awsError) {
	var v stsValidator
	roleARN := v.text(p, "RoleArn", 20, 2048, nil, "")
	session := v.text(p, "RoleSessionName", 2, 64, sessionNameBytes, `[\w+=,.@-]*`)
	var externalID string
	if _, ok := p.get("ExternalId"); ok {
		externalID = v.text(p, "ExternalId", 2, 1224, externalIDBytes, `[\w+=,.@:\/-]*`)
	}
	duration, failure := v.end(p, roleARN)
	if failure != nil {
		return nil, failure
	}
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.roles[roleARN]
	if !ok || !r.trusts(c) || r.ExternalID != "" && externalID != r.ExternalID {
		// A role that does not exist is not told from one that does not trust.
		return nil, accessDenied("User: " + c.arn + " is not authorized to perform: sts:AssumeRole on resource: " + roleARN)
	}
	if failure := r.checkDuration(duration); failure != nil {
		return nil, failure
	}
	if c.chains() && duration > maxChained {
		return nil, validationError("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	return a.assumed(r, session, a.issue(r, session, now.Add(duration))), nil
}

// assumeRoleWithWebIdentity answers the action of that name, which the SDKs call unsigned for IRSA.
func (a *Cloud) assumeRoleWithWebIdentity(p stsParameters) ([]element, *awsError) {
	var v stsValidator
	roleARN := v.text(p, "RoleArn", 20, 2048, nil, "")
	session := v.text(p, "RoleSessionName", 2, 64, sessionNameBytes, `[\w+=,.@-]*`)
	token := v.text(p, "WebIdentityToken", 4, 20000, nil, "")
	duration, failure := v.end(p, roleARN)
	if failure != nil {
		return nil, failure
	}
	now := a.now()
	identity, failure := a.webIdentityOf(token, now)
	if failure != nil {
		return nil, failure
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r, ok := a.roles[roleARN]
	if !ok || !r.trustsToken(identity) {
		return nil, accessDenied("Not authorized to perform sts:AssumeRoleWithWebIdentity")
	}
	if failure := r.checkDuration(duration); failure != nil {
		return nil, failure
	}
	return append(elements(
		"Audience", identity.clientID(),
		"Provider", a.provider(identity, r.Account),
		"SubjectFromWebIdentityToken", identity.Subject,
	), a.assumed(r, session, a.issue(r, session, now.Add(duration)))...), nil
}

// assumed describes a new session. The ARN has the role's name, not its path.
func (a *Cloud) assumed(r *iamRole, session string, keys aws.Credentials) []element {
	c := a.sessionOf(r, session)
	return []element{
		{name: "AssumedRoleUser", children: elements("AssumedRoleId", c.userID, "Arn", c.arn)},
		credentialsElement(keys),
	}
}

func credentialsElement(keys aws.Credentials) element {
	return element{name: "Credentials", children: append(elements(
		"AccessKeyId", keys.AccessKeyID, "SecretAccessKey", keys.SecretAccessKey, "SessionToken", keys.SessionToken,
	), element{name: "Expiration", time: keys.Expires})}
}

// checkDuration holds a duration against the role's own limit, which AWS does before it thinks of
// role chaining.
func (r *iamRole) checkDuration(d time.Duration) *awsError {
	if d > r.MaxSession {
		return validationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return nil
}

func checkRoleARN(arn string) *awsError {
	if parts := strings.SplitN(arn, ":", 6); len(parts) != 6 || parts[0] != "arn" || !strings.HasPrefix(parts[5], "role/") {
		return validationError(arn + " is invalid")
	}
	return nil
}

var (
	sessionNameBytes = regexp.MustCompile(`^[\w+=,.@-]*$`)
	externalIDBytes  = regexp.MustCompile(`^[\w+=,.@:/-]*$`)
)

// stsValidator gathers what is wrong with parameters: AWS lists it all at once.
type stsValidator struct {
	faults    []string
	malformed *awsError
}

// text returns a required parameter of low to high characters, all of which match pattern if there
// is one; shown is how AWS prints the pattern.
func (v *stsValidator) text(p stsParameters, name string, low, high int, pattern *regexp.Regexp, shown string) string {
	field := strings.ToLower(name[:1]) + name[1:]
	value, ok := p.get(name)
	if !ok {
		v.faults = append(v.faults, "Value null at '"+field+"' failed to satisfy constraint: Member must not be null")
		return ""
	}
	fault := func(format string, args ...any) {
		v.faults = append(v.faults, "Value '"+value+"' at '"+field+"' failed to satisfy constraint: "+fmt.Sprintf(format, args...))
	}
	if pattern != nil && !pattern.MatchString(value) {
		fault("Member must satisfy regular expression pattern: %s", shown)
	}
	if n := utf8.RuneCountInString(value); n < low {
		fault("Member must have length greater than or equal to %d", low)
	} else if n > high {
		fault("Member must have length less than or equal to %d", high)
	}
	return value
}

// duration returns DurationSeconds, which is from low to high, or fallback if it is absent.
func (v *stsValidator) duration(p stsParameters, low, high, fallback time.Duration) time.Duration {
	value, ok := p.get("DurationSeconds")
	if !ok {
		return fallback
	}
	seconds, err := strconv.ParseInt(value, 10, 32)
	if err != nil {
		v.malformed = &awsError{status: http.StatusBadRequest, code: "MalformedInput"}
		if value == "" {
			v.malformed.message = "missing value for decimal type"
		}
		return 0
	}
	d := time.Duration(seconds) * time.Second
	bound := ""
	if d < low {
		bound = fmt.Sprintf("greater than or equal to %d", low/time.Second)
	} else if d > high {
		bound = fmt.Sprintf("less than or equal to %d", high/time.Second)
	}
	if bound != "" {
		v.faults = append(v.faults, fmt.Sprintf("Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must have value %s", seconds, bound))
	}
	return d
}

// end reads DurationSeconds, which stands last, and reports what is wrong with the parameters. AWS
// looks into the role's ARN only if all else is well.
func (v *stsValidator) end(p stsParameters, roleARN string) (time.Duration, *awsError) {
	duration := v.duration(p, minSession, maxSession, defaultSession)
	if failure := v.failure(); failure != nil {
		return 0, failure
	}
	return duration, checkRoleARN(roleARN)
}

func (v *stsValidator) fault(format string, args ...any) {
	v.faults = append(v.faults, fmt.Sprintf(format, args...))
}

func (v *stsValidator) failure() *awsError {
	switch {
	case v.malformed != nil || len(v.faults) == 0:
		return v.malformed
	case len(v.faults) == 1:
		return validationError("1 validation error detected: " + v.faults[0])
	}
	return validationError(fmt.Sprintf("%d validation errors detected: %s", len(v.faults), strings.Join(v.faults, "; ")))
}
