package principal_test

import (
	"fmt"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// Which members of an IAM policy let a role's session in?
func Example() {
	provider, err := principal.ParseAudience("//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider")
	if err != nil {
		fmt.Println(err)
		return
	}
	attributes, err := principal.DefaultMapping(principal.Identity{
		Account: "123456789012",
		ARN:     "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, member := range attributes.Members(provider) {
		fmt.Println(member)
	}
	// Output:
	// principal://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/subject/arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0
	// principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/attribute.aws_role/arn:aws:sts::123456789012:assumed-role/app
	// principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/*
}

func ExampleParseAudience() {
	_, err := principal.ParseAudience("//iam.googleapis.com/projects/my-project/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider")
	fmt.Println(err)
	// Output:
	// audience "//iam.googleapis.com/projects/my-project/locations/global/workloadIdentityPools/my-aws-pool/providers/my-aws-provider": project "my-project" is not a number; a project ID cannot stand in for the project number here
}

// Why does a binding not match? Here it names the bare role, while the provider has the default
// mapping.
func ExampleMember_Matches() {
	provider := principal.Provider{ProjectNumber: "912480652101", Pool: "my-aws-pool", ID: "my-aws-provider"}
	id := principal.Identity{ARN: "arn:aws:sts::123456789012:assumed-role/app/session"}
	member, _ := principal.ParseMember(provider.Attribute("aws_role", "app"))

	byDefault, _ := principal.DefaultMapping(id)
	documented, _ := principal.DocumentedMapping(id)
	fmt.Println(member.Matches(provider, byDefault), member.Matches(provider, documented))
	// Output: false true
}

func ExampleExtract() {
	role, _ := principal.Extract("arn:aws:sts::123456789012:assumed-role/app/session", "assumed-role/{role_name}/")
	fmt.Println(role)
	// Output: app
}
