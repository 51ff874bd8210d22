package awsfedtest

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// AWS is the emulated AWS side of a [Cloud]: one partition with the roles,
// users and keys that tests declare, and the endpoints that hand out keys and
// judge signatures. The accounts are those that the roles and users name.
//
// In a new cloud there is one role, [Options].Role, which its own account may
// assume. The EC2 instance runs as it, and so do the ECS task and the EKS pods.
//
// Wherever a method takes a role, it takes the role's ARN or, for a role of the
// cloud's own account, its name. All methods are safe for concurrent use.
type AWS struct {
	partition, region, account string

	now    func() time.Time
	issuer *webIdentityIssuer

	mu         sync.Mutex // never held over I/O, or over a call of now
	roles      map[string]*iamRole
	users      map[string]string // unique IDs by ARN
	keys       map[string]*accessKey
	rejections []*rejection
	registered map[string]webIdentity // foreign web identity tokens
	lifetime   time.Duration          // of the keys that endpoints hand out
	instance   instance
	containers containers
}

// newAWS returns the AWS side that opts describe; now is the cloud's clock.
func newAWS(opts Options, now func() time.Time) *AWS {
	opts = opts.withDefaults()
	a := &AWS{
		partition:  opts.Partition,
		region:     opts.Region,
		account:    opts.Account,
		now:        now,
		issuer:     newWebIdentityIssuer(opts.Region),
		roles:      make(map[string]*iamRole),
		users:      make(map[string]string),
		keys:       make(map[string]*accessKey),
		registered: make(map[string]webIdentity),
		lifetime:   defaultKeyLifetime,
	}
	// The options are taken as they stand, so AddRole's checks are passed over.
	role := a.putRole(Role{
		Account: opts.Account, Name: opts.Role, Path: "/", MaxSession: time.Hour,
		Trusts: []string{a.arn("iam", opts.Account, "root")},
	})
	a.instance = newInstance(opts.Region, role)
	a.containers = newContainers(role)
	return a
}

// Account returns the cloud's own account, of 12 digits.
func (a *AWS) Account() string { return a.account }

// Region returns the region that the cloud is at home in. The instance may have
// been moved elsewhere by [AWS.SetPlacement].
func (a *AWS) Region() string { return a.region }

// Role declares an IAM role.
type Role struct {
	// Account owns the role. Optional; default: the cloud's own account.
	Account string
	// Name is required: up to 64 of the characters [A-Za-z0-9_+=,.@-].
	Name string
	// Path comes before the name in the role's own ARN, and not in that of its
	// sessions. Optional; default: "/". It begins and ends with a slash.
	Path string
	// Trusts lists who may assume the role: ARNs of users, roles and role
	// sessions, an account's number or root ARN for all in that account, or "*".
	// Optional; default: nobody, and keys come from [AWS.Session] and the
	// metadata endpoints alone.
	//
	// The trust policy is all that is asked: unlike at AWS, a caller from
	// another account needs no policy of its own.
	Trusts []string
	// ExternalID must be given by whoever assumes the role. Optional.
	ExternalID string
	// Subjects lists the web identities that may assume the role, such as
	// system:serviceaccount:NAMESPACE:NAME, or "*". Optional;
	// [AWS.WebIdentityToken] adds the subject it is asked for.
	Subjects []string
	// MaxSession bounds the sessions that AssumeRole gives. Optional; default:
	// 1 h, as at AWS. From 1 h to 12 h.
	MaxSession time.Duration
}

// iamRole is a role that exists. Its unique ID is new whenever a role is created,
// so that the sessions of a deleted one do not come back to life with the name.
type iamRole struct {
	Role
	arn, id string
}

var (
	accountNumber = regexp.MustCompile(`^[0-9]{12}$`)
	rolePath      = regexp.MustCompile(`^/([!-~]{1,510}/)?$`)
	// IAM allows the same characters in the names of users, roles and sessions.
	iamName     = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
)

// AddRole declares a role and returns its ARN. If the role exists, its path must
// be the same; the rest is replaced and its sessions live on. The error names
// every field that AWS would refuse.
func (a *AWS) AddRole(r Role) (arn string, err error) {
	r.Account = cmp.Or(r.Account, a.account)
	r.Path = cmp.Or(r.Path, "/")
	r.MaxSession = cmp.Or(r.MaxSession, time.Hour)
	var faults []error
	if !accountNumber.MatchString(r.Account) {
		faults = append(faults, fmt.Errorf("account %q is not 12 digits", r.Account))
	}
	if !iamName.MatchString(r.Name) {
		faults = append(faults, fmt.Errorf("name %q is not 1 to 64 of the characters A-Z a-z 0-9 _+=,.@-", r.Name))
	}
	if !rolePath.MatchString(r.Path) {
		faults = append(faults, fmt.Errorf("path %q does not begin and end with a slash", r.Path))
	}
	if r.MaxSession < time.Hour || r.MaxSession > 12*time.Hour {
		faults = append(faults, fmt.Errorf("maximum session of %v is not from 1h to 12h", r.MaxSession))
	}
	if len(faults) > 0 {
		return "", fmt.Errorf("awsfedtest: role: %w", errors.Join(faults...))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	// IAM knows a role by its name, whatever the path.
	for arn, old := range a.roles {
		if old.Account == r.Account && old.Name == r.Name && old.Path != r.Path {
			return "", fmt.Errorf("awsfedtest: role %q: it exists as %s", r.Name, arn)
		}
	}
	return a.putRole(r), nil
}

// putRole adds or replaces a role. The caller holds the lock, or has a alone.
func (a *AWS) putRole(r Role) string {
	r.Trusts, r.Subjects = slices.Clone(r.Trusts), slices.Clone(r.Subjects)
	arn := a.arn("iam", r.Account, "role"+r.Path+r.Name)
	if old, ok := a.roles[arn]; ok {
		old.Role = r
	} else {
		a.roles[arn] = &iamRole{Role: r, arn: arn, id: uniqueID("AROA")}
	}
	return arn
}

// RemoveRole deletes a role. Its sessions are refused with InvalidClientTokenId
// from then on, also after a role of that name is added again.
func (a *AWS) RemoveRole(role string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, err := a.role(role)
	if err == nil {
		delete(a.roles, r.arn)
	}
	return err
}

// RoleARN returns the ARN of a role by its name.
func (a *AWS) RoleARN(role string) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, err := a.role(role)
	if err != nil {
		return "", err
	}
	return r.arn, nil
}

// AddUser declares an IAM user and returns a new pair of long-lived keys, which
// have no session token. An account of "" is the cloud's own. A user that exists
// gets a further pair.
func (a *AWS) AddUser(account, name string) (aws.Credentials, error) {
	account = cmp.Or(account, a.account)
	if !accountNumber.MatchString(account) || !iamName.MatchString(name) {
		return aws.Credentials{}, fmt.Errorf("awsfedtest: user %q of account %q: AWS allows no such name or account", name, account)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	keys := newKeys("AKIA")
	a.keys[keys.AccessKeyID] = &accessKey{secret: keys.SecretAccessKey, caller: a.user(account, name)}
	return keys, nil
}

// user returns what GetCallerIdentity says of a user, whom it declares if need
// be. The caller holds the lock.
func (a *AWS) user(account, name string) caller {
	arn := a.arn("iam", account, "user/"+name)
	if a.users[arn] == "" {
		a.users[arn] = uniqueID("AIDA")
	}
	return caller{account: account, arn: arn, userID: a.users[arn], principal: arn}
}

// role finds a role by ARN or name. The caller holds the lock.
func (a *AWS) role(role string) (*iamRole, error) {
	if r, ok := a.roles[role]; ok {
		return r, nil
	}
	for _, r := range a.roles {
		if r.Account == a.account && r.Name == role {
			return r, nil
		}
	}
	return nil, fmt.Errorf("awsfedtest: role %q does not exist", role)
}

// trusts reports whether c may assume the role by its trust policy.
func (r *iamRole) trusts(c caller) bool {
	return slices.ContainsFunc(r.Trusts, func(trusted string) bool {
		switch trusted {
		case "*", c.arn, c.principal, c.account:
			return true
		}
		return strings.HasSuffix(trusted, ":iam::"+c.account+":root")
	})
}

func (a *AWS) arn(service, account, resource string) string {
	return "arn:" + a.partition + ":" + service + "::" + account + ":" + resource
}
