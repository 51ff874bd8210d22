package setup

import (
	"io"
	"strings"

	"github.com/awsfed/awsfed-go/internal/cel"
	"github.com/awsfed/awsfed-go/internal/shell"
)

// WriteGcloud writes the plan as a script for bash, to be reviewed and then run by somebody who is
// logged in to gcloud and may create these things. Comments say what each command is for and how to
// undo it. What exists already stays as it is, so the script can be run again.
func (p *Plan) WriteGcloud(w io.Writer) error {
	s := &script{plan: p}
	s.WriteString("#!/usr/bin/env bash\n")
	s.title(p)
	s.WriteString("#\n")
	s.paragraphs("", "Read it first, then run it: it needs roles/iam.workloadIdentityPoolAdmin, roles/serviceusage.serviceUsageAdmin and, for a service account, roles/iam.serviceAccountAdmin; for roles in the project roles/resourcemanager.projectIamAdmin. What exists stays as it is. Where a command does not know yet what the one before it created, run the script again in a minute: nothing is done twice.")
	s.WriteString("set -euo pipefail\n")
	s.project()
	s.enable()
	s.pool()
	s.provider()
	s.serviceAccount()
	s.roles()
	s.end()
	_, err := io.WriteString(w, s.String())
	return err
}

// A script is a shell script that is being written.
type script struct {
	commenter
	plan *Plan
}

// section begins a part of the script with its comment.
func (s *script) section(texts ...string) {
	s.WriteString("\n")
	s.paragraphs("", texts...)
}

// inComment is a command as a line of a comment: one that undoes something, or shows it.
func inComment(argv ...string) string { return " " + shell.Command(argv...) }

// run writes a command with its options on lines of their own, and then what follows it.
func (s *script) run(indent, behind string, argv ...string) {
	s.WriteString(indent + wrapped(indent, argv...) + behind + "\n")
}

// wrapped is a command with its options on lines of their own.
func wrapped(indent string, argv ...string) string {
	words := len(argv)
	for i, word := range argv {
		if strings.HasPrefix(word, "--") {
			words = i
			break
		}
	}
	text := shell.Command(argv[:words]...)
	for _, option := range argv[words:] {
		text += " \\\n" + indent + "    " + shell.Command(option)
	}
	return text
}

func (s *script) inProject(argv ...string) []string {
	return append(argv, "--project="+s.plan.project)
}

func (s *script) inPool(argv ...string) []string {
	return s.inProject(append(argv, "--location=global", "--workload-identity-pool="+s.plan.provider.Pool)...)
}

// ofAccount is a command about the service account.
func (s *script) ofAccount(verb string, options ...string) []string {
	account := s.plan.account
	return append([]string{"gcloud", "iam", "service-accounts", verb, account.email, "--project=" + account.project}, options...)
}

// said is a command that prints a line for whoever runs the script.
func said(text string) string { return "echo " + shell.Quote(text) + " >&2" }

func (s *script) project() {
	p := s.plan
	s.section("The principals below have the project by its number. With the number of another project they would be those of a pool there, and its identities would be let in here.")
	s.WriteString("number=$(" + wrapped("", "gcloud", "projects", "describe", p.project, "--format=value(projectNumber)") + ")\n")
	s.WriteString("if [ \"$number\" != " + p.provider.ProjectNumber + " ]; then\n")
	s.WriteString("  " + said("the project "+p.project+" has another number than "+p.provider.ProjectNumber+": make the plan again, with its number") + "\n  exit 1\nfi\n")
}

func (s *script) enable() {
	s.section("The APIs that this needs. It takes up to some minutes until they answer. Enabled ones stay as they are, and there is no need to undo it: others may use them.")
	s.run("", "", s.inProject(append([]string{"gcloud", "services", "enable"}, s.plan.services()...)...)...)
}

// unless writes a command that creates something, for where describe does not find it; and what is
// to be done where it is in a state other than the one wanted.
func (s *script) unless(what string, describe, create []string, there string) {
	s.WriteString("state=$(" + wrapped("", append(describe, "--format=value(state)")...) + " 2>/dev/null || true)\n")
	s.WriteString("case $state in\n'')\n")
	s.run("  ", "", create...)
	s.WriteString("  ;;\nACTIVE)\n  " + said(what+" exists, and stays as it is"+there) + "\n  ;;\n*)\n")
	s.WriteString("  " + said(what+" is not active: bring it back by undelete, see the comment, or choose another ID") + "\n  exit 1\n  ;;\nesac\n")
}

func (s *script) pool() {
	p := s.plan
	s.section("The pool. All providers in a pool share its principals: whoever may add one to it, or change the mapping of one, can become any of them. So it is for identities of AWS alone, and best for those of one team.",
		"Undo, which ends all access through the pool at once. The ID is taken for 30 days then; until that, undelete brings the pool back with everything in it:",
		inComment("gcloud", "iam", "workload-identity-pools", "delete", p.poolName()),
		inComment("gcloud", "iam", "workload-identity-pools", "undelete", p.poolName()))
	s.unless("the pool "+p.provider.Pool,
		s.inProject("gcloud", "iam", "workload-identity-pools", "describe", p.provider.Pool, "--location=global"),
		s.inProject("gcloud", "iam", "workload-identity-pools", "create", p.provider.Pool, "--location=global", "--display-name="+displayName, "--description="+poolDescription),
		"")
}

// What people see of it in the console: 32 and 256 characters at most (IAM API reference).
const (
	displayName     = "AWS"
	poolDescription = "Identities of AWS, without keys"
)

func (s *script) provider() {
	p := s.plan
	s.section("The provider: whom Google lets in. The account is that of --account-id. The mapping is Google's default for AWS, written out so that it can be reviewed" +
		map[bool]string{true: ", but for the subject", false: ""}[p.longSubject()] +
		". The condition admits this one role or user of the account, and nobody else even if a binding is too wide. It replaces the condition as a whole when it is set, so another role is let in by joining a clause with ||.")
	s.WriteString("#\n")
	s.paragraphs("", p.policies()...)
	s.WriteString("#\n")
	s.paragraphs("", "Undo, which ends new token exchanges within seconds, while tokens that exist work until they end; and how to take that back within 30 days:",
		inComment("gcloud", "iam", "workload-identity-pools", "providers", "delete", p.providerName()),
		inComment("gcloud", "iam", "workload-identity-pools", "providers", "undelete", p.providerName()))
	s.unless("the provider "+p.provider.ID,
		s.inPool("gcloud", "iam", "workload-identity-pools", "providers", "describe", p.provider.ID),
		s.inPool("gcloud", "iam", "workload-identity-pools", "providers", "create-aws", p.provider.ID, "--display-name="+displayName,
			"--account-id="+p.caller.account,
			"--attribute-mapping=google.subject="+p.subject()+",attribute.aws_role="+cel.DefaultAWSRole,
			"--attribute-condition="+p.Condition()),
		": compare it with the plan, see the end of this script")
}

func (s *script) serviceAccount() {
	p := s.plan
	if p.account.email == "" {
		return
	}
	if p.account.id == "" {
		s.section("The service account is of another project, or one that Google made. So it has to be there; nothing creates it here. Its own project needs the API iamcredentials.googleapis.com.")
		s.run("", " >/dev/null", s.ofAccount("describe")...)
	} else {
		s.section("The service account that the AWS identity becomes. Undo, which ends everything that uses it; whatever is created later under that name is another account, which the roles of this one do not reach:",
			inComment(s.ofAccount("delete")...))
		s.WriteString("if ! ")
		s.run("", " >/dev/null 2>&1; then", s.ofAccount("describe")...)
		s.run("  ", "", s.inProject("gcloud", "iam", "service-accounts", "create", p.account.id, "--display-name=AWS workload")...)
		s.WriteString("fi\n")
	}
	s.bindAccount("The AWS identity may have access tokens and ID tokens of the service account. It takes a minute or two to work, and as long to end when it is undone.", roleUser, p.Member())
	if p.sign {
		s.bindAccount("The AWS identity may sign as the service account, for signed URLs for example.", roleTokenCreator, p.Member())
		s.bindAccount("Where Google takes no federated token for a signature, awsfed signs by the account's own token, which needs the role on itself.", roleTokenCreator, "serviceAccount:"+p.account.email)
	}
}

// bindAccount grants a role on the service account.
func (s *script) bindAccount(text, role, member string) {
	binding := []string{"--role=" + role, "--member=" + member, "--condition=None"}
	s.section(text+" Undo:", inComment(s.ofAccount("remove-iam-policy-binding", binding...)...))
	s.run("", " >/dev/null", s.ofAccount("add-iam-policy-binding", binding...)...)
}

func (s *script) roles() {
	p := s.plan
	if len(p.roles) == 0 {
		s.section("No role in the project was asked for. Until some role is granted somewhere, tokens are had and are good for nothing. The principal to grant it to:", " "+p.grantee())
		return
	}
	for _, role := range p.roles {
		binding := []string{"--role=" + role, "--member=" + p.grantee(), "--condition=None"}
		s.section("What the identity may do, on everything of that kind in the project; a role on one bucket, dataset or topic is less. Undo:",
			inComment(append([]string{"gcloud", "projects", "remove-iam-policy-binding", p.project}, binding...)...))
		s.run("", " >/dev/null", append([]string{"gcloud", "projects", "add-iam-policy-binding", p.project}, binding...)...)
	}
}

func (s *script) end() {
	p := s.plan
	doctor := "awsfed doctor -audience " + shell.Quote(p.Audience())
	if p.account.email != "" {
		doctor += " -" + FlagServiceAccount + " " + shell.Quote(p.account.email)
	}
	s.section("Afterwards: new bindings take a minute or two until they work, sometimes longer. Then see on AWS whether all of it does:",
		" "+doctor,
		"To compare the provider with this plan, now or later, give what this prints to awsfed setup -check, with the flags of the plan:",
		inComment("gcloud", "iam", "workload-identity-pools", "providers", "describe", p.providerName(), "--format=json"))
}
