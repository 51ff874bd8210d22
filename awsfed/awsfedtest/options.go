package awsfedtest

import (
	"cmp"
	"log/slog"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// Options describes the clouds that [New] makes. The zero value gives complete ones: an AWS account
// whose EC2 instance, ECS task and EKS pods run as one role, and a Google project that lets that
// role act as one service account. Every field is optional. A value is taken as it stands: with one
// that the real clouds would refuse, requests fail as they would there.
type Options struct {
	// Partition is the AWS partition: "aws", "aws-cn", "aws-us-gov", "aws-eusc". Default: the
	// partition of Region, which without a Region is "aws".
	Partition string
	// Region is the home region of the AWS side: where the instance, the task and the pods run. The
	// regions are those that the AWS SDK lists; one that is not among them has no AWS STS. Default:
	// the first region of Partition, us-east-1 in "aws".
	Region string
	// Account is the AWS account of 12 digits that owns Role and that Provider trusts. Default:
	// 123456789012.
	Account string
	// Role is the name of the IAM role of the instance, the task and the pods. Default: app.
	Role string
	// KeyLifetime is how long the keys live that EC2 metadata and the container endpoints hand out.
	// New ones are handed out from 5 minutes before the old ones expire; with a lifetime of up to 5
	// minutes, every request gets new keys. Default: 6 h.
	KeyLifetime time.Duration

	// Universe is the domain of the Google Cloud universe that the workload belongs to, by whose
	// names Google's services answer: https://sts.UNIVERSE for one. They answer by those of
	// googleapis.com as well. Default: googleapis.com.
	Universe string
	// ProjectNumber is the number of the Google project. Default: 912480652101.
	ProjectNumber string
	// ProjectID is the ID of the Google project. Default: my-project.
	ProjectID string
	// Pool is the ID of the workload identity pool. Default: my-aws-pool.
	Pool string
	// Provider is the ID of the pool's AWS provider. Default: my-aws-provider.
	Provider string
	// ServiceAccount is the email of the service account that Role may impersonate. Default:
	// aws-app@ProjectID.iam.gserviceaccount.com.
	ServiceAccount string
	// FederatedLifetime is how long the federated tokens last, in whole seconds. Default: 3599 s.
	FederatedLifetime time.Duration

	// Mapping turns the AWS identity into Google attributes. It is called without a lock held, by
	// many goroutines. Default: [principal.DefaultMapping], which Google gives a new AWS provider.
	Mapping principal.Mapping
	// Condition admits or refuses a mapped identity. It is called as Mapping is. Default: all are
	// admitted.
	Condition principal.Condition

	// Logger gets one line for each request that was answered, and what a [Server] has to tell of
	// connections. It never gets a token, a key, a signature or a body. Default: none.
	Logger *slog.Logger
}

// withDefaults returns o with every empty string filled in.
func (o Options) withDefaults() Options {
	o.Partition = cmp.Or(o.Partition, fakeaws.PartitionOf(o.Region))
	o.Region = cmp.Or(o.Region, fakeaws.HomeRegion(o.Partition))
	o.Account = cmp.Or(o.Account, "123456789012")
	o.Role = cmp.Or(o.Role, "app")
	o.Universe = cmp.Or(strings.ToLower(o.Universe), defaultUniverse)
	o.ProjectNumber = cmp.Or(o.ProjectNumber, "912480652101")
	o.ProjectID = cmp.Or(o.ProjectID, "my-project")
	o.Pool = cmp.Or(o.Pool, "my-aws-pool")
	o.Provider = cmp.Or(o.Provider, "my-aws-provider")
	o.ServiceAccount = cmp.Or(o.ServiceAccount, "aws-app@"+o.ProjectID+".iam.gserviceaccount.com")
	return o
}

// configUniverse is the universe as a configuration names it: not at all if it is the default one.
func (o Options) configUniverse() string {
	if o.Universe == defaultUniverse {
		return ""
	}
	return o.Universe
}

// Options returns what the cloud was made from, with every default filled in that is a string.
func (c *Cloud) Options() Options { return c.options }
