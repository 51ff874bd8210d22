package guides_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// The pool of docs/setup.md, and the two mappings that it compares.
func setupProvider() principal.Provider {
	return principal.Provider{ProjectNumber: "912480652101", Pool: "aws-pool", ID: "prod"}
}

type namedMapping struct {
	name string
	of   principal.Mapping
}

func setupMappings() []namedMapping {
	return []namedMapping{{"default", principal.DefaultMapping}, {"documented", principal.DocumentedMapping}}
}

// mapped is what each mapping makes of a caller, a line each.
func mapped(t *testing.T, what, arn string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", what, arn)
	for _, mapping := range setupMappings() {
		attributes, err := mapping.of(principal.Identity{Account: strings.Split(arn, ":")[4], ARN: arn})
		require.NoError(t, err)
		name := mapping.name
		for _, key := range slices.Sorted(maps.Keys(attributes.Custom)) {
			value := attributes.Custom[key]
			if value == "" {
				value = "(empty)"
			}
			fmt.Fprintf(&b, "  %-10s  attribute.%-16s  %s\n", name, key, value)
			name = ""
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// The blocks of docs/setup.md that say what mappings make of callers, and whom members name.
func TestSetupShowsWhatMappingsMakeOfCallers(t *testing.T) {
	callers := mapped(t, "a role", "arn:aws:sts::123456789012:assumed-role/app/i-0abc1234def567890") + "\n\n" +
		mapped(t, "an IAM user", "arn:aws:iam::123456789012:user/ci")

	var collision strings.Builder
	seen := make(map[string]int)
	for _, mapping := range setupMappings() {
		fmt.Fprintln(&collision, mapping.name)
		for _, account := range []string{"123456789012", "210987654321"} {
			attributes, err := mapping.of(principal.Identity{Account: account, ARN: "arn:aws:sts::" + account + ":assumed-role/app/session"})
			require.NoError(t, err)
			member := setupProvider().Attribute("aws_role", attributes.Custom["aws_role"])
			seen[member]++
			fmt.Fprintf(&collision, "  account %s  …/attribute.aws_role/%s\n", account, attributes.Custom["aws_role"])
		}
	}
	assert.Len(t, seen, 3, "the documented mapping gives the roles of both accounts one name")

	user := mapped(t, "an IAM user with a path", "arn:aws:iam::123456789012:user/assumed-role/app/mallory")
	recorded(t, "setup.golden", map[string]string{
		"callers": callers, "path": user, "accounts": strings.TrimSuffix(collision.String(), "\n"), "long": doctorOnALongName(t),
	})
}

// A role and a Lambda function, whose name its sessions have, as people name them.
const (
	longRole     = "payments-settlement-prod-eu-central-1-lambdaRole"
	longFunction = "payments-settlement-prod-nightly-reconciliation-worker"
)

// doctorOnALongName is what the steps say that fail, without their hint: the page has it as a
// command.
func doctorOnALongName(t *testing.T) string {
	t.Helper()
	steps := failedSteps(t, longNamed(t, nil))
	require.Len(t, steps, 2)
	for i := range steps {
		assert.Contains(t, steps[i].Hint, "--attribute-mapping='google.subject=assertion.userid,")
		steps[i].Hint = ""
	}
	return printed(t, steps)
}

// longNamed is the configuration of that function, in clouds whose provider has that mapping.
func longNamed(t *testing.T, mapping principal.Mapping) awsfed.Config {
	t.Helper()
	cloud := awsfedtest.New(awsfedtest.Options{
		Account: "123456789012", Role: longRole, ProjectNumber: "912480652101", Pool: "aws-pool", Provider: "prod", Mapping: mapping,
	})
	keys, err := cloud.AddSession(longRole, longFunction, time.Hour)
	require.NoError(t, err)
	cfg := cloud.Config()
	cfg.Credentials = credentials.StaticCredentialsProvider{Value: keys}
	return cfg
}

// docs/setup.md, "The 127 bytes": the user ID fits, and bindings by the role stay as they are.
func TestTheUserIDAsTheSubjectFitsLongNames(t *testing.T) {
	require.ErrorContains(t, tokenOf(t, longNamed(t, nil)), "127 bytes")
	require.NoError(t, tokenOf(t, longNamed(t, func(id principal.Identity) (principal.Attributes, error) {
		attributes, err := principal.DefaultMapping(id)
		attributes.Subject = id.UserID
		return attributes, err
	})))
}

// docs/setup.md, "Rename a role": nobody is refused at any time, if both names are let in
// meanwhile.
func TestARoleIsRenamedWithoutAnOutage(t *testing.T) {
	const before, after = "app", "app-v2"
	role := func(name string) string { return "arn:aws:sts::123456789012:assumed-role/" + name }
	var admitted atomic.Value
	admitted.Store([]string{role(before)})
	cloud := awsfedtest.New(awsfedtest.Options{
		Account: "123456789012", Role: before,
		Condition: func(_ principal.Identity, a principal.Attributes) (bool, error) {
			return slices.Contains(admitted.Load().([]string), a.Custom["aws_role"]), nil
		},
	})
	_, err := cloud.AddRole(awsfedtest.Role{Name: after})
	require.NoError(t, err)
	account := cloud.Options().ServiceAccount
	as := func(name string) error {
		keys, err := cloud.AddSession(name, "session", time.Hour)
		require.NoError(t, err)
		cfg := cloud.Config()
		cfg.Credentials = credentials.StaticCredentialsProvider{Value: keys}
		return tokenOf(t, cfg)
	}
	member := func(name string) string { return cloud.Provider().Attribute("aws_role", role(name)) }

	require.NoError(t, as(before))
	require.ErrorContains(t, as(after), "unauthorized_client", "the condition does not know the new name yet")

	admitted.Store([]string{role(before), role(after)})
	require.NoError(t, as(before))
	require.ErrorContains(t, as(after), "PERMISSION_DENIED", "the binding does not know it yet")

	require.NoError(t, cloud.Grant(account, "roles/iam.workloadIdentityUser", member(after)))
	require.NoError(t, as(before), "the workload runs as the old role until it is deployed anew")
	require.NoError(t, as(after))

	require.NoError(t, cloud.Revoke(account, "roles/iam.workloadIdentityUser", member(before)))
	admitted.Store([]string{role(after)})
	require.NoError(t, as(after))
	require.Error(t, as(before))
}

// docs/setup.md, "Rename a role": a provider's ID is in no binding.
func TestAnotherProviderOfAPoolNeedsNoOtherBinding(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	another := awsfedtest.Provider{Provider: cloud.Provider(), Account: cloud.Options().Account}
	another.ID = "another"
	require.NoError(t, cloud.AddProvider(another))
	cfg := cloud.Config()
	cfg.Audience = another.Audience()
	require.NoError(t, tokenOf(t, cfg))
}
