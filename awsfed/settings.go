package awsfed

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// settings are a Config that was judged once: valid, with its defaults, and parsed. The layers are
// made of them, and they share nothing with the Config that its owner may change.
type settings struct {
	Config
	provider principal.Provider
	tokenURL *url.URL
	iamURL   *url.URL
	client   *http.Client // for Google, without redirects
	hints    hints
}

// resolve reports every fault of cfg at once.
func resolve(cfg Config) (*settings, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &settings{Config: cfg.withDefaults(), client: call.Client(cfg.HTTPClient)}
	var err error
	if s.provider, err = principal.ParseAudience(s.Audience); err != nil {
		return nil, err
	}
	if s.tokenURL, err = url.Parse(s.TokenURL); err != nil {
		return nil, err
	}
	if s.iamURL, err = url.Parse(s.IAMCredentialsEndpoint); err != nil {
		return nil, err
	}
	s.hints = newHints(s)
	return s, nil
}

// exchangeScopes are those of the federated token: for impersonation Google asks for
// cloud-platform, whatever the scopes of the final token are.
func (s *settings) exchangeScopes() []string {
	if s.ServiceAccount != "" {
		return []string{CloudPlatformScope}
	}
	return s.Scopes
}

// withDefaults is c with every default filled in. It shares nothing with c that c's owner may
// change.
func (c Config) withDefaults() Config {
	universe := cmp.Or(c.UniverseDomain, defaultUniverse)
	c.Delegates = slices.Clone(c.Delegates)
	c.Scopes = slices.Clone(c.Scopes)
	if len(c.Scopes) == 0 {
		c.Scopes = []string{CloudPlatformScope}
	}
	c.Lifetime = cmp.Or(c.Lifetime, defaultLifetime)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.TokenURL = cmp.Or(c.TokenURL, defaultTokenURL(universe))
	c.IAMCredentialsEndpoint = strings.TrimRight(cmp.Or(c.IAMCredentialsEndpoint, defaultIAMCredentials(universe)), "/")
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

func defaultTokenURL(universe string) string { return "https://sts." + universe + "/v1/token" }

func defaultIAMCredentials(universe string) string { return "https://iamcredentials." + universe }
