package fakegoogle

import (
	"fmt"
	"slices"
	"strings"
)

// workspace is a Google Workspace with its users and what its administrator lets service accounts
// do in their names. All is guarded by Cloud.mu.
type workspace struct {
	users  map[string]string   // emails as they were added, by themselves in lower case
	grants map[string][]string // scopes by the client ID of a service account, which is its unique ID
}

func newWorkspace() workspace {
	return workspace{users: make(map[string]string), grants: make(map[string][]string)}
}

// AddWorkspaceUser adds a user of Google Workspace, in whose name service accounts may act that
// [Cloud.DelegateDomain] allows it. One who is there is no error.
func (g *Cloud) AddWorkspaceUser(email string) error {
	if user, domain, _ := strings.Cut(email, "@"); user == "" || domain == "" {
		return fmt.Errorf("adding a Workspace user: %q is not an email", email)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.workspace.users[strings.ToLower(email)] = email
	return nil
}

// DelegateDomain is what the administrator of the Workspace does for domain-wide delegation: the
// service account of that email or unique ID may act with these scopes in the name of every user.
// The scopes replace those of before; none take the grant back. Tokens that were given out because
// of it stay valid.
func (g *Cloud) DelegateDomain(serviceAccount string, scopes ...string) error {
	if len(scopes) > 0 && !validScopes(scopes) {
		return fmt.Errorf("delegating a domain: not all of %q are scopes of Google's", scopes)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.find(serviceAccount)
	if a == nil {
		return fmt.Errorf("delegating a domain: %s does not exist", serviceAccount)
	}
	g.workspace.grants[a.UniqueID] = slices.Clone(scopes)
	return nil
}

// delegates reports whether a service account has all of scopes: Google refuses a request for one
// too many as a whole, as far as is known.
func (w workspace) delegates(uniqueID string, scopes []string) bool {
	granted := w.grants[uniqueID]
	return !slices.ContainsFunc(scopes, func(scope string) bool { return !slices.Contains(granted, scope) })
}
