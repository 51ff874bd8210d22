#!/usr/bin/env bash
# Lets an AWS identity use Google Cloud without a key, by workload identity federation.
#
#   AWS identity     arn:aws:sts::123456789012:assumed-role/app
#   AWS account      123456789012
#   project          my-project, number 912480652101
#   provider         aws-pool/prod
#   service account  none: the AWS identity has the roles itself (direct resource access)
#   project roles    roles/storage.objectViewer
#
# Every session of the role app is let in: whoever may assume it at AWS, see its trust policy, and
# whatever runs with it.
#
# Read it first, then run it: it needs roles/iam.workloadIdentityPoolAdmin,
# roles/serviceusage.serviceUsageAdmin and, for a service account, roles/iam.serviceAccountAdmin;
# for roles in the project roles/resourcemanager.projectIamAdmin. What exists stays as it is. Where
# a command does not know yet what the one before it created, run the script again in a minute:
# nothing is done twice.
set -euo pipefail

# The principals below have the project by its number. With the number of another project they would
# be those of a pool there, and its identities would be let in here.
number=$(gcloud projects describe my-project \
    --format='value(projectNumber)')
if [ "$number" != 912480652101 ]; then
  echo 'the project my-project has another number than 912480652101: make the plan again, with its number' >&2
  exit 1
fi

# The APIs that this needs. It takes up to some minutes until they answer. Enabled ones stay as they
# are, and there is no need to undo it: others may use them.
gcloud services enable iam.googleapis.com sts.googleapis.com cloudresourcemanager.googleapis.com \
    --project=my-project

# The pool. All providers in a pool share its principals: whoever may add one to it, or change the
# mapping of one, can become any of them. So it is for identities of AWS alone, and best for those
# of one team.
# Undo, which ends all access through the pool at once. The ID is taken for 30 days then; until
# that, undelete brings the pool back with everything in it:
#   gcloud iam workload-identity-pools delete projects/912480652101/locations/global/workloadIdentityPools/aws-pool
#   gcloud iam workload-identity-pools undelete projects/912480652101/locations/global/workloadIdentityPools/aws-pool
state=$(gcloud iam workload-identity-pools describe aws-pool \
    --location=global \
    --project=my-project \
    --format='value(state)' 2>/dev/null || true)
case $state in
'')
  gcloud iam workload-identity-pools create aws-pool \
      --location=global \
      --display-name=AWS \
      --description='Identities of AWS, without keys' \
      --project=my-project
  ;;
ACTIVE)
  echo 'the pool aws-pool exists, and stays as it is' >&2
  ;;
*)
  echo 'the pool aws-pool is not active: bring it back by undelete, see the comment, or choose another ID' >&2
  exit 1
  ;;
esac

# The provider: whom Google lets in. The account is that of --account-id. The mapping is Google's
# default for AWS, written out so that it can be reviewed. The condition admits this one role or
# user of the account, and nobody else even if a binding is too wide. It replaces the condition as a
# whole when it is set, so another role is let in by joining a clause with ||.
#
# Two policies of an organisation can refuse this, with FAILED_PRECONDITION and "Org Policy violated
# for value". They are enforced when a provider is created or updated, not when tokens are
# exchanged: a provider that is there goes on working.
# constraints/iam.workloadIdentityPoolProviders refuses unless its values have
# https://sts.amazonaws.com, and constraints/iam.workloadIdentityPoolAwsAccounts unless its values
# have the account. See which values are in effect:
#   gcloud resource-manager org-policies describe constraints/iam.workloadIdentityPoolProviders --project=my-project --effective
#   gcloud resource-manager org-policies describe constraints/iam.workloadIdentityPoolAwsAccounts --project=my-project --effective
# An exception is made by somebody with roles/orgpolicy.policyAdmin. Ask for these two, and say
# which account and which role they are for:
#   gcloud resource-manager org-policies allow constraints/iam.workloadIdentityPoolProviders https://sts.amazonaws.com --project=my-project
#   gcloud resource-manager org-policies allow constraints/iam.workloadIdentityPoolAwsAccounts 123456789012 --project=my-project
#
# Undo, which ends new token exchanges within seconds, while tokens that exist work until they end;
# and how to take that back within 30 days:
#   gcloud iam workload-identity-pools providers delete projects/912480652101/locations/global/workloadIdentityPools/aws-pool/providers/prod
#   gcloud iam workload-identity-pools providers undelete projects/912480652101/locations/global/workloadIdentityPools/aws-pool/providers/prod
state=$(gcloud iam workload-identity-pools providers describe prod \
    --location=global \
    --workload-identity-pool=aws-pool \
    --project=my-project \
    --format='value(state)' 2>/dev/null || true)
case $state in
'')
  gcloud iam workload-identity-pools providers create-aws prod \
      --display-name=AWS \
      --account-id=123456789012 \
      --attribute-mapping='google.subject=assertion.arn,attribute.aws_role=assertion.arn.contains("assumed-role") ? assertion.arn.extract("{account_arn}assumed-role/") + "assumed-role/" + assertion.arn.extract("assumed-role/{role_name}/") : assertion.arn' \
      --attribute-condition='assertion.account == "123456789012" && attribute.aws_role == "arn:aws:sts::123456789012:assumed-role/app"' \
      --location=global \
      --workload-identity-pool=aws-pool \
      --project=my-project
  ;;
ACTIVE)
  echo 'the provider prod exists, and stays as it is: compare it with the plan, see the end of this script' >&2
  ;;
*)
  echo 'the provider prod is not active: bring it back by undelete, see the comment, or choose another ID' >&2
  exit 1
  ;;
esac

# What the identity may do, on everything of that kind in the project; a role on one bucket, dataset
# or topic is less. Undo:
#   gcloud projects remove-iam-policy-binding my-project --role=roles/storage.objectViewer --member=principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/aws-pool/attribute.aws_role/arn:aws:sts::123456789012:assumed-role/app --condition=None
gcloud projects add-iam-policy-binding my-project \
    --role=roles/storage.objectViewer \
    --member=principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/aws-pool/attribute.aws_role/arn:aws:sts::123456789012:assumed-role/app \
    --condition=None >/dev/null

# Afterwards: new bindings take a minute or two until they work, sometimes longer. Then see on AWS
# whether all of it does:
#   awsfed doctor -audience //iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/aws-pool/providers/prod
# To compare the provider with this plan, now or later, give what this prints to awsfed setup
# -check, with the flags of the plan:
#   gcloud iam workload-identity-pools providers describe projects/912480652101/locations/global/workloadIdentityPools/aws-pool/providers/prod --format=json
