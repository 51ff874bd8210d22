// Command derive prints the lists of resources of Terraform's providers: their arguments, blocks
// and attributes. The lists of commands come from the other programs in its folder.
//
// That of Google's provider is read from its source, in a folder with a checkout of
// https://github.com/hashicorp/terraform-provider-google:
//
//	go run ./derive -google FOLDER > lists/google.txt
//
// That of the AWS provider is what "terraform providers schema -json" says of it:
//
//	go run ./derive -aws FILE > lists/awsprovider.txt
//
// A line of a list is "resource NAME:" or "data NAME:", and words: "!argument" for a required one,
// "argument" for one that can be left out, "@attribute" for one that can only be read. An argument
// with "{" behind it is a block, which has its own words up to "}".
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

func main() {
	google := flag.String("google", "", "`folder` of the source of Google's provider")
	aws := flag.String("aws", "", "`file` with the schema of the AWS provider")
	flag.Parse()
	var lines []string
	var err error
	switch {
	case *google != "":
		lines, err = fromSource(*google)
	case *aws != "":
		lines, err = fromSchema(*aws)
	default:
		flag.Usage()
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(strings.Join(lines, "\n"))
}

// googleResources are the resources of Google's provider that the guides need, or may, without
// those of IAM policies.
func googleResources() []string {
	return []string{
		"google_access_context_manager_access_level", "google_access_context_manager_access_policy", "google_access_context_manager_service_perimeter",
		"google_access_context_manager_service_perimeter_egress_policy", "google_access_context_manager_service_perimeter_ingress_policy",
		"google_access_context_manager_service_perimeter_resource", "google_compute_address", "google_compute_global_address",
		"google_compute_global_forwarding_rule", "google_compute_network", "google_compute_subnetwork", "google_dns_managed_zone",
		"google_dns_record_set", "google_dns_response_policy", "google_dns_response_policy_rule", "google_iam_deny_policy",
		"google_iam_workload_identity_pool", "google_iam_workload_identity_pool_provider", "google_logging_metric",
		"google_monitoring_alert_policy", "google_monitoring_notification_channel", "google_org_policy_custom_constraint", "google_org_policy_policy",
		"google_project", "google_project_iam_audit_config", "google_project_iam_custom_role", "google_project_service", "google_service_account",
		"google_storage_bucket",
	}
}

// googleData are the data sources of Google's provider that the guides need.
func googleData() []string {
	return []string{"google_iam_workload_identity_pool", "google_iam_workload_identity_pool_provider", "google_project", "google_service_account"}
}

// isGoogleIAM reports whether a resource is of the IAM policy of something that guides grant access
// to.
func isGoogleIAM(name string) bool {
	for _, of := range []string{"bigquery_dataset", "cloud_run_v2_service", "folder", "organization", "project", "pubsub_topic", "pubsub_subscription",
		"secret_manager_secret", "service_account", "storage_bucket"} {
		if slices.Contains([]string{"google_" + of + "_iam_member", "google_" + of + "_iam_binding"}, name) {
			return true
		}
	}
	return false
}

// awsResources are the resources and data sources of the AWS provider that the guides need, or may.
func awsResources() []string {
	return []string{
		"aws_caller_identity", "aws_cloudwatch_log_group", "aws_codebuild_project", "aws_ecs_service", "aws_ecs_task_definition", "aws_eks_cluster",
		"aws_eks_pod_identity_association", "aws_iam_instance_profile", "aws_iam_openid_connect_provider", "aws_iam_policy",
		"aws_iam_policy_document", "aws_iam_role", "aws_iam_role_policy", "aws_iam_role_policy_attachment", "aws_instance", "aws_lambda_function",
		"aws_launch_template", "aws_partition", "aws_region", "aws_security_group", "aws_vpc_endpoint",
	}
}
