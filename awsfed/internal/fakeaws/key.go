package fakeaws

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// caller is who signed a request: what GetCallerIdentity says, and what a trust policy may call it.
type caller struct {
	account, arn, userID string
	principal            string // the ARN of the role behind a session; of a user, its own
	session              bool   // the keys are temporary

	// Of the request alone, not of the key:
	region  string    // that it is signed for
	expires time.Time // of the key; zero: never
}

// accessKey is what AWS knows of a key.
type accessKey struct {
	secret, token string
	caller        caller
	roleID        string    // of the role behind a session; "" for a user's keys
	expires       time.Time // zero: never
}

// Session returns new temporary keys of a role, as AssumeRole does but without asking whom the role
// trusts. The session name ends the caller's ARN; it has 2 to 64 of the characters
// [A-Za-z0-9_+=,.@-]. The lifetime may be anything, also outside of AWS's 15 minutes to 12 hours.
func (a *Cloud) Session(role, name string, lifetime time.Duration) (aws.Credentials, error) {
	if !sessionName.MatchString(name) {
		return aws.Credentials{}, fmt.Errorf("adding a session: the name %q is not 2 to 64 of the characters A-Z a-z 0-9 _+=,.@-", name)
	}
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	r, err := a.role(role)
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("adding a session: %w", err)
	}
	return a.issue(r, name, now.Add(lifetime)), nil
}

// chains reports whether the caller is a role, so that to assume another one is role chaining. A
// user with temporary keys is none.
func (c caller) chains() bool { return c.session && c.principal != c.arn }

// issue makes the keys of a role's session. The caller holds the lock.
func (a *Cloud) issue(r *iamRole, name string, expires time.Time) aws.Credentials {
	return a.issueFor(a.sessionOf(r, name), r.id, expires)
}

// issueFor makes temporary keys of c, whose role has the ID roleID. The caller holds the lock.
func (a *Cloud) issueFor(c caller, roleID string, expires time.Time) aws.Credentials {
	keys := newKeys("ASIA")
	keys.SessionToken = newSessionToken()
	keys.CanExpire, keys.Expires = true, expires.UTC().Truncate(time.Second) // as all of AWS's answers have it
	keys.AccountID = c.account
	a.keys[keys.AccessKeyID] = &accessKey{
		secret: keys.SecretAccessKey, token: keys.SessionToken,
		caller: c, roleID: roleID, expires: keys.Expires,
	}
	return keys
}

func (a *Cloud) sessionOf(r *iamRole, name string) caller {
	return caller{
		account:   r.Account,
		arn:       a.arn("sts", r.Account, "assumed-role/"+r.Name+"/"+name),
		userID:    r.id + ":" + name,
		principal: r.arn,
		session:   true,
	}
}

// ImportKeys makes AWS know keys that were made elsewhere, such as fixed ones in an environment
// file, as those of an IAM user (arn:aws:iam::ACCOUNT:user/NAME; declared if need be) or of a
// role's session (arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION; the role must exist). Keys of a
// session need a session token, those of a user must have none. Keys with CanExpire end at Expires.
func (a *Cloud) ImportKeys(arn string, keys aws.Credentials) error {
	if keys.AccessKeyID == "" || keys.SecretAccessKey == "" {
		return fmt.Errorf("importing keys: keys of %s: no access key ID or no secret", arn)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	key := &accessKey{secret: keys.SecretAccessKey, token: keys.SessionToken}
	if keys.CanExpire {
		key.expires = keys.Expires
	}
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != a.partition || !accountNumber.MatchString(parts[4]) {
		return fmt.Errorf("importing keys: %q is not an ARN of partition %s", arn, a.partition)
	}
	service, account, resource := parts[2], parts[4], strings.Split(parts[5], "/")
	switch {
	case service == "iam" && len(resource) == 2 && resource[0] == "user" && iamName.MatchString(resource[1]):
		key.caller = a.user(account, resource[1])
	case service == "sts" && len(resource) == 3 && resource[0] == "assumed-role" && sessionName.MatchString(resource[2]):
		for _, r := range a.roles {
			if r.Account == account && r.Name == resource[1] {
				key.caller, key.roleID = a.sessionOf(r, resource[2]), r.id
			}
		}
		if key.roleID == "" {
			return fmt.Errorf("importing keys: the role of %q does not exist", arn)
		}
	default:
		return fmt.Errorf("importing keys: %q is not the ARN of a user or of a role's session", arn)
	}
	if key.caller.session != (key.token != "") {
		return fmt.Errorf("importing keys: keys of %s: a session has a session token, and a user has none", arn)
	}
	a.keys[keys.AccessKeyID] = key
	return nil
}

// Expire ends temporary keys now: requests signed with them get ExpiredToken. The endpoint that
// handed them out does not notice; see [Cloud.RotateKeys].
func (a *Cloud) Expire(accessKeyID string) error {
	now := a.now().Truncate(time.Second) // signatures are judged by whole seconds
	a.mu.Lock()
	defer a.mu.Unlock()
	key, ok := a.keys[accessKeyID]
	if !ok || !key.caller.session {
		return fmt.Errorf("expiring keys: %q is not the ID of a session's key", accessKeyID)
	}
	key.expires = now
	return nil
}

// Revoke makes AWS forget keys, long-lived or temporary: requests signed with them get
// InvalidClientTokenId. The endpoint that handed them out does not notice; see [Cloud.RotateKeys].
func (a *Cloud) Revoke(accessKeyID string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.keys[accessKeyID]; !ok {
		return fmt.Errorf("revoking keys: %q is not the ID of a key", accessKeyID)
	}
	delete(a.keys, accessKeyID)
	return nil
}

// signingKey returns the key that a request names, if its session token belongs to it and it is
// alive. A key of one partition is unknown in the others. The order is AWS's: token, expiry, role.
func (a *Cloud) signingKey(id, token, host string, now time.Time) (accessKey, *awsError) {
	invalid, expired, mangled := a.rejects(KeysInvalid), a.rejects(KeysExpired), a.rejects(WrongSignature)
	partition, _, real := STSRegion(host)
	a.mu.Lock()
	defer a.mu.Unlock()
	key, ok := a.keys[id]
	if !ok || invalid || real && partition != a.partition ||
		subtle.ConstantTimeCompare([]byte(token), []byte(key.token)) == 0 {
		return accessKey{}, invalidClientToken()
	}
	if key.caller.session && expired || !key.expires.IsZero() && !now.Before(key.expires) {
		return accessKey{}, expiredToken()
	}
	if key.roleID != "" {
		if r, ok := a.roles[key.caller.principal]; !ok || r.id != key.roleID {
			return accessKey{}, invalidClientToken()
		}
	}
	found := *key
	if mangled {
		found.secret += "?"
	}
	return found, nil
}

// newKeys returns a pair with an ID of 20 characters, as AWS makes them.
func newKeys(prefix string) aws.Credentials {
	return aws.Credentials{
		AccessKeyID:     prefix + randomBase32(16),
		SecretAccessKey: base64.StdEncoding.EncodeToString(randomBytes(30)),
	}
}

// uniqueID returns the ID of 21 characters that IAM gives a role or a user.
func uniqueID(prefix string) string { return prefix + randomBase32(17) }

// newSessionToken returns a token that has '+', '/' and '=' in it, as AWS's tokens have: whoever
// forgets to encode one is found out.
func newSessionToken() string {
	const head = "IQoJb3JpZ2luX2VjEN7//////////wEa" // what AWS's begin with
	for {
		// One byte over a multiple of three is what the padding needs.
		if tail := base64.StdEncoding.EncodeToString(randomBytes(301)); strings.Contains(tail, "+") {
			return head + tail
		}
	}
}

func randomBase32(n int) string {
	return base32.StdEncoding.EncodeToString(randomBytes(n))[:n]
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}
