package fakegoogle

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"strings"
)

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
	policy policy
	key    func() *signingKey // which needs no lock
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

// uniqueIDOf makes a unique ID, 21 digits that start with 1 as Google's do.
func uniqueIDOf(email string) string {
	sum := sha256.Sum256([]byte(email))
	return fmt.Sprintf("1%010d%010d", binary.BigEndian.Uint64(sum[:8])%1e10, binary.BigEndian.Uint64(sum[8:16])%1e10)
}

// isDigits reports whether s has at least one character, and digits alone.
func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
