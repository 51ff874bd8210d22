package fakeaws

import "strings"

// parsePresigned takes a signature in the query apart. As for a header, it names everything that is
// missing at once.
//
// X-Amz-Expires counts for nothing: by the comments in aws-iam-authenticator, STS looks at the 15
// minutes from X-Amz-Date alone, and the AWS SDK for Go leaves the parameter out. The texts are
// those of AWS's other services, as public imitations of DynamoDB and Kinesis have them. That
// another algorithm is no signature at all is what the authors of scratchstack-aws-signature found.
func parsePresigned(query stsParameters) (authorization, *awsError) {
	algorithm, _ := query.get("X-Amz-Algorithm")
	if algorithm != sigV4Algorithm {
		return authorization{}, missingAuthenticationToken()
	}
	var missing strings.Builder
	required := func(name string) string {
		value, _ := query.get(name)
		if value == "" {
			missing.WriteString("AWS query-string parameters must include '" + name + "'. ")
		}
		return value
	}
	auth := authorization{
		algorithm:     algorithm,
		credential:    required("X-Amz-Credential"),
		signature:     required("X-Amz-Signature"),
		signedHeaders: strings.Split(required("X-Amz-SignedHeaders"), ";"),
		date:          required("X-Amz-Date"),
		presigned:     true,
	}
	auth.token, _ = query.get("X-Amz-Security-Token")
	if missing.Len() > 0 {
		return authorization{}, incompleteSignature(missing.String() + "Re-examine the query-string parameters.")
	}
	return auth, nil
}
