package fakeaws

import (
	"net"
	"regexp"
	"strings"
)

// homes has each AWS partition, the prefix that its region names share, its first region and the
// DNS suffixes of its endpoints, as in partitions.json of the AWS SDKs. "aws" comes last, since its
// regions share no prefix.
var homes = [...]struct{ partition, prefix, region, suffix, dualStackSuffix string }{
	{"aws-cn", "cn-", "cn-north-1", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"aws-us-gov", "us-gov-", "us-gov-west-1", "amazonaws.com", "api.aws"},
	{"aws-eusc", "eusc-", "eusc-de-east-1", "amazonaws.eu", "api.amazonwebservices.eu"},
	{"aws-iso", "us-iso-", "us-iso-east-1", "c2s.ic.gov", "api.aws.ic.gov"},
	{"aws-iso-b", "us-isob-", "us-isob-east-1", "sc2s.sgov.gov", "api.aws.scloud"},
	{"aws-iso-e", "eu-isoe-", "eu-isoe-west-1", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	{"aws-iso-f", "us-isof-", "us-isof-south-1", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	{"aws", "", "us-east-1", "amazonaws.com", "api.aws"},
}

// PartitionOf returns the partition that region is in.
func PartitionOf(region string) string {
	for _, h := range homes {
		if strings.HasPrefix(region, h.prefix) {
			return h.partition
		}
	}
	return "aws"
}

// HomeRegion returns the first region of partition.
func HomeRegion(partition string) string {
	for _, h := range homes {
		if h.partition == partition {
			return h.region
		}
	}
	return HomeRegion("aws")
}

// DNSSuffix returns what the names of partition's endpoints end in.
func DNSSuffix(partition string) string {
	for _, h := range homes {
		if h.partition == partition {
			return h.suffix
		}
	}
	return DNSSuffix("aws")
}

// dualStackSuffix is the same for endpoints that have IPv6 too.
func dualStackSuffix(partition string) string {
	for _, h := range homes {
		if h.partition == partition {
			return h.dualStackSuffix
		}
	}
	return dualStackSuffix("aws")
}

// regionName is how AWS writes its regions: an area, a place or two, a number.
var regionName = regexp.MustCompile(`^[a-z]+(-[a-z]+)+-[0-9]+$`)

// isRegionOf reports whether region is written as the regions of partition are.
func isRegionOf(region, partition string) bool {
	return regionName.MatchString(region) && PartitionOf(region) == partition
}

// STSRegion returns the partition and the region that a host of AWS STS, which may hold a port,
// stands for: sts.REGION.… and sts-fips.REGION.…, single and dual stack, and the global
// sts.amazonaws.com, which wants its requests scoped to us-east-1. The last result is false for
// every other host.
func STSRegion(host string) (partition, region string, ok bool) {
	service, domain, _ := strings.Cut(Hostname(host), ".")
	if service != "sts" && service != "sts-fips" {
		return "", "", false
	}
	if domain == DNSSuffix("aws") {
		return "aws", HomeRegion("aws"), true
	}
	region, suffix, _ := strings.Cut(domain, ".")
	for _, h := range homes {
		if isRegionOf(region, h.partition) && (suffix == h.suffix || suffix == h.dualStackSuffix) {
			return h.partition, region, true
		}
	}
	return "", "", false
}

// CutDNSSuffix returns what stands before AWS's DNS suffix in domain, a region or nothing in the
// names of STS; ok is false if domain is not AWS's.
func CutDNSSuffix(domain string) (before string, ok bool) {
	for _, h := range homes {
		for _, suffix := range [...]string{h.suffix, h.dualStackSuffix} {
			if domain == suffix {
				return "", true
			}
			if before, ok := strings.CutSuffix(domain, "."+suffix); ok {
				return before, true
			}
		}
	}
	return "", false
}

// Hostname returns host in lower case without its port, the brackets of an IPv6 address and the
// final dot of an absolute name.
func Hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
