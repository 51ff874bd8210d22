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

// printedCommand finds a line that offers a command, whatever stands in front of it.
var printedCommand = regexp.MustCompile(`(?m)^[ >]*(gcloud|aws|kubectl) .*$`)

// pasted runs every command line of text exactly as it is printed, in a directory of its own, and
// gives the arguments of every call of a command-line tool. Nothing else may have happened.
func pasted(t *testing.T, text string) [][]string {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	const stubs = `
record() { printf '%s\0' "$#" "$@" >>"$RECORD"; }
gcloud() { record gcloud "$@"; if [ "$1 $2" = 'projects describe' ]; then echo the-project; fi; }
aws() { record aws "$@"; }
kubectl() { record kubectl "$@"; }
`
	var calls [][]string
	for _, line := range printedCommand.FindAllString(text, -1) {
		dir, record := t.TempDir(), filepath.Join(t.TempDir(), "record")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		command := exec.CommandContext(ctx, bash, "--norc", "-c", stubs+line)
		command.Dir, command.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "RECORD=" + record}
		output, err := command.CombinedOutput()
		cancel()
		assert.NoError(t, err, "%s\n%s", line, output)
		assert.Empty(t, string(output), line)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Empty(t, entries, "the line ran something else: %s", line)
		calls = append(calls, recorded(t, record)...)
	}
	return calls
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
		call := words[1 : 1+n]
		for i, word := range call {
			call[i] = withoutCEL(word)
		}
		calls, words = append(calls, call), words[1+n:]
	}
	return calls
}

// withoutCEL gives the value of an attribute condition instead of its string literal. For what may
// stand in a literal here, CEL and Go have the same rules.
func withoutCEL(word string) string {
	const condition = "--attribute-condition=attribute.aws_role=="
	if literal, ok := strings.CutPrefix(word, condition); ok {
		if value, err := strconv.Unquote(literal); err == nil {
			return condition + value
		}
	}
	return word
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
	assert.Equal(t, want, pasted(t, b.String()), "of the errors:\n%s", b.String())
	for line := range strings.Lines(report.String() + b.String()) {
		if !printedCommand.MatchString(line) {
			assert.NotRegexp(t, `\b(gcloud|aws|kubectl) [a-z0-9-]+ [a-z-]+ --`, line, "a command has a line of its own")
		}
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
func commandsOfFaults(member, role string) map[string][][]string {
	identityPools := func(words ...string) []string {
		return append([]string{"gcloud", "iam", "workload-identity-pools"}, words...)
	}
	disabledOrDeleted := [][]string{
		identityPools("describe", emulatedPool),
		identityPools("providers", "describe", emulatedProvider),
		identityPools("update", emulatedPool, "--no-disabled"),
		identityPools("providers", "update-aws", emulatedProvider, "--no-disabled"),
		identityPools("undelete", emulatedPool),
		identityPools("providers", "undelete", emulatedProvider),
	}
	binding := [][]string{
		{"gcloud", "iam", "service-accounts", "add-iam-policy-binding", testAccount, "--role=roles/iam.workloadIdentityUser", "--member=" + member},
		{"gcloud", "iam", "service-accounts", "get-iam-policy", testAccount},
	}
	whoAmI := [][]string{{"aws", "sts", "get-caller-identity"}}
	hopLimit := [][]string{{"aws", "ec2", "modify-instance-metadata-options", "--instance-id", "INSTANCE_ID", "--http-put-response-hop-limit", "2"}}
	describeProject := []string{"gcloud", "projects", "describe", "912480652101", "--format=value(projectId)"}
	return map[string][][]string{
		"pool-disabled": disabledOrDeleted, "pool-deleted": disabledOrDeleted, "provider-disabled": disabledOrDeleted, "provider-deleted": disabledOrDeleted,
		"wrong-audience": {identityPools("providers", "list", "--workload-identity-pool="+emulatedPool, "--format=value(name)")},
		"wrong-account": {identityPools("providers", "describe", emulatedProvider, "--format=value(aws.accountId,attributeCondition)"),
			whoAmI[0]},
		"condition-false": {identityPools("providers", "describe", emulatedProvider, "--format=value(attributeCondition)"),
			identityPools("providers", "update-aws", emulatedProvider, "--attribute-condition=attribute.aws_role=="+role)},
		"subject-too-long": {identityPools("providers", "update-aws", emulatedProvider,
			`--attribute-mapping=google.subject=assertion.userid,attribute.aws_role=assertion.arn.contains("assumed-role") ? assertion.arn.extract("{account_arn}assumed-role/") + "assumed-role/" + assertion.arn.extract("assumed-role/{role_name}/") : assertion.arn`)},
		"mapping-empty":   {identityPools("providers", "describe", emulatedProvider, "--format=value(attributeMapping)")},
		"missing-binding": binding, "wrong-principal": binding,
		"service-account-missing": {{"gcloud", "iam", "service-accounts", "list", `--filter=email:"` + testAccount + `"`}},
		"iamcredentials-api-disabled": {describeProject,
			{"gcloud", "services", "enable", "iamcredentials.googleapis.com", "--project=the-project"}},
		"vpc-service-controls": {describeProject, denials("emulator", "the-project")},
		"lifetime-too-long":    {{"gcloud", "resource-manager", "org-policies", "describe", "constraints/iam.allowServiceAccountCredentialLifetimeExtension", "--project=PROJECT_ID", "--effective"}},
		"token-revoked":        {identityPools("describe", emulatedPool)},
		"aws-keys-expired":     whoAmI, "aws-keys-invalid": whoAmI, "bad-signature": whoAmI,
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
			commands := commandsOfFaults(caller.member, caller.role)
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
	assert.Empty(t, pasted(t, report.String()))
	assert.NotContains(t, report.String(), "\n    > touch PWNED")
}
