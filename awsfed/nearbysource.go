package awsfed

import (
	"net/url"
	"os"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

// The hosts that the AWS SDK has for what no variable names.
const (
	ec2MetadataIPv6 = "http://[fd00:ec2::254]"
	ecsEndpoint     = "http://169.254.170.2"
)

// nearbySources are the URLs of EC2 metadata and of the credentials endpoint of a task or pod,
// where the chain may ask them. A provider of the program's own sends its requests by itself.
func nearbySources(loaded aws.Config, chain *awsChain) []*url.URL {
	var urls []string
	if slices.Contains(chain.sources, aws.CredentialSourceHTTP) {
		if path := os.Getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); path != "" {
			urls = append(urls, ecsEndpoint+path)
		} else {
			urls = append(urls, os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
		}
	}
	if chain.region == "" || slices.Contains(chain.sources, aws.CredentialSourceIMDS) {
		urls = append(urls, metadataURL(loaded))
	}
	var parsed []*url.URL
	for _, raw := range urls {
		if u, err := url.Parse(raw); err == nil && u.Host != "" {
			parsed = append(parsed, u)
		}
	}
	return parsed
}

// metadataURL is where the SDK asks EC2 metadata, "" if it does not.
func metadataURL(loaded aws.Config) string {
	if state, ok := setting(loaded, imdsState.GetEC2IMDSClientEnableState); ok && state == imds.ClientDisabled {
		return ""
	}
	if endpoint, ok := setting(loaded, imdsEndpoint.GetEC2IMDSEndpoint); ok {
		return endpoint
	}
	if mode, ok := setting(loaded, imdsMode.GetEC2IMDSEndpointMode); ok && mode == imds.EndpointModeStateIPv6 {
		return ec2MetadataIPv6
	}
	return ec2Metadata
}

// What the sources of a configuration (options, environment, profile) tell of EC2 metadata.
type (
	imdsState interface {
		GetEC2IMDSClientEnableState() (imds.ClientEnableState, bool, error)
	}
	imdsEndpoint interface {
		GetEC2IMDSEndpoint() (string, bool, error)
	}
	imdsMode interface {
		GetEC2IMDSEndpointMode() (imds.EndpointModeState, bool, error)
	}
)

// setting is the first that the sources of a configuration have, as the SDK takes it.
func setting[S, V any](loaded aws.Config, get func(S) (V, bool, error)) (V, bool) {
	for _, source := range loaded.ConfigSources {
		if s, ok := source.(S); ok {
			if value, found, err := get(s); found && err == nil {
				return value, true
			}
		}
	}
	var none V
	return none, false
}
