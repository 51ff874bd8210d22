package fakeaws

import (
	"net/http"
	"regexp"
	"time"
)

const (
	minSessionToken     = 15 * time.Minute
	maxSessionToken     = 36 * time.Hour
	defaultSessionToken = 12 * time.Hour
)

// getSessionToken answers GetSessionToken: temporary keys of a user, who stays the caller. As for
// AssumeRole, MFA is passed over.
func (a *Cloud) getSessionToken(c caller, p stsParameters) ([]element, *awsError) {
	var v stsValidator
	duration := v.duration(p, minSessionToken, maxSessionToken, defaultSessionToken)
	if failure := v.failure(); failure != nil {
		return nil, failure
	}
	if c.session {
		return nil, accessDenied("Cannot call GetSessionToken with session credentials")
	}
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	c.session = true
	return []element{credentialsElement(a.issueFor(c, "", now.Add(duration)))}, nil
}

// getAccessKeyInfo answers GetAccessKeyInfo. AWS reads the account out of the key's ID and so knows
// keys that never were; the emulator knows those that it has.
func (a *Cloud) getAccessKeyInfo(_ caller, p stsParameters) ([]element, *awsError) {
	var v stsValidator
	id := v.text(p, "AccessKeyId", 16, 128, regexp.MustCompile(`^\w*$`), `[\w]*`)
	if failure := v.failure(); failure != nil {
		return nil, failure
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	key, ok := a.keys[id]
	if !ok {
		// AWS documents that it may know no deleted key, and not how it says so.
		return nil, &awsError{status: http.StatusBadRequest, code: "ValidationError", message: "emulator: nobody has the access key " + id}
	}
	return elements("Account", key.caller.account), nil
}
