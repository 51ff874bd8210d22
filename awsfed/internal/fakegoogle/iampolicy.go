package fakegoogle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// binding gives a member a role.
type binding struct {
	role   string
	member principal.Member
}

// String is the binding as people write it.
func (b binding) String() string { return b.role + " for " + b.member.String() }

// policy is an IAM policy: bindings, each in the time in which it acts. All is guarded by Cloud.mu.
type policy []timedBinding

type timedBinding struct {
	binding
	from  time.Time // zero: from the start
	until time.Time // zero: it is in the policy still
}

func policyOf(bindings ...binding) policy {
	p := make(policy, len(bindings))
	for i, b := range bindings {
		p[i].binding = b
	}
	return p
}

// has reports whether the policy, whatever of it acts, has the binding.
func (p policy) has(b binding) bool {
	return slices.ContainsFunc(p, func(t timedBinding) bool { return t.binding == b && t.until.IsZero() })
}

// with is the policy with one more binding, which acts after a delay.
func (p policy) with(b binding, now time.Time, delay time.Duration) policy {
	if p.has(b) {
		return p
	}
	added := timedBinding{binding: b}
	if delay > 0 { // or else no clock that is set back matters
		added.from = now.Add(delay)
	}
	return append(slices.Clone(p), added)
}

// without is the policy without a binding, which acts until the delay is over. Those that do not
// act any more are left out for good.
func (p policy) without(b binding, now time.Time, delay time.Duration) policy {
	p = slices.Clone(p)
	for i, t := range p {
		if t.binding == b && t.until.IsZero() {
			p[i].until = now.Add(delay)
		}
	}
	return slices.DeleteFunc(p, func(t timedBinding) bool { return !t.until.IsZero() && !now.Before(t.until) })
}

// members are the members of each role.
func (p policy) members() map[string][]string {
	members := make(map[string][]string)
	for _, b := range p {
		if b.until.IsZero() {
			members[b.role] = append(members[b.role], b.member.String())
		}
	}
	return members
}

// granting returns a binding that gives the holder of a token the permission at that time.
func (p policy) granting(permission string, to *issued, now time.Time) (b binding, found bool) {
	for _, t := range p {
		if !now.Before(t.from) && (t.until.IsZero() || now.Before(t.until)) &&
			gives(t.role, permission) && to.is(t.member) {
			return t.binding, true
		}
	}
	return binding{}, false
}

// SetPropagation sets how long changes of IAM policies take from now on until they act, by the
// cloud's clock: 0 at first. At Google somebody measured 70 s for a binding that was added and 90 s
// for one that was removed.
func (g *Cloud) SetPropagation(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.propagation = max(0, d)
}

// Grant adds a binding to the IAM policy of the service account of that email or unique ID. The
// role may be any; the member is principal://…, principalSet://… (see package principal) or
// serviceAccount:EMAIL. A binding that is there is no error.
func (g *Cloud) Grant(name, role, member string) error {
	return g.editPolicy(name, role, member, policy.with)
}

// Revoke removes a binding that [Cloud.Grant] would add. One that is not there is no error. Tokens
// that were given out because of it stay valid.
func (g *Cloud) Revoke(name, role, member string) error {
	return g.editPolicy(name, role, member, policy.without)
}

// GrantProject adds a binding to the IAM policy of the project, which counts for every service
// account of the project: see [Cloud.Grant].
func (g *Cloud) GrantProject(role, member string) error {
	return g.editPolicy("", role, member, policy.with)
}

// RevokeProject removes a binding that [Cloud.GrantProject] would add, as [Cloud.Revoke] does.
func (g *Cloud) RevokeProject(role, member string) error {
	return g.editPolicy("", role, member, policy.without)
}

// editPolicy puts a policy in force, that of the project for a name of "", which edit makes of the
// one before, of a binding, of the time and of the delay with which changes act.
func (g *Cloud) editPolicy(name, role, member string, edit func(policy, binding, time.Time, time.Duration) policy) error {
	parsed, err := principal.ParseMember(member)
	if err != nil {
		return fmt.Errorf("editing an IAM policy: %w", err)
	}
	if !isRole(role) {
		return fmt.Errorf("editing an IAM policy: role %q is none of the form roles/NAME", role)
	}
	now := g.now()
	g.mu.Lock()
	defer g.mu.Unlock()
	edited := &g.projectPolicy
	if name != "" {
		a := g.find(name)
		if a == nil {
			return fmt.Errorf("editing an IAM policy: %s does not exist", name)
		}
		edited = &a.policy
	}
	*edited = edit(*edited, binding{role, parsed}, now, g.propagation)
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
	return a.policy.members()
}

// ProjectPolicy returns the members of each role in the IAM policy of the project.
func (g *Cloud) ProjectPolicy() map[string][]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.projectPolicy.members()
}

// granting returns a binding that gives the holder of a token the permission on an account, with
// the resource that has it in its policy. g.mu is held.
func (g *Cloud) granting(permission string, on *account, to *issued, now time.Time) (b binding, resource string, found bool) {
	if b, found = on.policy.granting(permission, to, now); found {
		return b, "projects/-/" + serviceAccountsPath + "/" + on.Email, true
	}
	if g.isOfProject(on.Email) {
		b, found = g.projectPolicy.granting(permission, to, now)
	}
	return b, "projects/" + g.home.ProjectNumber, found
}

// whyDenied says what Google does not: what the holder of a token has instead of a permission. g.mu
// is held.
func (g *Cloud) whyDenied(permission string, on *account, holder *issued, now time.Time) string {
	why := "nothing gives " + permission + " on " + on.Email + " to " + holder.Principal
	bindings := on.policy
	if g.isOfProject(on.Email) {
		bindings = slices.Concat(bindings, g.projectPolicy)
	}
	var roles []string
	for _, t := range bindings {
		switch {
		case !t.until.IsZero() || !holder.is(t.member):
		case now.Before(t.from) && gives(t.role, permission):
			return why + ", whose " + t.role + " does not act yet"
		default:
			roles = append(roles, t.role)
		}
	}
	if len(roles) > 0 {
		why += ", whose roles are " + strings.Join(roles, ", ")
	}
	return why
}

// isOfProject reports whether an account is one of the project's: the one of Options, one that has
// the project in its email, or a default one of Google's.
func (g *Cloud) isOfProject(email string) bool {
	id := g.projectID
	if domain, project, scoped := strings.Cut(id, ":"); scoped { // example.com:my-project
		id = project + "." + domain
	}
	return email == g.account ||
		strings.HasSuffix(email, "@"+id+".iam.gserviceaccount.com") ||
		email == id+"@appspot.gserviceaccount.com" ||
		email == g.home.ProjectNumber+"-compute@developer.gserviceaccount.com"
}
