package conformance_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// awsSDKs are clients of the AWS side alone: they get credentials where the emulator has them and
// ask its AWS STS who they are. The AWS SDK for Go is within awsfed.
func awsSDKs() []client {
	lacks := lacksAll("it knows AWS alone", serviceAccount, direct, idToken, signing, downscoping)
	const caller = `import boto3, json; print(json.dumps({"arn": boto3.client("sts").get_caller_identity()["Arn"]}))`
	return []client{
		{
			name: "boto3", lacks: lacks,
			missing: func() (string, bool) {
				what, inImage := lacking("python3")()
				if what != "" {
					return what, inImage
				}
				if _, err := pythonVersion("boto3"); err != nil {
					return "boto3 is not installed", false
				}
				return "", true
			},
			version: func(t *testing.T) string {
				t.Helper()
				version, err := pythonVersion("boto3")
				require.NoError(t, err)
				return version
			},
			try: func(t *testing.T, w *world, _ column, source awsfedtest.CredentialSource) (result, error) {
				// botocore takes an empty AWS_PROFILE for the name of a profile.
				env := slices.DeleteFunc(w.Env(t, source), func(v string) bool { return strings.HasSuffix(v, "=") })
				out, err := run(t, env, "python3", "-c", caller)
				return parse(t, out, err)
			},
		},
		{
			name: "AWS SDK for JavaScript v3", lacks: lacks,
			missing: lacking("node", "awsjs/node_modules/@aws-sdk/client-sts"),
			version: packageVersion("awsjs/node_modules/@aws-sdk/client-sts/package.json"),
			try: func(t *testing.T, w *world, _ column, source awsfedtest.CredentialSource) (result, error) {
				out, err := run(t, w.Env(t, source), "node", "awsjs/caller.mjs")
				return parse(t, out, err)
			},
		},
	}
}
