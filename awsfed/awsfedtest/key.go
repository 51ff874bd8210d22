package awsfedtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// AddUser adds an IAM user and returns a new pair of long-lived keys, which have no session token.
// The user is named by its ARN (arn:aws:iam::ACCOUNT:user/NAME, without a path) or, if it is of the
// cloud's own account, its name. A user that exists gets a further pair.
func (c *Cloud) AddUser(user string) (aws.Credentials, error) {
	account, name := "", user
	if rest, ok := strings.CutPrefix(user, "arn:"); ok {
		rest, ok = strings.CutPrefix(rest, c.options.Partition+":iam::")
		if account, name, _ = strings.Cut(rest, ":user/"); !ok || account == "" {
			return aws.Credentials{}, fmt.Errorf("awsfedtest: adding user %q: this is not the ARN of a user in partition %s", user, c.options.Partition)
		}
	}
	keys, err := c.aws.AddUser(account, name)
	return keys, wrap(err)
}

// AddSession returns new temporary keys of a role, as AssumeRole does but without asking whom the
// role trusts. The role is named by its ARN or, if it is of the cloud's own account, its name. The
// session name ends the caller's ARN; it has 2 to 64 of the characters [A-Za-z0-9_+=,.@-]. The
// lifetime may be anything, also outside of AWS's 15 minutes to 12 hours.
func (c *Cloud) AddSession(role, name string, lifetime time.Duration) (aws.Credentials, error) {
	keys, err := c.aws.Session(role, name, lifetime)
	return keys, wrap(err)
}

// ExpireKeys ends the keys of a session now: AWS answers ExpiredToken to requests that are signed
// with them. The endpoint that handed them out does not notice.
func (c *Cloud) ExpireKeys(accessKeyID string) error { return wrap(c.aws.Expire(accessKeyID)) }

// RevokeKeys makes AWS forget keys, long-lived or temporary: it answers InvalidClientTokenId to
// requests that are signed with them. The endpoint that handed them out does not notice.
func (c *Cloud) RevokeKeys(accessKeyID string) error { return wrap(c.aws.Revoke(accessKeyID)) }
