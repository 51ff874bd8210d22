package awsfed_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/awsfed/awsfed-go/awsfed"
)

// The patterns are the test's: compiling them costs every program that imports the library.
var (
	domainPattern        = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	accountPattern       = regexp.MustCompile(`^([A-Za-z0-9._-]+@[a-z0-9.:-]+\.[a-z]+|[0-9]{10,30})$`)
	regionPattern        = regexp.MustCompile(`^[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}$`)
	specialRegionPattern = regexp.MustCompile(`^aws(-[a-z]+)*-global$`)
)

func FuzzNamesAgreeWithTheirPatterns(f *testing.F) {
	for _, name := range []string{
		"a.b", "a", ".", "a.", ".a", "a..b", "A.b", "cloud.example", "-.-", "a.b\n",
		testAccount, "a@b.c", "a@b", "@b.c", "a@.c", "a@b.", "a@b..c", "a@b@c.d", "a@b.c1", "A.B-c_D@e:f.g", "a@b.c\n", "ä@b.c", "a@b.C",
		"123456789", "1234567890", "123456789012345678901234567890", "1234567890123456789012345678901", "123456789a",
		"us-east-1", "us-west-2-lax-1", "aws-global", "aws-us-gov-global", "aws--global", "awsx-global", "aws-global-global", "aws-1-global",
		"aws", "-global", "aws-", "awsglobal", "aws-Global", "xaws-global",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" || len(name) > 60 {
			return // absent, or over a bound of its own
		}
		_, err := awsfed.NewExchanger(awsfed.Config{Audience: testAudience, ServiceAccount: name, Region: name, UniverseDomain: name}, fixedSubject{})
		faulty := faultyFields(err)
		assert.Equal(t, !accountPattern.MatchString(name), slices.Contains(faulty, "ServiceAccount"), "%q", name)
		assert.Equal(t, !domainPattern.MatchString(name), slices.Contains(faulty, "UniverseDomain"), "%q", name)
		region := len(name) <= 32 && regionPattern.MatchString(name) || specialRegionPattern.MatchString(name)
		assert.Equal(t, !region, slices.Contains(faulty, "Region"), "%q", name)
	})
}
