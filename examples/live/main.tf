# What the suite needs, and nothing more: a role at AWS that whoever applies this may assume, and at
# Google a pool that lets this role alone act as one service account. The service account may do
# nothing but mint and sign for itself.

data "aws_caller_identity" "operator" {}

data "aws_iam_session_context" "operator" {
  arn = data.aws_caller_identity.operator.arn
}

locals {
  # What the default attribute mapping of an AWS provider makes of the role.
  mapped_role = "arn:aws:sts::${data.aws_caller_identity.operator.account_id}:assumed-role/${aws_iam_role.workload.name}"
  principals  = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.live.name}"
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [data.aws_iam_session_context.operator.issuer_arn]
    }
  }
}

data "aws_iam_policy_document" "token" {
  statement {
    actions   = ["sts:GetWebIdentityToken"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "workload" {
  name                 = var.name
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 3600
}

# GetCallerIdentity needs no permission; this is for the OpenID Connect provider alone.
resource "aws_iam_role_policy" "token" {
  count  = var.outbound_issuer == "" ? 0 : 1
  name   = "web-identity-token"
  role   = aws_iam_role.workload.id
  policy = data.aws_iam_policy_document.token.json
}

resource "google_project_service" "api" {
  for_each           = toset(["iam.googleapis.com", "iamcredentials.googleapis.com", "sts.googleapis.com"])
  service            = each.value
  disable_on_destroy = false
}

resource "google_iam_workload_identity_pool" "live" {
  workload_identity_pool_id = var.name
  description               = "awsfed's live suite"
  depends_on                = [google_project_service.api]
}

resource "google_iam_workload_identity_pool_provider" "aws" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.live.workload_identity_pool_id
  workload_identity_pool_provider_id = "${var.name}-aws"
  attribute_condition                = "attribute.aws_role == '${local.mapped_role}'"

  # The mapping that Google gives an AWS provider by default.
  attribute_mapping = {
    "google.subject"     = "assertion.arn"
    "attribute.aws_role" = "assertion.arn.contains('assumed-role') ? assertion.arn.extract('{account_arn}assumed-role/') + 'assumed-role/' + assertion.arn.extract('assumed-role/{role_name}/') : assertion.arn"
  }

  aws {
    account_id = data.aws_caller_identity.operator.account_id
  }
}

resource "google_iam_workload_identity_pool_provider" "oidc" {
  count                              = var.outbound_issuer == "" ? 0 : 1
  workload_identity_pool_id          = google_iam_workload_identity_pool.live.workload_identity_pool_id
  workload_identity_pool_provider_id = "${var.name}-oidc"
  attribute_condition                = "assertion.sub == '${aws_iam_role.workload.arn}'"

  attribute_mapping = {
    "google.subject"     = "assertion.sub"
    "attribute.aws_role" = "'${local.mapped_role}'"
  }

  oidc {
    issuer_uri = var.outbound_issuer
  }
}

resource "google_service_account" "workload" {
  account_id   = var.name
  display_name = "awsfed's live suite"
  depends_on   = [google_project_service.api]
}

resource "google_service_account_iam_member" "impersonate" {
  service_account_id = google_service_account.workload.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "${local.principals}/attribute.aws_role/${local.mapped_role}"
}

# For the question whether a federated token may sign.
resource "google_service_account_iam_member" "sign_federated" {
  service_account_id = google_service_account.workload.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "${local.principals}/attribute.aws_role/${local.mapped_role}"
}

# For signing by the account's own token, where a federated one may not.
resource "google_service_account_iam_member" "sign_itself" {
  service_account_id = google_service_account.workload.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = google_service_account.workload.member
}
