package awsfed

import (
	"net/url"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
)

// FileOptions let a credential file name what is neither Google's nor AWS's: an emulator, a proxy,
// another universe. Without them such a file is refused, since whoever can write it could have the
// identity of the program sent to himself, or a file of this machine. There is a list for each
// purpose that a file names hosts for, and what is allowed for one is not allowed for another. Nil
// and the zero value allow nothing.
//
// A host is "host", which allows the default port of the URL's scheme, or "host:port", which allows
// that port; an IPv6 address with a port is "[::1]:8085". Names are compared letter by letter, but
// for the case of ASCII letters: there are no wildcards, no subdomains, and a name of another form,
// a URL for one, allows nothing. An allowed host must be https, or http on this machine.
type FileOptions struct {
	// TokenHosts are allowed for token_url and service_account_impersonation_url. They get subject
	// tokens and Google tokens: who runs one can act as the program.
	TokenHosts []string

	// VerificationHosts are allowed for credential_source.regional_cred_verification_url: where
	// Google is told to send the signed GetCallerIdentity request. "{region}" in a name is compared
	// as it stands.
	VerificationHosts []string

	// MetadataHosts are allowed for url, region_url and imdsv2_session_token_url of
	// credential_source: they hand out AWS credentials, and so say which AWS identity the program
	// has. Here EC2's own addresses may be http, at any port that is allowed.
	MetadataHosts []string

	// SubjectHosts are allowed for credential_source.url where it has an OpenID Connect token: they
	// say who the program is, and are sent the headers of the file. They are no token endpoints,
	// nor may those be asked for a subject token.
	SubjectHosts []string

	// SubjectFiles are allowed for credential_source.file: absolute paths, compared letter by
	// letter once "." and ".." are taken out of both. A file that is allowed may be a link, which
	// is followed, so that who may write into its directory may choose what is sent.
	SubjectFiles []string

	// Universes are allowed for universe_domain. A Google Cloud universe of the domain DOMAIN
	// brings its own token services: sts.DOMAIN and iamcredentials.DOMAIN, with the names of their
	// regions, and no others.
	Universes []string
}

// fileRules say what a file may name.
type fileRules struct {
	token, verification, metadata, subject allowedHosts
	files, universes                       []string
}

func newFileRules(options *FileOptions) fileRules {
	if options == nil {
		options = &FileOptions{}
	}
	plainMetadata := func(u *url.URL) bool { return secure(u) || ec2Plain(u) }
	return fileRules{
		token:        allowedHosts{"TokenHosts", options.TokenHosts, secure},
		verification: allowedHosts{"VerificationHosts", options.VerificationHosts, secure},
		metadata:     allowedHosts{"MetadataHosts", options.MetadataHosts, plainMetadata},
		subject:      allowedHosts{"SubjectHosts", options.SubjectHosts, secure},
		files:        options.SubjectFiles,
		universes:    options.Universes,
	}
}

// allowedHosts are those that a program allows for one purpose.
type allowedHosts struct {
	option string // the field of FileOptions
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
	return "a URL like " + example + ", or one of a host that FileOptions." + a.option + " allows"
}
