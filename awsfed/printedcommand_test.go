package awsfed_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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
)

// payload leaves the quotes around it and writes a file, without a blank, which an ARN cannot hold.
const payload = "a';>PWNED;'"

// printedCommand finds a line that offers a command, whatever stands in front of it.
var printedCommand = regexp.MustCompile(`(?m)^[ >]*((?:gcloud|aws|kubectl) .*)$`)

// pasted runs every command of text in a directory of its own, with stubs of the command-line
// tools, and gives the words of all calls. Nothing else may have happened.
func pasted(t *testing.T, text string) (words []string) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	const stubs = `
gcloud() { printf '%s\0' "$@" >>"$RECORD"; }
aws() { gcloud "$@"; }
kubectl() { gcloud "$@"; }
`
	for _, line := range printedCommand.FindAllStringSubmatch(text, -1) {
		dir, record := t.TempDir(), filepath.Join(t.TempDir(), "record")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		command := exec.CommandContext(ctx, bash, "--norc", "-c", stubs+line[1])
		command.Dir, command.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "RECORD=" + record}
		_, err := command.CombinedOutput()
		cancel()
		assert.NoError(t, err, "the line does not run: %s", line[1])
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Empty(t, entries, "the line ran something else: %s", line[1])
		if data, err := os.ReadFile(record); err == nil {
			words = append(words, strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")...)
		}
	}
	return words
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

func TestPrintedCommandsOfEveryFaultRunAsTheyAreMeant(t *testing.T) {
	const pool = "principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/attribute.aws_role/"
	for name, caller := range map[string]struct{ arn, role string }{
		"a plain role": {"arn:aws:sts::123456789012:assumed-role/app/session", "arn:aws:sts::123456789012:assumed-role/app"},
		"an odd user":  {"arn:aws:iam::123456789012:user/" + payload + "/x", "arn:aws:iam::123456789012:user/" + payload + "/x"},
		"an odd role":  {"arn:aws:sts::123456789012:assumed-role/" + payload + "/session", "arn:aws:sts::123456789012:assumed-role/" + payload},
	} {
		for fault, want := range map[string]string{
			"condition-false": `--attribute-condition=attribute.aws_role=="` + caller.role + `"`,
			"missing-binding": "--member=" + pool + caller.role,
		} {
			t.Run(name+"/"+fault, func(t *testing.T) {
				clearAWSEnvironment(t)
				faults := awsfedtest.Faults()
				at := slices.IndexFunc(faults, func(f awsfedtest.NamedFault) bool { return f.Name == fault })
				require.GreaterOrEqual(t, at, 0)
				var report *awsfed.Report
				synctest.Test(t, func(t *testing.T) {
					cloud := awsfedtest.New(awsfedtest.Options{})
					cloud.Handle("sts.us-east-1.amazonaws.com", awsThatKnows(t, caller.arn))
					faults[at].Inject(cloud)
					report = diagnose(t, cloud.Config())
					time.Sleep(time.Minute) // for requests that are still under way
				})
				assert.Contains(t, pasted(t, report.String()), want)
			})
		}
	}
}

func TestPrintedCommandsTakeTheProfileAsOneWord(t *testing.T) {
	for _, profile := range []string{"work", "x;>PWNED", "$(>PWNED)"} {
		t.Run(profile, func(t *testing.T) {
			clearAWSEnvironment(t)
			t.Setenv("AWS_PROFILE", profile)
			cfg := awsfedtest.New(awsfedtest.Options{}).Config()
			cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{}, &ssocreds.InvalidTokenError{Err: errors.New("the session has ended")}
			})
			assert.Equal(t, []string{"sso", "login", "--profile", profile}, pasted(t, diagnose(t, cfg).String()))
		})
	}
}
