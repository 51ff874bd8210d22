package setup_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/principal"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/setup"
	"github.com/awsfed/awsfed-go/internal/cel"
	"github.com/awsfed/awsfed-go/internal/shell"
)

func TestNewPlanReportsEveryFaultAtOnce(t *testing.T) {
	_, err := setup.NewPlan(setup.Wanted{ServiceAccount: "x", Roles: []string{"viewer", "roles/"}, Sign: true,
		Identity: principal.Identity{ARN: "nobody", Account: "1"}, Region: "here"})
	require.Error(t, err)
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok)
	var flags []string
	for _, fault := range joined.Unwrap() {
		var field *setup.FieldError
		require.ErrorAs(t, fault, &field)
		flags = append(flags, field.Flag)
		assert.True(t, strings.HasPrefix(fault.Error(), "-"+field.Flag+" "), fault.Error())
	}
	assert.Equal(t, []string{"project", "numeric-project", "pool", "provider", "service-account", "roles", "roles", "aws-arn", "aws-account", "region"}, flags)
	_, err = setup.NewPlan(wanted(func(w *setup.Wanted) { w.ServiceAccount, w.Sign = "", true }))
	assert.EqualError(t, err, `-sign "true": want a -service-account to sign as: a federated identity has no key`)
}

func TestNewPlanTakesTheIdentitiesThatAWorkloadCanHave(t *testing.T) {
	for name, test := range map[string]struct{ arn, bound string }{
		"an assumed role":                 {role + "/session", role},
		"an assumed role, no session":     {role, role},
		"a role in IAM":                   {"arn:aws:iam::123456789012:role/app", role},
		"a role with a path":              {"arn:aws:iam::123456789012:role/service-role/team/app", role},
		"a role of China":                 {"arn:aws-cn:sts::123456789012:assumed-role/app/session", "arn:aws-cn:sts::123456789012:assumed-role/app"},
		"a role of GovCloud":              {"arn:aws-us-gov:iam::123456789012:role/app", "arn:aws-us-gov:sts::123456789012:assumed-role/app"},
		"a role of the sovereign cloud":   {"arn:aws-eusc:sts::123456789012:assumed-role/app/session", "arn:aws-eusc:sts::123456789012:assumed-role/app"},
		"a permission set":                {"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/jane@example.com", "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_0123456789abcdef"},
		"the same by its role in IAM":     {"arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Dev_0123456789abcdef", "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_0123456789abcdef"},
		"a user":                          {"arn:aws:iam::123456789012:user/jane", "arn:aws:iam::123456789012:user/jane"},
		"a user with a path":              {"arn:aws:iam::123456789012:user/team/jane", "arn:aws:iam::123456789012:user/team/jane"},
		"a federated user":                {"arn:aws:sts::123456789012:federated-user/jane", "arn:aws:sts::123456789012:federated-user/jane"},
		"a role called root":              {"arn:aws:sts::123456789012:assumed-role/root/session", "arn:aws:sts::123456789012:assumed-role/root"},
		"a role called assumed-role":      {"arn:aws:sts::123456789012:assumed-role/assumed-role/session", "arn:aws:sts::123456789012:assumed-role/assumed-role"},
		"every character of a role":       {"arn:aws:sts::123456789012:assumed-role/aZ9_+=,.@-/session", "arn:aws:sts::123456789012:assumed-role/aZ9_+=,.@-"},
		"a user whose path leaves quotes": {hostileUser, hostileUser},
	} {
		t.Run(name, func(t *testing.T) {
			plan := newPlan(t, func(w *setup.Wanted) { w.Identity = principal.Identity{ARN: test.arn} })
			assert.Equal(t, "principalSet://iam.googleapis.com/"+pool+"/attribute.aws_role/"+test.bound, plan.Member())
			assert.Equal(t, `assertion.account == "123456789012" && attribute.aws_role == `+cel.String(test.bound), plan.Condition())
			parsed, err := principal.ParseMember(plan.Member())
			require.NoError(t, err)
			if !strings.Contains(test.arn, ":role/") {
				arn := test.arn
				if arn == role {
					arn += "/session"
				}
				attributes, err := principal.DefaultMapping(principal.Identity{Account: "123456789012", ARN: arn})
				require.NoError(t, err)
				provider, err := principal.ParseAudience(plan.Audience())
				require.NoError(t, err)
				assert.True(t, parsed.Matches(provider, attributes), "the caller is who the principal names")
			}
		})
	}
}

func TestNewPlanRefusesIdentitiesThatNoWorkloadHas(t *testing.T) {
	for name, test := range map[string]struct{ arn, says string }{
		"nothing":                             {"", "not an ARN"},
		"the root user":                       {"arn:aws:iam::123456789012:root", "root user"},
		"a group":                             {"arn:aws:iam::123456789012:group/x", "not the kind"},
		"a bucket":                            {"arn:aws:s3:::bucket", "account"},
		"an ARN with a region":                {"arn:aws:sts:us-east-1:123456789012:assumed-role/a/bc", "not an ARN"},
		"an account of letters":               {"arn:aws:sts::12345678901x:assumed-role/a/bc", "twelve digits"},
		"another partition":                   {"arn:aws-iso:sts::123456789012:assumed-role/a/bc", "partition"},
		"no role":                             {"arn:aws:sts::123456789012:assumed-role/", "name"},
		"a role with a quote":                 {"arn:aws:sts::123456789012:assumed-role/a'b/cd", "name"},
		"a session with a slash":              {role + "/a/b", "session"},
		"a session with a line break":         {role + "/ab\n", "session"},
		"an empty session":                    {role + "/", "session"},
		"a path with a line break":            {"arn:aws:iam::123456789012:user/a\nb/c", "path"},
		"a path with a blank":                 {"arn:aws:iam::123456789012:user/a b/c", "path"},
		"a path with other letters":           {"arn:aws:iam::123456789012:user/é/c", "path"},
		"a path without end":                  {"arn:aws:iam::123456789012:user/" + strings.Repeat("p", 513) + "/c", "path"},
		"a user that the mapping cuts":        {"arn:aws:iam::123456789012:user/assumed-role/app/x", "default mapping"},
		"a user called as the mapping's mark": {"arn:aws:iam::123456789012:user/assumed-role", "default mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := setup.NewPlan(wanted(func(w *setup.Wanted) { w.Identity = principal.Identity{ARN: test.arn} }))
			var field *setup.FieldError
			require.ErrorAs(t, err, &field)
			assert.Equal(t, "aws-arn", field.Flag)
			assert.Contains(t, field.Want, test.says)
			assert.True(t, shell.Printable(err.Error()), err.Error())
			assert.Less(t, len(err.Error()), 600)
		})
	}
}

// hostile are values that mean something to a shell, to HCL, CEL, JSON or gcloud.
func hostile() []string {
	return []string{"-rf", "--flags-file=x", "a'b", `a"b`, "a\nb", "a\x00b", "a\x1b[2K", "$(touch PWNED)", "`touch PWNED`", "${path.cwd}", "%{if true}", "a b", "a;b", "#",
		"^:^a", "@file", "a\u202eb", "a\xffb", "../x", "a/b", strings.Repeat("a", 1<<16)}
}

func TestNewPlanRefusesWhatItsFieldsCannotHold(t *testing.T) {
	fields := map[string]func(*setup.Wanted, string){
		"project":         func(w *setup.Wanted, v string) { w.ProjectID = v },
		"numeric-project": func(w *setup.Wanted, v string) { w.ProjectNumber = v },
		"pool":            func(w *setup.Wanted, v string) { w.Pool = v },
		"provider":        func(w *setup.Wanted, v string) { w.Provider = v },
		"service-account": func(w *setup.Wanted, v string) { w.ServiceAccount = v },
		"roles":           func(w *setup.Wanted, v string) { w.Roles = []string{v} },
		"aws-arn":         func(w *setup.Wanted, v string) { w.Identity.ARN = v },
		"aws-account":     func(w *setup.Wanted, v string) { w.Identity.Account = v },
		"region":          func(w *setup.Wanted, v string) { w.Region = v },
	}
	more := map[string][]string{
		"project":         {"", "short", "My-Project", "1-project", "my-project-", ":my-project", "com:my-project", "-a.com:my-project", "912480652101"},
		"numeric-project": {"", "0", "0912", "my-project", "1e3", "12345678901234567890"},
		"pool":            {"", "abc", "-abc", "gcp-pool", "Pool", strings.Repeat("a", 33)},
		"provider":        {"", "abc", "-abc", "gcp-prod", strings.Repeat("a", 33)},
		"service-account": {"app", "-app-app", "app@", "@my-project.iam.gserviceaccount.com", "-app@my-project.iam.gserviceaccount.com", "app@example.com", "a@b@c.gserviceaccount.com", "app@.gserviceaccount.com", "123456789012345678901"},
		"roles":           {"", "viewer", "roles/a/b", "projects/x/roles/y", "organizations/x/roles/y", "projects/my-project/role/y"},
		"aws-account":     {"123456789013", "1"},
		"region":          {"here", "cn-north-1", "us-gov-west-1", "us-iso-east-1"},
	}
	for flag, set := range fields {
		t.Run(flag, func(t *testing.T) {
			for _, value := range append(hostile(), more[flag]...) {
				_, err := setup.NewPlan(wanted(func(w *setup.Wanted) { set(w, value) }))
				var field *setup.FieldError
				if assert.ErrorAs(t, err, &field, "%q", value) {
					assert.Equal(t, flag, field.Flag)
					assert.Less(t, len(err.Error()), 600)
					assert.True(t, shell.Printable(err.Error()), err.Error())
				}
			}
		})
	}
}

func TestNewPlanTakesEveryFormOfItsFields(t *testing.T) {
	for name, edit := range map[string]func(*setup.Wanted){
		"a project of a domain":        func(w *setup.Wanted) { w.ProjectID = "example.com:my-project" },
		"an account by its address":    func(w *setup.Wanted) { w.ServiceAccount = account },
		"an account of App Engine":     func(w *setup.Wanted) { w.ServiceAccount = "my-project@appspot.gserviceaccount.com" },
		"a custom role of the project": func(w *setup.Wanted) { w.Roles = []string{"projects/my-project/roles/my.Role_1"} },
		"one of the organisation":      func(w *setup.Wanted) { w.Roles = []string{"organizations/123/roles/myRole"} },
		"no role":                      func(w *setup.Wanted) { w.Roles = nil },
		"a region":                     func(w *setup.Wanted) { w.Region = "eu-central-1" },
		"no account":                   func(w *setup.Wanted) { w.Identity.Account = "" },
	} {
		t.Run(name, func(t *testing.T) { newPlan(t, edit) })
	}
	plan := newPlan(t, func(w *setup.Wanted) { w.ProjectID = "example.com:my-project" })
	assert.Equal(t, "aws-app@my-project.example.com.iam.gserviceaccount.com", plan.ServiceAccount())
}

func TestPlanRemarksOnWhatAReviewerHasToKnow(t *testing.T) {
	for name, test := range map[string]struct {
		edit func(*setup.Wanted)
		says string
	}{
		"a role": {func(*setup.Wanted) {}, "Every session of the role app is let in"},
		"a permission set": {func(w *setup.Wanted) {
			w.Identity.ARN = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_01/jane"
		}, "AWSReservedSSO_Dev_01 is of IAM Identity Center"},
		"a user":           {func(w *setup.Wanted) { w.Identity.ARN = "arn:aws:iam::123456789012:user/jane" }, "jane is an IAM user, whose keys do not end"},
		"a federated user": {func(w *setup.Wanted) { w.Identity.ARN = "arn:aws:sts::123456789012:federated-user/jane" }, "GetFederationToken"},
		"a long name of a role": {func(w *setup.Wanted) {
			w.Identity.ARN = "arn:aws:sts::123456789012:assumed-role/" + strings.Repeat("r", 64)
		}, "names of sessions may have at most 23."},
		"a long ARN": {func(w *setup.Wanted) {
			w.Identity.ARN = "arn:aws:sts::123456789012:assumed-role/" + strings.Repeat("r", 64) + "/" + strings.Repeat("s", 24)
		}, "the subject is mapped to the user ID"},
		"China":            {func(w *setup.Wanted) { w.Identity.ARN = "arn:aws-cn:sts::123456789012:assumed-role/app" }, "identities of the partition aws-cn"},
		"a basic role":     {func(w *setup.Wanted) { w.Roles = []string{"roles/editor"} }, "roles/editor is a basic role"},
		"a role for roles": {func(w *setup.Wanted) { w.Roles = []string{"roles/iam.serviceAccountTokenCreator"} }, "lets its holder become other service accounts"},
	} {
		t.Run(name, func(t *testing.T) {
			plan := newPlan(t, test.edit)
			for _, write := range []func(io.Writer) error{plan.WriteGcloud, plan.WriteTerraform} {
				text := strings.Join(strings.Fields(strings.ReplaceAll(written(t, write), "\n#", " ")), " ")
				assert.Contains(t, text, test.says)
			}
		})
	}
}

func TestPlanMapsALongARNToTheUserID(t *testing.T) {
	longest := "arn:aws:sts::123456789012:assumed-role/" + strings.Repeat("r", 64) + "/" + strings.Repeat("s", 23)
	require.Len(t, longest, principal.MaxSubject)
	assert.Contains(t, written(t, newPlan(t, func(w *setup.Wanted) { w.Identity.ARN = longest }).WriteGcloud), "google.subject=assertion.arn,")
	assert.Contains(t, written(t, newPlan(t, func(w *setup.Wanted) { w.Identity.ARN = longest + "s" }).WriteGcloud), "google.subject=assertion.userid,")
}

func TestPlansCredentialFileIsThatOfTheWorkload(t *testing.T) {
	for name, test := range map[string]struct {
		edit    func(*setup.Wanted)
		account string
		url     string
	}{
		"impersonation":    {nil, account, "https://sts.{region}.amazonaws.com?"},
		"direct access":    {func(w *setup.Wanted) { w.ServiceAccount = "" }, "", "https://sts.{region}.amazonaws.com?"},
		"China":            {func(w *setup.Wanted) { w.Identity.ARN = "arn:aws-cn:sts::123456789012:assumed-role/app" }, account, "https://sts.{region}.amazonaws.com.cn?"},
		"GovCloud":         {func(w *setup.Wanted) { w.Identity.ARN = "arn:aws-us-gov:sts::123456789012:assumed-role/app" }, account, "https://sts.{region}.amazonaws.com?"},
		"sovereign cloud":  {func(w *setup.Wanted) { w.Identity.ARN = "arn:aws-eusc:sts::123456789012:assumed-role/app" }, account, "https://sts.{region}.amazonaws.eu?"},
		"another region":   {func(w *setup.Wanted) { w.Region = "eu-central-1" }, account, "https://sts.{region}.amazonaws.com?"},
		"a hostile caller": {func(w *setup.Wanted) { w.Identity.ARN = hostileUser }, account, "https://sts.{region}.amazonaws.com?"},
	} {
		t.Run(name, func(t *testing.T) {
			plan := newPlan(t, test.edit)
			file := written(t, plan.WriteCredentialFile)
			cfg, err := awsfed.ConfigFromJSON([]byte(file), nil)
			require.NoError(t, err)
			assert.Equal(t, plan.Audience(), cfg.Audience)
			assert.Equal(t, test.account, cfg.ServiceAccount)
			assert.Contains(t, file, test.url)
			assert.True(t, strings.HasSuffix(file, "}\n"))
			assert.NotContains(t, file, "PWNED", "it does not name the caller")
		})
	}
}

func TestPlanPassesOnTheErrorOfItsWriter(t *testing.T) {
	plan := newPlan(t, nil)
	for _, write := range []func(io.Writer) error{plan.WriteGcloud, plan.WriteCredentialFile} {
		assert.ErrorIs(t, write(brokenWriter{}), os.ErrClosed)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.Join(os.ErrClosed) }

// Whatever makes a plan, each of its texts can be seen whole, and its names are those of Google.
func FuzzNewPlan(f *testing.F) {
	f.Add(role+"/session", "my-project", "aws-pool", "aws-app", "roles/storage.objectViewer")
	f.Add(hostileUser, "example.com:my-project", "pool", account, "projects/my-project/roles/x")
	for _, value := range hostile() {
		f.Add("arn:aws:iam::123456789012:user/"+value+"/x", value, value, value, value)
	}
	f.Fuzz(func(t *testing.T, arn, project, pool, account, role string) {
		plan, err := setup.NewPlan(wanted(func(w *setup.Wanted) {
			w.Identity.ARN, w.ProjectID, w.Pool, w.ServiceAccount, w.Roles = arn, project, pool, account, []string{role}
		}))
		if err != nil {
			assert.True(t, shell.Printable(strings.ReplaceAll(err.Error(), "\n", " ")), err.Error())
			return
		}
		for _, write := range []func(io.Writer) error{plan.WriteGcloud, plan.WriteTerraform, plan.WriteCredentialFile} {
			for line := range strings.Lines(written(t, write)) {
				assert.True(t, shell.Printable(strings.Trim(line, "\t\n")), "%q", line)
				assert.NotContains(t, line, shell.Unprintable)
			}
		}
		_, err = principal.ParseMember(plan.Member())
		assert.NoError(t, err)
		_, err = principal.ParseAudience(plan.Audience())
		assert.NoError(t, err)
	})
}
