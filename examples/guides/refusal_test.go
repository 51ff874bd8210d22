package guides_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each block stands behind four lines of prose, its fence on line 6 of the page, so its text begins
// on line 7. A directive is on line 5.
func refuse(t *testing.T, e environment, directive, language, text, want string) {
	t.Helper()
	page := "# A page\n\nProse.\n\n" + directive + "\n```" + language + "\n" + text + "\n```\n"
	_, err := check(t.Context(), e, "docs/bad.md", page)
	require.Error(t, err)
	assert.Contains(t, err.Error(), want)
}

func TestShellOfAPageIsRefused(t *testing.T) {
	e := newEnvironment(t)
	const member = "principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/aws-pool/"
	binding := func(member string) string {
		return "gcloud iam service-accounts add-iam-policy-binding aws-app@my-project.iam.gserviceaccount.com \\\n" +
			"    --role=roles/iam.workloadIdentityUser --member='" + member + "'"
	}
	provider := func(flags string) string {
		return "gcloud iam workload-identity-pools providers create-aws prod --location=global --workload-identity-pool=aws-pool --account-id=123456789012 " + flags
	}
	for name, test := range map[string]struct{ text, want string }{
		"a command that gcloud lacks":             {"gcloud iam workload-identity-pools enable aws-pool", `docs/bad.md:7: gcloud iam workload-identity-pools has no command "enable"`},
		"a flag that gcloud lacks":                {"true\ngcloud projects describe my-project --fromat=json", "docs/bad.md:8: gcloud projects describe has no flag --fromat"},
		"a flag that gcloud wants":                {"gcloud iam workload-identity-pools providers create-aws prod --location=global --workload-identity-pool=aws-pool", "docs/bad.md:7: gcloud iam workload-identity-pools providers create-aws needs --account-id"},
		"a word too many":                         {"gcloud projects describe my-project another", `docs/bad.md:7: gcloud projects describe takes no "another"`},
		"a word too few":                          {"gcloud projects describe", "docs/bad.md:7: gcloud projects describe needs PROJECT_ID"},
		"a choice that gcloud lacks":              {"gcloud logging read x --order=up", "docs/bad.md:7: gcloud logging read: --order is one of desc, asc"},
		"a fault that bash would pass over":       {"gcloud projects decsribe my-project || true", `docs/bad.md:7: gcloud projects has no command "decsribe"`},
		"a fault in a substitution":               {"export NUMBER=$(\n  gcloud projects describe my-project --formt=json\n)", "gcloud projects describe has no flag --formt"},
		"a fault behind a pipe":                   {"gcloud projects list --fliter=x | cat", "docs/bad.md:7: gcloud projects list has no flag --fliter"},
		"a member of no kind":                     {binding("principalset://iam.googleapis.com/x"), `is of no kind that IAM has`},
		"a member with the ID of the project":     {binding(strings.ReplaceAll(member, "912480652101", "my-project") + "*"), "docs/bad.md:7: gcloud iam service-accounts add-iam-policy-binding: member"},
		"a member of an attribute without a name": {binding(member + "attribute/x"), "docs/bad.md:7: gcloud iam service-accounts add-iam-policy-binding: member"},
		"a role without its folder":               {"gcloud projects add-iam-policy-binding my-project --member=user:ada@example.com --role=storage.objectViewer", "docs/bad.md:7: gcloud projects add-iam-policy-binding: the role"},
		"a condition that does not compile":       {provider(`--attribute-condition="attribute.aws_role = 'x'"`), "docs/bad.md:7: gcloud iam workload-identity-pools providers create-aws: "},
		"a condition on what is not mapped":       {provider(`--attribute-condition="attribute.role == 'x'"`), "names attribute.role, which nothing is mapped to"},
		"a condition that yields no bool":         {provider(`--attribute-condition="assertion.arn"`), "yields string, not a bool"},
		"a condition on a claim of none":          {provider(`--attribute-condition="assertion.sub == 'x'"`), "an assertion of AWS has no sub"},
		"a mapping without a subject":             {provider(`--attribute-mapping="attribute.account=assertion.account"`), "the mapping has no google.subject"},
		"a mapping of an odd name":                {provider(`--attribute-mapping="google.subject=assertion.arn,attribute.AWS=assertion.arn"`), `nothing can be mapped to "attribute.AWS"`},
		"a mapping to what is no string":          {provider(`--attribute-mapping="google.subject=assertion.arn == 'x'"`), "yields bool, not string"},
		"an account of eleven digits":             {strings.ReplaceAll(provider(""), "123456789012", "12345678901"), "has not 12 digits"},
		"a provider without its pool":             {"gcloud iam workload-identity-pools providers describe prod --location=global", "docs/bad.md:7: gcloud iam workload-identity-pools providers describe: want --workload-identity-pool"},
		"a pool without a location":               {"gcloud iam workload-identity-pools describe aws-pool", "docs/bad.md:7: gcloud iam workload-identity-pools describe: want --location=global"},
		"a constraint that cannot be":             {"gcloud org-policies describe workloadIdentityPoolProviders --project=my-project", "the constraint"},
		"an answer that no stub has":              {"gcloud projects describe my-project --format='value(lifecycle)'", "there is no answer for the field lifecycle"},
		"an organization policy in a file":        {"echo 'name: projects/my-project/policies/iam.x\nspec: {rule: []}' >p.yaml\ngcloud org-policies set-policy p.yaml", `docs/bad.md:9: gcloud org-policies set-policy: p.yaml: unknown field "spec.rule"`},
		"a rule of a perimeter in a file":         {"echo '- ingressFrom: {identities: [\"user:x\"]}\n  ingressTo: {}' >p.yaml\ngcloud access-context-manager perimeters update p --policy=1 --set-ingress-policies=p.yaml", `docs/bad.md:9: gcloud access-context-manager perimeters update: p.yaml: the member "user:x"`},
		"a tool without a command":                {"kubectl", `docs/bad.md:7: kubectl has no command ""`},
		"a command behind a flag":                 {"gcloud --project=my-project projects lst", `docs/bad.md:7: gcloud projects has no command "lst"`},
		"a command that aws lacks":                {"aws sts who-am-i", `docs/bad.md:7: aws sts has no command "who-am-i"`},
		"a flag that aws lacks":                   {"aws sts get-caller-identity --profil x", "docs/bad.md:7: aws sts get-caller-identity has no flag --profil"},
		"a flag that aws wants":                   {"aws eks create-pod-identity-association --cluster-name c --namespace n --service-account s", "needs --role-arn"},
		"a role of another service":               {"aws sts assume-role --role-arn arn:aws:sts::123456789012:role/x --role-session-name y", `docs/bad.md:7: aws sts assume-role: --role-arn`},
		"a policy of aws":                         {`aws iam put-role-policy --role-name app --policy-name p --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Alow","Action":"*","Resource":"*"}]}'`, `the Effect "Alow"`},
		"a policy of aws in a file":               {"echo '{}' >p.json\naws iam create-role --role-name app --assume-role-policy-document file://p.json", `docs/bad.md:8: aws iam create-role: --assume-role-policy-document: the Version ""`},
		"a hop limit of none":                     {"aws ec2 modify-instance-metadata-options --instance-id i-0123456789abcdef0 --http-put-response-hop-limit 0", "--http-put-response-hop-limit"},
		"a flag that kubectl lacks":               {"kubectl create token app --audiance x", "docs/bad.md:7: kubectl create token has no flag --audiance"},
		"a manifest for kubectl":                  {"echo '{apiVersion: v1, kind: ServiceAccount, metdata: {}}' >s.yaml\nkubectl apply -f s.yaml", `docs/bad.md:8: kubectl apply: unknown field "metdata"`},
		"a flag that docker lacks":                {"docker run --rm --enviroment A=b image", "docs/bad.md:7: docker run has no flag --enviroment"},
		"a flag that terraform lacks":             {"terraform apply -auto-aprove", "docs/bad.md:7: terraform apply has no flag -auto-aprove"},
		"a flag that curl lacks":                  {"curl -fsSL --heder x https://example.com", "docs/bad.md:7: curl has no flag --heder"},
		"a short flag that curl lacks":            {"curl -f? https://example.com", "docs/bad.md:7: curl has no flag -f?"},
		"a command that awsfed lacks":             {"awsfed tokn", "docs/bad.md:7: awsfed tokn: "},
		"a flag that awsfed lacks":                {"awsfed doctor -credential x", "docs/bad.md:7: awsfed doctor has no flag -credential"},
		"a failure of awsfed":                     {"awsfed token -credentials none.json", "docs/bad.md:7: exit status"},
		"an audience that cannot be":              {"awsfed token -audience //iam.googleapis.com/x -service-account aws-app@my-project.iam.gserviceaccount.com", "docs/bad.md:7: audience"},
		"a program that is not there":             {"go run ./cmd/awsfd doctor", "docs/bad.md:7: go list ./cmd/awsfd"},
		"a flag that a program of ours lacks":     {"go -C examples run ./doctor -dem x", "docs/bad.md:7: go run ./doctor has no flag -dem"},
		"a package that is not there":             {"go install github.com/awsfed/awsfed-go/cmd/awsfd@latest", "docs/bad.md:7: github.com/awsfed/awsfed-go/cmd/awsfd@latest is no package"},
		"a tool without a stub":                   {"rclone ls remote:", "docs/bad.md:7: rclone: command not found"},
		"a tool without a stub, by sudo":          {"sudo reboot now", `docs/bad.md:7: sudo: there is no stub of ["reboot" "now"]`},
		"a variable that nobody set":              {"echo \"$PROJECT\"", "docs/bad.md:7: PROJECT: unbound variable"},
		"a command that fails":                    {"true\nfalse", "docs/bad.md:8: exit status 1"},
		"a text that bash cannot read":            {"echo \"x", "docs/bad.md:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refuse(t, e, "", "sh", test.text, test.want)
		})
	}
}

func TestShownShellOfAPageIsRefused(t *testing.T) {
	e := newEnvironment(t)
	const shown = "<!-- check: shown: a test -->"
	refuse(t, e, shown, "sh", "awsfed serve -prt 1", "docs/bad.md:7: awsfed serve has no flag -prt")
	refuse(t, e, shown, "sh", "false\ngcloud projects describe x y", `docs/bad.md:8: gcloud projects describe takes no "y"`)
	refuse(t, e, shown, "sh", "if true", "docs/bad.md:8: syntax error")
}

func TestBlockOfAPageIsRefused(t *testing.T) {
	for name, test := range map[string]struct{ directive, language, text, want string }{
		"a language without a check":         {"", "python", "print()", `docs/bad.md:7: a block of "python"`},
		"no language":                        {"", "", "x", `docs/bad.md:7: a block of ""`},
		"Go without a directive":             {"", "go", "x := 1", `docs/bad.md:7: a block of "go"`},
		"YAML without a directive":           {"", "yaml", "a: 1", `docs/bad.md:7: a block of "yaml"`},
		"JSON without a directive":           {"", "json", "{}", `docs/bad.md:7: a block of "json"`},
		"text without a directive":           {"", "text", "x", `docs/bad.md:7: a block of "text"`},
		"a directive that is none":           {"<!-- chek: kubernetes -->", "yaml", "a: 1", "docs/bad.md:5: \"<!-- chek: kubernetes -->\" is no directive"},
		"a kind that is none":                {"<!-- check: kubernets -->", "yaml", "a: 1", `docs/bad.md:7: a block of "yaml" with the directive "check: kubernets" has no check`},
		"a directive of another language":    {"<!-- check: kubernetes -->", "go", "x := 1", `docs/bad.md:7: a block of "go"`},
		"shown without a reason":             {"<!-- check: shown -->", "sh", "true", "docs/bad.md:5: \"<!-- check: shown -->\" has no reason"},
		"a placeholder that is not there":    {"<!-- check: aws-policy with NUMBER=1 -->", "json", "{}", "docs/bad.md:7: there is no placeholder NUMBER"},
		"Go that is not that of its region":  {"<!-- code: subjects_test.go#file -->", "go", "cfg.Subject = awsfed.Subject{File: \"/x\"}", "docs/bad.md:7: the block is not that of subjects_test.go#file"},
		"Go of a region that is not there":   {"<!-- code: subjects_test.go#none -->", "go", "x := 1", "docs/bad.md:7: subjects_test.go#none: there is no region none"},
		"Go of a file that is no test":       {"<!-- code: doc.go#file -->", "go", "x := 1", `docs/bad.md:7: "doc.go#file" is no FILE_test.go#REGION`},
		"a file that has another text":       {"<!-- check: file:.github/dependabot.yml -->", "yaml", "version: 3", "docs/bad.md:7: the block is not that of .github/dependabot.yml"},
		"an output that is another":          {"<!-- output: awsfed/testdata/hints.golden -->", "text", "x", "docs/bad.md:7: the block is not that of awsfed/testdata/hints.golden"},
		"a file outside":                     {"<!-- output: ../x -->", "text", "x", `docs/bad.md:7: "../x" is no FILE`},
		"a key of Kubernetes":                {"<!-- check: kubernetes -->", "yaml", "apiVersion: v1\nkind: Pod\nspec: {hostNetwrk: true}", `docs/bad.md:7: unknown field "spec.hostNetwrk"`},
		"a key in another case":              {"<!-- check: kubernetes -->", "yaml", "apiVersion: v1\nkind: Pod\nspec: {hostnetwork: true}", `docs/bad.md:7: unknown field "spec.hostnetwork"`},
		"a key twice":                        {"<!-- check: kubernetes -->", "yaml", "apiVersion: v1\nkind: Pod\nkind: Pod", "docs/bad.md:7: "},
		"a kind of Kubernetes":               {"<!-- check: kubernetes -->", "yaml", "apiVersion: v1\nkind: Pdo", "docs/bad.md:7: there is no type for v1 Pdo"},
		"a part of a pod":                    {"<!-- check: kubernetes-part -->", "yaml", "volumes:\n  - nam: x", `docs/bad.md:7: unknown field "volumes[0].nam"`},
		"an organization policy":             {"<!-- check: org-policy -->", "yaml", "name: projects/x/policies/iam.workloadIdentityPoolProviders\nspec: {rules: [{enforced: true}]}", `docs/bad.md:7: unknown field "spec.rules[0].enforced"`},
		"a workflow":                         {"<!-- check: github-workflow -->", "yaml", "on: push\njobs: {a: {runs-on: x, stps: []}}", `docs/bad.md:7: unknown field "jobs.a.stps"`},
		"an action without a version":        {"<!-- check: github-workflow -->", "yaml", "on: push\njobs: {a: {runs-on: x, steps: [{uses: actions/checkout}]}}", `docs/bad.md:7: the job a: step 0: "actions/checkout" has no version`},
		"a permission that GitHub lacks":     {"<!-- check: github-workflow -->", "yaml", "on: push\npermissions: {id_token: write}\njobs: {a: {runs-on: x}}", "docs/bad.md:7: the permission id_token: write"},
		"a build specification":              {"<!-- check: buildspec -->", "yaml", "version: 0.2\nphases: {prebuild: {}}", `docs/bad.md:7: unknown field "phases.prebuild"`},
		"a credential file":                  {"<!-- check: credential-file -->", "json", `{"type": "external_acount"}`, "docs/bad.md:7: "},
		"a policy of AWS":                    {"<!-- check: aws-policy -->", "json", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Actions": "*"}]}`, `docs/bad.md:7: unknown field "[0].Actions"`},
		"an action of AWS":                   {"<!-- check: aws-policy -->", "json", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:GetWebIdentityTokn", "Resource": "*"}]}`, `docs/bad.md:7: statement 0: no action "sts:GetWebIdentityTokn"`},
		"a condition operator of AWS":        {"<!-- check: aws-policy -->", "json", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEqual": {}}}]}`, `docs/bad.md:7: statement 0: there is no condition operator "StringEqual"`},
		"a condition key of AWS":             {"<!-- check: aws-policy -->", "json", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:Secure": "true"}}}]}`, `docs/bad.md:7: statement 0: no condition key "aws:Secure"`},
		"a trust policy with a resource":     {"<!-- check: aws-trust-policy -->", "json", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}`, "docs/bad.md:7: statement 0: a trust policy has a Principal and no Resource"},
		"a principal of AWS":                 {"<!-- check: aws-trust-policy -->", "json", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Servce": "x"}}]}`, `docs/bad.md:7: statement 0: there is no kind of Principal "Servce"`},
		"a task definition":                  {"<!-- check: ecs-task -->", "json", `{"family": "a", "containerDefinitions": [{"nam": "x"}]}`, `docs/bad.md:7: .containerDefinitions[0]: types.ContainerDefinition has no nam`},
		"a policy of Google Cloud":           {"<!-- check: gcp-policy -->", "json", `{"bindings": [{"role": "roles/viewer", "members": ["ada@example.com"]}]}`, `docs/bad.md:7: the member "ada@example.com"`},
		"an entry of an audit log":           {"<!-- check: audit-log -->", "json", `{"protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "methodname": "x"}}`, `unknown field "methodname"`},
		"a comma too many in JSON":           {"<!-- check: aws-policy -->", "json", `{"Version": "2012-10-17",}`, "docs/bad.md:7: it is not JSON"},
		"a name of the emulator":             {"<!-- check: emulator-config -->", "yaml", "aws: {acounts: []}", "docs/bad.md:7: "},
		"a resource that Terraform lacks":    {"", "hcl", "resource \"google_iam_workload_pool\" \"a\" {\n}", "docs/bad.md:7: there is no resource google_iam_workload_pool"},
		"an argument that a resource lacks":  {"", "hcl", "resource \"google_service_account\" \"a\" {\n  account_id = \"app\"\n  name       = \"x\"\n}", "docs/bad.md:9: resource google_service_account takes no argument name"},
		"an argument that a resource needs":  {"", "hcl", "resource \"google_service_account\" \"a\" {\n}", "docs/bad.md:7: resource google_service_account needs account_id"},
		"a block that a resource lacks":      {"", "hcl", "resource \"google_service_account\" \"a\" {\n  account_id = \"app\"\n  aws {}\n}", "docs/bad.md:9: resource google_service_account takes no block aws"},
		"an argument of a nested block":      {"", "hcl", "resource \"google_iam_workload_identity_pool_provider\" \"a\" {\n  workload_identity_pool_id          = \"aws-pool\"\n  workload_identity_pool_provider_id = \"prod\"\n  aws {\n    account = \"1\"\n  }\n}", "docs/bad.md:11: aws takes no argument account"},
		"a reference to nothing":             {"", "hcl", "output \"a\" {\n  value = google_service_account.app.email\n}", "docs/bad.md:8: google_service_account.app is declared nowhere"},
		"an attribute that is none":          {"", "hcl", "resource \"google_service_account\" \"a\" {\n  account_id = \"app\"\n}\n\noutput \"a\" {\n  value = google_service_account.a.mail\n}", "docs/bad.md:12: google_service_account.a has no attribute mail"},
		"a member in Terraform":              {"", "hcl", "resource \"google_project_iam_member\" \"a\" {\n  project = \"my-project\"\n  role    = \"roles/viewer\"\n  member  = \"principalSets://x\"\n}", `docs/bad.md:10: member: the member "principalSets://x"`},
		"a condition in Terraform":           {"", "hcl", "resource \"google_iam_workload_identity_pool_provider\" \"a\" {\n  workload_identity_pool_id          = \"aws-pool\"\n  workload_identity_pool_provider_id = \"prod\"\n  attribute_condition                = \"attribute.role == 'x'\"\n  aws {\n    account_id = \"1\"\n  }\n}", "docs/bad.md:7: the condition attribute.role == 'x' names attribute.role"},
		"Terraform that is not formatted":    {"", "hcl", "locals {\n a = 1\n}", "docs/bad.md:7: terraform fmt would make it"},
		"Terraform that does not parse":      {"", "hcl", "locals {", "docs/bad.md:"},
		"a kind of diagram":                  {"", "mermaid", "flowchrt LR\n  a --> b", `docs/bad.md:7: there is no diagram "flowchrt LR"`},
		"an arrow of a diagram":              {"", "mermaid", "flowchart LR\n  a -> b", "docs/bad.md:7: line 2 does not parse: a -> b"},
		"a participant that nobody declared": {"", "mermaid", "sequenceDiagram\n  participant A\n  A->>B: hello", "docs/bad.md:7: line 3 does not parse"},
		"a block of a diagram without end":   {"", "mermaid", "flowchart LR\n  subgraph x\n  a --> b", "docs/bad.md:7: a block of the diagram does not end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refuse(t, environment{}, test.directive, test.language, test.text, test.want)
		})
	}
}

func TestPageIsRefused(t *testing.T) {
	e := newEnvironment(t)
	for name, test := range map[string]struct{ page, want string }{
		"a command in the prose":  {"x\n\nSay `gcloud projects describ PROJECT` to it.\n", `docs/bad.md:3: gcloud projects has no command "describ"`},
		"a flag in the prose":     {"x\n\nSay `awsfed serve -prot 1` to it.\n", "docs/bad.md:3: awsfed serve has no flag -prot"},
		"a provider in any text":  {"x\n\n<!-- check: shown: a test -->\n```text\n//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/aws-pool/providers/abc\n```\n", `docs/bad.md:5: `},
		"a principal in any text": {"x\n\n<!-- check: shown: a test -->\n```text\nprincipal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/aws-pool/subjects/x\n```\n", `docs/bad.md:5: `},
		"a block without an end":  {"x\n\n```sh\ntrue\n", "docs/bad.md:3: the block does not end"},
		"a fence of tildes":       {"x\n\n~~~sh\ntrue\n~~~\n", "docs/bad.md:3: a fence of tildes"},
		"a block by indentation":  {"x\n\n    gcloud projects list\n", "docs/bad.md:3: a block by indentation"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := check(t.Context(), e, "docs/bad.md", test.page)
			assert.ErrorContains(t, err, test.want)
		})
	}
}
