package awsfed

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/awshttp"
	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
)

// The addresses by which Google's private ways in are known.
const (
	privateGoogle    = "199.36.153.8/30"
	restrictedGoogle = "199.36.153.4/30"
)

// network tells which way the requests take: names, addresses, proxies. It resolves names and
// connects to nobody.
func (d *diagnosis) network(ctx context.Context, s *Step) error {
	d.bypassedProxies(s)
	transport, known := d.transport()
	if !known {
		s.Verdict = VerdictSkipped
		s.Findings = append(s.Findings, "Config.HTTPClient has a transport of its own, which cannot be looked into")
		return nil
	}
	var fault error // the first
	for _, target := range []struct {
		url   string
		stage Stage
	}{{d.TokenURL, StageExchange}, {d.IAMCredentialsEndpoint, StageImpersonation}} {
		if target.stage == StageImpersonation && d.ServiceAccount == "" {
			continue // nothing goes there
		}
		err := d.route(ctx, s, transport, target.url)
		switch {
		case err == nil:
		case fault == nil:
			fault = networkError(target.stage, err).cleaned() // becomes a finding with the step's end
		default:
			s.Findings = append(s.Findings, d.hints.host(target.stage)+": "+cleanText(err.Error(), maxCause, nil))
		}
	}
	if d.builder == nil {
		return fault
	}
	// Google has to reach AWS STS, not this machine, so its route is told and not judged.
	if endpoint, _, err := d.builder.endpoint(ctx); err == nil {
		if err := d.route(ctx, s, transport, endpoint); err != nil {
			s.Findings = append(s.Findings, "AWS STS: "+cleanText(err.Error(), maxCause, nil))
		}
	}
	return fault
}

// bypassedProxies notes the sources of AWS credentials that a proxy variable covers and that are
// asked without it.
func (d *diagnosis) bypassedProxies(s *Step) {
	if d.chain == nil {
		return
	}
	for _, u := range d.chain.nearby {
		if variable, kind := awshttp.BypassedProxy(u); variable != "" {
			s.Findings = append(s.Findings, fmt.Sprintf("%s: %s is set and is not used for %s addresses", u.Hostname(), variable, kind))
		}
	}
}

// transport is what sends the requests, if it goes to the network as usual.
func (d *diagnosis) transport() (*http.Transport, bool) {
	var base http.RoundTripper
	if d.HTTPClient != nil {
		base = d.HTTPClient.Transport
	}
	if base == nil {
		base = http.DefaultTransport
	}
	transport, ok := base.(*http.Transport)
	return transport, ok && (transport.DialContext == nil || base == http.DefaultTransport)
}

// route notes how requests for this URL would travel.
func (d *diagnosis) route(ctx context.Context, s *Step, transport *http.Transport, raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return nil // reported with the configuration
	}
	if transport.Proxy != nil {
		proxy, err := transport.Proxy(&http.Request{URL: u})
		if err != nil {
			return errors.New("the proxy settings cannot be read") // They may hold a password.
		}
		if proxy != nil {
			s.Findings = append(s.Findings, u.Hostname()+": through the proxy "+proxy.Host)
			return nil // The proxy resolves the name.
		}
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return err
	}
	texts := make([]string, len(addresses))
	for i, address := range addresses {
		texts[i] = address.Unmap().String()
	}
	s.Findings = append(s.Findings, fmt.Sprintf("%s: %s (%s)", u.Hostname(), strings.Join(texts, ", "), whose(addresses[0].Unmap())))
	return nil
}

// whose tells what kind of way in an address is.
func whose(address netip.Addr) string {
	switch {
	case hosts.Loopback(address.String()):
		return "this machine"
	case netip.MustParsePrefix(privateGoogle).Contains(address):
		return "private.googleapis.com, Private Google Access"
	case netip.MustParsePrefix(restrictedGoogle).Contains(address):
		return "restricted.googleapis.com, for VPC Service Controls"
	case address.IsPrivate():
		return "a private address: a Private Service Connect endpoint, an interface endpoint or a proxy"
	}
	return "the internet"
}
