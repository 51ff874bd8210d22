package fakeaws

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Role declares an IAM role.
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
	// from [Cloud.Session] and the metadata endpoints alone.
	//
	// The trust policy is all that is asked: unlike at AWS, a caller from another account needs no
	// policy of its own.
	Trusts []string
	// ExternalID must be given by whoever assumes the role. Optional.
	ExternalID string
	// Subjects lists the web identities that may assume the role, such as
	// system:serviceaccount:NAMESPACE:NAME, or "*". Optional; [Cloud.WebIdentityToken] adds the
	// subject it is asked for.
	Subjects []string
	// Google lists the Google identities that may assume the role with an ID token, each by what its
	// token must say. Optional.
	Google []GoogleTrust
	// MaxSession bounds the sessions that AssumeRole gives. Optional; default: 1 h, as at AWS. From
	// 1 h to 12 h.
	MaxSession time.Duration
}

// iamRole is a role that exists. Its unique ID is new whenever a role is created, so that the
// sessions of a deleted one do not come back to life with the name.
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

// AddRole declares a role and returns its ARN. If the role exists, its path must be the same; the
// rest is replaced and its sessions live on. The error names every field that AWS would refuse.
func (a *Cloud) AddRole(r Role) (arn string, err error) {
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
	for i, t := range r.Google {
		if t.Subject == "" {
			faults = append(faults, fmt.Errorf("statement %d for Google names no subject", i))
		}
	}
	if r.MaxSession < time.Hour || r.MaxSession > 12*time.Hour {
		faults = append(faults, fmt.Errorf("maximum session of %v is not from 1h to 12h", r.MaxSession))
	}
	if len(faults) > 0 {
		return "", fmt.Errorf("adding a role: %w", errors.Join(faults...))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	// IAM knows a role by its name, whatever the path.
	for arn, old := range a.roles {
		if old.Account == r.Account && old.Name == r.Name && old.Path != r.Path {
			return "", fmt.Errorf("adding role %q: it exists as %s", r.Name, arn)
		}
	}
	return a.putRole(r), nil
}

// putRole adds or replaces a role. The caller holds the lock, or has a alone.
func (a *Cloud) putRole(r Role) string {
	r.Trusts, r.Subjects, r.Google = slices.Clone(r.Trusts), slices.Clone(r.Subjects), slices.Clone(r.Google)
	arn := a.arn("iam", r.Account, "role"+r.Path+r.Name)
	if old, ok := a.roles[arn]; ok {
		old.Role = r
	} else {
		a.roles[arn] = &iamRole{Role: r, arn: arn, id: uniqueID("AROA")}
	}
	return arn
}

// RemoveRole deletes a role. Its sessions are refused with InvalidClientTokenId from then on, also
// after a role of that name is added again.
func (a *Cloud) RemoveRole(role string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, err := a.role(role)
	if err == nil {
		delete(a.roles, r.arn)
	}
	return err
}

// RoleARN returns the ARN of a role by its name.
func (a *Cloud) RoleARN(role string) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, err := a.role(role)
	if err != nil {
		return "", err
	}
	return r.arn, nil
}

// role finds a role by ARN or name. The caller holds the lock.
func (a *Cloud) role(role string) (*iamRole, error) {
	if r, ok := a.roles[role]; ok {
		return r, nil
	}
	for _, r := range a.roles {
		if r.Account == a.account && r.Name == role {
			return r, nil
		}
	}
	return nil, fmt.Errorf("role %q does not exist", role)
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
