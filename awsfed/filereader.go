package awsfed

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
)

// A fileReader makes a configuration of a credential file.
type fileReader struct {
	credentialFile
	rules    fileRules
	universe string
	cfg      Config
	faults   []error
	faulty   map[string]bool
}

// config checks every field and builds the configuration.
func (f credentialFile) config(rules fileRules) (Config, error) {
	r := &fileReader{credentialFile: f, rules: rules, universe: cmp.Or(f.UniverseDomain, defaultUniverse), faulty: make(map[string]bool)}
	r.cfg = Config{Audience: f.Audience, QuotaProject: f.QuotaProject, ClientID: f.ClientID, ClientSecret: f.ClientSecret}
	if f.around != nil {
		r.readAround()
	}
	r.readTokenURL()
	r.readImpersonation()
	if f.Source.hasToken() {
		r.readSubject()
	} else {
		r.readAWS()
	}
	// What holds for every Config holds for this one, under the names of the file.
	_, general := r.cfg.faults()
	for _, fault := range general {
		r.fault(fieldInFile(fault.Field), fault.Found, fault.Want)
	}
	if len(r.faults) > 0 {
		return Config{}, errors.Join(r.faults...)
	}
	return r.cfg, nil
}

// fault notes the first fault of a field, by the path that it has in a file of its own.
func (r *fileReader) fault(field, found, want string) {
	if field = r.path(field); !r.faulty[field] {
		r.faulty[field] = true
		r.faults = append(r.faults, (&FieldError{Field: field, Found: shown(found), Want: want}).cleaned())
	}
}

func (r *fileReader) readTokenURL() {
	if r.universe != defaultUniverse {
		r.cfg.UniverseDomain = r.universe
		if !slices.Contains(r.rules.universes, r.universe) {
			r.fault("universe_domain", r.universe, defaultUniverse+", or a domain that FileOptions.Universes allows")
		}
	}
	if r.TokenURL == "" || r.TokenURL == defaultTokenURL(r.universe) {
		return
	}
	google := func(u *url.URL) bool {
		return u.Scheme == "https" && hosts.Google(u.Hostname(), "sts", r.universe) &&
			(u.EscapedPath() == "/v1/token" || u.EscapedPath() == "/v1beta/token")
	}
	if _, ok := r.rules.token.permit(r.TokenURL, google); !ok {
		r.fault("token_url", shownURL(r.TokenURL), r.rules.token.want(defaultTokenURL(r.universe)))
	}
	r.cfg.TokenURL = r.TokenURL
}

func (r *fileReader) readImpersonation() {
	if r.ImpersonationURL == "" {
		if r.Impersonation != nil { // delegates to nobody are a fault, and a lifetime is not
			r.cfg.Delegates = r.Impersonation.Delegates
		}
		return
	}
	endpoint, account, ok := cutImpersonationURL(r.ImpersonationURL)
	google := func(u *url.URL) bool {
		return u.Scheme == "https" && hosts.Google(u.Hostname(), "iamcredentials", r.universe) && u.Path == ""
	}
	if _, permitted := r.rules.token.permit(endpoint, google); !ok || !permitted {
		r.fault("service_account_impersonation_url", shownURL(r.ImpersonationURL),
			r.rules.token.want(impersonationURL(defaultIAMCredentials(r.universe), "EMAIL")))
	}
	r.cfg.ServiceAccount = account
	if endpoint != defaultIAMCredentials(r.universe) {
		r.cfg.IAMCredentialsEndpoint = endpoint
	}
	if r.Impersonation == nil {
		return
	}
	if account != "" { // else they would seem to be of nobody
		r.cfg.Delegates = r.Impersonation.Delegates
	}
	seconds := r.Impersonation.Lifetime
	if seconds < 0 || seconds > int64(maxLifetime/time.Second) { // before it can overflow
		r.fault("service_account_impersonation.token_lifetime_seconds", fmt.Sprint(seconds), "1 to 43200")
	} else {
		r.cfg.Lifetime = time.Duration(seconds) * time.Second
	}
}

func cutImpersonationURL(raw string) (endpoint, account string, ok bool) {
	const resource = "/v1/projects/-/serviceAccounts/"
	start := strings.LastIndex(raw, resource)
	if start < 0 {
		return raw, "", false
	}
	escaped, isMethod := strings.CutSuffix(raw[start+len(resource):], ":generateAccessToken")
	account, err := url.PathUnescape(escaped)
	return raw[:start], account, isMethod && err == nil && serviceAccountName(account)
}
