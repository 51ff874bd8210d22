package setup_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/setup"
)

// words is a call of gcloud: a line of words without blanks in them, and further ones.
func words(line string, more ...string) []string {
	return append(append([]string{"gcloud"}, strings.Fields(line)...), more...)
}

// The calls of a script at whose beginning nothing is there.
func describeProject() []string {
	return words("projects describe my-project --format=value(projectNumber)")
}

func describePool() []string {
	return words("iam workload-identity-pools describe aws-pool --location=global --project=my-project --format=value(state)")
}

func createPool() []string {
	return words("iam workload-identity-pools create aws-pool --location=global --display-name=AWS", "--description=Identities of AWS, without keys", "--project=my-project")
}

func describeProvider() []string {
	return words("iam workload-identity-pools providers describe prod --location=global --workload-identity-pool=aws-pool --project=my-project --format=value(state)")
}

func createProvider(mapping, condition string) []string {
	return words("iam workload-identity-pools providers create-aws prod --display-name=AWS --account-id=123456789012", "--attribute-mapping="+mapping, "--attribute-condition="+condition,
		"--location=global", "--workload-identity-pool=aws-pool", "--project=my-project")
}

func bindAccount(role, member string) []string {
	return words("iam service-accounts add-iam-policy-binding "+account+" --project=my-project --role="+role, "--member="+member, "--condition=None")
}

func bindProject(role, member string) []string {
	return words("projects add-iam-policy-binding my-project --role="+role, "--member="+member, "--condition=None")
}

const roleCondition = `assertion.account == "123456789012" && attribute.aws_role == "` + role + `"`

func TestGcloudScriptCreatesWhatIsMeantAndNothingElse(t *testing.T) {
	describeAccount := words("iam service-accounts describe " + account + " --project=my-project")
	createAccount := words("iam service-accounts create aws-app", "--display-name=AWS workload", "--project=my-project")
	user := roleMember[:strings.Index(roleMember, "arn:")] + hostileUser
	for name, test := range map[string]struct {
		edit func(*setup.Wanted)
		want [][]string
	}{
		"a role that becomes a service account": {nil, [][]string{
			describeProject(),
			words("services enable iam.googleapis.com sts.googleapis.com iamcredentials.googleapis.com cloudresourcemanager.googleapis.com --project=my-project"),
			describePool(), createPool(), describeProvider(), createProvider(defaultMapping, roleCondition),
			describeAccount, createAccount, bindAccount("roles/iam.workloadIdentityUser", roleMember),
			bindProject("roles/storage.objectViewer", "serviceAccount:"+account),
		}},
		"a role that signs, without a role in the project": {func(w *setup.Wanted) { w.Sign, w.Roles = true, nil }, [][]string{
			describeProject(),
			words("services enable iam.googleapis.com sts.googleapis.com iamcredentials.googleapis.com --project=my-project"),
			describePool(), createPool(), describeProvider(), createProvider(defaultMapping, roleCondition),
			describeAccount, createAccount, bindAccount("roles/iam.workloadIdentityUser", roleMember),
			bindAccount("roles/iam.serviceAccountTokenCreator", roleMember),
			bindAccount("roles/iam.serviceAccountTokenCreator", "serviceAccount:"+account),
		}},
		"direct resource access": {func(w *setup.Wanted) {
			w.ServiceAccount, w.Roles = "", []string{"roles/storage.objectViewer", "roles/bigquery.jobUser", "roles/bigquery.jobUser"}
		}, [][]string{
			describeProject(),
			words("services enable iam.googleapis.com sts.googleapis.com cloudresourcemanager.googleapis.com --project=my-project"),
			describePool(), createPool(), describeProvider(), createProvider(defaultMapping, roleCondition),
			bindProject("roles/bigquery.jobUser", roleMember), bindProject("roles/storage.objectViewer", roleMember),
		}},
		"a user with a hostile path": {func(w *setup.Wanted) { w.Identity.ARN, w.Roles = hostileUser, nil }, [][]string{
			describeProject(),
			words("services enable iam.googleapis.com sts.googleapis.com iamcredentials.googleapis.com --project=my-project"),
			describePool(), createPool(), describeProvider(),
			createProvider(defaultMapping, `assertion.account == "123456789012" && attribute.aws_role == "`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(hostileUser)+`"`),
			describeAccount, createAccount, bindAccount("roles/iam.workloadIdentityUser", user),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			script := written(t, newPlan(t, test.edit).WriteGcloud)
			calls, output, err := run(t, script, there{number: "912480652101"})
			require.NoError(t, err, output)
			assert.Equal(t, test.want, calls)
			assert.Empty(t, output)
		})
	}
}

func TestGcloudScriptLeavesAloneWhatIsThere(t *testing.T) {
	script := written(t, newPlan(t, nil).WriteGcloud)
	calls, output, err := run(t, script, there{"912480652101", "ACTIVE", "ACTIVE", account})
	require.NoError(t, err, output)
	for _, call := range calls {
		assert.NotContains(t, call, "create")
		assert.NotContains(t, call, "create-aws")
	}
	assert.Contains(t, calls, bindAccount("roles/iam.workloadIdentityUser", roleMember), "bindings are made again, which changes nothing")
	assert.Contains(t, output, "the pool aws-pool exists, and stays as it is")
	assert.Contains(t, output, "the provider prod exists, and stays as it is: compare it with the plan")
}

func TestGcloudScriptStopsBeforeAnythingIsGrantedInVain(t *testing.T) {
	for name, test := range map[string]struct {
		found there
		calls int
		says  string
	}{
		"the number is of another project": {there{number: "7"}, 1, "another number than 912480652101"},
		"the project is not to be seen":    {there{}, 1, ""},
		"the pool was deleted":             {there{number: "912480652101", pool: "DELETED"}, 3, "the pool aws-pool is not active"},
		"the provider was deleted":         {there{number: "912480652101", pool: "ACTIVE", provider: "DELETED"}, 4, "the provider prod is not active"},
	} {
		t.Run(name, func(t *testing.T) {
			calls, output, err := run(t, written(t, newPlan(t, nil).WriteGcloud), test.found)
			assert.Error(t, err)
			assert.Len(t, calls, test.calls)
			assert.Contains(t, output, test.says)
		})
	}
}

// An account that Google made, or one of another project, cannot be created.
func TestGcloudScriptCreatesNoAccountOfAnotherProject(t *testing.T) {
	for email, project := range map[string]string{
		"app@other-project.iam.gserviceaccount.com":             "other-project",
		"app@other-project.example.com.iam.gserviceaccount.com": "example.com:other-project",
		"912480652101-compute@developer.gserviceaccount.com":    "my-project",
		"my-project@appspot.gserviceaccount.com":                "my-project",
	} {
		script := written(t, newPlan(t, func(w *setup.Wanted) { w.ServiceAccount = email }).WriteGcloud)
		calls, output, err := run(t, script, there{number: "912480652101", pool: "ACTIVE", provider: "ACTIVE", account: email})
		require.NoError(t, err, output)
		assert.Contains(t, calls, words("iam service-accounts describe "+email+" --project="+project))
		assert.False(t, slices.ContainsFunc(calls, func(call []string) bool { return slices.Contains(call, "create") }))
		_, _, err = run(t, script, there{number: "912480652101", pool: "ACTIVE", provider: "ACTIVE"})
		assert.Error(t, err, "it has to be there")
	}
}

// commented finds the commands in comments.
func commented(script string) (commands []string) {
	for _, found := range regexp.MustCompile(`(?m)^#   (gcloud .*)$`).FindAllStringSubmatch(script, -1) {
		commands = append(commands, found[1])
	}
	return commands
}

func TestGcloudScriptsCommentsHaveTheCommandsThatUndoIt(t *testing.T) {
	for name, test := range map[string]struct{ arn, member string }{
		"a role":                     {role + "/session", roleMember},
		"a user with a hostile path": {hostileUser, roleMember[:strings.Index(roleMember, "arn:")] + hostileUser},
	} {
		t.Run(name, func(t *testing.T) {
			script := written(t, newPlan(t, func(w *setup.Wanted) { w.Identity.ARN = test.arn }).WriteGcloud)
			var calls [][]string
			for _, line := range commented(script) {
				made, output, err := run(t, line, there{"912480652101", "ACTIVE", "ACTIVE", account})
				require.NoError(t, err, "%s\n%s", line, output)
				calls = append(calls, made...)
			}
			const providers, accounts = "constraints/iam.workloadIdentityPoolProviders", "constraints/iam.workloadIdentityPoolAwsAccounts"
			assert.Equal(t, [][]string{
				words("iam workload-identity-pools delete " + pool),
				words("iam workload-identity-pools undelete " + pool),
				words("resource-manager org-policies describe " + providers + " --project=my-project --effective"),
				words("resource-manager org-policies describe " + accounts + " --project=my-project --effective"),
				words("resource-manager org-policies allow " + providers + " https://sts.amazonaws.com --project=my-project"),
				words("resource-manager org-policies allow " + accounts + " 123456789012 --project=my-project"),
				words("iam workload-identity-pools providers delete " + pool + "/providers/prod"),
				words("iam workload-identity-pools providers undelete " + pool + "/providers/prod"),
				words("iam service-accounts delete " + account + " --project=my-project"),
				words("iam service-accounts remove-iam-policy-binding "+account+" --project=my-project --role=roles/iam.workloadIdentityUser", "--member="+test.member, "--condition=None"),
				words("projects remove-iam-policy-binding my-project --role=roles/storage.objectViewer --member=serviceAccount:" + account + " --condition=None"),
				words("iam workload-identity-pools providers describe " + pool + "/providers/prod --format=json"),
			}, calls)
		})
	}
}

// The real gcloud runs these in the module examples/conformance.
func TestGcloudScriptIsThatOfTheGoldenFiles(t *testing.T) {
	golden(t, "direct.bash", written(t, newPlan(t, func(w *setup.Wanted) { w.ServiceAccount = "" }).WriteGcloud))
	golden(t, "user.bash", written(t, newPlan(t, func(w *setup.Wanted) { w.Identity.ARN, w.ServiceAccount = hostileUser, account }).WriteGcloud))
}

func TestGcloudScriptsCommentsAreBroken(t *testing.T) {
	script := written(t, newPlan(t, func(w *setup.Wanted) { w.Sign = true }).WriteGcloud)
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, "# ") && !strings.HasPrefix(line, "#   ") {
			assert.LessOrEqual(t, len(line), 101, line)
		}
	}
	golden(t, "role.bash", script)
}
