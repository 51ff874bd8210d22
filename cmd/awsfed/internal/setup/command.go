package setup

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/awsfed/awsfed-go/awsfed/principal"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
)

// The exit codes of -check, which are those of awsfed doctor.
const (
	judgedFine = iota
	judgedOpen
	judgedWrong
	couldNotRun
)

const help = `Prints what has to be created at Google Cloud for an AWS identity, to be reviewed: as a script of gcloud
commands, as Terraform, or as the credential file of the workload. It creates nothing.

  awsfed setup -project my-project -numeric-project 123456789012 -service-account aws-app \
      -roles roles/storage.objectViewer > setup.sh

Run where the workload runs, it asks AWS who that is; elsewhere -aws-arn says so. The provider admits
that one role of that one account, and nobody else gets the service account. Without -service-account
the roles go to the AWS identity itself (direct resource access).

-check compares an existing provider with the plan:

  gcloud iam workload-identity-pools providers describe PROVIDER --workload-identity-pool=POOL \
      --location=global --format=json | awsfed setup -check …

Exit codes of -check: 0 it is as planned, 1 there is something that awsfed cannot judge, 2 something is
missing or too wide, 3 it could not run. Without -check: 0 and 3.`

type planning struct {
	wanted       Wanted
	roles        command.List
	arn, account string
	format       string
	check        bool
}

// Command is awsfed setup.
func Command() command.Command {
	return command.Command{
		Name: "setup", Misuse: couldNotRun,
		Summary: "print what has to be created at Google Cloud for this AWS identity", Help: help,
		Register: func(flags *flag.FlagSet) command.Runner {
			p := &planning{}
			w := &p.wanted
			flags.StringVar(&w.ProjectID, FlagProject, "", "`ID` of the project that has or gets the pool; required")
			flags.StringVar(&w.ProjectNumber, FlagNumericProject, "", "`number` of that project; required: gcloud projects describe PROJECT --format='value(projectNumber)'")
			flags.StringVar(&w.Pool, FlagPool, "aws-pool", "`ID` of the workload identity pool")
			flags.StringVar(&w.Provider, FlagProvider, "aws-provider", "`ID` of the provider in the pool")
			flags.StringVar(&w.ServiceAccount, FlagServiceAccount, "", "`ID` of a service account in the project, or its email address; none for direct resource access")
			flags.Var(&p.roles, FlagRoles, "comma-separated `roles` to grant in the project, such as roles/storage.objectViewer")
			flags.BoolVar(&w.Sign, FlagSign, false, "let the identity sign as the service account too: signed URLs, JWTs")
			flags.StringVar(&p.arn, FlagARN, "", "`ARN` of the AWS role or user, or of a session; default that of this process")
			flags.StringVar(&p.account, FlagAccount, "", "AWS `account`, of 12 digits; default that of the ARN")
			flags.StringVar(&w.Region, FlagRegion, "", "AWS `region` of the workload; default that of the AWS SDK")
			flags.StringVar(&p.format, "format", "gcloud", "`format` of the plan: gcloud, terraform or credential-file")
			flags.BoolVar(&p.check, "check", false, "compare the provider on standard input, as gcloud describes it in JSON, with the plan")
			return p.run
		},
	}
}

func (p *planning) run(ctx context.Context, in *command.Invocation) (int, error) {
	write, known := map[string]func(*Plan, io.Writer) error{
		"gcloud": (*Plan).WriteGcloud, "terraform": (*Plan).WriteTerraform, "credential-file": (*Plan).WriteCredentialFile,
	}[p.format]
	if !known {
		return couldNotRun, fmt.Errorf("-format: %q is none of gcloud, terraform and credential-file", p.format)
	}
	identity, err := p.identity(ctx)
	if err != nil {
		return couldNotRun, err
	}
	p.wanted.Roles, p.wanted.Identity = p.roles, identity
	plan, err := NewPlan(p.wanted)
	if err != nil {
		return couldNotRun, err
	}
	if p.check {
		return judge(plan, in)
	}
	if err := write(plan, in.Stdout); err != nil {
		return couldNotRun, err
	}
	return command.Succeeded, nil
}

// identity asks AWS, unless the flags say who the workload is.
func (p *planning) identity(ctx context.Context) (principal.Identity, error) {
	if p.arn != "" {
		return principal.Identity{ARN: p.arn, Account: p.account}, nil
	}
	if p.account != "" {
		return principal.Identity{}, errors.New("-aws-account goes with -aws-arn; AWS says both otherwise")
	}
	api, err := NewCallerIdentifier(ctx, p.wanted.Region)
	if err != nil {
		return principal.Identity{}, err
	}
	return Identity(ctx, api)
}

// judge compares what gcloud describes with the plan.
func judge(plan *Plan, in *command.Invocation) (int, error) {
	described, err := io.ReadAll(io.LimitReader(in.Stdin, maxDescribed+1))
	if err != nil {
		return couldNotRun, fmt.Errorf("reading standard input: %w", err)
	}
	findings, err := Check(described, plan)
	if err != nil {
		return couldNotRun, err
	}
	if err := WriteFindings(in.Stdout, findings); err != nil {
		return couldNotRun, err
	}
	switch Worst(findings) {
	case Fine:
		return judgedFine, nil
	case Unjudged:
		return judgedOpen, nil
	}
	return judgedWrong, nil
}
