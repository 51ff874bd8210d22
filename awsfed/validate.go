package awsfed

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// validate reports every fault of the configuration at once.
func (c Config) validate() (principal.Provider, error) {
	var errs []error
	provider, faults := c.faults()
	for _, fault := range faults {
		errs = append(errs, fault.cleaned())
	}
	return provider, errors.Join(errs...)
}

// What the services take at most, in bytes, with room to spare: an error that quotes more helps
// nobody.
const (
	maxAudience = 512
	maxAccount  = 320 // RFC 5321 §4.5.3.1, 64 + 1 + 255
	maxScope    = 2048
	maxRegion   = 64
	maxDomain   = 253 // RFC 1035 §2.3.4, without the dots at both ends
	maxProject  = 256
	maxClient   = 512

	maxUserProject = 32 // the reference of STS

	maxListed = 5 // faults of one list
)

func (c Config) faults() (principal.Provider, []*FieldError) {
	var faults []*FieldError
	fault := func(field, found, want string) {
		faults = append(faults, &FieldError{Field: field, Found: shown(found), Want: want})
	}
	faultsOf := func(field string, values []string, want string, good func(string) bool) {
		bad := 0
		for _, value := range values {
			if good(value) {
				continue
			}
			if bad++; bad <= maxListed {
				fault(field, value, want)
			}
		}
		if bad > maxListed {
			fault(field, fmt.Sprintf("%d more like these", bad-maxListed), want)
		}
	}
	const audience = "//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER"
	provider, err := principal.ParseAudience(c.Audience[:min(len(c.Audience), maxAudience+1)])
	switch {
	case c.Audience == "", err != nil && shown(c.Audience) != c.Audience: // whose reason would quote it
		fault("Audience", c.Audience, audience)
	case err != nil:
		fault("Audience", c.Audience, audience+" ("+reason(err)+")")
	}
	const account = "the email address or the unique ID of a service account"
	goodAccount := func(s string) bool { return len(s) <= maxAccount && serviceAccountName(s) }
	if c.ServiceAccount != "" && !goodAccount(c.ServiceAccount) {
		fault("ServiceAccount", c.ServiceAccount, account)
	}
	faultsOf("Delegates", c.Delegates, account+", alone or after "+accountResource, func(s string) bool { return goodAccount(delegateName(s)) })
	if len(c.Delegates) > 0 && c.ServiceAccount == "" {
		fault("Delegates", strings.Join(c.Delegates, ","), "none without a ServiceAccount")
	}
	faultsOf("Scopes", c.Scopes, "one scope an entry, such as "+CloudPlatformScope, func(scope string) bool {
		return scope != "" && len(scope) <= maxScope && !strings.ContainsAny(scope, " ,\t\r\n\"\\")
	})
	switch {
	case c.Lifetime == 0:
	case c.Lifetime < time.Second || c.Lifetime > maxLifetime || c.Lifetime%time.Second != 0:
		fault("Lifetime", c.Lifetime.String(), "whole seconds, from 1s to 12h")
	case c.ServiceAccount == "":
		fault("Lifetime", c.Lifetime.String(), "none without a ServiceAccount: Google sets that of federated tokens")
	}
	if c.Timeout < 0 {
		fault("Timeout", c.Timeout.String(), "a positive duration, or 0 for 30s")
	}
	if c.Reserve < 0 {
		fault("Reserve", c.Reserve.String(), "a positive duration, or 0 for half of a token's life")
	}
	if c.Region != "" && (len(c.Region) > maxRegion || !regionName(c.Region)) {
		fault("Region", c.Region, "an AWS region, such as us-east-1")
	}
	if c.UniverseDomain != "" && (len(c.UniverseDomain) > maxDomain || !domainName(c.UniverseDomain)) {
		fault("UniverseDomain", c.UniverseDomain, "a domain, such as googleapis.com")
	}
	if quotaProject := quotaProjectFault(c.QuotaProject); quotaProject != nil {
		faults = append(faults, quotaProject)
	}
	if len(c.UserProject) > maxUserProject || strings.ContainsFunc(c.UserProject, notHeaderText) {
		fault("UserProject", c.UserProject, "a project's ID or number, of 32 characters at most")
	}
	if c.Federated != nil {
		switch r := c.Federated.refresher(); {
		case r == nil:
			fault("Federated", "a source that no constructor made", "a source of federated tokens: NewTokenSource without a ServiceAccount makes one")
		case r.kind == ServiceAccountToken || r.kind == IDToken || r.kind == DelegatedToken:
			fault("Federated", "a source of the kind "+string(r.kind), "a source of federated tokens: NewTokenSource without a ServiceAccount makes one")
		case c.ServiceAccount == "":
			fault("Federated", string(r.kind), "none without a ServiceAccount: it is what NewTokenSource would give")
		}
	}
	faults = append(faults, c.clientFaults()...)
	faults = append(faults, c.Subject.faults()...)
	return provider, append(faults, c.urlFaults()...)
}

// clientFaults says nothing of what the secret is: it would quote it.
func (c Config) clientFaults() (faults []*FieldError) {
	switch {
	case (c.ClientID == "") == (c.ClientSecret == ""):
	case c.ClientID == "":
		faults = append(faults, &FieldError{Field: "ClientID", Want: "the client that ClientSecret is of"})
	default:
		faults = append(faults, &FieldError{Field: "ClientSecret", Want: "the secret of ClientID"})
	}
	if len(c.ClientID) > maxClient || strings.ContainsFunc(c.ClientID, notHeaderText) || strings.Contains(c.ClientID, ":") {
		faults = append(faults, &FieldError{Field: "ClientID", Found: shown(c.ClientID), Want: "visible characters without a colon (RFC 7617 §2), 512 at most"})
	}
	if len(c.ClientSecret) > maxClient || strings.ContainsFunc(c.ClientSecret, notHeaderText) {
		faults = append(faults, &FieldError{Field: "ClientSecret", Found: "a text of other characters, or longer", Want: "visible characters, 512 at most"})
	}
	return faults
}

func (c Config) urlFaults() []*FieldError {
	var faults []*FieldError
	for _, f := range []struct {
		field, value, want string
		allowed            func(*url.URL) bool
	}{
		{"TokenURL", c.TokenURL, "an https URL, such as https://sts.googleapis.com/v1/token",
			func(u *url.URL) bool { return secure(u) && u.RawQuery == "" }},
		{"IAMCredentialsEndpoint", c.IAMCredentialsEndpoint, "an https URL, such as https://iamcredentials.googleapis.com",
			func(u *url.URL) bool { return secure(u) && u.RawQuery == "" }},
		{"OAuthTokenURL", c.OAuthTokenURL, "an https URL, such as " + defaultOAuthTokenURL(defaultUniverse),
			func(u *url.URL) bool { return secure(u) && u.RawQuery == "" }},
		{"VerificationURL", strings.ReplaceAll(c.VerificationURL, regionPlaceholder, fallbackRegion),
			"an https URL with the query Action=GetCallerIdentity&Version=2011-06-15 and nothing else, such as " + defaultVerificationURL,
			callerIdentityURL},
		{"MetadataEndpoint", c.MetadataEndpoint, "an https URL without a path, or an http one of this machine or of EC2's metadata service",
			func(u *url.URL) bool {
				return u.RawQuery == "" && strings.Trim(u.Path, "/") == "" && (secure(u) || ec2Plain(u))
			}},
	} {
		if f.value == "" {
			continue
		}
		if u, err := hosts.Parse(f.value); err != nil || !f.allowed(u) {
			found := f.value
			if f.field == "VerificationURL" {
				found = c.VerificationURL
			}
			faults = append(faults, &FieldError{Field: f.field, Found: shown(shownURL(found)), Want: f.want})
		}
	}
	return faults
}

// secure is the rule for hosts that a program sets itself: https, or http to this machine.
func secure(u *url.URL) bool {
	return u.Scheme == "https" || u.Scheme == "http" && hosts.Loopback(u.Hostname())
}

// ec2Plain is the one exception to it: EC2 has its metadata over http alone.
func ec2Plain(u *url.URL) bool { return u.Scheme == "http" && hosts.EC2Metadata(u.Hostname()) }

// callerIdentityURL compares the query letter by letter: whatever else it held would be signed too.
func callerIdentityURL(u *url.URL) bool {
	const action, version = "Action=GetCallerIdentity", "Version=2011-06-15"
	return secure(u) && (u.EscapedPath() == "" || u.EscapedPath() == "/") &&
		(u.RawQuery == action+"&"+version || u.RawQuery == version+"&"+action)
}

// shown is as much of a value as an error quotes: no password of a URL, and not without end.
func shown(s string) string {
	const most = 150
	if strings.Contains(s, "://") {
		s = shownURL(s)
	}
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(s[:most], ""), len(s))
}

// shownURL is s unless there is a user in it, which is no business of a URL and may have a
// password. An at sign is that of an account where the method of one is called, and else that of a
// user.
func shownURL(s string) string {
	before, account, _ := strings.Cut(strings.ReplaceAll(s, "%40", "@"), "/v1/projects/-/serviceAccounts/")
	name, domain, _ := strings.Cut(account, "@")
	if strings.Contains(before, "@") || domain != "" && strings.ContainsAny(name, ":/") || strings.Contains(domain, "@") {
		return "a URL with a user or a password, which is not shown"
	}
	return s
}

// reason is an error without the value that it starts with.
func reason(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		err = inner
	}
	return err.Error()
}

func notHeaderText(r rune) bool { return r <= ' ' || r > '~' }

func quotaProjectFault(project string) *FieldError {
	if len(project) > maxProject || strings.ContainsFunc(project, notHeaderText) {
		return &FieldError{Field: "QuotaProject", Found: shown(project), Want: "a project's ID or number"}
	}
	return nil
}
