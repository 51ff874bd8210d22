package setup

import (
	"fmt"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// remarks are what whoever reviews the plan has to know of this identity and these roles, a
// paragraph each.
func (p *Plan) remarks() []string {
	var remarks []string
	remark := func(format string, a ...any) { remarks = append(remarks, fmt.Sprintf(format, a...)) }
	switch c := p.caller; {
	case c.sso():
		remark("%s is of IAM Identity Center: everybody who has its permission set in this account is let in, and its name gets another end when the permission set is taken away from the account and given back.", c.name)
	case c.kind == assumedRole:
		remark("Every session of the role %s is let in: whoever may assume it at AWS, see its trust policy, and whatever runs with it.", c.name)
	case c.kind == iamUser:
		remark("%s is an IAM user, whose keys do not end by themselves. A role is the better identity of a workload.", c.name)
	case c.kind == federatedUser:
		remark("The name %s is chosen by whoever calls GetFederationToken: every IAM user of the account who may call that can take it. A role is the better identity of a workload.", c.name)
	}
	switch room := principal.MaxSubject - len(p.caller.sessions()); {
	case p.longSubject():
		remark("The ARN of this identity has more than the %d bytes that Google takes for google.subject. So the subject is mapped to the user ID, which is shorter; audit logs then show that and not the ARN.", principal.MaxSubject)
	case p.caller.kind == assumedRole && room < maxAWSName:
		remark("Google takes %d bytes for google.subject, here the ARN with the session name, so names of sessions may have at most %d. Who cannot keep to that maps google.subject to assertion.userid.", principal.MaxSubject, room)
	}
	if p.caller.partition != "aws" {
		remark("Google does not document that it accepts identities of the partition %s. Try it with one workload first; awsfed doctor says how far it gets.", p.caller.partition)
	}
	for _, role := range p.roles {
		switch {
		case basic(role):
			remark("%s is a basic role: it holds thousands of permissions, in every service of the project. Look for a predefined one.", role)
		case delegating(role):
			remark("%s in the project lets its holder become other service accounts of the project, or grant itself more. Grant it on one account instead, if at all.", role)
		}
	}
	return remarks
}

// basic reports whether role is one of those from before IAM.
func basic(role string) bool {
	switch role {
	case "roles/owner", "roles/editor", "roles/viewer", "roles/admin", "roles/writer", "roles/reader":
		return true
	}
	return false
}

// delegating reports whether role leads to permissions of others.
func delegating(role string) bool {
	switch role {
	case roleUser, roleTokenCreator, "roles/iam.serviceAccountUser", "roles/iam.serviceAccountOpenIdTokenCreator",
		"roles/iam.serviceAccountKeyAdmin", "roles/iam.serviceAccountAdmin", "roles/iam.securityAdmin", "roles/iam.roleAdmin",
		"roles/iam.workloadIdentityPoolAdmin", "roles/resourcemanager.projectIamAdmin":
		return true
	}
	return false
}

// policies are the constraints of an organisation that can refuse the provider, a paragraph or a
// command each; commands start with a blank.
func (p *Plan) policies() []string {
	const (
		providers = "constraints/iam.workloadIdentityPoolProviders"
		accounts  = "constraints/iam.workloadIdentityPoolAwsAccounts"
		issuer    = "https://sts.amazonaws.com"
	)
	describe := func(constraint string) string {
		return inComment("gcloud", "resource-manager", "org-policies", "describe", constraint, "--project="+p.project, "--effective")
	}
	allow := func(constraint, value string) string {
		return inComment("gcloud", "resource-manager", "org-policies", "allow", constraint, value, "--project="+p.project)
	}
	return []string{
		`Two policies of an organisation can refuse this, with FAILED_PRECONDITION and "Org Policy violated for value". They are enforced when a provider is created or updated, not when tokens are exchanged: a provider that is there goes on working.`,
		providers + " refuses unless its values have " + issuer + ", and " + accounts + " unless its values have the account. See which values are in effect:",
		describe(providers),
		describe(accounts),
		"An exception is made by somebody with roles/orgpolicy.policyAdmin. Ask for these two, and say which account and which role they are for:",
		allow(providers, issuer),
		allow(accounts, p.caller.account),
	}
}

// heading is what the plan is about, a line each.
func (p *Plan) heading() []string {
	account := p.account.email
	if account == "" {
		account = "none: the AWS identity has the roles itself (direct resource access)"
	}
	roles := "none: grant them where they are needed, on one bucket for example"
	if len(p.roles) > 0 {
		roles = strings.Join(p.roles, ", ")
	}
	return []string{
		"AWS identity     " + p.caller.bound,
		"AWS account      " + p.caller.account,
		"project          " + p.project + ", number " + p.provider.ProjectNumber,
		"provider         " + p.provider.Pool + "/" + p.provider.ID,
		"service account  " + account,
		"project roles    " + roles,
	}
}

// A commenter writes comments, which start with "#" in shells and in HCL.
type commenter struct {
	strings.Builder
}

// commentWidth is where the lines of comments are broken.
const commentWidth = 100

// prose writes a paragraph, broken between words.
func (c *commenter) prose(indent, text string) {
	line := indent + "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > commentWidth && line != indent+"#" {
			c.WriteString(line + "\n")
			line = indent + "#"
		}
		line += " " + word
	}
	c.WriteString(line + "\n")
}

// paragraphs writes prose, and lines that start with a blank as they are. A plan's values are
// visible ASCII, so none ends its line.
func (c *commenter) paragraphs(indent string, texts ...string) {
	for _, text := range texts {
		if strings.HasPrefix(text, " ") {
			c.WriteString(indent + "#  " + text + "\n")
		} else {
			c.prose(indent, text)
		}
	}
}

// title writes what the plan is about.
func (c *commenter) title(p *Plan) {
	c.prose("", "Lets an AWS identity use Google Cloud without a key, by workload identity federation.")
	c.WriteString("#\n")
	for _, line := range p.heading() {
		c.WriteString("#   " + line + "\n")
	}
	for _, remark := range p.remarks() {
		c.WriteString("#\n")
		c.prose("", remark)
	}
}
