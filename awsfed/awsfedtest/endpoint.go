package awsfedtest

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

// Endpoint names one of the services that the emulator plays.
type Endpoint string

// The endpoints of the emulator.
const (
	// AWSSTS is the AWS Security Token Service, in every region that AWS has: AssumeRole,
	// AssumeRoleWithWebIdentity, GetAccessKeyInfo, GetCallerIdentity, GetSessionToken and, once
	// enabled, GetWebIdentityToken. Requests are signed in a header or in the query, and answers
	// are XML or, as the Accept header says, JSON.
	AWSSTS Endpoint = "aws-sts"
	// AWSIssuer is the issuer of the tokens of [Cloud.EnableOutboundIdentity]: its discovery
	// document and its keys. It is known by its host alone, on a [Server] too.
	AWSIssuer Endpoint = "aws-issuer"
	// EC2Metadata is the EC2 instance metadata service.
	EC2Metadata Endpoint = "ec2-metadata"
	// ContainerCredentials is the credential endpoint of ECS tasks and of EKS Pod Identity.
	ContainerCredentials Endpoint = "container-credentials"
	// GoogleSTS is Google's Security Token Service, global and regional.
	GoogleSTS Endpoint = "google-sts"
	// IAMCredentials is Google's Service Account Credentials API.
	IAMCredentials Endpoint = "iam-credentials"
	// ResourceManager is Google's Cloud Resource Manager API, as far as clients look their project
	// up in it: /v1/projects/PROJECT.
	ResourceManager Endpoint = "resource-manager"
	// GoogleOAuth is Google's OAuth 2.0 server: its token endpoint, for assertions of service
	// accounts, tokeninfo and userinfo.
	GoogleOAuth Endpoint = "google-oauth"
	// GoogleKeys serves the public keys that verify what Google signed.
	GoogleKeys Endpoint = "google-keys"
)

// endpointOf returns the endpoint that a request for u reaches in-process: the host decides if it
// is the name or address of a real service, and the path if it is a loopback one. The second result
// is false if the emulator plays no such host.
func (c *Cloud) endpointOf(u *url.URL) (Endpoint, bool) {
	if endpoint, ok := c.endpointOfHost(u.Host, u.Path); ok {
		return endpoint, true
	}
	if isLoopback(u.Host) {
		return endpointOfPath(u.Path)
	}
	return "", false
}

// endpointOfHost tells the endpoint by a real host name, whose port is ignored, and by the path
// where that host has several.
func (c *Cloud) endpointOfHost(host, path string) (Endpoint, bool) {
	name := fakeaws.Hostname(host)
	switch name {
	case "169.254.169.254", "fd00:ec2::254":
		return EC2Metadata, true
	case "169.254.170.2", "169.254.170.23", "fd00:ec2::23":
		return ContainerCredentials, true
	}
	if fakeaws.OutboundHost(name) {
		return AWSIssuer, true
	}
	if _, _, ok := fakeaws.STSRegion(name); ok {
		return AWSSTS, true
	}
	if _, domain, _ := strings.Cut(name, "."); fakeaws.IsAWSDomain(domain) {
		return "", false
	}
	if endpoint, ok := endpointOfGoogle(name, path, defaultUniverse); ok {
		return endpoint, true
	}
	return endpointOfGoogle(name, path, c.options.Universe)
}

// endpointOfPath tells the endpoint by the path, where one address serves all. No two services
// share a path.
func endpointOfPath(path string) (Endpoint, bool) {
	switch {
	case path == "" || path == "/":
		return AWSSTS, true
	case path == "/v1/token" || path == "/v1beta/token" || path == "/v1/introspect":
		return GoogleSTS, true
	case path == "/token" || path == "/tokeninfo" || path == "/v1/userinfo" || isOAuthPath(path):
		return GoogleOAuth, true
	}
	if project, found := strings.CutPrefix(path, "/v1/projects/"); found && project != "" && project != "-" && !strings.Contains(project, "/") {
		return ResourceManager, true
	}
	for _, at := range [...]struct {
		prefix   string
		endpoint Endpoint
	}{
		{"/latest/", EC2Metadata},
		{"/container/", ContainerCredentials},
		{"/v1/projects/", IAMCredentials},
		{"/service_accounts/v1/", GoogleKeys},
		{"/oauth2/", GoogleKeys},
	} {
		if strings.HasPrefix(path, at.prefix) {
			return at.endpoint, true
		}
	}
	return "", false
}

// isOAuthPath reports whether www.googleapis.com, which has the keys besides, passes the path on to
// the OAuth 2.0 server.
func isOAuthPath(path string) bool {
	return path == "/oauth2/v3/tokeninfo" || path == "/oauth2/v3/userinfo"
}

// isLoopback reports whether host, which may hold a port, is this machine's loopback interface.
func isLoopback(host string) bool {
	name := fakeaws.Hostname(host)
	if name == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}
