package awsfedtest_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestEndpointOf(t *testing.T) {
	for name, c := range map[string]struct {
		url  string
		want awsfedtest.Endpoint // "" for none
	}{
		"regional AWS STS":                         {"https://sts.us-west-2.amazonaws.com?Action=GetCallerIdentity", awsfedtest.AWSSTS},
		"global AWS STS":                           {"https://sts.amazonaws.com/", awsfedtest.AWSSTS},
		"FIPS AWS STS":                             {"https://sts-fips.us-east-1.amazonaws.com", awsfedtest.AWSSTS},
		"dual-stack AWS STS":                       {"https://sts.eu-west-1.api.aws", awsfedtest.AWSSTS},
		"AWS STS in China":                         {"https://sts.cn-north-1.amazonaws.com.cn", awsfedtest.AWSSTS},
		"dual-stack AWS STS in China":              {"https://sts.cn-north-1.api.amazonwebservices.com.cn", awsfedtest.AWSSTS},
		"AWS STS in the European sovereign cloud":  {"https://sts.eusc-de-east-1.amazonaws.eu", awsfedtest.AWSSTS},
		"AWS STS with a port and a final dot":      {"https://STS.us-east-1.amazonaws.com.:443/", awsfedtest.AWSSTS},
		"another AWS service":                      {"https://s3.us-east-1.amazonaws.com", ""},
		"AWS STS in a region that does not exist":  {"https://sts.eu-west-9.amazonaws.com", ""},
		"FIPS in a region that has none":           {"https://sts-fips.eu-west-1.amazonaws.com", ""},
		"a label too many before AWS":              {"https://sts.us-east-1.evil.amazonaws.com", ""},
		"AWS's issuer of outbound tokens":          {"https://0123abcd-4567-89ab-cdef-0123456789ab.tokens.sts.global.api.aws/.well-known/jwks.json", awsfedtest.AWSIssuer},
		"AWS's issuer in another partition":        {"https://a.tokens.sts.global.api.amazonwebservices.eu/", awsfedtest.AWSIssuer},
		"the issuer without an ID":                 {"https://tokens.sts.global.api.aws/", ""},
		"an issuer below the issuer":               {"https://a.b.tokens.sts.global.api.aws/", ""},
		"EC2 metadata over IPv4":                   {"http://169.254.169.254/latest/api/token", awsfedtest.EC2Metadata},
		"EC2 metadata over IPv6":                   {"http://[fd00:ec2::254]/latest/api/token", awsfedtest.EC2Metadata},
		"ECS":                                      {"http://169.254.170.2/container/ecs/app", awsfedtest.ContainerCredentials},
		"EKS Pod Identity over IPv4":               {"http://169.254.170.23/v1/credentials", awsfedtest.ContainerCredentials},
		"EKS Pod Identity over IPv6":               {"http://[fd00:ec2::23]/v1/credentials", awsfedtest.ContainerCredentials},
		"global Google STS":                        {"https://sts.googleapis.com/v1/token", awsfedtest.GoogleSTS},
		"regional Google STS":                      {"https://sts.europe-west4.rep.googleapis.com/v1/token", awsfedtest.GoogleSTS},
		"Google STS with mTLS":                     {"https://sts.mtls.googleapis.com/v1/token", awsfedtest.GoogleSTS},
		"Google STS by Private Service Connect":    {"https://sts-inner.p.googleapis.com/v1/token", awsfedtest.GoogleSTS},
		"Google STS of another universe":           {"https://sts.apis-tpc.goog/v1/token", awsfedtest.GoogleSTS},
		"Google STS at a region, as it was once":   {"https://us-east1-sts.googleapis.com/v1/token", awsfedtest.GoogleSTS},
		"Google STS below a region":                {"https://us-east-1.sts.googleapis.com/v1/token", awsfedtest.GoogleSTS},
		"a region in capital letters":              {"https://US-WEST-1-sts.googleapis.com/v1/token", awsfedtest.GoogleSTS},
		"Google STS above a region":                {"https://sts.us-east-1.googleapis.com/v1/token", awsfedtest.GoogleSTS},
		"a region with mTLS":                       {"https://us-east-1.sts.mtls.googleapis.com/v1/token", awsfedtest.GoogleSTS},
		"Private Service Connect with mTLS":        {"https://sts-us-east-1.p.mtls.googleapis.com/v1/token", awsfedtest.GoogleSTS},
		"IAM Credentials at a region":              {"https://us-east-1-iamcredentials.googleapis.com/v1/", awsfedtest.IAMCredentials},
		"IAM Credentials below a region":           {"https://us-east-1.iamcredentials.googleapis.com/v1/", awsfedtest.IAMCredentials},
		"IAM Credentials above a region":           {"https://iamcredentials.us-east-1.googleapis.com/v1/", awsfedtest.IAMCredentials},
		"IAM Credentials with mTLS":                {"https://iamcredentials.mtls.googleapis.com/v1/", awsfedtest.IAMCredentials},
		"two regions":                              {"https://us-east-1.us-east-1.sts.googleapis.com/v1/token", ""},
		"no region before the hyphen":              {"https://-sts.googleapis.com/v1/token", ""},
		"a region that is cut in two":              {"https://us-ea.s.t.sts.googleapis.com/v1/token", ""},
		"Private Service Connect's wrong end":      {"https://xyz-sts.p.googleapis.com/v1/token", ""},
		"a name of Private Service Connect in two": {"https://sts-xyz.123.p.googleapis.com/v1/token", ""},
		"another label than that of the service":   {"https://sts-xyz.p1.googleapis.com/v1/token", ""},
		"nothing before the label of the service":  {"https://sts.p.googleapis.com/v1/token", ""},
		"a host that ends like Google's":           {"https://sts.evilgoogleapis.com/v1/token", ""},
		"Google's name within another's":           {"https://sts.googleapis.com.evil.example/v1/token", ""},
		"a universe that was not named":            {"https://sts.anything.example/v1/token", ""},
		"another one's IAM Credentials":            {"https://iamcredentials.anything.example/v1/", ""},
		"a domain below the universe":              {"https://sts.evil.apis-tpc.goog.example/v1/token", ""},
		"the OAuth 2.0 server at a region":         {"https://us-east1-oauth2.googleapis.com/token", ""},
		"the keys of another universe":             {"https://www.apis-tpc.goog/oauth2/v3/certs", awsfedtest.GoogleKeys},
		"a prefix alone is no Private Service":     {"https://sts-inner.googleapis.com/v1/token", ""},
		"IAM Credentials":                          {"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a:signBlob", awsfedtest.IAMCredentials},
		"IAM Credentials of another universe":      {"https://iamcredentials.apis-tpc.goog/", awsfedtest.IAMCredentials},
		"Resource Manager":                         {"https://cloudresourcemanager.googleapis.com/v1/projects/912480652101", awsfedtest.ResourceManager},
		"Resource Manager on loopback":             {"http://127.0.0.1:8085/v1/projects/912480652101", awsfedtest.ResourceManager},
		"a project's ID on loopback":               {"http://127.0.0.1:8085/v1/projects/my-project", awsfedtest.ResourceManager},
		"any project's accounts on loopback":       {"http://127.0.0.1:8085/v1/projects/-", awsfedtest.IAMCredentials},
		"a pool's boundary on loopback":            {"http://127.0.0.1:8085/v1/projects/1/locations/global/workloadIdentityPools/p/allowedLocations", awsfedtest.IAMCredentials},
		"Google's OAuth 2.0 server":                {"https://oauth2.googleapis.com/token", awsfedtest.GoogleOAuth},
		"the OAuth 2.0 server of another universe": {"https://oauth2.apis-tpc.goog/token", awsfedtest.GoogleOAuth},
		"the OAuth 2.0 server on loopback":         {"http://127.0.0.1:8085/token", awsfedtest.GoogleOAuth},
		"introspection on loopback":                {"http://127.0.0.1:8085/v1/introspect", awsfedtest.GoogleSTS},
		"tokeninfo":                                {"https://oauth2.googleapis.com/tokeninfo?access_token=x", awsfedtest.GoogleOAuth},
		"tokeninfo, as it was once":                {"https://www.googleapis.com/oauth2/v3/tokeninfo?id_token=x", awsfedtest.GoogleOAuth},
		"tokeninfo on loopback":                    {"http://127.0.0.1:8085/tokeninfo", awsfedtest.GoogleOAuth},
		"the older tokeninfo on loopback":          {"http://127.0.0.1:8085/oauth2/v3/tokeninfo", awsfedtest.GoogleOAuth},
		"userinfo":                                 {"https://openidconnect.googleapis.com/v1/userinfo", awsfedtest.GoogleOAuth},
		"userinfo, as it was once":                 {"https://www.googleapis.com/oauth2/v3/userinfo", awsfedtest.GoogleOAuth},
		"userinfo on loopback":                     {"http://127.0.0.1:8085/v1/userinfo", awsfedtest.GoogleOAuth},
		"the older userinfo on loopback":           {"http://127.0.0.1:8085/oauth2/v3/userinfo", awsfedtest.GoogleOAuth},
		"Google's keys":                            {"https://www.googleapis.com/oauth2/v3/certs", awsfedtest.GoogleKeys},
		"another Google API":                       {"https://storage.googleapis.com/", ""},
		"a host nobody knows":                      {"https://example.com/v1/token", ""},
		"a name without a domain":                  {"https://sts.amazonaws/v1/token", ""},
		"an unknown address":                       {"http://169.254.169.1/latest/api/token", ""},
		"AWS STS on loopback":                      {"http://127.0.0.1:8085/?Action=GetCallerIdentity", awsfedtest.AWSSTS},
		"AWS STS on loopback without a path":       {"http://localhost:8085", awsfedtest.AWSSTS},
		"EC2 metadata on loopback":                 {"http://127.0.0.1/latest/meta-data/", awsfedtest.EC2Metadata},
		"containers on loopback":                   {"http://[::1]:1/container/eks/v1/credentials", awsfedtest.ContainerCredentials},
		"Google STS on loopback":                   {"http://127.0.0.1:8085/v1/token", awsfedtest.GoogleSTS},
		"Google STS v1beta on loopback":            {"http://127.0.0.1:8085/v1beta/token", awsfedtest.GoogleSTS},
		"IAM Credentials on loopback":              {"http://127.0.0.1:8085/v1/projects/-/serviceAccounts/a:signJwt", awsfedtest.IAMCredentials},
		"a service account's keys on loopback":     {"http://127.0.0.1:8085/service_accounts/v1/metadata/jwk/a", awsfedtest.GoogleKeys},
		"Google's keys on loopback":                {"http://127.0.0.1:8085/oauth2/v3/certs", awsfedtest.GoogleKeys},
		"the issuer's keys on loopback":            {"http://127.0.0.1:8085/.well-known/jwks.json", ""},
		"a path that nobody serves on loopback":    {"http://127.0.0.1:8085/v1/tokens", ""},
		"a name that only begins like loopback":    {"http://127.0.0.1.example.com/v1/token", ""},
		"a name that only begins like localhost":   {"http://localhost.example.com/latest/api/token", ""},
		"Google's host within a stranger's domain": {"https://googleapis.com.example.com/v1/token", ""},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(c.url)
			require.NoError(t, err)
			cloud := awsfedtest.New(awsfedtest.Options{Universe: "apis-tpc.goog"})
			got, ok := cloud.EndpointOf(u)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.want != "", ok)
		})
	}
}

func TestTheWorkloadOfAUniverseReachesItByItsNames(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{Universe: "apis-tpc.goog"})
	_, err := fetch(t.Context(), cloud.Config())
	require.NoError(t, err)
	var hosts []string
	for _, request := range cloud.Requests() {
		if request.Endpoint == awsfedtest.GoogleSTS || request.Endpoint == awsfedtest.IAMCredentials {
			hosts = append(hosts, request.Host)
		}
	}
	assert.Equal(t, []string{"sts.apis-tpc.goog", "iamcredentials.apis-tpc.goog"}, hosts)
}
