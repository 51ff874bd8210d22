package metadataserver

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/internal/untrusted"
)

// Bounds of what requests choose: each set of scopes and each audience has a source of its own.
const (
	maxScopeSources    = 16 // of an account
	maxAudienceSources = 256
	maxParameter       = 2048 // bytes
)

// leastReserve is how much is left of a token when it is replaced at the latest. It is more than
// the margin of any client, which is six minutes in .NET and five at others: one that is given a
// token within its margin asks again at once, and again.
const leastReserve = 6*time.Minute + 30*time.Second

// reserved is cfg for tokens with that much life, zero for what the default is. Half of an hour is
// enough.
func reserved(cfg awsfed.Config, life time.Duration) awsfed.Config {
	if cfg.Reserve > 0 || leastReserve < life && life < 2*leastReserve {
		cfg.Reserve = max(cfg.Reserve, leastReserve)
	}
	return cfg
}

// An account is one service account, or the federated identity itself.
type account struct {
	cfg       awsfed.Config
	email     string // what clients are told
	scopes    []string
	byDefault *source // of the default scopes
	scoped    *recent
	audience  *recent
}

func newAccount(ctx context.Context, cfg awsfed.Config, email string) (*account, error) {
	tokens, err := awsfed.NewTokenSource(ctx, reserved(cfg, cfg.Lifetime))
	if err != nil {
		return nil, err
	}
	a := &account{cfg: cfg, email: email, scopes: slices.Clone(cfg.Scopes), byDefault: &source{tokens: tokens},
		scoped: newRecent(maxScopeSources), audience: newRecent(maxAudienceSources)}
	if len(a.scopes) == 0 {
		a.scopes = []string{awsfed.CloudPlatformScope}
	}
	return a, nil
}

// node is the account's directory.
func (a *account) node(name string, aliases []string) *node {
	token := &node{name: "token", json: "token", ask: a.token, route: routeToken}
	identity := &node{name: "identity", json: "identity", ask: a.identity, route: routeIdentity}
	return directory(name, name,
		leaf("aliases", "aliases", value(aliases)), leaf("email", "email", a.email), leaf("scopes", "scopes", value(a.scopes)),
		token, identity)
}

// token answers with an access token.
func (a *account) token(ctx context.Context, query url.Values) (answer, error) {
	source, err := a.sourceOf(ctx, query.Get("scopes"))
	if err != nil {
		return answer{}, err
	}
	return source.accessToken(ctx)
}

// sourceOf gives the source of tokens with these scopes, which stand between commas.
func (a *account) sourceOf(ctx context.Context, parameter string) (*source, error) {
	if parameter == "" {
		return a.byDefault, nil
	}
	scopes := strings.Split(parameter, ",")
	if len(parameter) > maxParameter || !untrusted.Visible(parameter) || slices.Contains(scopes, "") {
		return nil, badRequest("scopes is not a list between commas, of at most 2,048 visible characters")
	}
	if scopes = setOf(scopes); slices.Equal(scopes, setOf(a.scopes)) {
		return a.byDefault, nil
	}
	return a.scoped.get(strings.Join(scopes, ","), func() (*awsfed.TokenSource, error) {
		cfg := a.cfg
		cfg.Scopes = scopes
		return awsfed.NewTokenSource(ctx, reserved(cfg, cfg.Lifetime))
	})
}

// setOf is the same for the same scopes, whatever their order.
func setOf(scopes []string) []string { return slices.Compact(slices.Sorted(slices.Values(scopes))) }

// identity answers with an ID token. The parameters format and licenses are about claims of an
// instance, which is not there.
func (a *account) identity(ctx context.Context, query url.Values) (answer, error) {
	audience := query.Get("audience")
	switch {
	case audience == "" || len(audience) > maxParameter || !untrusted.Visible(audience):
		return answer{}, badRequest("audience is missing, or is not one of at most 2,048 visible characters")
	case a.cfg.ServiceAccount == "":
		return answer{}, notFound("there are ID tokens of service accounts alone, and this identity has direct access without one")
	}
	source, err := a.audience.get(audience, func() (*awsfed.TokenSource, error) {
		return awsfed.NewIDTokenSource(ctx, reserved(a.cfg, 0), audience)
	})
	if err != nil {
		return answer{}, err
	}
	return source.idToken(ctx)
}
