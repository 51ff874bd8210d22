package world

import (
	"fmt"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

// addServiceAccounts puts the service accounts of the file in the place of the default one. All are
// there before the first binding.
func (b *builder) addServiceAccounts() {
	accounts, google := b.file.Google.ServiceAccounts, b.clouds.Google
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
		for j, binding := range account.Bindings {
			for k, member := range binding.Members {
				if err := google.Grant(account.Email, string(binding.Role), member); err != nil {
					b.faults.Add(fmt.Sprintf("google.service_accounts[%d].bindings[%d].members[%d]", i, j, k), err)
				}
			}
		}
	}
}
