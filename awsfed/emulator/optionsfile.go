package main

import (
	"encoding/json"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// optionsFile is the configuration file of the world that the command line's options describe, with
// their defaults, so that the admin API has one form of a world.
func optionsFile(options awsfedtest.Options) []byte {
	type (
		object = map[string]any
		list   = []any
	)
	cloud := awsfedtest.New(options)
	o := cloud.Options()
	role := "arn:" + o.Partition + ":sts::" + o.Account + ":assumed-role/" + o.Role // by which Google's default mapping knows it
	data, _ := json.MarshalIndent(object{
		"aws": object{
			"partition": o.Partition,
			"region":    o.Region,
			"accounts": list{object{
				"id":    o.Account,
				"roles": list{object{"name": o.Role, "trusts": list{o.Account}}},
			}},
		},
		"google": object{
			"project": object{"number": o.ProjectNumber, "id": o.ProjectID},
			"pools": list{object{
				"id":        o.Pool,
				"providers": list{object{"id": o.Provider, "aws": object{"account": o.Account}}},
			}},
			"service_accounts": list{object{
				"email": o.ServiceAccount,
				"bindings": list{object{
					"role":    "roles/iam.workloadIdentityUser",
					"members": list{cloud.Provider().Attribute("aws_role", role)},
				}},
			}},
		},
	}, "", "  ") // of texts, which cannot fail
	return append(data, '\n')
}
