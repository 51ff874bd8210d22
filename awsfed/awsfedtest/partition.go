package awsfedtest

import (
	"regexp"
	"strings"
)

// regionName is how AWS writes its regions: an area, a place or two, a number.
var regionName = regexp.MustCompile(`^[a-z]+(-[a-z]+)+-[0-9]+$`)

// isRegionOf reports whether region is written as the regions of partition are.
func isRegionOf(region, partition string) bool {
	return regionName.MatchString(region) && partitionOf(region) == partition
}

// stsRegion returns the partition and the region that a host of AWS STS, which
// may hold a port, stands for: sts.REGION.… and sts-fips.REGION.…, single and
// dual stack, and the global sts.amazonaws.com, which wants its requests scoped
// to us-east-1. The last result is false for every other host.
func stsRegion(host string) (partition, region string, ok bool) {
	service, domain, _ := strings.Cut(hostname(host), ".")
	if service != "sts" && service != "sts-fips" {
		return "", "", false
	}
	if domain == dnsSuffix("aws") {
		return "aws", homeRegion("aws"), true
	}
	region, suffix, _ := strings.Cut(domain, ".")
	for _, h := range homes {
		if isRegionOf(region, h.partition) && (suffix == h.suffix || suffix == h.dualStackSuffix) {
			return h.partition, region, true
		}
	}
	return "", "", false
}
