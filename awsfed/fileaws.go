package awsfed

import (
	"net/url"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
)

// readAWS reads a source of AWS credentials.
func (r *fileReader) readAWS() {
	if r.SubjectTokenType == "" {
		r.fault("subject_token_type", "", AWSSubjectTokenType)
	}
	if r.Source.EnvironmentID != awsEnvironment {
		r.fault("credential_source.environment_id", r.Source.EnvironmentID, awsEnvironment)
	}
	if r.Source.File != "" {
		r.fault("credential_source.file", shownFile(r.Source.File), "none beside an environment_id")
	}
	if v := r.Source.VerificationURL; v != "" && v != defaultVerificationURL {
		aws := func(u *url.URL) bool {
			_, ok := hosts.AWSSTS(u.Hostname())
			return ok && u.Scheme == "https"
		}
		if _, ok := r.rules.verification.permit(strings.ReplaceAll(v, regionPlaceholder, someRegion), aws); !ok {
			r.fault("credential_source.regional_cred_verification_url", shownURL(v), r.rules.verification.want(defaultVerificationURL))
		}
		r.cfg.VerificationURL = v
	}
	r.cfg.MetadataEndpoint = r.metadata()
}

// metadata is the root of the metadata service that the file means, "" for EC2's usual one. The
// paths are not used, since the AWS SDK has its own; another one means another kind of source.
func (r *fileReader) metadata() (endpoint string) {
	for _, f := range []struct {
		field, value string
		paths        []string
	}{
		{"credential_source.url", r.Source.URL, []string{metadataRoles, metadataRoles + "/"}},
		{"credential_source.region_url", r.Source.RegionURL, []string{metadataZone, metadataRegion}},
		{"credential_source.imdsv2_session_token_url", r.Source.SessionURL, []string{metadataSessions}},
	} {
		if f.value == "" {
			continue
		}
		root := ""
		for _, path := range f.paths {
			if before, found := strings.CutSuffix(f.value, path); found {
				root = before
			}
		}
		u, ok := r.rules.metadata.permit(root, ec2Plain)
		switch {
		case !ok || u.Path != "" || u.RawQuery != "":
			r.fault(f.field, shownURL(f.value), r.rules.metadata.want(ec2Metadata+f.paths[0]))
		case endpoint != "" && root != endpoint:
			r.fault(f.field, shownURL(f.value), "the same host as the other URLs of credential_source")
		default:
			endpoint = root
		}
	}
	if endpoint == ec2Metadata {
		endpoint = ""
	}
	return endpoint
}
