// Package hosts knows whose a host name is: the rules by which awsfed decides where a secret may be
// sent.
package hosts

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
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

// Google reports whether host belongs to Google's token services in the given universe ("" is
// googleapis.com): the global, regional, mTLS and Private Service Connect names of service, "sts"
// or "iamcredentials".
func Google(host, service, universe string) bool {
	if universe == "" {
		universe = "googleapis.com"
	}
	name, ok := strings.CutSuffix(lower(host), "."+universe)
	if !ok {
		return false
	}
	switch labels := strings.Split(name, "."); len(labels) {
	case 1:
		return name == service
	case 2: // sts.mtls, sts-ENDPOINT.p, and the older REGION-sts form is left out: Google never documented it.
		endpoint, found := strings.CutPrefix(labels[0], service+"-")
		return labels[0] == service && labels[1] == "mtls" || found && label(endpoint) && labels[1] == "p"
	case 3: // sts.REGION.rep
		return labels[0] == service && label(labels[1]) && labels[2] == "rep"
	}
	return false
}

// EC2Metadata reports whether host is one of the two addresses of EC2's instance metadata service,
// as AIP-4117 lists them.
func EC2Metadata(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && (addr == netip.AddrFrom4([4]byte{169, 254, 169, 254}) ||
		addr == netip.AddrFrom16([16]byte{0xfd, 0x00, 0x0e, 0xc2, 14: 0x02, 15: 0x54}))
}

// Region reports whether s has the form of an AWS region's name, as AWS writes them: us-east-1,
// us-gov-west-1, eusc-de-east-1. Local Zones (us-west-2-lax-1) are none.
func Region(s string) bool {
	parts := strings.Split(s, "-")
	last := len(parts) - 1
	if len(s) > 32 || last < 2 || len(parts[0]) < 2 || len(parts[last]) > 2 || !Only(parts[last], digits) {
		return false
	}
	return !slices.ContainsFunc(parts[:last], func(part string) bool { return !Only(part, letters) })
}

// AWSSTS reports whether host is one of AWS STS, and the region that a request to it must be signed
// for. The global endpoint wants us-east-1.
func AWSSTS(host string) (region string, ok bool) {
	host = lower(host)
	if host == "sts.amazonaws.com" {
		return "us-east-1", true
	}
	service, rest, _ := strings.Cut(host, ".")
	region, suffix, _ := strings.Cut(rest, ".")
	if service != "sts" && service != "sts-fips" || !Region(region) || !awsSuffix(suffix) {
		return "", false
	}
	return region, true
}

// awsSuffix reports whether s is the DNS suffix of one of AWS's partitions, or its dual-stack form.
func awsSuffix(s string) bool {
	switch s {
	case "amazonaws.com", "api.aws",
		"amazonaws.com.cn", "api.amazonwebservices.com.cn",
		"amazonaws.eu", "api.amazonwebservices.eu",
		"c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov":
		return true
	}
	return false
}

// Same reports whether u goes to the host of this name: "host" at the usual port of the scheme, or
// "host:port".
func Same(u *url.URL, name string) bool {
	host := lower(u.Hostname())
	whole := host
	if strings.Contains(host, ":") {
		whole = "[" + host + "]"
	}
	switch lower(name) {
	case host, whole:
		return host != "" && UsualPort(u)
	}
	return host != "" && lower(name) == whole+":"+cmp.Or(u.Port(), usualPort(u))
}

const (
	letters = "abcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
)

// Only reports whether s has at least one letter, and none but those of the alphabet.
func Only(s, alphabet string) bool { return s != "" && strings.Trim(s, alphabet) == "" }

// label reports whether s is a label of a host name in small letters (RFC 1123 §2.1).
func label(s string) bool { return Only(s, letters+digits+"-") && s == strings.Trim(s, "-") }

// lower writes ASCII letters small, and no others: the long s of Unicode, for one, folds to the s
// of "sts".
func lower(host string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, host)
}
