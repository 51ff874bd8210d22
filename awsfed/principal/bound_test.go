package principal_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

func TestAnErrorQuotesLittleOfALongName(t *testing.T) {
	long := strings.Repeat("x\x1b/", 300_000)
	const pool = "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/my-pool"
	for _, audience := range []string{
		long, "https://" + long, "//iam.googleapis.com/" + long, "//iam.googleapis.com/projects/" + long, pool + long,
		pool + "/providers/my-provider/" + long, strings.Replace(pool, "123", strings.Repeat("1", 900_000), 1) + "/providers/my-provider",
		pool + "/providers/" + strings.Repeat("p", 900_000),
	} {
		_, err := principal.ParseAudience(audience)
		require.Error(t, err)
		assert.Less(t, len(err.Error()), 1000)
		assert.NotContains(t, err.Error(), "\x1b")
	}
	for _, member := range []string{
		long, "serviceAccount:" + long, "principal:" + pool + "/" + long, "principalSet:" + long, "principalSet:" + pool + "/attribute." + long,
		"principalSet:" + pool + "/attribute." + strings.Repeat("n", 900_000) + "/v",
	} {
		_, err := principal.ParseMember(member)
		require.Error(t, err)
		assert.Less(t, len(err.Error()), 1000)
		assert.NotContains(t, err.Error(), "\x1b")
	}
}
