package hosts

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// MaxURL is the length of the longest URL that [Parse] reads, in bytes.
const MaxURL = 2048

// Parse reads the URL of an endpoint, http or https, if every reader of it reads the same: no user,
// no fragment, no empty query, a plain ASCII host (an internationalised one in its xn-- form), and
// a port from 1 to 65535 or none.
func Parse(raw string) (*url.URL, error) {
	if len(raw) > MaxURL {
		return nil, errors.New("it is too long")
	}
	// Some parsers take a backslash for a slash, and drop tabs and line ends. A fragment, even an
	// empty one, is lost on the way.
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"#<>\\^`{|}", r) }) {
		return nil, errors.New("it has a letter that a URL of a service has not")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("it is no URL") // whose own words quote it, passwords and all
	}
	if u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("it is not https")
	}
	if u.User != nil || u.ForceQuery || !hostAndPort(u) {
		return nil, errors.New("it must have a host, and neither a user nor an empty query")
	}
	return u, nil
}

// hostAndPort reports whether the host of u is a name or an address, with a port or without.
func hostAndPort(u *url.URL) bool {
	host, port := u.Hostname(), u.Port()
	name := host
	if strings.Contains(host, ":") {
		name = "[" + host + "]"
		if addr, err := netip.ParseAddr(host); err != nil || addr.Zone() != "" {
			return false
		}
	} else if !Only(lower(host), letters+digits+"-._") {
		return false
	}
	if u.Host == name {
		return true
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return err == nil && number > 0 && port[0] != '0' && u.Host == name+":"+port
}

// UsualPort reports whether u goes to the port that its scheme has.
func UsualPort(u *url.URL) bool { return u.Port() == "" || u.Port() == usualPort(u) }

func usualPort(u *url.URL) string {
	if u.Scheme == "http" {
		return "80"
	}
	return "443"
}
