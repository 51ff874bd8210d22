package principal_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

func TestValidateHoldsAttributesAgainstGooglesLimits(t *testing.T) {
	custom := func(n int) map[string]string {
		m := make(map[string]string)
		for i := range n {
			m[fmt.Sprintf("a%d", i)] = "v"
		}
		return m
	}
	for name, test := range map[string]struct {
		attributes principal.Attributes
		want       []string
	}{
		"a subject of 127 bytes":         {attributes: principal.Attributes{Subject: strings.Repeat("s", 127)}},
		"a subject of 128 bytes":         {principal.Attributes{Subject: strings.Repeat("s", 128)}, []string{"128 bytes in google.subject, more than 127"}},
		"a subject of 64 two-byte runes": {principal.Attributes{Subject: strings.Repeat("é", 64)}, []string{"128 bytes in google.subject, more than 127"}},
		"an empty subject":               {principal.Attributes{}, []string{"google.subject must not be empty"}},
		"50 attributes":                  {attributes: principal.Attributes{Subject: "s", Custom: custom(50)}},
		"51 attributes":                  {principal.Attributes{Subject: "s", Custom: custom(51)}, []string{"51 custom attributes, more than 50"}},
		"a name of 100 characters":       {attributes: principal.Attributes{Subject: "s", Custom: map[string]string{strings.Repeat("n", 100): "v"}}},
		"a name of 101 characters":       {principal.Attributes{Subject: "s", Custom: map[string]string{strings.Repeat("n", 101): "v"}}, []string{"attribute." + strings.Repeat("n", 101) + ": a name is 1 to 100 characters of a-z, 0-9 and _ in the name of a custom attribute"}},
		"a name with a hyphen":           {principal.Attributes{Subject: "s", Custom: map[string]string{"aws-role": "v"}}, []string{"attribute." + "aws-role" + ": a name is 1 to 100 characters of a-z, 0-9 and _ in the name of a custom attribute"}},
		"values of 8192 bytes":           {attributes: principal.Attributes{Subject: "s", Groups: []string{strings.Repeat("g", 4095)}, Custom: map[string]string{"a": strings.Repeat("v", 4096)}}},
		"values of 8193 bytes":           {principal.Attributes{Subject: "s", Groups: []string{strings.Repeat("g", 4096)}, Custom: map[string]string{"a": strings.Repeat("v", 4096)}}, []string{"8193 bytes in all mapped values, more than 8192"}},
		"two limits at once":             {principal.Attributes{Custom: map[string]string{"": "v"}}, []string{"google.subject must not be empty", "attribute.: a name is 1 to 100 characters of a-z, 0-9 and _ in the name of a custom attribute"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.attributes.Validate()
			if len(test.want) == 0 {
				require.NoError(t, err)
				return
			}
			joined, ok := err.(interface{ Unwrap() []error })
			require.True(t, ok, "got %v", err)
			var got []string
			for _, err := range joined.Unwrap() {
				got = append(got, err.Error())
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestLimitErrorSaysByHowMuch(t *testing.T) {
	err := principal.Attributes{Subject: strings.Repeat("s", 130)}.Validate()
	assert.EqualError(t, err, "130 bytes in google.subject, more than 127")
	err = principal.Attributes{}.Validate()
	assert.EqualError(t, err, "google.subject must not be empty")
}

func TestMembersListsEveryNameOfAnIdentity(t *testing.T) {
	attributes := principal.Attributes{
		Subject: arn,
		Groups:  []string{"ops", ""},
		Custom:  map[string]string{"b": "2", "a": "1", "none": ""},
	}
	assert.Equal(t, []string{
		provider.Subject(arn),
		provider.Attribute("a", "1"),
		provider.Attribute("b", "2"),
		provider.Group("ops"),
		provider.Everyone(),
	}, attributes.Members(provider))
}

func TestEveryNameOfAnIdentityMatchesIt(t *testing.T) {
	attributes, err := principal.DocumentedMapping(principal.Identity{Account: "123456789012", ARN: arn})
	require.NoError(t, err)
	members := attributes.Members(provider)
	require.Len(t, members, 5)
	for _, s := range members {
		member, err := principal.ParseMember(s)
		require.NoError(t, err)
		assert.True(t, member.Matches(provider, attributes), s)
	}
}
