package setup

import (
	"io"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/internal/cel"
)

// WriteTerraform writes the plan as one file of Terraform for the provider hashicorp/google. It has
// no variables and holds no secret, and neither does the state of it.
func (p *Plan) WriteTerraform(w io.Writer) error {
	f := &terraform{plan: p}
	f.title(p)
	f.WriteString("#\n")
	f.paragraphs("", "terraform plan shows what is created, and terraform destroy undoes all of it. A pool and a provider that are destroyed keep their IDs for 30 days. What exists already is taken over by terraform import, or has to have another name here. New bindings take a minute or two until they work, sometimes longer.")
	f.WriteString("\n")
	f.providers()
	f.services()
	f.pool()
	f.provider()
	f.serviceAccount()
	f.roles()
	f.outputs()
	_, err := io.WriteString(w, f.String())
	return err
}

// A terraform is a file of Terraform that is being written.
type terraform struct {
	hclFile
	plan *Plan
}

// The resources that others refer to.
const (
	poolResource     = "google_iam_workload_identity_pool.aws"
	providerResource = "google_iam_workload_identity_pool_provider.aws"
	apiResource      = "google_project_service.api"
)

// resource writes a resource with a comment in front of it.
func (f *terraform) resource(kind, name string, comments []string, arguments []argument, nested ...string) {
	f.WriteString("\n")
	f.paragraphs("", comments...)
	f.block("resource "+hclString(kind)+" "+hclString(name), arguments, nested...)
}

// inProject is the argument that every resource of the project has.
func (f *terraform) inProject() argument { return argument{"project", hclString(f.plan.project)} }

func (f *terraform) providers() {
	f.block("terraform", []argument{{"required_version", hclString(">= 1.5")}},
		"required_providers {\n  google = {\n    source  = \"hashicorp/google\"\n    version = \">= 6.0\"\n  }\n}")
	f.WriteString("\n")
	f.block(`provider "google"`, []argument{f.inProject()})
}

func (f *terraform) services() {
	var names []string
	for _, service := range f.plan.services() {
		names = append(names, "  "+hclString(service)+",\n")
	}
	f.resource("google_project_service", "api", []string{"The APIs that this needs. They stay enabled when this is destroyed: others may use them. It takes up to some minutes until they answer: apply again if one does not yet."},
		[]argument{
			f.inProject(),
			{"service", "each.value"},
			{"disable_on_destroy", "false"},
			{"for_each", "toset([\n" + strings.Join(names, "") + "])"},
		})
}

func (f *terraform) pool() {
	p := f.plan
	f.resource("google_iam_workload_identity_pool", "aws", []string{"The pool. All providers in a pool share its principals: whoever may add one to it, or change the mapping of one, can become any of them. So it is for identities of AWS alone, and best for those of one team. To destroy it ends all access through it at once."},
		[]argument{
			f.inProject(),
			{"workload_identity_pool_id", hclString(p.provider.Pool)},
			{"display_name", hclString(displayName)},
			{"description", hclString(poolDescription)},
			{"depends_on", "[" + apiResource + "]"},
		})
}

func (f *terraform) provider() {
	p := f.plan
	comments := []string{"The provider: whom Google lets in. The account is that of AWS. The mapping is Google's default for AWS, written out so that it can be reviewed" +
		map[bool]string{true: ", but for the subject", false: ""}[p.longSubject()] +
		". The condition admits this one role or user of the account, and nobody else even if a binding is too wide. Another role is let in by joining a clause with ||."}
	f.resource("google_iam_workload_identity_pool_provider", "aws", append(comments, p.policies()...),
		[]argument{
			f.inProject(),
			{"workload_identity_pool_id", poolResource + ".workload_identity_pool_id"},
			{"workload_identity_pool_provider_id", hclString(p.provider.ID)},
			{"display_name", hclString(displayName)},
			{"attribute_condition", hclString(p.Condition())},
			{"attribute_mapping", "{\n" +
				"  \"google.subject\"     = " + hclString(p.subject()) + "\n" +
				"  \"attribute.aws_role\" = " + hclString(cel.DefaultAWSRole) + "\n}"},
		},
		"aws {\n  account_id = "+hclString(p.caller.account)+"\n}")
	f.WriteString("\n")
	f.paragraphs("", "Who is granted roles below: the AWS identity in this pool.")
	f.block("locals", []argument{{"principal", `"principalSet://iam.googleapis.com/${` + poolResource + `.name}/attribute.aws_role/` + hclText(p.caller.bound) + `"`}})
}

// accountResource is what the service account is called in references.
func (f *terraform) accountResource() string {
	if f.plan.account.id == "" {
		return "data.google_service_account.workload"
	}
	return "google_service_account.workload"
}

func (f *terraform) serviceAccount() {
	p := f.plan
	switch {
	case p.account.email == "":
		return
	case p.account.id == "":
		f.WriteString("\n")
		f.paragraphs("", "The service account is of another project, or one that Google made. So it has to be there; nothing creates it here. Its own project needs the API iamcredentials.googleapis.com.")
		f.block(`data "google_service_account" "workload"`, []argument{{"account_id", hclString(p.account.email)}})
	default:
		f.resource("google_service_account", "workload", []string{"The service account that the AWS identity becomes. To destroy it ends everything that uses it; whatever is created later under that name is another account."},
			[]argument{
				f.inProject(),
				{"account_id", hclString(p.account.id)},
				{"display_name", hclString("AWS workload")},
				{"depends_on", "[" + apiResource + "]"},
			})
	}
	f.bindAccount("impersonate", "The AWS identity may have access tokens and ID tokens of the service account.", roleUser, "local.principal")
	if p.sign {
		f.bindAccount("sign", "The AWS identity may sign as the service account, for signed URLs for example.", roleTokenCreator, "local.principal")
		f.bindAccount("sign_itself", "Where Google takes no federated token for a signature, awsfed signs by the account's own token, which needs the role on itself.", roleTokenCreator, f.accountResource()+".member")
	}
}

// bindAccount grants a role on the service account.
func (f *terraform) bindAccount(name, comment, role, member string) {
	f.resource("google_service_account_iam_member", name, []string{comment}, []argument{
		{"service_account_id", f.accountResource() + ".name"},
		{"role", hclString(role)},
		{"member", member},
	})
}

func (f *terraform) roles() {
	p := f.plan
	member := "local.principal"
	if p.account.email != "" {
		member = f.accountResource() + ".member"
	}
	if len(p.roles) == 0 {
		f.WriteString("\n")
		f.paragraphs("", "No role in the project was asked for. Until some role is granted somewhere, tokens are had and are good for nothing. The principal to grant it to is "+member+".")
		return
	}
	var names []string
	for _, role := range p.roles {
		names = append(names, "  "+hclString(role)+",\n")
	}
	f.resource("google_project_iam_member", "workload", []string{"What the identity may do, on everything of that kind in the project; a role on one bucket, dataset or topic is less."},
		slices.Concat([]argument{f.inProject()}, []argument{
			{"role", "each.value"},
			{"member", member},
			{"depends_on", "[" + apiResource + "]"},
			{"for_each", "toset([\n" + strings.Join(names, "") + "])"},
		}))
}

func (f *terraform) outputs() {
	f.WriteString("\n")
	f.paragraphs("", "What the workload needs to know: "+f.plan.Audience()+" if the number of the project is right.")
	f.block(`output "audience"`, []argument{{"value", `"//iam.googleapis.com/${` + providerResource + `.name}"`}})
	if f.plan.account.email != "" {
		f.WriteString("\n")
		f.block(`output "service_account"`, []argument{{"value", f.accountResource() + ".email"}})
	}
}
