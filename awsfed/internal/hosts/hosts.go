// Package hosts knows whose a host name is: the rules by which awsfed decides where a secret may be sent.
package hosts

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// Loopback reports whether host, without a port, names this machine.
func Loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// Google reports whether host belongs to Google's token services in the given universe ("" is googleapis.com): the
// global, regional, mTLS and Private Service Connect names of service, "sts" or "iamcredentials".
func Google(host, service, universe string) bool {
	if universe == "" {
		universe = "googleapis.com"
	}
	name, ok := strings.CutSuffix(strings.ToLower(host), "."+universe)
	if !ok {
		return false
	}
	switch labels := strings.Split(name, "."); len(labels) {
	case 1:
		return name == service
	case 2: // sts.mtls, sts-ENDPOINT.p, and the older REGION-sts form is left out: Google never documented it.
		return labels[0] == service && labels[1] == "mtls" ||
			strings.HasPrefix(labels[0], service+"-") && labels[1] == "p"
	case 3: // sts.REGION.rep
		return labels[0] == service && labels[2] == "rep"
	}
	return false
}

// EC2Metadata reports whether host is one of the two addresses of EC2's instance metadata service, as AIP-4117
// lists them.
func EC2Metadata(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && (addr == ec2v4 || addr == ec2v6)
}

var (
	ec2v4 = netip.MustParseAddr("169.254.169.254")
	ec2v6 = netip.MustParseAddr("fd00:ec2::254")

	// The DNS suffixes of AWS's partitions, with their dual-stack forms.
	awsSTS = regexp.MustCompile(`^sts(?:-fips)?\.(?:(` + region + `)\.)?` +
		`(?:amazonaws\.com|amazonaws\.com\.cn|api\.aws|api\.amazonwebservices\.com\.cn|amazonaws\.eu|api\.amazonwebservices\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$`)
	awsRegion = regexp.MustCompile(`^` + region + `$`)
)

// A region as AWS writes them: us-east-1, us-gov-west-1, eusc-de-east-1. Local Zones (us-west-2-lax-1) are none.
const region = `[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}`

// Region reports whether s has the form of an AWS region's name.
func Region(s string) bool { return len(s) <= 32 && awsRegion.MatchString(s) }

// AWSSTS reports whether host is one of AWS STS, and the region that a request to it must be signed for. The global
// endpoint wants us-east-1.
func AWSSTS(host string) (region string, ok bool) {
	m := awsSTS.FindStringSubmatch(strings.ToLower(host))
	switch {
	case m == nil:
		return "", false
	case m[1] != "":
		return m[1], true
	}
	return "us-east-1", strings.EqualFold(host, "sts.amazonaws.com")
}

// Same reports whether the host of u, with or without its port, is one of names.
func Same(u *url.URL, names []string) bool {
	for _, name := range names {
		if name == "" {
			continue
		}
		if strings.EqualFold(name, u.Host) || strings.EqualFold(strings.Trim(name, "[]"), u.Hostname()) {
			return true
		}
	}
	return false
}
