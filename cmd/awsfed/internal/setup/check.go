package setup

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/principal"
	"github.com/awsfed/awsfed-go/internal/cel"
	"github.com/awsfed/awsfed-go/internal/shell"
)

// Check compares a provider with the plan. described is what gcloud iam workload-identity-pools
// providers describe --format=json prints, of 256 KiB at most; the error says what is wrong with it
// as a document. The plan's mapping and condition, and others of known forms, are recognised. CEL
// is not evaluated: of everything else a finding says that it is not judged, and what to look for.
//
// Bindings are not in there, so nothing is said of them.
func Check(described []byte, p *Plan) ([]Finding, error) {
	d, err := parseDescribed(described)
	if err != nil {
		return nil, fmt.Errorf("the described provider: %w", err)
	}
	c := &check{plan: p, described: d}
	if !c.same() {
		return c.findings, nil // the rest would be about something else
	}
	c.state()
	c.account()
	c.subject()
	c.condition(c.role())
	return c.findings, nil
}

// A check is one comparison.
type check struct {
	plan      *Plan
	described *described
	findings  []Finding
}

func (c *check) find(severity Severity, field, text string, paste ...string) {
	c.findings = append(c.findings, Finding{severity, field, text, paste})
}

// provider is a command of gcloud about the provider.
func (c *check) provider(verb string, options ...string) string {
	return shell.Command(append([]string{"gcloud", "iam", "workload-identity-pools", "providers", verb, c.plan.providerName()}, options...)...)
}

// same reports whether it is the provider of the plan, and one of AWS.
func (c *check) same() bool {
	byID := strings.Replace(c.plan.providerName(), "projects/"+c.plan.provider.ProjectNumber+"/", "projects/"+c.plan.project+"/", 1)
	switch {
	case c.described.name != c.plan.providerName() && c.described.name != byID:
		c.find(Missing, "name", fmt.Sprintf("this is another provider, %q. Describe the one of the plan:", shown(c.described.name)), c.provider("describe", "--format=json"))
		return false
	case !c.described.aws:
		c.find(Missing, "aws", "the provider is not for AWS, and cannot be made so: choose another -"+FlagProvider+" and print the plan for that.")
		return false
	}
	return true
}

func (c *check) state() {
	switch c.described.state {
	case "ACTIVE":
	case "DELETED":
		c.find(Missing, "state", "the provider is deleted, and gone for good 30 days after that. Bring it back:", c.provider("undelete"))
	default:
		c.find(Unjudged, "state", fmt.Sprintf("it is %q and not ACTIVE: look at what that means.", shown(c.described.state)))
	}
	if c.described.disabled {
		c.find(Missing, "disabled", "the provider is disabled. Ask whoever did that, and then enable it:", c.provider("update-aws", "--no-disabled"))
	}
}

func (c *check) account() {
	if c.described.account != c.plan.caller.account {
		c.find(Missing, "aws.accountId", fmt.Sprintf("the provider is for the AWS account %q, and this identity is of %s. A provider has one account, so choose another -%s and print the plan for that.",
			shown(c.described.account), c.plan.caller.account, FlagProvider))
	}
}

// setMapping is the command that makes the mapping that of the plan.
func (c *check) setMapping() string {
	return c.provider("update-aws", "--attribute-mapping=google.subject="+c.plan.subject()+",attribute.aws_role="+cel.DefaultAWSRole)
}

const replacesMapping = "This replaces the whole mapping: put the rest of it in, and see that no binding needs what is there now:"

// subject looks at google.subject. Without any mapping Google has its default.
func (c *check) subject() {
	const field = "attributeMapping.google.subject"
	source, found := c.described.mapping["google.subject"]
	switch {
	case len(c.described.mapping) == 0 || sameExpression(source, cel.DefaultSubject):
		if c.plan.longSubject() {
			c.find(Missing, field, fmt.Sprintf("it is the ARN, and that of this identity is longer than the %d bytes that Google takes. %s", principal.MaxSubject, replacesMapping), c.setMapping())
		}
	case !found || strings.TrimSpace(source) == "":
		c.find(Missing, field, "the mapping has no google.subject, without which nobody is let in. "+replacesMapping, c.setMapping())
	case sameExpression(source, "assertion.userid"):
	case constant(source), sameExpression(source, "assertion.account"):
		c.find(TooWide, field, fmt.Sprintf("it is %q, the same for everybody of the account: a binding to one subject is for all of them. %s", shown(source), replacesMapping), c.setMapping())
	default:
		c.find(Unjudged, field, fmt.Sprintf("it is %q. Look whether it tells apart all identities that are let in, and whether no one of them can choose it.", shown(source)))
	}
}

// constant reports whether source is one string literal.
func constant(source string) bool {
	e, ok := tokens(source)
	_, literal := e.bare().is("")
	return ok && literal
}

// documentedRole is the mapping that Google's documentation has as its example, see
// [principal.DocumentedMapping].
const documentedRole = `assertion.arn.extract("assumed-role/{role_name}/")`

// role looks at attribute.aws_role, and gives its value for this identity; "" where that is not
// known.
func (c *check) role() string {
	const field = "attributeMapping.attribute.aws_role"
	bound, caller := c.plan.caller.bound, c.plan.caller
	source, found := c.described.mapping["attribute.aws_role"]
	switch {
	case len(c.described.mapping) == 0 || sameExpression(source, cel.DefaultAWSRole):
		return bound
	case !found || strings.TrimSpace(source) == "":
		c.find(Missing, field, "the mapping has no attribute.aws_role, which the plan binds. "+replacesMapping, c.setMapping())
	case sameExpression(source, "assertion.arn"):
		if caller.kind != assumedRole {
			return bound
		}
		c.find(Missing, field, "it is the ARN with the session, which differs each time, and the plan binds the role. "+replacesMapping, c.setMapping())
	case sameExpression(source, documentedRole):
		if caller.kind != assumedRole {
			c.find(Missing, field, "it is the bare name of a role, and empty for this identity, which is none. "+replacesMapping, c.setMapping())
			return ""
		}
		c.find(Missing, field, fmt.Sprintf("it is the bare name of the role, %s, so the principal of the plan does not match. It is also weaker: a user whose path is /assumed-role/%s/ has the same value. %s", caller.name, caller.name, replacesMapping), c.setMapping())
		return caller.name
	case constant(source), sameExpression(source, "assertion.account"):
		c.find(TooWide, field, fmt.Sprintf("it is %q, the same for everybody of the account: a binding to a role is for all of them. %s", shown(source), replacesMapping), c.setMapping())
	default:
		c.find(Unjudged, field, fmt.Sprintf("it is %q. Look whether it yields %s for every session of this identity, and for nobody else.", shown(source), bound))
	}
	return ""
}

// condition looks at the attribute condition. role is attribute.aws_role of this identity.
func (c *check) condition(role string) {
	const (
		field    = "attributeCondition"
		replaces = "This replaces the whole condition: with other identities in it, keep the clauses that name them."
	)
	set := c.provider("update-aws", "--attribute-condition="+c.plan.Condition())
	clause := "attribute.aws_role==" + cel.Clause(cmp.Or(role, c.plan.caller.bound))
	reached := reader{c.plan, c.described.mapping, role}.condition(c.described.condition)
	text := fmt.Sprintf("it is %q", shown(c.described.condition))
	if strings.TrimSpace(c.described.condition) == "" {
		text = "there is none"
	}
	if len(reached.wide) > 0 {
		c.find(TooWide, field, fmt.Sprintf("%s, which lets in %s. The one of the plan lets in this identity alone. %s", text, listed(reached.wide), replaces), set)
	}
	switch {
	case reached.ours == no:
		c.find(Missing, field, text+", which does not let in this identity. Join this clause to it with ||, and keep the rest, or everybody else is locked out:", clause)
	case reached.unclear:
		c.find(Unjudged, field, fmt.Sprintf("%s. Look whether all of it is true of %s, with every name of a session, and of nobody but whom you mean. The condition of the plan is: %s", text, c.plan.caller.bound, c.plan.Condition()))
	}
	if len(reached.others) > 0 {
		c.find(Unjudged, field, fmt.Sprintf("it names others too: look whether they are to be let in: %s", listed(reached.others)))
	}
}

// listed is as much of a list as a finding quotes, each value once.
func listed(values []string) string {
	const most = 10
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	if n := len(values) - most; n > 0 {
		values = append(values[:most], fmt.Sprintf("%d more", n))
	}
	return strings.Join(values, ", and ")
}
