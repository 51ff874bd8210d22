package awsfedtest

import (
	"cmp"
	"log/slog"
	"strings"
)

// Options describes the world that [New] builds. The zero value gives a
// complete one: an AWS account whose EC2 instance, ECS task and EKS pods run as
// one role, and a Google project that lets that role act as one service
// account. Every field is optional. A value is taken as it stands: one that the
// real clouds would refuse makes a world in which requests fail as they would
// there.
type Options struct {
	// Partition is the AWS partition: "aws", "aws-cn", "aws-us-gov",
	// "aws-eusc". Default: the partition of Region, which without a Region is
	// "aws".
	Partition string
	// Region is the home region of the AWS side: where the instance, the task
	// and the pods run. Default: the first region of Partition, us-east-1 in
	// "aws".
	Region string
	// Account is the AWS account of 12 digits that owns Role and that Provider
	// trusts. Default: 123456789012.
	Account string
	// Role is the name of the IAM role of the instance, the task and the pods.
	// Default: app.
	Role string

	// ProjectNumber is the number of the Google project. Default: 912480652101.
	ProjectNumber string
	// ProjectID is the ID of the Google project. Default: my-project.
	ProjectID string
	// Pool is the ID of the workload identity pool. Default: my-aws-pool.
	Pool string
	// Provider is the ID of the pool's AWS provider. Default: my-aws-provider.
	Provider string
	// ServiceAccount is the email of the service account that Role may
	// impersonate. Default: aws-app@ProjectID.iam.gserviceaccount.com.
	ServiceAccount string

	// Mapping turns the AWS identity into Google attributes. Default: the
	// mapping that Google gives a new AWS provider,
	// [github.com/awsfed/awsfed-go/awsfed/principal.DefaultMapping].
	Mapping Mapping
	// Condition admits or refuses a mapped identity. Default: all are admitted.
	Condition Condition

	// Logger gets one line for each request that was answered. It never gets a
	// token, a key, a signature or a body. Default: none.
	Logger *slog.Logger

	// serves reports whether one of the cloud's own servers is reached at host,
	// which may hold a port. New sets it; ask ownHost.
	serves func(host string) bool
}

// ownHost reports whether host, which may hold a port, is the emulator's own
// rather than the name of a real endpoint: a loopback address, or the address
// of a running [Server]. Such a host stands for AWS STS in every region.
func (o Options) ownHost(host string) bool {
	return isLoopback(host) || o.serves != nil && o.serves(host)
}

// withDefaults returns o with every empty string filled in.
func (o Options) withDefaults() Options {
	o.Partition = cmp.Or(o.Partition, partitionOf(o.Region))
	o.Region = cmp.Or(o.Region, homeRegion(o.Partition))
	o.Account = cmp.Or(o.Account, "123456789012")
	o.Role = cmp.Or(o.Role, "app")
	o.ProjectNumber = cmp.Or(o.ProjectNumber, "912480652101")
	o.ProjectID = cmp.Or(o.ProjectID, "my-project")
	o.Pool = cmp.Or(o.Pool, "my-aws-pool")
	o.Provider = cmp.Or(o.Provider, "my-aws-provider")
	o.ServiceAccount = cmp.Or(o.ServiceAccount, "aws-app@"+o.ProjectID+".iam.gserviceaccount.com")
	return o
}

// homes has each AWS partition, the prefix that its region names share, its
// first region and the DNS suffixes of its endpoints, as in partitions.json of
// the AWS SDKs. "aws" comes last, since its regions share no prefix.
var homes = [...]struct{ partition, prefix, region, suffix, dualStackSuffix string }{
	{"aws-cn", "cn-", "cn-north-1", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"aws-us-gov", "us-gov-", "us-gov-west-1", "amazonaws.com", "api.aws"},
	{"aws-eusc", "eusc-", "eusc-de-east-1", "amazonaws.eu", "api.amazonwebservices.eu"},
	{"aws-iso", "us-iso-", "us-iso-east-1", "c2s.ic.gov", "api.aws.ic.gov"},
	{"aws-iso-b", "us-isob-", "us-isob-east-1", "sc2s.sgov.gov", "api.aws.scloud"},
	{"aws-iso-e", "eu-isoe-", "eu-isoe-west-1", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	{"aws-iso-f", "us-isof-", "us-isof-south-1", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	{"aws", "", "us-east-1", "amazonaws.com", "api.aws"},
}

// partitionOf returns the partition that region is in.
func partitionOf(region string) string {
	for _, h := range homes {
		if strings.HasPrefix(region, h.prefix) {
			return h.partition
		}
	}
	return "aws"
}

// homeRegion returns the first region of partition.
func homeRegion(partition string) string {
	for _, h := range homes {
		if h.partition == partition {
			return h.region
		}
	}
	return homeRegion("aws")
}

// dnsSuffix returns what the names of partition's endpoints end in.
func dnsSuffix(partition string) string {
	for _, h := range homes {
		if h.partition == partition {
			return h.suffix
		}
	}
	return dnsSuffix("aws")
}
