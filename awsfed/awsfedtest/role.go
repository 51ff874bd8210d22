package awsfedtest

import (
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

// Role is an IAM role of AWS, for [Cloud.AddRole].
type Role struct {
	// Account owns the role. Optional; default: the cloud's own account.
	Account string
	// Name is required: up to 64 of the characters [A-Za-z0-9_+=,.@-].
	Name string
	// Path comes before the name in the role's own ARN, and not in that of its sessions. Optional;
	// default: "/". It begins and ends with a slash.
	Path string
	// Trusts lists who may assume the role: ARNs of users, roles and role sessions, an account's
	// number or root ARN for all in that account, or "*". Optional; default: nobody, and keys come
	// from [Cloud.AddSession] alone.
	//
	// The trust policy is all that is asked: unlike at AWS, a caller from another account needs no
	// policy of its own.
	Trusts []string
	// ExternalID must be given by whoever assumes the role. Optional.
	ExternalID string
	// Subjects lists the web identities that may assume the role, such as
	// system:serviceaccount:NAMESPACE:NAME, or "*". Optional.
	Subjects []string
	// Google lists the Google service accounts that may assume the role with an ID token, each by
	// what its token must say. Optional.
	Google []GoogleTrust
	// MaxSession bounds the sessions that AssumeRole gives. Optional; default: 1 h, as at AWS. From
	// 1 h to 12 h.
	MaxSession time.Duration
}

// AddRole adds a role and returns its ARN. If the role exists, its path must be the same; the rest
// is replaced and its sessions live on. The error names every field that AWS would refuse.
func (c *Cloud) AddRole(r Role) (arn string, err error) {
	google := make([]fakeaws.GoogleTrust, len(r.Google))
	for i, t := range r.Google {
		google[i] = fakeaws.GoogleTrust(t)
	}
	arn, err = c.aws.AddRole(fakeaws.Role{
		Account: r.Account, Name: r.Name, Path: r.Path, Trusts: r.Trusts, ExternalID: r.ExternalID,
		Subjects: r.Subjects, Google: google, MaxSession: r.MaxSession,
	})
	return arn, wrap(err)
}

// GoogleTrust is a statement of a [Role]'s trust policy for accounts.google.com. An empty field
// matches any value.
type GoogleTrust struct {
	// Subject is accounts.google.com:sub, the unique ID of the service account. Required.
	Subject string
	// Audience is accounts.google.com:aud. AWS compares it with the azp of the token, which is the
	// unique ID again, and with the aud of a token that has no azp. Optional.
	Audience string
	// OriginalAudience is accounts.google.com:oaud, which AWS compares with the aud of the token:
	// the audience that the token was asked for. Optional.
	OriginalAudience string
}
