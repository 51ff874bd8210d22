package principal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

const audience = "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider"

var provider = principal.Provider{ProjectNumber: "912480652101", Pool: "my-aws-pool", ID: "my-aws-provider"}

func TestParseAudienceTakesTheFullNameApart(t *testing.T) {
	got, err := principal.ParseAudience(audience)
	require.NoError(t, err)
	assert.Equal(t, provider, got)
	assert.Equal(t, audience, got.Audience())
}

func TestParseAudienceNamesThePartThatIsWrong(t *testing.T) {
	replace := func(old, new string) string {
		require.Contains(t, audience, old)
		return strings.Replace(audience, old, new, 1)
	}
	for name, test := range map[string]struct{ audience, want string }{
		"an empty audience":              {"", `it must start with "//iam.googleapis.com/"`},
		"an https prefix":                {"https:" + audience, `without "https:"`},
		"one slash in front":             {audience[1:], `it must start with "//iam.googleapis.com/"`},
		"another host":                   {replace("iam.googleapis.com", "iam.example.com"), `it must start with "//iam.googleapis.com/"`},
		"a project ID for the number":    {replace("912480652101", "my-project"), `project "my-project" is not a number`},
		"no project number":              {replace("912480652101", ""), "the project number is empty"},
		"a project number that is zero":  {replace("912480652101", "0"), `project "0" cannot be a project number`},
		"a location other than global":   {replace("global", "us-central1"), `part "us-central1" must be "global"`},
		"a pool ID that is too short":    {replace("my-aws-pool", "abc"), `pool ID "abc" has 3 characters, not 4 to 32`},
		"a pool ID in upper case":        {replace("my-aws-pool", "My-Aws-Pool"), `pool ID "My-Aws-Pool" may hold a-z`},
		"a provider ID that is too long": {replace("my-aws-provider", strings.Repeat("p", 33)), "has 33 characters, not 4 to 32"},
		"a provider ID with a space":     {replace("my-aws-provider", "my provider"), `provider ID "my provider" may hold`},
		"no provider":                    {replace("/providers/my-aws-provider", ""), "it ends after"},
		"a trailing slash":               {audience + "/", "after the provider is too much"},
		"a workforce pool":               {"//iam.googleapis.com/locations/global/workforcePools/pool/providers/prov", "workforce pool"},
		"a service account":              {"//iam.googleapis.com/projects/1/serviceAccounts/a@b", `part "serviceAccounts" must be "locations"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := principal.ParseAudience(test.audience)
			require.ErrorContains(t, err, test.want)
			assert.Zero(t, got)
		})
	}
}

func FuzzParseAudience(f *testing.F) {
	f.Add(audience)
	f.Add("https:" + audience)
	f.Add("//iam.googleapis.com/projects//locations/global/workloadIdentityPools//providers/")
	f.Add("//iam.googleapis.com/locations/global/workforcePools/pool/providers/prov")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := principal.ParseAudience(s)
		if err != nil {
			return
		}
		assert.Equal(t, s, p.Audience(), "what parses must be written back the same")
		for _, member := range []string{p.Everyone(), p.Subject("s"), p.Group("g"), p.Attribute("a", "v")} {
			_, err := principal.ParseMember(member)
			assert.NoError(t, err)
		}
	})
}
