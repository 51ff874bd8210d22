// Package setup plans what has to be created at Google Cloud for one AWS identity, and prints the
// plan for people to review: as a shell script of gcloud commands, as Terraform, and as the
// credential file of the workload. It creates nothing by itself.
//
//	identity, err := setup.Identity(ctx, client) // who AWS says the caller is
//	plan, err := setup.NewPlan(setup.Wanted{Identity: identity, …})
//	err = plan.WriteGcloud(os.Stdout)
//	findings, err := setup.Check(described, plan) // an existing provider, as gcloud describes it
//
// The plan grants as little as works: the attribute condition of the provider admits one AWS role
// (or user) of one account, the same principal alone may impersonate the service account, and the
// roles in the project are those that were asked for.
//
// Every value that a plan has is held against the syntax of its field first, and then quoted for
// the language that it stands in.
package setup
