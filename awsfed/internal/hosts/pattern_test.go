package hosts_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
)

// region is what the code must agree with. Patterns are easier to judge than code, and compiling
// them costs every program that imports the library, so they are the test's.
const region = `[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}`

var (
	regionPattern = regexp.MustCompile(`^` + region + `$`)
	awsSTSPattern = regexp.MustCompile(`^sts(?:-fips)?\.(` + region + `)\.` +
		`(?:amazonaws\.com|amazonaws\.com\.cn|api\.aws|api\.amazonwebservices\.com\.cn|amazonaws\.eu|` +
		`api\.amazonwebservices\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$`)
	googlePattern = regexp.MustCompile(`^sts(?:|\.mtls|-[a-z0-9]([a-z0-9-]*[a-z0-9])?\.p|\.[a-z0-9]([a-z0-9-]*[a-z0-9])?\.rep)\.googleapis\.com$`)
)

func FuzzHostsAgreeWithTheirPatterns(f *testing.F) {
	for _, host := range []string{
		"", ".", "-", "us-east-1", "us-gov-west-1", "eusc-de-east-1", "us-west-2-lax-1", "us--east-1", "us-east-100", "u-east-1", "us-1",
		"sts.amazonaws.com", "sts-fips.amazonaws.com", "sts.us-east-1.amazonaws.com", "sts-fips.us-east-1.api.aws",
		"sts.cn-north-1.amazonaws.com.cn", "sts.us-iso-east-1.c2s.ic.gov", "STS.EU-West-1.AmazonAWS.com", "\u017fts.eu-west-1.amazonaws.com",
		"sts..amazonaws.com", "sts.us-east-1.amazonaws.com.", "sts.us-east-1.amazonaws.com.evil.example", "sts.us-east-1.evil",
		"sts.googleapis.com", "sts.mtls.googleapis.com", "sts-xyz.p.googleapis.com", "sts-.p.googleapis.com", "sts-a-.p.googleapis.com",
		"sts.europe-west4.rep.googleapis.com", "sts..rep.googleapis.com", "sts.%2F.rep.googleapis.com", "sts-evil.googleapis.com",
	} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		assert.Equal(t, len(host) <= 32 && regionPattern.MatchString(host), hosts.Region(host), "%q", host)
		small := strings.Map(func(r rune) rune {
			if r < 0x80 {
				return []rune(strings.ToLower(string(r)))[0]
			}
			return r
		}, host)
		assert.Equal(t, googlePattern.MatchString(small), hosts.Google(host, "sts", ""), "%q", host)

		want := ""
		if m := awsSTSPattern.FindStringSubmatch(small); m != nil && len(m[1]) <= 32 {
			want = m[1]
		} else if small == "sts.amazonaws.com" {
			want = "us-east-1"
		}
		got, ok := hosts.AWSSTS(host)
		assert.Equal(t, want, got, "%q", host)
		assert.Equal(t, want != "", ok, "%q", host)
	})
}
