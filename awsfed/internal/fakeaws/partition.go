package fakeaws

import (
	"net"
	"slices"
	"strings"
)

// homes has each AWS partition, the prefix that its region names share and the DNS suffixes of its
// endpoints, as in partitions.json of the AWS SDKs. "aws" comes last, since its regions share no
// prefix.
var homes = [...]struct{ partition, prefix, suffix, dualStackSuffix string }{
	{"aws-cn", "cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"aws-us-gov", "us-gov-", "amazonaws.com", "api.aws"},
	{"aws-eusc", "eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
	{"aws-iso", "us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
	{"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
	{"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	{"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	{"aws", "", "amazonaws.com", "api.aws"},
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

// HomeRegion returns the region of partition that a cloud is in by default.
func HomeRegion(partition string) string {
	for _, regions := range [...][]string{regionsOf(partition), regionsOf("aws")} {
		if len(regions) > 0 {
			return regions[0]
		}
	}
	return ""
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

// STSRegion returns the partition and the region that a host of AWS STS, which may hold a port,
// stands for: sts.REGION.… and, where AWS has one, sts-fips.REGION.…, single and dual stack, and
// the global sts.amazonaws.com, which wants its requests scoped to us-east-1. The last result is
// false for every other host, that of a region which does not exist among them.
func STSRegion(host string) (partition, region string, ok bool) {
	service, domain, _ := strings.Cut(Hostname(host), ".")
	if service == "sts" && domain == DNSSuffix("aws") {
		return "aws", HomeRegion("aws"), true
	}
	region, suffix, _ := strings.Cut(domain, ".")
	if service != "sts" && !(service == "sts-fips" && hasFIPS(region)) {
		return "", "", false
	}
	for _, h := range homes {
		if isRegionOf(region, h.partition) && (suffix == h.suffix || suffix == h.dualStackSuffix) {
			return h.partition, region, true
		}
	}
	return "", "", false
}

// IsSTSName reports whether host, which may hold a port, is written as the names of AWS STS are,
// whether or not AWS has such an endpoint.
func IsSTSName(host string) bool {
	service, domain, _ := strings.Cut(Hostname(host), ".")
	return (service == "sts" || service == "sts-fips") && IsAWSDomain(domain)
}

// IsAWSDomain reports whether domain is one of AWS's DNS suffixes, or below one.
func IsAWSDomain(domain string) bool {
	for _, h := range homes {
		for _, suffix := range [...]string{h.suffix, h.dualStackSuffix} {
			if domain == suffix || strings.HasSuffix(domain, "."+suffix) {
				return true
			}
		}
	}
	return false
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

// DNSSuffixes returns what the names of endpoints end in, in all partitions, in the order of the
// alphabet.
func DNSSuffixes() []string {
	var suffixes []string
	for _, h := range homes {
		suffixes = append(suffixes, h.suffix, h.dualStackSuffix)
	}
	slices.Sort(suffixes)
	return slices.Compact(suffixes)
}
