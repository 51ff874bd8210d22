package fakeaws

import (
	"cmp"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// AddUser declares an IAM user and returns a new pair of long-lived keys, which have no session
// token. An account of "" is the cloud's own. A user that exists gets a further pair.
func (a *Cloud) AddUser(account, name string) (aws.Credentials, error) {
	account = cmp.Or(account, a.account)
	if !accountNumber.MatchString(account) || !iamName.MatchString(name) {
		return aws.Credentials{}, fmt.Errorf("adding user %q of account %q: AWS allows no such name or account", name, account)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	keys := newKeys("AKIA")
	a.keys[keys.AccessKeyID] = &accessKey{secret: keys.SecretAccessKey, caller: a.user(account, name)}
	return keys, nil
}

// user returns what GetCallerIdentity says of a user, whom it declares if need be. The caller holds
// the lock.
func (a *Cloud) user(account, name string) caller {
	arn := a.arn("iam", account, "user/"+name)
	if a.users[arn] == "" {
		a.users[arn] = uniqueID("AIDA")
	}
	return caller{account: account, arn: arn, userID: a.users[arn], principal: arn}
}
