package awsfed

import (
	"net/url"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
)

// A FileOption lets a credential file name what is neither Google's nor AWS's: an emulator, a
// proxy, another universe. Without one such a file is refused, since whoever can write it could
// have the identity of the program sent to himself. There is one for each purpose that a file names
// hosts for, and what is allowed for one is not allowed for another.
//
// A host is "host", which allows the default port of the URL's scheme, or "host:port", which allows
// that port; an IPv6 address with a port is "[::1]:8085". Names are compared letter by letter, but
// for the case of ASCII letters: there are no wildcards, no subdomains, and a name of another form,
// a URL for one, allows nothing. An allowed host must be https, or http on this machine.
type FileOption func(*fileRules)

// AllowTokenHosts allows hosts for token_url and service_account_impersonation_url. They get
// subject tokens and Google tokens: who runs one can act as the program.
func AllowTokenHosts(names ...string) FileOption {
	return func(rules *fileRules) { rules.token.names = append(rules.token.names, names...) }
}

// AllowVerificationHosts allows hosts for credential_source.regional_cred_verification_url: where
// Google is told to send the signed GetCallerIdentity request. "{region}" in a name is compared as
// it stands.
func AllowVerificationHosts(names ...string) FileOption {
	return func(rules *fileRules) { rules.verification.names = append(rules.verification.names, names...) }
}

// AllowMetadataHosts allows hosts for url, region_url and imdsv2_session_token_url of
// credential_source: they hand out AWS credentials, and so say which AWS identity the program has.
// Here EC2's own addresses may be http, at any port that is allowed.
func AllowMetadataHosts(names ...string) FileOption {
	return func(rules *fileRules) { rules.metadata.names = append(rules.metadata.names, names...) }
}

// AllowUniverses allows Google Cloud universes for universe_domain. A universe of the domain DOMAIN
// brings its own token services: sts.DOMAIN and iamcredentials.DOMAIN, with the names of their
// regions, and no others.
func AllowUniverses(domains ...string) FileOption {
	return func(rules *fileRules) { rules.universes = append(rules.universes, domains...) }
}

// fileRules say what a file may name.
type fileRules struct {
	token, verification, metadata allowedHosts
	universes                     []string
}

func newFileRules(options []FileOption) fileRules {
	rules := fileRules{
		token:        allowedHosts{option: "AllowTokenHosts", secure: secure},
		verification: allowedHosts{option: "AllowVerificationHosts", secure: secure},
		metadata:     allowedHosts{option: "AllowMetadataHosts", secure: func(u *url.URL) bool { return secure(u) || ec2Plain(u) }},
	}
	for _, option := range options {
		option(&rules)
	}
	return rules
}

// allowedHosts are those that a program allows for one purpose.
type allowedHosts struct {
	option string // by which it does
	names  []string
	secure func(*url.URL) bool
}

// permit reads a URL that a file may name: a known one at its usual port, or one of an allowed
// host.
func (a allowedHosts) permit(raw string, known func(*url.URL) bool) (u *url.URL, ok bool) {
	u, err := hosts.Parse(raw)
	return u, err == nil && (known(u) && hosts.UsualPort(u) || a.secure(u) && a.has(u))
}

// someRegion stands for the placeholder in a URL and in the name of a host alike, so that the two
// are compared as they stand. It has the form of a region, and is none.
const someRegion = "xx-placeholder-1"

func (a allowedHosts) has(u *url.URL) bool {
	return slices.ContainsFunc(a.names, func(name string) bool {
		return hosts.Same(u, strings.ReplaceAll(name, regionPlaceholder, someRegion))
	})
}

func (a allowedHosts) want(example string) string {
	return "a URL like " + example + ", or one of a host that the program allows with " + a.option
}
