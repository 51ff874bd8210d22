// Package fakeaws is the emulated AWS side of package awsfedtest, and of the emulator: AWS STS, EC2
// metadata and the credential endpoints of ECS and EKS, with the roles, users and keys behind them.
//
// Texts that begin with "emulator:" are this package's own, as nobody knows AWS's. They may change
// in any release.
package fakeaws

import (
	"cmp"
	"sync"
	"time"
)

// Cloud is AWS as far as workload identity federation goes: one partition with the roles, users and
// keys that are declared, and the endpoints that hand out keys and judge signatures. The accounts
// are those that the roles and users name.
//
// In a new cloud there is one role, [Options].Role, which its own account may assume. The EC2
// instance runs as it, and so do the ECS task and the EKS pods.
//
// Wherever a method takes a role, it takes the role's ARN or, for a role of the cloud's own
// account, its name. All methods are safe for concurrent use.
type Cloud struct {
	partition, region, account string

	now      func() time.Time
	issuer   *webIdentityIssuer
	outbound outboundIssuer

	verifyGoogle func(token string) (claims map[string]any, err error) // nil: nothing is Google's

	mu         sync.Mutex // never held over I/O, or over a call of now
	roles      map[string]*iamRole
	users      map[string]string // unique IDs by ARN
	keys       map[string]*accessKey
	rejections []*rejection
	registered map[string]webIdentity // foreign web identity tokens
	lifetime   time.Duration          // of the keys that endpoints hand out
	instance   instance
	containers containers

	outboundEnabled bool
}

// Options describes the cloud that [New] makes. Every field is optional. A value is taken as it
// stands, also one that AWS would refuse.
type Options struct {
	Partition string           // default: that of Region, which without a Region is "aws"
	Region    string           // default: the first of Partition
	Account   string           // of 12 digits; default: 123456789012
	Role      string           // the name of a role; default: app
	Now       func() time.Time // the clock; default: time.Now

	// VerifyGoogleIDToken returns the claims of an ID token that Google signed, and an error for
	// any other token. It may leave it to AWS to judge exp, and does not judge aud. It is called
	// without a lock held. Default: no token is Google's.
	VerifyGoogleIDToken func(token string) (claims map[string]any, err error)
}

// New returns the cloud that opts describe.
func New(opts Options) *Cloud {
	opts.Partition = cmp.Or(opts.Partition, PartitionOf(opts.Region))
	opts.Region = cmp.Or(opts.Region, HomeRegion(opts.Partition))
	opts.Account = cmp.Or(opts.Account, "123456789012")
	opts.Role = cmp.Or(opts.Role, "app")
	if opts.Now == nil {
		opts.Now = time.Now
	}
	a := &Cloud{
		partition:  opts.Partition,
		region:     opts.Region,
		account:    opts.Account,
		now:        opts.Now,
		issuer:     newWebIdentityIssuer(opts.Region),
		outbound:   newOutboundIssuer(opts.Partition),
		roles:      make(map[string]*iamRole),
		users:      make(map[string]string),
		keys:       make(map[string]*accessKey),
		registered: make(map[string]webIdentity),
		lifetime:   defaultKeyLifetime,

		verifyGoogle: opts.VerifyGoogleIDToken,
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
func (a *Cloud) Account() string { return a.account }

// Region returns the region that the cloud is at home in. The instance may have been moved
// elsewhere by [Cloud.SetPlacement].
func (a *Cloud) Region() string { return a.region }

func (a *Cloud) arn(service, account, resource string) string {
	return "arn:" + a.partition + ":" + service + "::" + account + ":" + resource
}
