package conformance_test

import (
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

var update = flag.Bool("update", false, "write the tables of docs anew")

// A column is something that a workload needs of a client.
type column string

const (
	serviceAccount column = "service account" // its access token, by impersonation
	direct         column = "direct access"   // a federated token
	idToken        column = "ID token"        // of the service account
	signing        column = "signing"         // as the service account
	downscoping    column = "downscoping"     // a token for one bucket
	metadata       column = "EC2 metadata"    // the other columns have keys in the environment
	ecs            column = "ECS"
	eks            column = "EKS" // both Pod Identity and IAM roles for service accounts
)

var columns = []column{serviceAccount, direct, idToken, signing, downscoping, metadata, ecs, eks}

// sources are where a client finds AWS credentials in a column.
func (c column) sources() []awsfedtest.CredentialSource {
	switch c {
	case metadata:
		return []awsfedtest.CredentialSource{awsfedtest.SourceEC2Metadata}
	case ecs:
		return []awsfedtest.CredentialSource{awsfedtest.SourceECS}
	case eks:
		return []awsfedtest.CredentialSource{awsfedtest.SourceEKSPodIdentity, awsfedtest.SourceIRSA}
	}
	return []awsfedtest.CredentialSource{awsfedtest.SourceEnvironment}
}

// A client is a row of the matrix.
type client struct {
	name string
	// missing says what the client needs and this machine lacks; "" for nothing. inImage: the
	// machine has the program that runs the client, so that CI must not skip it.
	missing func() (what string, inImage bool)
	version func(t *testing.T) string
	// local: the client is this machine's alone, so that the committed table has no row for it. It
	// must not fail.
	local bool
	// lacks has the columns that the client has nothing for, with the reason.
	lacks map[column]string
	// refuses has the columns that the client is tried in and says no to by itself.
	refuses map[column]refusal
	// fails has the columns in which the client is known to fail, with the reason.
	fails map[column]refusal
	// try gets what the column is about. It is judged by the column's verify.
	try func(t *testing.T, w *world, c column, source awsfedtest.CredentialSource) (result, error)
	// strays are the hosts that the client asks for besides those of the cloud.
	strays []string
}

// A refusal is how a client says that it does not offer something.
type refusal struct {
	text   string // is in its error
	reason string // is in the table
}

// lacksAll is what clients lack for one and the same reason.
func lacksAll(reason string, columns ...column) map[column]string {
	lacks := make(map[column]string)
	for _, c := range columns {
		lacks[c] = reason
	}
	return lacks
}

// noTaskCredentials is how Google's own clients meet ECS and EKS: they look at the environment and
// at EC2 metadata alone, and give up before they ask anybody for anything.
func noTaskCredentials(text string) map[column]refusal {
	const reason = "its AWS source knows keys in the environment and EC2 metadata alone"
	return map[column]refusal{ecs: {text, reason}, eks: {text, reason}}
}

func clients() []client {
	var all []client
	all = append(all, goClients()...)
	all = append(all, nodeClients()...)
	all = append(all, pythonClients()...)
	all = append(all, sdkTools()...)
	all = append(all, rcloneClient())
	return append(all, awsSDKs()...)
}

func TestClientsDoWhatTheCommittedTableSays(t *testing.T) {
	t.Parallel()
	committed := readMatrix(t)
	found := newMatrix()
	t.Run("clients", func(t *testing.T) { // waits for those that are parallel
		for _, c := range clients() {
			found.keep(committed, c.name)
			t.Run(c.name, func(t *testing.T) {
				if what, inImage := c.missing(); what != "" {
					if os.Getenv("CI") == "true" && inImage {
						require.Fail(t, "in CI the client must be installed", what)
					}
					t.Skip(what)
				}
				t.Parallel()
				found.setVersion(c.name, c.version(t))
				for _, column := range columns {
					t.Run(string(column), func(t *testing.T) {
						t.Parallel()
						cell := c.cell(t, column)
						found.set(c.name, column, cell)
						switch {
						case c.local:
							assert.NotEqual(t, failed, cell.Mark, cell.Reason)
						case !*update:
							assert.Equal(t, committed.cell(c.name, column), cell,
								"docs/conformance.md has something else: if this is right, run the test with -update")
						}
					})
				}
			})
		}
	})
	for name := range committed.cells {
		assert.True(t, slices.ContainsFunc(clients(), func(c client) bool { return c.name == name }), "no client makes the row %s", name)
	}
	if *update && !t.Failed() {
		found.write(t)
	}
}

// cell says what became of one client in one column.
func (c client) cell(t *testing.T, column column) cell {
	t.Helper()
	if reason, ok := c.lacks[column]; ok {
		return cell{Mark: notOffered, Reason: reason}
	}
	sources := column.sources()
	if _, ok := c.refuses[column]; ok {
		sources = sources[:1] // one no is enough
	}
	for _, source := range sources {
		w := newWorld(t)
		got, err := c.try(t, w, column, source)
		assert.Subset(t, c.strays, w.Proxy.Stray(), "the hosts that the client asks for")
		if refused, ok := c.refuses[column]; ok {
			require.ErrorContains(t, err, refused.text, "%s was not offered by %s", column, c.name)
			assert.Zero(t, w.Count(awsfedtest.ContainerCredentials), "it did not look there")
			if column == ecs || column == eks {
				assert.Zero(t, w.Count(awsfedtest.GoogleSTS), "it gave up before the exchange")
			}
			continue
		}
		if err == nil {
			err = w.verify(t, column, source, got)
		}
		if fault, ok := c.fails[column]; ok {
			require.ErrorContains(t, err, fault.text, "%s does not fail", c.name)
			return cell{Mark: failed, Reason: fault.reason}
		}
		if err != nil {
			t.Log(err)
			return cell{Mark: failed, Reason: oneLine(err)}
		}
	}
	if refused, ok := c.refuses[column]; ok {
		return cell{Mark: notOffered, Reason: refused.reason}
	}
	return cell{Mark: passed}
}

// oneLine is the first line of an error, for the table.
func oneLine(err error) string {
	line, _, _ := strings.Cut(normalize(err.Error()), "\n")
	return strings.ReplaceAll(line, "|", `\|`)
}

var errNothing = errors.New("the client gave no result")
