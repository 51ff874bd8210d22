output "audience" {
  value = "//iam.googleapis.com/${google_iam_workload_identity_pool_provider.aws.name}"
}

output "oidc_audience" {
  value = var.outbound_issuer == "" ? "" : "//iam.googleapis.com/${google_iam_workload_identity_pool_provider.oidc[0].name}"
}

output "service_account" {
  value = google_service_account.workload.email
}

output "role_arn" {
  value = aws_iam_role.workload.arn
}

output "region" {
  value = var.aws_region
}
