package metadataserver

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// An identity is what the server answers with: one configuration and its accounts. It does not
// change; another one takes its place.
type identity struct {
	turn    uint64 // of Replace; later ones are greater
	main    *account
	project string
	root    *node // below computeMetadata/v1
}

// newIdentity makes the sources and asks for no token.
func newIdentity(ctx context.Context, cfg awsfed.Config, o Options) (*identity, error) {
	provider, err := principal.ParseAudience(cfg.Audience)
	if err != nil {
		return nil, everyFault(ctx, cfg, err)
	}
	impersonated := cfg
	if cfg.Federated == nil && (cfg.ServiceAccount != "" || len(o.Accounts) > 0) {
		federated := cfg
		federated.ServiceAccount, federated.Delegates, federated.Scopes, federated.Lifetime = "", nil, nil, 0
		if impersonated.Federated, err = awsfed.NewTokenSource(ctx, federated); err != nil {
			return nil, everyFault(ctx, cfg, err)
		}
	}
	if cfg.ServiceAccount != "" {
		cfg = impersonated
	}
	name := cmp.Or(cfg.ServiceAccount, directName(provider))
	main, err := newAccount(ctx, cfg, name)
	if err != nil {
		return nil, err
	}
	accounts := []*node{main.node("default", []string{"default"}), main.node(name, []string{"default"})}
	for i, email := range o.Accounts {
		if email == name || slices.Contains(o.Accounts[:i], email) {
			continue
		}
		other := impersonated
		other.ServiceAccount, other.Delegates = email, nil
		a, err := newAccount(ctx, other, email)
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, a.node(email, []string{}))
	}
	number := cmp.Or(o.NumericProjectID, provider.ProjectNumber)
	var zone *node
	if o.Zone != "" {
		zone = leaf("zone", "zone", "projects/"+number+"/zones/"+o.Zone)
	}
	project := cmp.Or(o.ProjectID, projectOf(cfg.ServiceAccount), number)
	return &identity{main: main, project: project, root: directory("", "",
		directory("instance", "instance",
			directory("attributes", "attributes"),
			directory("service-accounts", "serviceAccounts", accounts...),
			zone),
		directory("project", "project",
			directory("attributes", "attributes"),
			leaf("numeric-project-id", "numericProjectId", json.Number(number)),
			leaf("project-id", "projectId", project)),
		directory("universe", "universe",
			leaf("universe-domain", "universeDomain", cmp.Or(cfg.UniverseDomain, "googleapis.com"))),
	)}, nil
}

// everyFault tells what else is wrong with a configuration that has the fault err.
func everyFault(ctx context.Context, cfg awsfed.Config, err error) error {
	if _, all := awsfed.NewTokenSource(ctx, cfg); all != nil {
		return all
	}
	return err
}

// directName stands in place of an email address where there is no service account: the trust
// domain of the pool, as Google names that of a managed workload identity.
func directName(p principal.Provider) string {
	return p.Pool + ".global." + p.ProjectNumber + ".workload.id.goog"
}

// projectOf is the project of a service account that was made in one; "" for others, such as
// NUMBER-compute@developer.gserviceaccount.com.
func projectOf(account string) string {
	name, domain, _ := strings.Cut(account, "@")
	if domain == "appspot.gserviceaccount.com" { // of App Engine, whose name is the project's
		return name
	}
	project, found := strings.CutSuffix(domain, ".iam.gserviceaccount.com")
	if !found {
		return ""
	}
	if name, organization, found := strings.Cut(project, "."); found {
		return organization + ":" + name // such as example.com:project
	}
	return project
}
