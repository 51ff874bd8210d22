package world

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/config"
	"github.com/awsfed/awsfed-go/awsfed/internal/clouds"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// Build makes the clouds that a configuration file describes, with its faults on. The logger gets
// one line for each request; nil for none. The error has one line for each fault of the file, with
// its line and path.
func Build(data []byte, logger *slog.Logger) (*awsfedtest.Cloud, error) {
	file, faults := config.Parse(data)
	b := builder{file: file, faults: faults, keys: make(map[string]bool)}
	cloud := b.build(logger)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return cloud, nil
}

// builder makes the clouds of one file.
type builder struct {
	file   config.File
	faults *config.Faults
	clouds clouds.Pair
	home   principal.Provider // the provider that awsfedtest.New makes
	keys   map[string]bool    // the IDs of users' access keys
}

// build makes clouds as far as it can, and adds to the faults what it cannot.
func (b *builder) build(logger *slog.Logger) *awsfedtest.Cloud {
	b.checkRegion()
	if d := b.file.Google.FederatedLifetime; d != 0 && d < time.Second {
		b.faults.Addf("google.federated_lifetime", "%v is less than 1s", d)
	}
	options := awsfedtest.Options{
		Partition:         string(b.file.AWS.Partition),
		Region:            b.file.AWS.Region,
		KeyLifetime:       b.file.AWS.KeyLifetime,
		ProjectNumber:     string(b.file.Google.Project.Number),
		ProjectID:         b.file.Google.Project.ID,
		Universe:          b.file.Google.Universe,
		FederatedLifetime: b.file.Google.FederatedLifetime,
		Logger:            logger,
	}
	if accounts := b.file.AWS.Accounts; len(accounts) > 0 {
		options.Account = string(accounts[0].ID)
		options.Role = b.homeRole()
	}
	home := b.homeProvider()
	options.Pool, options.Provider = string(home.pool), string(home.ID)
	options.Mapping, options.Condition = home.mapping, home.condition
	if accounts := b.file.Google.ServiceAccounts; len(accounts) > 0 {
		options.ServiceAccount = accounts[0].Email
	}
	cloud := awsfedtest.New(options)
	cloud.Reveal(&b.clouds)
	b.home = cloud.Provider()

	b.addAWS()
	b.addPools(home)
	b.addServiceAccounts()
	b.addWorkspace()
	b.setPolicy()
	for i, name := range b.file.Faults {
		if fault, ok := awsfedtest.FaultByName(string(name)); ok {
			fault.Inject(cloud)
		} else {
			b.faults.Addf(fmt.Sprintf("faults[%d]", i), "there is no fault %q", string(name))
		}
	}
	return cloud
}

// homeProvider returns the first AWS provider of the file, for awsfedtest.New. Without pools it is
// that of the default world, and without an AWS provider one that addPools deletes.
func (b *builder) homeProvider() provider {
	if b.file.Google.Pools == nil {
		return provider{}
	}
	for i, pool := range b.file.Google.Pools {
		for j, p := range pool.Providers {
			if p.AWS != nil {
				return b.provider(pool.ID, p, fmt.Sprintf("google.pools[%d].providers[%d]", i, j))
			}
		}
	}
	return provider{pool: "no-pool", Provider: config.Provider{ID: "no-aws-provider"}}
}

// setPolicy comes last, since what the file has is there before the policy.
func (b *builder) setPolicy() {
	google := b.file.Google
	b.clouds.Google.SetPropagation(google.Propagation)
	b.clouds.Google.SetUnsettled(google.Unsettled)
	b.clouds.Google.SetOrganizationPolicy(organizationPolicy(google.OrganizationPolicy))
}

// addWorkspace adds the users of the Workspace and its grants.
func (b *builder) addWorkspace() {
	const at = "google.workspace"
	for i, email := range b.file.Google.Workspace.Users {
		if err := b.clouds.Google.AddWorkspaceUser(email); err != nil {
			b.faults.Add(fmt.Sprintf("%s.users[%d]", at, i), err)
		}
	}
	for i, d := range b.file.Google.Workspace.Delegations {
		if err := b.clouds.Google.DelegateDomain(d.ServiceAccount, d.Scopes...); err != nil {
			b.faults.Add(fmt.Sprintf("%s.delegations[%d]", at, i), err)
		}
	}
}
