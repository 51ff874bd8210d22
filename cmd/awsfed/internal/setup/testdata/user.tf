# Lets an AWS identity use Google Cloud without a key, by workload identity federation.
#
#   AWS identity     arn:aws:iam::123456789012:user/a';>PWNED;$(>PWNED)`>PWNED`"\${path.cwd}%{if(true)}\n#/*-->/x
#   AWS account      123456789012
#   project          my-project, number 912480652101
#   provider         aws-pool/prod
#   service account  aws-app@my-project.iam.gserviceaccount.com
#   project roles    roles/storage.objectViewer
#
# x is an IAM user, whose keys do not end by themselves. A role is the better identity of a
# workload.
#
# terraform plan shows what is created, and terraform destroy undoes all of it. A pool and a
# provider that are destroyed keep their IDs for 30 days. What exists already is taken over by
# terraform import, or has to have another name here. New bindings take a minute or two until they
# work, sometimes longer.

terraform {
  required_version = ">= 1.5"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.0"
    }
  }
}

provider "google" {
  project = "my-project"
}

# The APIs that this needs. They stay enabled when this is destroyed: others may use them. It takes
# up to some minutes until they answer: apply again if one does not yet.
resource "google_project_service" "api" {
  project            = "my-project"
  service            = each.value
  disable_on_destroy = false

  for_each = toset([
    "iam.googleapis.com",
    "sts.googleapis.com",
    "iamcredentials.googleapis.com",
    "cloudresourcemanager.googleapis.com",
  ])
}

# The pool. All providers in a pool share its principals: whoever may add one to it, or change the
# mapping of one, can become any of them. So it is for identities of AWS alone, and best for those
# of one team. To destroy it ends all access through it at once.
resource "google_iam_workload_identity_pool" "aws" {
  project                   = "my-project"
  workload_identity_pool_id = "aws-pool"
  display_name              = "AWS"
  description               = "Identities of AWS, without keys"
  depends_on                = [google_project_service.api]
}

# The provider: whom Google lets in. The account is that of AWS. The mapping is Google's default for
# AWS, written out so that it can be reviewed. The condition admits this one role or user of the
# account, and nobody else even if a binding is too wide. Another role is let in by joining a clause
# with ||.
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
resource "google_iam_workload_identity_pool_provider" "aws" {
  project                            = "my-project"
  workload_identity_pool_id          = google_iam_workload_identity_pool.aws.workload_identity_pool_id
  workload_identity_pool_provider_id = "prod"
  display_name                       = "AWS"
  attribute_condition                = "assertion.account == \"123456789012\" && attribute.aws_role == \"arn:aws:iam::123456789012:user/a';>PWNED;$(>PWNED)`>PWNED`\\\"\\\\$${path.cwd}%%{if(true)}\\\\n#/*-->/x\""

  attribute_mapping = {
    "google.subject"     = "assertion.arn"
    "attribute.aws_role" = "assertion.arn.contains(\"assumed-role\") ? assertion.arn.extract(\"{account_arn}assumed-role/\") + \"assumed-role/\" + assertion.arn.extract(\"assumed-role/{role_name}/\") : assertion.arn"
  }

  aws {
    account_id = "123456789012"
  }
}

# Who is granted roles below: the AWS identity in this pool.
locals {
  principal = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.aws.name}/attribute.aws_role/arn:aws:iam::123456789012:user/a';>PWNED;$(>PWNED)`>PWNED`\"\\$${path.cwd}%%{if(true)}\\n#/*-->/x"
}

# The service account that the AWS identity becomes. To destroy it ends everything that uses it;
# whatever is created later under that name is another account.
resource "google_service_account" "workload" {
  project      = "my-project"
  account_id   = "aws-app"
  display_name = "AWS workload"
  depends_on   = [google_project_service.api]
}

# The AWS identity may have access tokens and ID tokens of the service account.
resource "google_service_account_iam_member" "impersonate" {
  service_account_id = google_service_account.workload.name
  role               = "roles/iam.workloadIdentityUser"
  member             = local.principal
}

# What the identity may do, on everything of that kind in the project; a role on one bucket, dataset
# or topic is less.
resource "google_project_iam_member" "workload" {
  project    = "my-project"
  role       = each.value
  member     = google_service_account.workload.member
  depends_on = [google_project_service.api]

  for_each = toset([
    "roles/storage.objectViewer",
  ])
}

# What the workload needs to know:
# //iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/aws-pool/providers/prod
# if the number of the project is right.
output "audience" {
  value = "//iam.googleapis.com/${google_iam_workload_identity_pool_provider.aws.name}"
}

output "service_account" {
  value = google_service_account.workload.email
}
