package awsfed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
	"github.com/awsfed/awsfed-go/internal/untrusted"
)

const (
	// jwtType is the type of the subject tokens that OpenID Connect providers of a pool take (RFC
	// 8693 §3).
	jwtType = "urn:ietf:params:oauth:token-type:jwt"

	webIdentityLifetime  = time.Hour // AWS's own default is 5 minutes
	webIdentityAlgorithm = "RS256"
)

// A Subject says what proves the identity of a program to Google's STS: one of WebIdentity, File,
// URL and Source. The zero value is a GetCallerIdentity request that is signed with AWS
// credentials, for a pool's AWS provider; the others are for its OpenID Connect providers. A
// [SubjectTokenBuilder] makes the tokens.
//
// A Subject prints and encodes as its kind, and gob refuses it: Headers may hold secrets. See
// [Config] for where that does not hold.
type Subject struct {
	// WebIdentity has AWS STS issue an OpenID Connect token for the AWS identity.
	WebIdentity *WebIdentityOptions

	// File is the path of a file with the token, such as the projected token of a Kubernetes
	// service account. It is read anew for each exchange: a regular file of at most 64 KiB, after
	// symbolic links.
	File string

	// URL answers a GET request with the token, of at most 64 KiB, without a redirect: https, or
	// http on this machine. It is asked anew for each exchange, by HTTPClient.
	URL string
	// Headers go with the request to URL. Their values may be secrets.
	Headers map[string]string

	// Field is the name of the token in the JSON object that File or URL has. Optional; without one
	// it is the whole text, less the blanks around it.
	Field string

	// Source is code of the program's own.
	Source SubjectTokenSource

	// Type is the URN of the tokens of File and URL (RFC 8693 §3). Optional; the default is
	// urn:ietf:params:oauth:token-type:jwt.
	Type string
}

// String is the kind, and none of the fields.
func (s Subject) String() string {
	if kinds := s.kinds(); len(kinds) > 0 {
		return "awsfed.Subject(" + strings.Join(kinds, ", ") + ")"
	}
	return "awsfed.Subject(a signed request)"
}

// Format prints String for every verb.
func (s Subject) Format(state fmt.State, verb rune) { formatAs(state, verb, s.String()) }

// LogValue is String, for package slog.
func (s Subject) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String, for JSON, XML and other encoders.
func (s Subject) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// GobEncode is an error.
func (Subject) GobEncode() ([]byte, error) {
	return nil, errors.New("awsfed: a Subject may hold secrets, so gob does not get it")
}

// WebIdentityOptions are what AWS STS is asked for in GetWebIdentityToken, by which an AWS account
// is an OpenID Connect issuer (outbound identity federation). The account has to have that enabled,
// and the identity needs the permission sts:GetWebIdentityToken. Unlike a GetCallerIdentity request
// this one is sent from here, to the regional endpoint of AWS STS, so that egress rules and an
// interface endpoint of the VPC matter to it. The token has the identity's ARN without its session
// for a subject. The zero value is good.
type WebIdentityOptions struct {
	// Audience is the one that the provider expects. Optional; the default is what one without
	// allowed audiences expects: https: and the Audience of the [Config].
	Audience string
	// Lifetime is from 60s to 1h, in whole seconds. Optional; the default is 1h, since a federated
	// token ends with its subject token. Where the AWS session ends sooner AWS refuses it, and less
	// is asked for.
	Lifetime time.Duration
	// Algorithm signs: RS256 or ES384. Optional; the default is RS256, which the reference of
	// Google's STS names. It does not name ES384.
	Algorithm string
	// Client asks AWS STS: an [sts.Client] with options of the program's own. Optional; the default
	// is one of the AWS SDK's configuration, which AWS_ENDPOINT_URL_STS leads to an interface
	// endpoint.
	Client WebIdentityClient
}

// A WebIdentityClient is an [*sts.Client].
type WebIdentityClient interface {
	GetWebIdentityToken(ctx context.Context, input *sts.GetWebIdentityTokenInput, options ...func(*sts.Options)) (*sts.GetWebIdentityTokenOutput, error)
}

const (
	maxHeaders     = 32
	maxHeaderValue = 8 << 10 // bytes
	maxField       = 256
	maxTokenType   = 256
	maxFileName    = 4096 // PATH_MAX of Linux

	minWebIdentityLifetime = time.Minute // as AWS's reference has it; so is the next
	maxWebIdentityLifetime = time.Hour
	maxWebIdentityAudience = 1000
)

// kinds are the names of the fields that choose; none in the zero value.
func (s Subject) kinds() (kinds []string) {
	if s.WebIdentity != nil {
		kinds = append(kinds, "WebIdentity")
	}
	if s.File != "" {
		kinds = append(kinds, "File")
	}
	if s.URL != "" {
		kinds = append(kinds, "URL")
	}
	if s.Source != nil {
		kinds = append(kinds, "Source")
	}
	return kinds
}

// faults are those of the whole choice. Values of Headers are not quoted.
func (s Subject) faults() []*FieldError {
	kinds := s.kinds()
	if len(kinds) == 0 && s.Field == "" && s.Type == "" && len(s.Headers) == 0 {
		return nil
	}
	var faults []*FieldError
	fault := func(field, found, want string) {
		faults = append(faults, &FieldError{Field: "Subject" + field, Found: shown(found), Want: want})
	}
	if len(kinds) > 1 {
		fault("", strings.Join(kinds, " and "), "one of WebIdentity, File, URL and Source")
	}
	if len(s.File) > maxFileName || strings.ContainsRune(s.File, 0) {
		fault(".File", shownFile(s.File), "the path of a file")
	}
	if s.URL != "" {
		if u, err := hosts.Parse(s.URL); err != nil || !secure(u) {
			fault(".URL", shownURL(s.URL), "an https URL, or an http one of this machine")
		}
	}
	ofToken := s.File != "" || s.URL != ""
	switch {
	case s.Field != "" && !ofToken:
		fault(".Field", s.Field, "none without a File or a URL")
	case len(s.Field) > maxField:
		fault(".Field", s.Field, "the name of a field, of 256 bytes at most")
	}
	switch {
	case s.Type != "" && !ofToken:
		fault(".Type", s.Type, "none without a File or a URL")
	case len(s.Type) > maxTokenType || !untrusted.Visible(s.Type):
		fault(".Type", s.Type, "a URN, such as "+jwtType)
	case s.Type == AWSSubjectTokenType:
		fault(".Type", s.Type, "another type than that of signed requests, which no file holds: each is good for 15 minutes")
	}
	faults = append(faults, s.headerFaults()...)
	if s.WebIdentity != nil {
		faults = append(faults, s.WebIdentity.faults()...)
	}
	return faults
}

func (s Subject) headerFaults() (faults []*FieldError) {
	if len(s.Headers) > 0 && s.URL == "" {
		faults = append(faults, &FieldError{Field: "Subject.Headers", Found: fmt.Sprint(len(s.Headers)), Want: "none without a URL"})
	}
	if len(s.Headers) > maxHeaders {
		faults = append(faults, &FieldError{Field: "Subject.Headers", Found: fmt.Sprint(len(s.Headers)), Want: "32 at most"})
		return faults
	}
	names := make(map[string]bool)
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		value, canonical := s.Headers[name], http.CanonicalHeaderKey(name)
		twice := names[canonical]
		names[canonical] = true
		switch {
		case twice:
			faults = append(faults, &FieldError{Field: "Subject.Headers", Found: shown(name), Want: "each header once, whatever the case of its name"})
		case !headerName(name):
			faults = append(faults, &FieldError{Field: "Subject.Headers", Found: shown(name), Want: "names of headers (RFC 9110 §5.1), other than those of the connection"})
		case len(value) > maxHeaderValue || strings.ContainsFunc(value, notHeaderValue):
			faults = append(faults, &FieldError{Field: "Subject.Headers", Found: "a value of " + name + " that is not shown", Want: "printable ASCII of 8 KiB at most"})
		}
	}
	return faults
}

// headerName reports whether a program may set a header of that name: a token of RFC 9110 §5.6.2,
// and not one by which HTTP itself works.
func headerName(name string) bool {
	const token = "!#$%&'*+-.^_`|~" + smallLetters + capitals + digits
	switch http.CanonicalHeaderKey(name) {
	case "Connection", "Content-Length", "Host", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return false
	}
	return len(name) <= maxField && hosts.Only(name, token)
}

func notHeaderValue(r rune) bool { return r < ' ' && r != '\t' || r > '~' }

func (o *WebIdentityOptions) faults() (faults []*FieldError) {
	fault := func(field, found, want string) {
		faults = append(faults, &FieldError{Field: "Subject.WebIdentity." + field, Found: shown(found), Want: want})
	}
	if len(o.Audience) > maxWebIdentityAudience || !untrusted.Visible(o.Audience) {
		fault("Audience", o.Audience, "what the provider expects, of visible characters, 1,000 at most")
	}
	if o.Lifetime != 0 && (o.Lifetime < minWebIdentityLifetime || o.Lifetime > maxWebIdentityLifetime || o.Lifetime%time.Second != 0) {
		fault("Lifetime", o.Lifetime.String(), "whole seconds, from 60s to 1h")
	}
	if o.Algorithm != "" && o.Algorithm != webIdentityAlgorithm && o.Algorithm != "ES384" {
		fault("Algorithm", o.Algorithm, "RS256 or ES384")
	}
	return faults
}

// withDefaults is s with every default filled in. It shares nothing with s that its owner may
// change.
func (s Subject) withDefaults(audience string) Subject {
	s.Headers = maps.Clone(s.Headers)
	if s.File != "" || s.URL != "" {
		s.Type = cmp.Or(s.Type, jwtType)
	}
	if s.WebIdentity != nil {
		o := *s.WebIdentity
		o.Audience = cmp.Or(o.Audience, "https:"+audience)
		o.Lifetime = cmp.Or(o.Lifetime, webIdentityLifetime)
		o.Algorithm = cmp.Or(o.Algorithm, webIdentityAlgorithm)
		s.WebIdentity = &o
	}
	return s
}
