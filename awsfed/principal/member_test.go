package principal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

const (
	pool = "iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/"
	arn  = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
	role = "arn:aws:sts::123456789012:assumed-role/app"
)

func TestMembersOfAProviderAreWrittenAsInIAMPolicies(t *testing.T) {
	assert.Equal(t, "principal://"+pool+"subject/"+arn, provider.Subject(arn))
	assert.Equal(t, "principalSet://"+pool+"attribute.aws_role/"+role, provider.Attribute("aws_role", role))
	assert.Equal(t, "principalSet://"+pool+"group/ops", provider.Group("ops"))
	assert.Equal(t, "principalSet://"+pool+"*", provider.Everyone())
}

func TestParseMemberReadsWhatPoliciesHold(t *testing.T) {
	in := func(m principal.Member) principal.Member {
		m.ProjectNumber, m.Pool = provider.ProjectNumber, provider.Pool
		return m
	}
	for name, test := range map[string]struct {
		member string
		want   principal.Member
	}{
		"a subject with slashes":     {provider.Subject(arn), in(principal.Member{Kind: principal.KindSubject, Value: arn})},
		"an attribute with slashes":  {provider.Attribute("aws_role", role), in(principal.Member{Kind: principal.KindAttribute, Name: "aws_role", Value: role})},
		"a group":                    {provider.Group("ops"), in(principal.Member{Kind: principal.KindGroup, Value: "ops"})},
		"everyone":                   {provider.Everyone(), in(principal.Member{Kind: principal.KindEveryone})},
		"a service account":          {"serviceAccount:app@p.iam.gserviceaccount.com", principal.Member{Kind: principal.KindServiceAccount, Value: "app@p.iam.gserviceaccount.com"}},
		"a subject that is an *":     {provider.Subject("*"), in(principal.Member{Kind: principal.KindSubject, Value: "*"})},
		"a value that ends with a /": {provider.Group("a/"), in(principal.Member{Kind: principal.KindGroup, Value: "a/"})},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := principal.ParseMember(test.member)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.member, got.String())
		})
	}
}

func TestParseMemberNamesThePartThatIsWrong(t *testing.T) {
	for name, test := range map[string]struct{ member, want string }{
		"a user":                         {"user:a@example.com", `it must start with "principal://iam.googleapis.com/"`},
		"a service account without an @": {"serviceAccount:app", `"app" is not a service account's email`},
		"a project ID":                   {strings.Replace(provider.Everyone(), "912480652101", "my-project", 1), `project "my-project" is not a number`},
		"a pool ID that cannot be":       {strings.Replace(provider.Everyone(), "my-aws-pool", "p", 1), `pool ID "p"`},
		"a provider in place of a pool":  {"principalSet:" + audience, `"providers" is not subject`},
		"a subject of principalSet":      {"principalSet://" + pool + "subject/x", `"subject" starts with principal:, not principalSet:`},
		"an attribute of principal":      {"principal://" + pool + "attribute.aws_role/app", "starts with principalSet:, not principal:"},
		"everyone of principal":          {"principal://" + pool + "*", `"*" starts with principalSet:`},
		"an attribute of capital name":   {"principalSet://" + pool + "attribute.Role/app", "attribute.Role: a name is 1 to 100"},
		"an empty subject":               {"principal://" + pool + "subject/", `nothing comes after "subject"`},
		"no group":                       {"principalSet://" + pool + "group", `nothing comes after "group"`},
		"something after everyone":       {"principalSet://" + pool + "*/x", `"*" is not subject`},
		"nothing after the pool":         {"principalSet://" + strings.TrimSuffix(pool, "/"), "does not name a pool"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := principal.ParseMember(test.member)
			require.ErrorContains(t, err, test.want)
			assert.Zero(t, got)
		})
	}
}

func TestMatches(t *testing.T) {
	attributes := principal.Attributes{Subject: arn, Groups: []string{"ops"}, Custom: map[string]string{"aws_role": role}}
	otherPool := principal.Provider{ProjectNumber: provider.ProjectNumber, Pool: "other-pool", ID: provider.ID}
	otherProject := principal.Provider{ProjectNumber: "1", Pool: provider.Pool, ID: provider.ID}
	sibling := principal.Provider{ProjectNumber: provider.ProjectNumber, Pool: provider.Pool, ID: "other-provider"}
	for name, test := range map[string]struct {
		member string
		want   bool
	}{
		"its subject":                        {provider.Subject(arn), true},
		"another subject":                    {provider.Subject(arn + "x"), false},
		"its attribute":                      {provider.Attribute("aws_role", role), true},
		"the bare role under the default":    {provider.Attribute("aws_role", "app"), false},
		"an attribute that it does not have": {provider.Attribute("account", "123456789012"), false},
		"its group":                          {provider.Group("ops"), true},
		"another group":                      {provider.Group("dev"), false},
		"everyone":                           {provider.Everyone(), true},
		"everyone of another pool":           {otherPool.Everyone(), false},
		"its subject in another pool":        {otherPool.Subject(arn), false},
		"its subject in another project":     {otherProject.Subject(arn), false},
		"its subject of a sibling provider":  {sibling.Subject(arn), true},
		"a service account of the same name": {"serviceAccount:" + "a@" + arn, false},
	} {
		t.Run(name, func(t *testing.T) {
			member, err := principal.ParseMember(test.member)
			require.NoError(t, err)
			assert.Equal(t, test.want, member.Matches(provider, attributes))
		})
	}
}

func FuzzParseMember(f *testing.F) {
	f.Add(provider.Subject(arn))
	f.Add(provider.Attribute("aws_role", role))
	f.Add(provider.Group("a/b"))
	f.Add(provider.Everyone())
	f.Add("serviceAccount:aws-app@my-project.iam.gserviceaccount.com")
	f.Add("principalSet://" + pool + "attribute./")
	f.Fuzz(func(t *testing.T, s string) {
		member, err := principal.ParseMember(s)
		if err != nil {
			assert.Zero(t, member)
			return
		}
		assert.Equal(t, s, member.String(), "what parses must be written back the same")
	})
}
