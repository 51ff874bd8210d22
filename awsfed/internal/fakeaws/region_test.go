package fakeaws_test

import (
	"encoding/json"
	"go/build"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

// sdkFile reads a file of the AWS SDK that the module requires. Its packages are internal, its
// files are not.
func sdkFile(t *testing.T, pkg, name string) []byte {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	p, err := build.Import(pkg, dir, build.FindOnly)
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join(p.Dir, name))
	require.NoError(t, err)
	return b
}

func TestTheRegionsAreThoseOfTheSDK(t *testing.T) {
	var sdk struct {
		Partitions []struct {
			ID      string
			Outputs struct{ DNSSuffix, DualStackDNSSuffix string }
			Regions map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(sdkFile(t, "github.com/aws/aws-sdk-go-v2/internal/endpoints/awsrulesfn", "partitions.json"), &sdk))
	require.NotEmpty(t, sdk.Partitions)
	for _, p := range sdk.Partitions {
		var regions []string
		for region := range p.Regions {
			if strings.HasSuffix(region, "-global") { // of services that have no regions
				continue
			}
			regions = append(regions, region)
			assert.Equal(t, p.ID, fakeaws.PartitionOf(region))
			for _, suffix := range []string{p.Outputs.DNSSuffix, p.Outputs.DualStackDNSSuffix} {
				partition, got, ok := fakeaws.STSRegion("sts." + region + "." + suffix)
				assert.True(t, ok, "%s in %s", region, suffix)
				assert.Equal(t, [2]string{p.ID, region}, [2]string{partition, got})
			}
		}
		assert.ElementsMatch(t, regions, fakeaws.RegionsOf(p.ID), p.ID)
		assert.Contains(t, regions, fakeaws.HomeRegion(p.ID))
		assert.Equal(t, p.Outputs.DNSSuffix, fakeaws.DNSSuffix(p.ID))
	}
}

func TestTheFIPSEndpointsAreThoseOfTheSDK(t *testing.T) {
	listed := regexp.MustCompile(`Region: +"([a-z0-9-]+)",\s+Variant: endpoints\.FIPSVariant,`)
	found := listed.FindAllStringSubmatch(string(sdkFile(t, "github.com/aws/aws-sdk-go-v2/service/sts/internal/endpoints", "endpoints.go")), -1)
	var sdk, ours []string
	for _, match := range found {
		// That of GovCloud goes by the name of the usual endpoint.
		if fakeaws.PartitionOf(match[1]) == "aws" {
			sdk = append(sdk, match[1])
		}
	}
	require.NotEmpty(t, sdk)
	for _, partition := range []string{"aws", "aws-cn", "aws-us-gov", "aws-eusc"} {
		for _, region := range fakeaws.RegionsOf(partition) {
			if _, _, ok := fakeaws.STSRegion("sts-fips." + region + "." + fakeaws.DNSSuffix(partition)); ok {
				ours = append(ours, region)
			}
		}
	}
	assert.ElementsMatch(t, sdk, ours)
}

func TestHostsThatAreNotOfSTS(t *testing.T) {
	for name, host := range map[string]string{
		"a region that does not exist":                   "sts.eu-west-9.amazonaws.com",
		"the same with two stacks":                       "sts.eu-west-9.api.aws",
		"a region of another partition":                  "sts.us-east-1.amazonaws.com.cn",
		"a Local Zone":                                   "sts.us-west-2-lax-1.amazonaws.com",
		"FIPS in a region that has none":                 "sts-fips.eu-west-1.amazonaws.com",
		"FIPS in GovCloud, where the usual one is FIPS":  "sts-fips.us-gov-west-1.amazonaws.com",
		"FIPS in China":                                  "sts-fips.cn-north-1.amazonaws.com.cn",
		"a global FIPS endpoint":                         "sts-fips.amazonaws.com",
		"a global endpoint of another partition":         "sts.amazonaws.com.cn",
		"the pseudo-region that the SDK calls the world": "sts.aws-global.amazonaws.com",
	} {
		t.Run(name, func(t *testing.T) {
			_, _, ok := fakeaws.STSRegion(host)
			assert.False(t, ok, host)
		})
	}
}
