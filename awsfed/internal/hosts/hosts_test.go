package hosts_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
)

func TestLoopbackIsThisMachineAlone(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost":              true,
		"127.0.0.1":              true,
		"127.255.255.254":        true, // RFC 1122 §3.2.1.3: the whole of 127/8
		"::1":                    true,
		"::ffff:127.0.0.1":       true,
		"":                       false,
		"0.0.0.0":                false,
		"::":                     false,
		"localhost.":             false,
		"localhost.evil.example": false,
		"127.0.0.1.nip.io":       false,
		"127.1":                  false, // some resolvers take it for 127.0.0.1; others ask DNS
		"2130706433":             false,
		"0x7f.0.0.1":             false,
		"127.0.0.1:80":           false, // a port is not part of a host
		"[::1]":                  false,
		"::2":                    false,
		"128.0.0.1":              false,
		"169.254.169.254":        false,
		"10.0.0.1":               false,
	} {
		assert.Equal(t, want, hosts.Loopback(host), "%q", host)
	}
}

func TestGoogleKnowsTheNamesOfItsTokenServices(t *testing.T) {
	for _, c := range []struct {
		name, host, service, universe string
		want                          bool
	}{
		{"the global name", "sts.googleapis.com", "sts", "", true},
		{"the global name of the other service", "iamcredentials.googleapis.com", "iamcredentials", "", true},
		{"the default universe by its name", "sts.googleapis.com", "sts", "googleapis.com", true},
		{"capital letters, which DNS does not tell apart", "STS.GoogleAPIs.com", "sts", "", true},
		{"a region", "sts.europe-west4.rep.googleapis.com", "sts", "", true},
		{"mutual TLS", "sts.mtls.googleapis.com", "sts", "", true},
		{"mutual TLS of the other service", "iamcredentials.mtls.googleapis.com", "iamcredentials", "", true},
		{"Private Service Connect", "sts-xyz.p.googleapis.com", "sts", "", true},
		{"another universe", "sts.cloud.example", "sts", "cloud.example", true},
		{"a region of another universe", "sts.u-r1.rep.cloud.example", "sts", "cloud.example", true},

		{"no host", "", "sts", "", false},
		{"the bare universe", "googleapis.com", "sts", "", false},
		{"an empty label", ".googleapis.com", "sts", "", false},
		{"another service", "storage.googleapis.com", "sts", "", false},
		{"the other service of the two", "iamcredentials.googleapis.com", "sts", "", false},
		{"a universe that was not asked for", "sts.cloud.example", "sts", "", false},
		{"the default one where another was asked for", "sts.googleapis.com", "sts", "cloud.example", false},
		{"a universe that ends like the right one", "sts.evilgoogleapis.com", "sts", "", false},
		{"a stranger behind Google's name", "sts.googleapis.com.evil.example", "sts", "", false},
		{"a label in front", "evil.sts.googleapis.com", "sts", "", false},
		{"a service that ends like the right one", "evil-sts.googleapis.com", "sts", "", false},
		{"a service that starts like the right one", "sts-evil.googleapis.com", "sts", "", false},
		{"a region without rep", "sts.europe-west4.googleapis.com", "sts", "", false},
		{"another service in a region", "storage.europe-west4.rep.googleapis.com", "sts", "", false},
		{"too many labels in a region", "sts.a.b.rep.googleapis.com", "sts", "", false},
		{"another service by mutual TLS", "storage.mtls.googleapis.com", "sts", "", false},
		{"another service by Private Service Connect", "storage-xyz.p.googleapis.com", "sts", "", false},
		{"a final dot", "sts.googleapis.com.", "sts", "", false},
		{"a port", "sts.googleapis.com:443", "sts", "", false},
		{"a hyphen for a dot", "sts-googleapis.com", "sts", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, hosts.Google(c.host, c.service, c.universe))
		})
	}
}

func TestEC2MetadataHasTwoAddressesInAnySpelling(t *testing.T) {
	for host, want := range map[string]bool{
		"169.254.169.254":          true,
		"fd00:ec2::254":            true,
		"FD00:EC2::254":            true,
		"fd00:0ec2:0:0:0:0:0:0254": true,
		"":                         false,
		"169.254.169.253":          false,
		"169.254.170.2":            false, // container credentials, of another form
		"fd00:ec2::23":             false,
		"fd00:ec2::254%eth0":       false,
		"[fd00:ec2::254]":          false,
		"::ffff:169.254.169.254":   false,
		"169.254.169.254.nip.io":   false,
		"2852039166":               false,
		"metadata.google.internal": false,
		"instance-data":            false, // a name can be pointed anywhere
	} {
		assert.Equal(t, want, hosts.EC2Metadata(host), "%q", host)
	}
}

func TestRegionsHaveTheFormOfAWS(t *testing.T) {
	for _, region := range []string{
		"us-east-1", "us-west-2", "eu-central-2", "ap-southeast-7", "mx-central-1", "il-central-1", "cn-northwest-1",
		"us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1", "xx-new-10",
	} {
		assert.True(t, hosts.Region(region), "%q", region)
	}
	for _, region := range []string{
		"", " ", "-", "us-east", "us-east-", "us-east-1a", "us-west-2-lax-1", "us-west-2-lax-1a", "US-EAST-1", "us-east-1 ",
		" us-east-1", "us-east-1\n", "us_east_1", "us-east-1.", "us-east-100", "u-east-1", "us--east-1", "-us-east-1", "us-1",
		"us-east-1/..", "us-east-1@evil.example", "us-east-1.evil.example#", "{region}", "aws-global", "null",
		"us-east-1us-east-1", "us-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-1",
	} {
		assert.False(t, hosts.Region(region), "%q", region)
	}
}

func TestAWSSTSTellsTheRegionToSignFor(t *testing.T) {
	for host, region := range map[string]string{
		"sts.amazonaws.com":                               "us-east-1", // the global endpoint wants that one
		"sts.us-east-1.amazonaws.com":                     "us-east-1",
		"STS.EU-West-1.AmazonAWS.com":                     "eu-west-1",
		"sts-fips.us-west-2.amazonaws.com":                "us-west-2",
		"sts.us-gov-west-1.amazonaws.com":                 "us-gov-west-1",
		"sts.eu-west-3.api.aws":                           "eu-west-3",
		"sts-fips.us-east-2.api.aws":                      "us-east-2",
		"sts.cn-north-1.amazonaws.com.cn":                 "cn-north-1",
		"sts.cn-northwest-1.api.amazonwebservices.com.cn": "cn-northwest-1",
		"sts.eusc-de-east-1.amazonaws.eu":                 "eusc-de-east-1",
		"sts.eusc-de-east-1.api.amazonwebservices.eu":     "eusc-de-east-1",
		"sts.us-iso-east-1.c2s.ic.gov":                    "us-iso-east-1",
		"sts.us-isob-east-1.sc2s.sgov.gov":                "us-isob-east-1",
	} {
		got, ok := hosts.AWSSTS(host)
		assert.True(t, ok, "%q", host)
		assert.Equal(t, region, got, "%q", host)
	}
	for name, host := range map[string]string{
		"no host":                         "",
		"the bare suffix":                 "amazonaws.com",
		"another service":                 "s3.us-east-1.amazonaws.com",
		"a stranger behind AWS's name":    "sts.us-east-1.amazonaws.com.evil.example",
		"a stranger in front":             "evil.sts.us-east-1.amazonaws.com",
		"a service that ends in sts":      "evil-sts.us-east-1.amazonaws.com",
		"a service that starts with sts":  "sts-evil.us-east-1.amazonaws.com",
		"a suffix that ends like AWS's":   "sts.us-east-1.evilamazonaws.com",
		"any letter for a dot":            "stsxus-east-1xamazonawsxcom",
		"an empty region":                 "sts..amazonaws.com",
		"a Local Zone":                    "sts.us-west-2-lax-1.amazonaws.com",
		"an availability zone":            "sts.us-east-1a.amazonaws.com",
		"a placeholder":                   "sts.{region}.amazonaws.com",
		"a customer's API Gateway":        "sts.execute-api.us-east-1.amazonaws.com",
		"a customer's Lambda URL":         "sts.lambda-url.us-east-1.on.aws",
		"a bucket by the name of sts":     "sts.s3.us-east-1.amazonaws.com",
		"a VPC endpoint, where none gets": "vpce-0123.sts.us-east-1.vpce.amazonaws.com",
		"a port":                          "sts.us-east-1.amazonaws.com:443",
		"a final dot":                     "sts.us-east-1.amazonaws.com.",
		"a line's end":                    "sts.us-east-1.amazonaws.com\n",
	} {
		t.Run(name, func(t *testing.T) {
			region, ok := hosts.AWSSTS(host)
			assert.False(t, ok)
			assert.Empty(t, region)
		})
	}
}

func TestSameComparesHostAndPort(t *testing.T) {
	for _, c := range []struct {
		name, url, host string
		want            bool
	}{
		{"a host", "https://proxy.example/v1/token", "proxy.example", true},
		{"a host in capital letters", "https://Proxy.Example/", "pROXY.eXAMPLE", true},
		{"a host with the port that it has anyway", "https://proxy.example:443/", "proxy.example", true},
		{"the port that it has anyway", "https://proxy.example/", "proxy.example:443", true},
		{"the usual port of http", "http://localhost/", "localhost:80", true},
		{"the right port", "https://proxy.example:8443/", "proxy.example:8443", true},
		{"IPv4 with a port", "http://127.0.0.1:8085/", "127.0.0.1:8085", true},
		{"IPv6 bare", "http://[::1]/", "::1", true},
		{"IPv6 in brackets", "http://[::1]:80/", "[::1]", true},
		{"IPv6 with its port", "http://[::1]:8085/", "[::1]:8085", true},
		{"a final dot in both", "https://proxy.example./", "proxy.example.", true},

		{"a port that was not named", "https://proxy.example:8443/", "proxy.example", false},
		{"the usual port of another scheme", "https://proxy.example:80/", "proxy.example", false},
		{"the wrong port", "https://proxy.example:8443/", "proxy.example:443", false},
		{"a port where none is written", "https://proxy.example/", "proxy.example:8443", false},
		{"a name with an empty port", "https://proxy.example/", "proxy.example:", false},
		{"a port of IPv6 that was not named", "http://[::1]:8085/", "::1", false},
		{"the wrong port of IPv6", "http://[::1]:8085/", "[::1]:80", false},
		{"a port of IPv6 without brackets", "http://[::1]:8085/", "::1:8085", false},
		{"another spelling of an address", "http://[0:0:0:0:0:0:0:1]/", "::1", false},
		{"the same address within IPv6", "http://[::ffff:127.0.0.1]/", "127.0.0.1", false},
		{"the same address as a number", "http://2130706433/", "127.0.0.1", false},
		{"the same address in octal digits", "http://0177.0.0.1/", "127.0.0.1", false},
		{"the same address cut short", "http://127.1/", "127.0.0.1", false},
		{"a subdomain", "https://a.proxy.example/", "proxy.example", false},
		{"the domain above", "https://example/", "proxy.example", false},
		{"a prefix", "https://proxy.example.evil.example/", "proxy.example", false},
		{"a suffix", "https://evilproxy.example/", "proxy.example", false},
		{"a final dot", "https://proxy.example./", "proxy.example", false},
		{"a final dot in the name", "https://proxy.example/", "proxy.example.", false},
		{"letters that fold to ASCII", "https://proxy\u017f.example/", "proxys.example", false},
		{"the name of the user", "https://proxy.example@evil.example/", "proxy.example", false},
		{"the path", "https://evil.example/proxy.example", "proxy.example", false},
		{"a wildcard for a label, of which there are none", "https://a.proxy.example/", "*.proxy.example", false},
		{"a wildcard for all", "https://proxy.example/", "*", false},
		{"a URL", "https://proxy.example/", "https://proxy.example/", false},
		{"a scheme", "https://proxy.example/", "https://proxy.example", false},
		{"brackets around a name", "https://proxy.example/", "[proxy.example]", false},
		{"spaces around it", "https://proxy.example/", " proxy.example ", false},
		{"an empty name, which is that of no host", "https://:8443/", "", false},
		{"a port alone", "https://:8443/", ":8443", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := url.Parse(c.url)
			require.NoError(t, err)
			assert.Equal(t, c.want, hosts.Same(u, c.host))
		})
	}
}
