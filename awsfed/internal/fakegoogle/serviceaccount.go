package fakegoogle

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// The roles that a service account's IAM policy can grant here, each with those of its permissions
// that matter.
const (
	// RoleWorkloadIdentityUser lets a federated identity get access tokens and ID tokens.
	RoleWorkloadIdentityUser = "roles/iam.workloadIdentityUser"
	// RoleServiceAccountTokenCreator lets its member get tokens, sign, and pass delegation on.
	RoleServiceAccountTokenCreator = "roles/iam.serviceAccountTokenCreator"
	// RoleServiceAccountOpenIDTokenCreator lets its member get ID tokens.
	RoleServiceAccountOpenIDTokenCreator = "roles/iam.serviceAccountOpenIdTokenCreator"
)

// The permissions that the Service Account Credentials API asks for.
const (
	permissionGet                = "iam.serviceAccounts.get"
	permissionGetAccessToken     = "iam.serviceAccounts.getAccessToken"
	permissionGetOpenIDToken     = "iam.serviceAccounts.getOpenIdToken"
	permissionSignBlob           = "iam.serviceAccounts.signBlob"
	permissionSignJWT            = "iam.serviceAccounts.signJwt"
	permissionImplicitDelegation = "iam.serviceAccounts.implicitDelegation"
)

// permissionsOf lists the permissions of a role that matter here; nil for a role that the emulator
// does not know.
func permissionsOf(role string) []string {
	switch role {
	case RoleWorkloadIdentityUser:
		return []string{permissionGet, permissionGetAccessToken, permissionGetOpenIDToken}
	case RoleServiceAccountTokenCreator:
		return []string{
			permissionGet, permissionGetAccessToken, permissionGetOpenIDToken,
			permissionSignBlob, permissionSignJWT, permissionImplicitDelegation,
		}
	case RoleServiceAccountOpenIDTokenCreator:
		return []string{permissionGetOpenIDToken}
	}
	return nil
}

// ServiceAccount is a Google service account.
type ServiceAccount struct {
	Email    string // required
	UniqueID string // 21 digits; default: some that follow from Email
	// OrganizationNumber is the google.organization_number claim of its ID tokens. Default 0: none,
	// a null claim.
	OrganizationNumber int64
	// ExtendedLifetime allows access tokens of 12 hours instead of one: the account is named by
	// constraints/iam.allowServiceAccountCredentialLifetimeExtension.
	ExtendedLifetime bool
	// Disabled makes its tokens invalid and gives out no more.
	Disabled bool
}

// account is a service account with its IAM policy; all is guarded by Google.mu.
type account struct {
	ServiceAccount
	bindings []binding
	key      func() *signingKey // which needs no lock
}

type binding struct {
	role   string
	member principal.Member
}

// AddServiceAccount creates a service account whom nobody may use yet, and returns it with its
// unique ID.
func (g *Cloud) AddServiceAccount(sa ServiceAccount) (ServiceAccount, error) {
	if user, domain, _ := strings.Cut(sa.Email, "@"); user == "" || domain == "" {
		return ServiceAccount{}, fmt.Errorf("adding a service account: %q is not an email", sa.Email)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range []string{sa.Email, sa.UniqueID} {
		if name != "" && g.find(name) != nil {
			return ServiceAccount{}, fmt.Errorf("adding a service account: %s exists", name)
		}
	}
	return g.putAccount(sa).ServiceAccount, nil
}

// UpdateServiceAccount lets change alter the account of that email or unique ID, but neither of
// these two. change is called without a lock, so of two updates of one account at the same time the
// later one wins.
func (g *Cloud) UpdateServiceAccount(name string, change func(*ServiceAccount)) error {
	g.mu.Lock()
	a := g.find(name)
	if a == nil {
		g.mu.Unlock()
		return fmt.Errorf("updating a service account: %s does not exist", name)
	}
	sa := a.ServiceAccount
	g.mu.Unlock()

	changed := sa
	change(&changed)
	changed.Email, changed.UniqueID = sa.Email, sa.UniqueID

	g.mu.Lock()
	defer g.mu.Unlock()
	a.ServiceAccount = changed
	return nil
}

// DeleteServiceAccount deletes the account of that email or unique ID, with its IAM policy and all
// its tokens. The account comes back as it was with undelete.
func (g *Cloud) DeleteServiceAccount(name string) (undelete func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.find(name)
	if a == nil {
		return nil, fmt.Errorf("deleting a service account: %s does not exist", name)
	}
	delete(g.accounts, a.UniqueID)
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.accounts[a.UniqueID] = a
	}, nil
}

// Grant adds a binding to the IAM policy of the service account of that email or unique ID. The
// member is principal://…, principalSet://… (see package principal) or serviceAccount:EMAIL. A
// binding that is there is no error.
func (g *Cloud) Grant(name, role, member string) error {
	return g.editPolicy(name, role, member, func(bindings []binding, b binding) []binding {
		if slices.Contains(bindings, b) {
			return bindings
		}
		return append(bindings, b)
	})
}

// Revoke removes a binding that [Grant] would add. One that is not there is no error. Tokens that
// were given out because of it stay valid.
func (g *Cloud) Revoke(name, role, member string) error {
	return g.editPolicy(name, role, member, func(bindings []binding, b binding) []binding {
		return slices.DeleteFunc(bindings, func(other binding) bool { return other == b })
	})
}

func (g *Cloud) editPolicy(name, role, member string, edit func([]binding, binding) []binding) error {
	parsed, err := principal.ParseMember(member)
	if err != nil {
		return fmt.Errorf("editing an IAM policy: %w", err)
	}
	if permissionsOf(role) == nil {
		return fmt.Errorf("editing an IAM policy: role %q is unknown to the emulator", role)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.find(name)
	if a == nil {
		return fmt.Errorf("editing an IAM policy: %s does not exist", name)
	}
	a.bindings = edit(slices.Clone(a.bindings), binding{role, parsed})
	return nil
}

// Policy returns the members of each role in the IAM policy of the service account of that email or
// unique ID; nil if there is no such account.
func (g *Cloud) Policy(name string) map[string][]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.find(name)
	if a == nil {
		return nil
	}
	policy := make(map[string][]string)
	for _, b := range a.bindings {
		policy[b.role] = append(policy[b.role], b.member.String())
	}
	return policy
}

// putAccount stores an account with its defaults. g.mu is held.
func (g *Cloud) putAccount(sa ServiceAccount) *account {
	if sa.UniqueID == "" {
		sa.UniqueID = uniqueIDOf(sa.Email)
	}
	a := &account{ServiceAccount: sa, key: g.newKey()}
	g.accounts[sa.UniqueID] = a
	return a
}

// find looks an account up by its email or unique ID. g.mu is held.
func (g *Cloud) find(name string) *account {
	if a := g.accounts[name]; a != nil {
		return a
	}
	for a := range maps.Values(g.accounts) {
		if a.Email == name {
			return a
		}
	}
	return nil
}

// grants reports whether the account's policy gives the holder of a token the permission. g.mu is
// held.
func (a *account) grants(permission string, to *issued) bool {
	return slices.ContainsFunc(a.bindings, func(b binding) bool {
		return slices.Contains(permissionsOf(b.role), permission) && to.is(b.member)
	})
}

// uniqueIDOf makes a unique ID, 21 digits that start with 1 as Google's do.
func uniqueIDOf(email string) string {
	sum := sha256.Sum256([]byte(email))
	return fmt.Sprintf("1%010d%010d", binary.BigEndian.Uint64(sum[:8])%1e10, binary.BigEndian.Uint64(sum[8:16])%1e10)
}

// isDigits reports whether s has at least one character, and digits alone.
func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
