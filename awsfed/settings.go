package awsfed

import (
	"cmp"
	"log/slog"
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
	client   *call.Client // for Google
	hints    *hints
}

// resolve reports every fault of cfg at once.
func resolve(cfg Config) (*settings, error) {
	provider, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	s := &settings{Config: cfg.withDefaults(), provider: provider, client: call.NewClient(cfg.HTTPClient)}
	s.hints = newHints(s, hostOf(s.TokenURL), hostOf(s.IAMCredentialsEndpoint))
	return s, nil
}

// hostOf is the host of a URL that is valid, with its port.
func hostOf(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// providerName is the provider without the service's name in front.
func (s *settings) providerName() string {
	return strings.TrimPrefix(s.Audience, "//iam.googleapis.com/")
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
	for i, delegate := range c.Delegates {
		c.Delegates[i] = delegateName(delegate)
	}
	c.Scopes = slices.Clone(c.Scopes)
	if len(c.Scopes) == 0 {
		c.Scopes = []string{CloudPlatformScope}
	}
	c.Lifetime = cmp.Or(c.Lifetime, defaultLifetime)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.TokenURL = cmp.Or(c.TokenURL, defaultTokenURL(universe))
	c.IAMCredentialsEndpoint = strings.TrimRight(cmp.Or(c.IAMCredentialsEndpoint, defaultIAMCredentials(universe)), "/")
	c.OAuthTokenURL = cmp.Or(c.OAuthTokenURL, defaultOAuthTokenURL(universe))
	c.Subject = c.Subject.withDefaults(c.Audience)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

func defaultTokenURL(universe string) string {
	if universe == defaultUniverse {
		return "https://sts.googleapis.com/v1/token" // no copy for each source
	}
	return "https://sts." + universe + "/v1/token"
}

func defaultOAuthTokenURL(universe string) string {
	if universe == defaultUniverse {
		return "https://oauth2.googleapis.com/token"
	}
	return "https://oauth2." + universe + "/token"
}

func defaultIAMCredentials(universe string) string {
	if universe == defaultUniverse {
		return "https://iamcredentials.googleapis.com"
	}
	return "https://iamcredentials." + universe
}
