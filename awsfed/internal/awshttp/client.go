// Package awshttp is the HTTP client for the AWS SDK: it keeps metadata addresses off proxies,
// follows no redirect and bounds requests and answers.
package awshttp

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	sdkhttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	// requestTimeout bounds one request from the dial to the end of the body. aws.CredentialsCache
	// asks its provider under a ctx without a deadline, so nothing else ends a request that hangs,
	// and all callers share that request. AWS STS and SSO, far away and through a proxy, take a
	// second or two.
	requestTimeout = 10 * time.Second
	// endpointTimeout is the same for a credentials endpoint, which is on this machine or next to
	// it.
	endpointTimeout = 5 * time.Second
	maxHeader       = 64 << 10
)

// NewClient is the client for all that the SDK asks. It is a BuildableClient, since of others the
// SDK accepts no AWS_CA_BUNDLE, and gives them no short timeouts for EC2 metadata. Such a client
// takes no RoundTripper, so bodies are bounded by [BoundBodies].
func NewClient() *sdkhttp.BuildableClient {
	return sdkhttp.NewBuildableClient().WithTimeout(requestTimeout).WithTransportOptions(func(tr *http.Transport) {
		tr.Proxy = proxy
		tr.MaxResponseHeaderBytes = maxHeader
	})
}

// NewEndpointClient is the client for the endpoint of AWS_CONTAINER_CREDENTIALS_FULL_URI and
// _RELATIVE_URI. Over plain http it uses no proxy at all: the SDK allows http to this machine and
// to the addresses of ECS and EKS alone, and a name may stand for those.
func NewEndpointClient() *sdkhttp.BuildableClient {
	return NewClient().WithTimeout(endpointTimeout).WithTransportOptions(func(tr *http.Transport) {
		tr.Proxy = func(req *http.Request) (*url.URL, error) {
			if req.Response == nil && req.URL.Scheme == "http" {
				return nil, nil
			}
			return proxy(req)
		}
	})
}

// proxy is the proxy of the environment for req, and none for the addresses where credentials are
// in clear text. The transport asks it before it sends anything, which makes it the place to refuse
// redirects too: a BuildableClient follows 307 and 308, with the request's tokens, and has no
// CheckRedirect to set.
func proxy(req *http.Request) (*url.URL, error) {
	switch {
	case req.Response != nil: // the answer that redirected here
		return nil, &RedirectError{StatusCode: req.Response.StatusCode}
	case addressKind(req.URL.Hostname()) != "":
		return nil, nil
	}
	return http.ProxyFromEnvironment(req)
}

// BypassedProxy tells that a proxy variable of the environment covers u and is not used, and why:
// its name, and what kind of address u has. Both are "" else.
func BypassedProxy(u *url.URL) (variable, kind string) {
	kind = addressKind(u.Hostname())
	if kind == "" {
		return "", ""
	}
	// The standard library exempts loopback by itself.
	if through, err := http.ProxyFromEnvironment(&http.Request{URL: u}); through == nil && err == nil {
		return "", ""
	}
	return strings.ToUpper(u.Scheme) + "_PROXY", kind
}

// Nearby reports whether host, without a port, is an address that is never behind a proxy.
func Nearby(host string) bool { return addressKind(host) != "" }

// addressKind is "loopback", "link-local" or "unique-local" for the addresses that are never behind
// a proxy, "" for all others. EC2 metadata and the agents of ECS and EKS are at 169.254.0.0/16 and
// fd00:ec2::/32.
func addressKind(host string) string {
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return "loopback"
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	switch addr = addr.Unmap(); {
	case addr.IsLoopback():
		return "loopback"
	case addr.IsLinkLocalUnicast():
		return "link-local"
	case addr.Is6() && addr.IsPrivate(): // fc00::/7
		return "unique-local"
	}
	return ""
}

// A RedirectError is a redirect that was not followed: the request carries a token or is answered
// with keys.
type RedirectError struct{ StatusCode int }

// Error does not quote the Location, which may hold anything.
func (e *RedirectError) Error() string {
	return fmt.Sprintf("the answer (HTTP %d) is a redirect, which is not followed", e.StatusCode)
}

// RetryableError keeps the SDK from asking again.
func (e *RedirectError) RetryableError() bool { return false }
