package fakeaws

import "slices"

// regionsOf returns the regions of partition, that of a new cloud first. A region that does not
// exist is none's: its endpoints have no name in the DNS, and no signature may be scoped to it.
//
// They are the regions of AWS's SDK for Go, v1.47.7
// (internal/endpoints/awsrulesfn/partitions.json), read on 2026-11-25. A test holds them against
// the SDK that the module requires.
func regionsOf(partition string) []string {
	switch partition {
	case "aws":
		return []string{
			"us-east-1", "us-east-2", "us-west-1", "us-west-2",
			"af-south-1",
			"ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
			"ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
			"ap-southeast-7",
			"ca-central-1", "ca-west-1",
			"eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
			"il-central-1", "me-central-1", "me-south-1", "mx-central-1", "sa-east-1",
		}
	case "aws-cn":
		return []string{"cn-north-1", "cn-northwest-1"}
	case "aws-us-gov":
		return []string{"us-gov-west-1", "us-gov-east-1"}
	case "aws-eusc":
		return []string{"eusc-de-east-1"}
	case "aws-iso":
		return []string{"us-iso-east-1", "us-iso-west-1"}
	case "aws-iso-b":
		return []string{"us-isob-east-1", "us-isob-west-1"}
	case "aws-iso-e":
		return []string{"eu-isoe-west-1"}
	case "aws-iso-f":
		return []string{"us-isof-south-1", "us-isof-east-1"}
	}
	return nil
}

// isRegionOf reports whether partition has the region.
func isRegionOf(region, partition string) bool { return slices.Contains(regionsOf(partition), region) }

// hasFIPS reports whether AWS STS has a FIPS endpoint of its own in region, as the SDK lists them
// (service/sts v1.51.8, internal/endpoints/endpoints.go, read on 2026-11-25). In GovCloud the usual
// endpoint is the FIPS one.
func hasFIPS(region string) bool {
	switch region {
	case "us-east-1", "us-east-2", "us-west-1", "us-west-2":
		return true
	}
	return false
}
