package awsfed_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// Google shows the attribute mapping of a provider to its administrators alone, so the diagnosis
// takes the default one unless it is told another: here the role's name as the attribute aws_role.
func ExampleDiagnose_mapping() {
	mapping := func(id principal.Identity) (principal.Attributes, error) {
		role, err := principal.Extract(id.ARN, "assumed-role/{role}/")
		return principal.Attributes{Subject: id.ARN, Custom: map[string]string{"aws_role": role}}, err
	}
	cloud := awsfedtest.New(awsfedtest.Options{Mapping: mapping}) // in the place of AWS and Google Cloud
	report, err := awsfed.Diagnose(context.Background(), cloud.Config(), &awsfed.DiagnoseOptions{Mapping: mapping})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Worst())
	for _, member := range report.Members {
		if strings.HasPrefix(member, "principalSet:") {
			fmt.Println(member)
		}
	}
	// Output:
	// passed
	// principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/attribute.aws_role/app
	// principalSet://iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool/*
}
