package awsfed_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

const (
	emulatedPool     = "projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool"
	emulatedProvider = emulatedPool + "/providers/my-aws-provider"

	placeholderRole = "arn:aws:sts::AWS_ACCOUNT_ID:assumed-role/AWS_ROLE_NAME"

	// payload leaves each kind of quotes and writes a file without a blank, which an ARN cannot
	// hold.
	payload = "a';>PWNED;$(>PWNED)`>PWNED`\"\\"
	// spaced is the same for values that may hold blanks.
	spaced = "a'; touch PWNED; $(touch PWNED) `touch PWNED` \" \\ && touch PWNED #"
)

var (
	// printedCommand finds a line that offers a command, whatever stands in front of it.
	printedCommand = regexp.MustCompile(`(?m)^[ >]*(?:(?:gcloud|aws|kubectl|chronyc) .*|timedatectl)$`)
	// printedClause finds a line that offers a clause of an attribute condition.
	printedClause = regexp.MustCompile(`(?m)^[ >]*attribute\.\S+==.*$`)
)

// pasted runs every command line of text exactly as it is printed, in a directory of its own, and
// gives the arguments of every call of a command-line tool. The tools are stubs, which refuse what
// the real ones do not have. Nothing else may have happened.
func pasted(t *testing.T, text string) [][]string {
	t.Helper()
	var calls [][]string
	for _, line := range printedCommand.FindAllString(text, -1) {
		made, output, err := run(t, line)
		assert.NoError(t, err, "%s\n%s", line, output)
		assert.Empty(t, output, line)
		assert.NotEmpty(t, made, line)
		for _, call := range made {
			assertSyntax(t, call)
		}
		calls = append(calls, made...)
	}
	return calls
}

// run gives a line to bash, where the tools are stubs.
func run(t *testing.T, line string) (calls [][]string, output string, err error) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	lists, err := filepath.Abs("testdata/commands")
	require.NoError(t, err)
	stubs, err := os.ReadFile(filepath.Join(lists, "stubs.bash"))
	require.NoError(t, err)
	dir, record := t.TempDir(), filepath.Join(t.TempDir(), "record")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, bash, "--norc", "-c", string(stubs)+"\n"+line)
	command.Dir, command.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "LISTS=" + lists, "RECORD=" + record}
	said, err := command.CombinedOutput()
	entries, readErr := os.ReadDir(dir)
	require.NoError(t, readErr)
	assert.Empty(t, entries, "the line ran something else: %s", line)
	return recorded(t, record), string(said), err
}

// clauses are the values in the clauses that text offers. Each clause runs nothing where somebody
// takes it for a command, or puts quotes around it. For what may stand in a literal here, CEL and
// Go have the same rules.
func clauses(t *testing.T, text string) []string {
	t.Helper()
	var values []string
	for _, line := range printedClause.FindAllString(text, -1) {
		for _, pasted := range []string{line, "gcloud projects describe '" + line + "'", `gcloud projects describe "` + line + `"`} {
			_, _, _ = run(t, pasted) // It is refused; run asserts that nothing else comes of it.
		}
		attribute, literal, _ := strings.Cut(strings.TrimSpace(line), "==")
		assert.Equal(t, "attribute.aws_role", attribute)
		value, err := strconv.Unquote(literal)
		assert.NoError(t, err, line)
		values = append(values, value)
	}
	return values
}

// syntax has the form that gcloud wants of the words that start so.
var syntax = map[string]*regexp.Regexp{
	"--role=":                   regexp.MustCompile(`^roles/[a-z]+\.[A-Za-z]+$`),
	"--project=":                regexp.MustCompile(`^(([a-z0-9-]+\.)+[a-z]+:)?[a-z][a-z0-9-]*[a-z0-9]$|^PROJECT_ID$`),
	"--format=":                 regexp.MustCompile(`^value\([A-Za-z]+(\.[A-Za-z]+)*(,[A-Za-z]+)*\)$`),
	"--filter=":                 regexp.MustCompile(`^[a-z]+:"[^"\\]*"$`),
	"--location=":               regexp.MustCompile(`^global$`),
	"--workload-identity-pool=": regexp.MustCompile(`^projects/[0-9]+/locations/global/workloadIdentityPools/[a-z0-9-]{4,32}$`),
	"--attribute-mapping=":      regexp.MustCompile(`^google\.subject=[^,]+(,attribute\.[a-z0-9_]+=[^,]+)*$`),
	"projects/":                 regexp.MustCompile(`^[0-9]+/locations/global/workloadIdentityPools/[a-z0-9-]{4,32}(/providers/[a-z0-9-]{4,32})?$`),
	"constraints/":              regexp.MustCompile(`^[a-z]+\.[A-Za-z]+$`),
	"protoPayload.":             regexp.MustCompile(`^[A-Za-z.@]+="[^"\\]*"( protoPayload\.[A-Za-z.]+="[^"\\]*")*$`),
}

// assertSyntax holds the words of a call against the form of what they name. A condition is set by
// none, since that would replace the one that is there.
func assertSyntax(t *testing.T, call []string) {
	t.Helper()
	for _, word := range call {
		assert.NotContains(t, word, "--attribute-condition")
		if name, ok := strings.CutPrefix(word, "--member="); ok {
			member, err := principal.ParseMember(name)
			assert.NoError(t, err, word)
			assert.Equal(t, name, member.String())
		}
		if strings.HasPrefix(word, "projects/") && strings.Contains(word, "/providers/") {
			_, err := principal.ParseAudience("//iam.googleapis.com/" + word)
			assert.NoError(t, err, word)
		}
		for start, form := range syntax {
			if rest, ok := strings.CutPrefix(word, start); ok {
				assert.Regexp(t, form, rest, word)
			}
		}
	}
}

// recorded reads the calls that the stubs noted: the number of words, then the words.
func recorded(t *testing.T, name string) [][]string {
	t.Helper()
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	words := strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
	var calls [][]string
	for len(words) > 0 {
		n, err := strconv.Atoi(words[0])
		require.NoError(t, err)
		calls, words = append(calls, words[1:1+n]), words[1+n:]
	}
	return calls
}

// assertCommands pastes what the report prints, and what the errors in it print, and compares the
// calls.
func assertCommands(t *testing.T, report *awsfed.Report, want ...[]string) {
	t.Helper()
	assert.Equal(t, want, pasted(t, report.String()), "of the report:\n%s", report)
	var b strings.Builder
	for _, step := range report.Steps {
		var e *awsfed.Error
		if errors.As(step.Err, &e) {
			fmt.Fprintf(&b, "%+v\n", e)
		}
	}
	if b.Len() > 0 {
		assert.Equal(t, want, pasted(t, b.String()), "of the errors:\n%s", b.String())
	}
	for line := range strings.Lines(report.String() + b.String()) {
		if !printedCommand.MatchString(line) {
			assert.NotRegexp(t, `\b(gcloud|aws|kubectl) [a-z0-9-]+ [a-z-]+ --`, line, "a command has a line of its own")
			assertWidth(t, line)
		}
	}
}

// assertWidth asserts that a line of a hint's prose has at most 80 columns, or ends in a word that
// is too long for a line of its own. Summaries and findings are as long as they are.
func assertWidth(t *testing.T, line string) {
	t.Helper()
	line = strings.TrimSuffix(line, "\n")
	prose, ofReport := strings.CutPrefix(line, "    > ")
	if !ofReport && (!strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "      ") || printedClause.MatchString(line)) {
		return
	}
	longest := prose[strings.LastIndexByte(prose, ' ')+1:]
	if utf8.RuneCountInString(longest) <= 80-len("    > ") {
		assert.LessOrEqual(t, utf8.RuneCountInString(line), 80, line)
	}
}

// awsThatKnows is AWS STS as far as GetCallerIdentity, for a caller with this ARN.
func awsThatKnows(t *testing.T, arn string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var escaped bytes.Buffer
		assert.NoError(t, xml.EscapeText(&escaped, []byte(arn)))
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprintf(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>`+
			`<Arn>%s</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, escaped.String())
	})
}

// commandsOfFaults are the commands that help against each fault of the catalogue that has any.
func commandsOfFaults(member string) map[string][][]string {
	identityPools := func(words ...string) []string {
		return append([]string{"gcloud", "iam", "workload-identity-pools"}, words...)
	}
	describeProject := []string{"gcloud", "projects", "describe", "912480652101", "--format=value(projectId)"}
	disabledOrDeleted := [][]string{
		identityPools("describe", emulatedPool),
		identityPools("providers", "describe", emulatedProvider),
		identityPools("update", emulatedPool, "--no-disabled"),
		identityPools("providers", "update-aws", emulatedProvider, "--no-disabled"),
		identityPools("undelete", emulatedPool),
		identityPools("providers", "undelete", emulatedProvider),
		describeProject,
		identityPools("list", "--location=global", "--project=the-project"),
	}
	binding := [][]string{
		{"gcloud", "iam", "service-accounts", "add-iam-policy-binding", testAccount, "--role=roles/iam.workloadIdentityUser", "--member=" + member, "--project=my-project"},
		{"gcloud", "iam", "service-accounts", "get-iam-policy", testAccount, "--project=my-project"},
	}
	whoAmI := [][]string{{"aws", "sts", "get-caller-identity"}}
	hopLimit := [][]string{{"aws", "ec2", "modify-instance-metadata-options", "--instance-id", "INSTANCE_ID", "--http-put-response-hop-limit", "2"}}
	constraint := func(verb string, words ...string) []string {
		return append([]string{"gcloud", "resource-manager", "org-policies", verb, "constraints/iam.allowServiceAccountCredentialLifetimeExtension"}, words...)
	}
	wrongClock := [][]string{{"chronyc", "tracking"}, {"timedatectl"}}
	return map[string][][]string{
		"pool-disabled": disabledOrDeleted, "pool-deleted": disabledOrDeleted, "provider-disabled": disabledOrDeleted, "provider-deleted": disabledOrDeleted,
		"wrong-audience": {identityPools("providers", "list", "--workload-identity-pool="+emulatedPool, "--format=value(name)")},
		"wrong-account": {identityPools("providers", "describe", emulatedProvider, "--format=value(aws.accountId,attributeCondition)"),
			whoAmI[0]},
		"condition-false": {identityPools("providers", "describe", emulatedProvider, "--format=value(attributeCondition)")},
		"subject-too-long": {identityPools("providers", "describe", emulatedProvider, "--format=value(attributeMapping)"), identityPools("providers", "update-aws", emulatedProvider,
			`--attribute-mapping=google.subject=assertion.userid,attribute.aws_role=assertion.arn.contains("assumed-role") ? assertion.arn.extract("{account_arn}assumed-role/") + "assumed-role/" + assertion.arn.extract("assumed-role/{role_name}/") : assertion.arn`)},
		"mapping-empty":   {identityPools("providers", "describe", emulatedProvider, "--format=value(attributeMapping)")},
		"missing-binding": binding, "wrong-principal": binding,
		"service-account-missing": {{"gcloud", "iam", "service-accounts", "list", `--filter=email:"` + testAccount + `"`}},
		"iamcredentials-api-disabled": {describeProject,
			{"gcloud", "services", "enable", "iamcredentials.googleapis.com", "--project=the-project"}},
		"vpc-service-controls": {describeProject, denials("emulator", "the-project")},
		"lifetime-too-long":    {constraint("describe", "--project=my-project", "--effective"), constraint("allow", testAccount, "--project=my-project")},
		"clock-behind":         wrongClock, "clock-ahead": wrongClock,
		"token-revoked":    {identityPools("describe", emulatedPool)},
		"aws-keys-expired": whoAmI, "aws-keys-invalid": whoAmI, "bad-signature": whoAmI,
		"metadata-down": hopLimit, "metadata-hop-limit": hopLimit,
		"metadata-no-role": {{"aws", "ec2", "associate-iam-instance-profile", "--instance-id", "INSTANCE_ID", "--iam-instance-profile", "Name=INSTANCE_PROFILE"}},
	}
}

// denials is the command that looks up a denial by its identifier.
func denials(identifier, project string) []string {
	return []string{"gcloud", "logging", "read",
		`protoPayload.metadata.@type="type.googleapis.com/google.cloud.audit.VpcServiceControlAuditMetadata" protoPayload.metadata.vpcServiceControlsUniqueId="` + identifier + `"`,
		"--project=" + project}
}

func TestPrintedCommandsOfEveryFaultRunAsTheyAreMeant(t *testing.T) {
	const (
		user  = "arn:aws:iam::123456789012:user/" + payload + "/x"
		role  = "arn:aws:sts::123456789012:assumed-role/" + payload
		plain = "arn:aws:sts::123456789012:assumed-role/app"
	)
	ofRole := func(role string) string {
		return "principalSet://iam.googleapis.com/" + emulatedPool + "/attribute.aws_role/" + role
	}
	mapped := func(attributes principal.Attributes) *awsfed.DiagnoseOptions {
		return &awsfed.DiagnoseOptions{Mapping: func(principal.Identity) (principal.Attributes, error) { return attributes, nil }}
	}
	for name, caller := range map[string]struct {
		arn, member, role string
		options           *awsfed.DiagnoseOptions
	}{
		"a plain role": {plain + "/session", ofRole(plain), plain, nil},
		"an odd user":  {user, ofRole(user), user, nil},
		"an odd role":  {role + "/session", ofRole(role), role, nil},
		"an odd attribute": {plain + "/session", ofRole(spaced), spaced,
			mapped(principal.Attributes{Subject: "s", Custom: map[string]string{"aws_role": spaced}})},
		"an odd subject": {plain + "/session", "principal://iam.googleapis.com/" + emulatedPool + "/subject/" + spaced, placeholderRole,
			mapped(principal.Attributes{Subject: spaced})},
		"an attribute with control characters": {plain + "/session", ofRole(placeholderRole), placeholderRole,
			mapped(principal.Attributes{Subject: "s", Custom: map[string]string{"aws_role": "a\ngcloud\x00\x1b[2K\u202eb"}})},
	} {
		t.Run(name, func(t *testing.T) {
			clearAWSEnvironment(t)
			t.Setenv("AWS_PROFILE", "it's;$(touch PWNED)")
			commands := commandsOfFaults(caller.member)
			for _, fault := range awsfedtest.Faults() {
				if name != "an odd user" && fault.Name != "condition-false" && fault.Name != "missing-binding" {
					continue // Only these two name the caller in a command.
				}
				t.Run(fault.Name, func(t *testing.T) {
					var report *awsfed.Report
					synctest.Test(t, func(t *testing.T) {
						cloud := awsfedtest.New(awsfedtest.Options{})
						cloud.Handle("sts.us-east-1.amazonaws.com", awsThatKnows(t, caller.arn))
						fault.Inject(cloud)
						report = diagnose(t, cloud.Config(), caller.options)
						time.Sleep(time.Minute) // for requests that are still under way
					})
					assertCommands(t, report, commands[fault.Name]...)
					if fault.Name == "condition-false" {
						assert.Equal(t, []string{caller.role}, clauses(t, report.String()))
					}
				})
			}
		})
	}
}

func TestPrintedCommandsHoldNoMoreThanAWordOfGooglesAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		reason, description string
		metadata            map[string]string
		want                [][]string
	}{
		"an odd consumer of a disabled service": {"SERVICE_DISABLED", "", map[string]string{"consumer": "projects/" + spaced},
			[][]string{{"gcloud", "services", "enable", "iamcredentials.googleapis.com", "--project=PROJECT_ID"}}},
		"a consumer that starts as a number": {"SERVICE_DISABLED", "", map[string]string{"consumer": "projects/1)\";touch PWNED;\"$(2"},
			[][]string{{"gcloud", "services", "enable", "iamcredentials.googleapis.com", "--project=PROJECT_ID"}}},
		"a consumer by name": {"SERVICE_DISABLED", "", map[string]string{"consumer": "projects/example.com:app-1"},
			[][]string{{"gcloud", "services", "enable", "iamcredentials.googleapis.com", "--project=example.com:app-1"}}},
		"no consumer": {"SERVICE_DISABLED", "", nil,
			[][]string{{"gcloud", "services", "enable", "iamcredentials.googleapis.com", "--project=PROJECT_ID"}}},
		"an odd identifier of a denial": {"SECURITY_POLICY_VIOLATED", "", map[string]string{"uid": payload, "consumer": "projects/" + payload},
			[][]string{denials("IDENTIFIER", "PROJECT_ID")}},
		"an odd identifier in the text of a denial": {"", "denied. vpcServiceControlsUniqueIdentifier: " + spaced + ".", nil,
			[][]string{denials("IDENTIFIER", "PROJECT_ID")}},
		"a plain identifier": {"SECURITY_POLICY_VIOLATED", "", map[string]string{"uid": "Ab-1_2", "consumer": "projects/7"},
			[][]string{{"gcloud", "projects", "describe", "7", "--format=value(projectId)"}, denials("Ab-1_2", "the-project")}},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := json.Marshal(map[string]any{"error": map[string]any{"code": 403, "status": "PERMISSION_DENIED", "message": test.description,
				"details": []any{map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": test.reason, "metadata": test.metadata}}}})
			require.NoError(t, err)
			cloud := awsfedtest.New(awsfedtest.Options{})
			cloud.Inject(awsfedtest.Status(awsfedtest.IAMCredentials, http.StatusForbidden, http.Header{"Content-Type": {"application/json"}}, string(body)))
			assertCommands(t, diagnose(t, cloud.Config(), nil), test.want...)
		})
	}
}

func TestPrintedCommandsTakeTheProfileAsOneWord(t *testing.T) {
	for profile, want := range map[string][]string{
		"work":                {"--profile", "work"},
		"it's;$(touch PWNED)": {"--profile", "it's;$(touch PWNED)"},
		spaced:                {"--profile", spaced},
		"-x":                  {"--profile=-x"},
		"a\ntouch PWNED\n":    {"--profile", "PROFILE"},
		"default":             nil,
	} {
		t.Run(profile, func(t *testing.T) {
			clearAWSEnvironment(t)
			t.Setenv("AWS_PROFILE", profile)
			cfg := awsfedtest.New(awsfedtest.Options{}).Config()
			cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{}, &ssocreds.InvalidTokenError{Err: errors.New("the session has ended")}
			})
			assertCommands(t, diagnose(t, cfg, nil), append([]string{"aws", "sso", "login"}, want...))
		})
	}
}

func TestPrintedCommandsHoldNothingOfAnErrorOfAWS(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	cloud.Handle("sts.us-east-1.amazonaws.com", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		var escaped bytes.Buffer
		assert.NoError(t, xml.EscapeText(&escaped, []byte("X\ngcloud "+spaced)))
		fmt.Fprintf(w, "<ErrorResponse><Error><Code>%s</Code><Message>m</Message></Error></ErrorResponse>", escaped.String())
	}))
	assertCommands(t, diagnose(t, cloud.Config(), nil), []string{"aws", "sts", "get-caller-identity"})
}

func TestPrintedCommandsOfAPodRunAsTheyAreMeant(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	serve(t, cloud, awsfedtest.SourceEKSPodIdentity)
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", writeFile(t, "token", "not the pod's"))
	assert.Equal(t, [][]string{
		{"aws", "eks", "list-pod-identity-associations", "--cluster-name", "CLUSTER"},
		{"kubectl", "get", "daemonset", "eks-pod-identity-agent", "--namespace", "kube-system"},
	}, pasted(t, fmt.Sprintf("%+v", failureOfChain(t))))
}

func TestPrintedCommandsOfAContainerOnItsNodeRunAsTheyAreMeant(t *testing.T) {
	clearAWSEnvironment(t)
	t.Setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
	t.Setenv("AWS_PROFILE", "a\ntouch PWNED")
	report := diagnose(t, awsfedtest.New(awsfedtest.Options{}).Config(), nil)
	assert.Equal(t, [][]string{
		{"aws", "eks", "list-pod-identity-associations", "--cluster-name", "CLUSTER"},
		{"kubectl", "get", "serviceaccount", "SERVICE_ACCOUNT", "--namespace", "NAMESPACE", "--output", "yaml"},
	}, pasted(t, report.String()))
}

func TestPrintedCommandsOfTheGoldenHintsAreThoseOfTheTools(t *testing.T) {
	golden, err := os.ReadFile("testdata/hints.golden")
	require.NoError(t, err)
	calls := pasted(t, string(golden))
	assert.Len(t, clauses(t, string(golden)), 1)
	assert.NotEmpty(t, calls)
	t.Logf("%d commands, %d calls", len(printedCommand.FindAllString(string(golden), -1)), len(calls))
}

func TestPrintedCommandsNameTheProjectOfTheAccount(t *testing.T) {
	for account, want := range map[string]string{
		"app@my-project.iam.gserviceaccount.com":             "--project=my-project",
		"app@my-project.example.com.iam.gserviceaccount.com": "--project=example.com:my-project",
		"123456789012345678901":                              "--project=the-project",
		"912480652101-compute@developer.gserviceaccount.com": "--project=the-project",
	} {
		t.Run(account, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			cloud.Inject(awsfedtest.Status(awsfedtest.IAMCredentials, http.StatusBadRequest, http.Header{"Content-Type": {"application/json"}},
				`{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"no"}}`))
			cfg := cloud.Config()
			cfg.ServiceAccount = account
			calls := pasted(t, diagnose(t, cfg, nil).String())
			require.NotEmpty(t, calls)
			last := calls[len(calls)-1]
			assert.Equal(t, []string{account, want}, last[len(last)-2:])
		})
	}
}

func TestStubsRefuseWhatTheToolsDoNotHave(t *testing.T) {
	for name, line := range map[string]string{
		"an unknown command":           "gcloud iam workload-identity-pools enable my-pool",
		"a group of commands":          "gcloud iam workload-identity-pools providers",
		"an unknown flag":              "gcloud iam workload-identity-pools update my-pool --enabled",
		"an unknown flag with a value": "gcloud iam service-accounts add-iam-policy-binding x --members=y",
		"a value that is not wanted":   "gcloud iam workload-identity-pools update my-pool --disabled=false",
		"a value that is missing":      "aws eks list-pod-identity-associations --cluster-name",
		"an option for a value":        "aws sso login --profile -x",
		"a short option":               "kubectl get pods -n x",
		"a word that is not wanted":    "aws sts get-caller-identity please",
		"a tool alone":                 "aws",
		"no command of chronyc":        "chronyc make",
		"a word for timedatectl":       "timedatectl fix",
	} {
		t.Run(name, func(t *testing.T) {
			_, output, err := run(t, line)
			assert.Error(t, err)
			assert.Contains(t, output, "refused: ")
		})
	}
}
