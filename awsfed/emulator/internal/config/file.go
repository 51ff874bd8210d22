package config

import "time"

// File is a configuration file. What it leaves out is as in the emulator's default world.
type File struct {
	// The AWS side.
	AWS AWS
	// The Google side.
	Google Google
	// What goes wrong from the start: names of the catalogue that the option -list-faults prints.
	Faults []FaultName
}

// AWS is the AWS side of a world.
type AWS struct {
	// The AWS partition. Default: that of region, which without a region is aws.
	Partition Partition
	// The home region, where the instance, the task and the pods run. Default: the first region of
	// the partition, us-east-1 in aws.
	Region string
	// The AWS accounts. The first is the cloud's own: its roles can be named without an ARN, and it
	// is the one with outbound identity. Default: 123456789012, with the role app.
	Accounts []Account
	// The role that the EC2 instance runs as, by its ARN or, in the first account, its name. The
	// exports for the sources environment and irsa are of this role as well, if it is in the first
	// account. "" for an instance without a role. Default: the first role of the first account.
	EC2Role *string
	// The role that the ECS task runs as, by its ARN or name. Default: that of the EC2 instance.
	ECSRole string
	// The role that the EKS pods run as, by its ARN or name. Default: that of the EC2 instance.
	EKSRole string
	// Whether the first account has outbound identity federation, so that AWS STS answers
	// GetWebIdentityToken. Default: false.
	OutboundIdentity bool
	// Whether EC2 metadata answers requests without a token, as its version 1 does. Default: false.
	InstanceMetadataV1 bool
	// How long the keys live that EC2 metadata and the container endpoints hand out. With up to 5m,
	// every request gets new keys. Default: 6h.
	KeyLifetime time.Duration
}

// Account is an AWS account.
type Account struct {
	// The account's 12 digits.
	ID AccountID `config:"required"`
	// The account's IAM roles.
	Roles []Role
	// The account's IAM users.
	Users []User
}

// Role is an IAM role.
type Role struct {
	// The role's name: up to 64 of the characters [A-Za-z0-9_+=,.@-].
	Name string `config:"required"`
	// What comes before the name in the role's own ARN, and not in that of its sessions. It begins
	// and ends with a slash. Default: /.
	Path string
	// Who may assume the role: ARNs of users, roles and role sessions, an account's number or root
	// ARN for all in that account, or "*". Default: nobody.
	Trusts []string
	// What must be given by whoever assumes the role. Default: nothing.
	ExternalID string
	// The web identities that may assume the role, such as
	// system:serviceaccount:NAMESPACE:NAME, or "*". Default: none.
	Subjects []string
	// The Google service accounts that may assume the role with an ID token. Default: none.
	Google []GoogleTrust
	// The longest session that AssumeRole gives, from 1h to 12h. Default: 1h.
	MaxSession time.Duration
}

// GoogleTrust is a statement of a role's trust policy for accounts.google.com.
type GoogleTrust struct {
	// accounts.google.com:sub, the unique ID of the service account.
	Subject string `config:"required"`
	// accounts.google.com:aud, which AWS compares with the azp of the token. Default: any.
	Audience string
	// accounts.google.com:oaud, which AWS compares with the aud of the token. Default: any.
	OriginalAudience string
}

// User is an IAM user.
type User struct {
	// The user's name: up to 64 of the characters [A-Za-z0-9_+=,.@-].
	Name string `config:"required"`
	// The user's long-lived keys. They are the emulator's alone: never write real ones.
	AccessKeys []AccessKey
}

// AccessKey is a long-lived pair of keys.
type AccessKey struct {
	// The ID, such as AKIAIOSFODNN7EXAMPLE.
	AccessKeyID string `config:"required"`
	// The secret, any text.
	SecretAccessKey string `config:"required"`
}
