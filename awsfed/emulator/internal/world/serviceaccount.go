package world

import (
	"fmt"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/config"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

// addServiceAccounts puts the service accounts of the file in the place of the default one. All are
// there before the first binding.
func (b *builder) addServiceAccounts() {
	accounts, google := b.file.Google.ServiceAccounts, b.clouds.Google
	b.grant(b.file.Google.Project.Bindings, "google.project.bindings", google.GrantProject)
	if accounts == nil {
		return
	}
	_, _ = google.DeleteServiceAccount(google.ServiceAccount()) // which is there
	for i, account := range accounts {
		_, err := google.AddServiceAccount(fakegoogle.ServiceAccount{
			Email: account.Email, UniqueID: string(account.UniqueID), OrganizationNumber: account.OrganizationNumber,
			ExtendedLifetime: account.ExtendedLifetime, Disabled: account.Disabled,
		})
		if err != nil {
			b.faults.Add(fmt.Sprintf("google.service_accounts[%d]", i), err)
		}
	}
	for i, account := range accounts {
		b.grant(account.Bindings, fmt.Sprintf("google.service_accounts[%d].bindings", i), func(role, member string) error {
			return google.Grant(account.Email, role, member)
		})
	}
}

// grant adds the bindings of an IAM policy.
func (b *builder) grant(bindings []config.Binding, at string, grant func(role, member string) error) {
	for i, binding := range bindings {
		for j, member := range binding.Members {
			if err := grant(string(binding.Role), member); err != nil {
				b.faults.Add(fmt.Sprintf("%s[%d].members[%d]", at, i, j), err)
			}
		}
	}
}
