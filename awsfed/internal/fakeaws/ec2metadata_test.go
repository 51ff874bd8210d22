package fakeaws_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

const metadata = "http://169.254.169.254/latest"

// imdsClient is the AWS SDK's own client of EC2 metadata, which takes no version 1 for an answer.
func imdsClient(cloud *testCloud) *imds.Client {
	return imds.New(imds.Options{
		ClientEnableState: imds.ClientEnabled, Endpoint: "http://169.254.169.254", HTTPClient: cloud.Client(),
		EnableFallback: aws.FalseTernary, Retryer: aws.NopRetryer{},
	})
}

func instanceKeys(t *testing.T, cloud *testCloud) aws.Credentials {
	t.Helper()
	keys, err := ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = imdsClient(cloud) }).Retrieve(t.Context())
	require.NoError(t, err)
	return keys
}

// ask sends a request to a metadata endpoint, headers in pairs.
func ask(t *testing.T, cloud *testCloud, method, url string, headers ...string) (status int, header http.Header, body string) {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	require.NoError(t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return send(t, cloud, r)
}

func imdsToken(t *testing.T, cloud *testCloud, seconds string) string {
	t.Helper()
	status, header, token := ask(t, cloud, http.MethodPut, metadata+"/api/token", "X-aws-ec2-metadata-token-ttl-seconds", seconds)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, seconds, header.Get("X-Aws-Ec2-Metadata-Token-Ttl-Seconds"))
	return token
}

func TestTheSDKFindsTheInstanceItsRegionAndItsKeys(t *testing.T) {
	cloud := newCloud(fakeaws.Options{Region: "eu-west-1"})
	region, err := imdsClient(cloud).GetRegion(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, "eu-west-1", region.Region)

	document, err := imdsClient(cloud).GetInstanceIdentityDocument(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, "eu-west-1", document.Region)
	assert.Equal(t, "eu-west-1a", document.AvailabilityZone)
	assert.Equal(t, "123456789012", document.AccountID)
	assert.Equal(t, "i-0123456789abcdef0", document.InstanceID)

	info, err := imdsClient(cloud).GetIAMInfo(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, "arn:aws:iam::123456789012:instance-profile/app", info.InstanceProfileArn)
	assert.Regexp(t, `^AIPA[A-Z2-7]{17}$`, info.InstanceProfileID)

	who, err := stsClient(cloud, instanceKeys(t, cloud)).GetCallerIdentity(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0", *who.Arn)

	keys, err := cloud.AWS.Provider().Retrieve(t.Context())
	require.NoError(t, err)
	assert.Equal(t, instanceKeys(t, cloud).AccessKeyID, keys.AccessKeyID, "the provider hands out the instance's keys")
}

func TestMetadataPaths(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	require.NoError(t, cloud.AWS.SetPlacement("us-west-2", "us-west-2-lax-1a"))
	token := imdsToken(t, cloud, "60")
	for _, test := range []struct {
		path   string
		status int
		want   string
	}{
		{"/meta-data/placement/region", 200, "us-west-2"},
		{"/meta-data/placement/availability-zone", 200, "us-west-2-lax-1a"},
		{"/meta-data/instance-id", 200, "i-0123456789abcdef0"},
		{"/meta-data/services/partition", 200, "aws"},
		{"/meta-data/services/domain", 200, "amazonaws.com"},
		{"/meta-data/iam/security-credentials", 200, "app"},
		{"/meta-data/iam/security-credentials/", 200, "app"},
		{"/meta-data/instance-type", 200, "m7i.large"},
		{"/", 200, "dynamic\nmeta-data"},
		{"/meta-data", 200, "ami-id\niam/\ninstance-id\ninstance-type\nlocal-ipv4\nplacement/\nservices/"},
		{"/meta-data/", 200, "ami-id\niam/\ninstance-id\ninstance-type\nlocal-ipv4\nplacement/\nservices/"},
		{"/meta-data/iam/", 200, "info\nsecurity-credentials/"},
		{"/meta-data/placement/", 200, "availability-zone\nregion"},
		{"/dynamic/instance-identity/", 200, "document"},
		{"/user-data", 404, "404 - Not Found"},
		{"/meta-data/instance-id/", 404, "404 - Not Found"},
		{"/meta-data/place", 404, "404 - Not Found"},
		{"/meta-data/iam/security-credentials/other", 404, "404 - Not Found"},
		{"/meta-data/no-such-thing", 404, "404 - Not Found"},
	} {
		t.Run(test.path, func(t *testing.T) {
			status, _, body := ask(t, cloud, http.MethodGet, metadata+test.path, "X-aws-ec2-metadata-token", token)
			assert.Equal(t, test.status, status)
			if status == http.StatusOK {
				assert.Equal(t, test.want, body, "and no newline")
			} else {
				assert.Contains(t, body, test.want)
			}
		})
	}
}

func TestMetadataTokens(t *testing.T) {
	for _, test := range []struct {
		name, method, path string
		headers            []string
		v1                 bool
		status             int
	}{
		{"no token", http.MethodGet, "/meta-data/instance-id", nil, false, 401},
		{"no token where version 1 is on", http.MethodGet, "/meta-data/instance-id", nil, true, 200},
		{"a wrong token", http.MethodGet, "/meta-data/instance-id", []string{"X-aws-ec2-metadata-token", "x"}, false, 401},
		{"a wrong token where none would do", http.MethodGet, "/meta-data/instance-id", []string{"X-aws-ec2-metadata-token", "x"}, true, 401},
		{"a lifetime of a second", http.MethodPut, "/api/token", []string{"X-aws-ec2-metadata-token-ttl-seconds", "1"}, false, 200},
		{"a lifetime of six hours", http.MethodPut, "/api/token", []string{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}, false, 200},
		{"a lifetime of nothing", http.MethodPut, "/api/token", []string{"X-aws-ec2-metadata-token-ttl-seconds", "0"}, false, 400},
		{"a lifetime of more", http.MethodPut, "/api/token", []string{"X-aws-ec2-metadata-token-ttl-seconds", "21601"}, false, 400},
		{"no lifetime", http.MethodPut, "/api/token", nil, false, 400},
		{"a forwarded request", http.MethodPut, "/api/token", []string{"X-aws-ec2-metadata-token-ttl-seconds", "60", "X-Forwarded-For", "10.0.0.1"}, false, 403},
		{"a token asked for by GET", http.MethodGet, "/api/token", nil, true, 405},
		{"data asked for by PUT", http.MethodPut, "/meta-data/instance-id", nil, true, 405},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud := newCloud(fakeaws.Options{})
			cloud.AWS.SetIMDSv1(test.v1)
			status, _, _ := ask(t, cloud, test.method, metadata+test.path, test.headers...)
			assert.Equal(t, test.status, status)
		})
	}
}

func TestMetadataTokensExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(fakeaws.Options{})
		token := imdsToken(t, cloud, "60")
		get := func() int {
			status, _, _ := ask(t, cloud, http.MethodGet, metadata+"/meta-data/instance-id", "X-aws-ec2-metadata-token", token)
			return status
		}
		time.Sleep(59 * time.Second)
		imdsToken(t, cloud, "60") // another's does it no harm
		assert.Equal(t, http.StatusOK, get())
		time.Sleep(time.Second)
		assert.Equal(t, http.StatusUnauthorized, get())
	})
}

func TestTheInstancesKeysRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newCloud(fakeaws.Options{})
		first := instanceKeys(t, cloud)
		token := imdsToken(t, cloud, "60")
		_, _, body := ask(t, cloud, http.MethodGet, metadata+"/meta-data/iam/security-credentials/app", "X-aws-ec2-metadata-token", token)
		var document map[string]string
		require.NoError(t, json.Unmarshal([]byte(body), &document))
		assert.Equal(t, map[string]string{
			"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2000-01-01T00:00:00Z", "Expiration": "2000-01-01T06:00:00Z",
			"AccessKeyId": first.AccessKeyID, "SecretAccessKey": first.SecretAccessKey, "Token": first.SessionToken,
		}, document)

		time.Sleep(5*time.Hour + 55*time.Minute - time.Second)
		assert.Equal(t, first.AccessKeyID, instanceKeys(t, cloud).AccessKeyID, "until 5 minutes before they expire")
		time.Sleep(time.Second)
		second := instanceKeys(t, cloud)
		assert.NotEqual(t, first.AccessKeyID, second.AccessKeyID)
		for _, keys := range []aws.Credentials{first, second} {
			_, err := stsClient(cloud, keys).GetCallerIdentity(t.Context(), nil)
			require.NoError(t, err, "old and new overlap")
		}
		time.Sleep(5 * time.Minute)
		_, err := stsClient(cloud, first).GetCallerIdentity(t.Context(), nil)
		assert.Equal(t, "ExpiredToken: The security token included in the request is expired", apiError(t, err))

		cloud.AWS.RotateKeys()
		third := instanceKeys(t, cloud)
		assert.NotEqual(t, second.AccessKeyID, third.AccessKeyID)
		_, err = stsClient(cloud, second).GetCallerIdentity(t.Context(), nil)
		require.NoError(t, err, "rotated keys stay good")

		cloud.AWS.SetKeyLifetime(10 * time.Minute)
		assert.Equal(t, time.Now().Add(10*time.Minute).UTC(), instanceKeys(t, cloud).Expires)
	})
}

func TestTheInstancesRole(t *testing.T) {
	t.Run("it has none", func(t *testing.T) {
		cloud := newCloud(fakeaws.Options{})
		require.NoError(t, cloud.AWS.SetInstanceRole(""))
		assert.Empty(t, cloud.AWS.InstanceRole())
		token := imdsToken(t, cloud, "60")
		for _, path := range []string{"/security-credentials", "/security-credentials/", "/security-credentials/app", "/info", "", "/"} {
			status, _, _ := ask(t, cloud, http.MethodGet, metadata+"/meta-data/iam"+path, "X-aws-ec2-metadata-token", token)
			assert.Equal(t, http.StatusNotFound, status, path)
		}
		_, err := cloud.AWS.Provider().Retrieve(t.Context())
		require.Error(t, err)
	})
	t.Run("it is another", func(t *testing.T) {
		cloud := newCloud(fakeaws.Options{})
		arn, err := cloud.AWS.AddRole(fakeaws.Role{Name: "etl", Path: "/data/"})
		require.NoError(t, err)
		before := instanceKeys(t, cloud)
		require.NoError(t, cloud.AWS.SetInstanceRole("etl"))
		assert.Equal(t, arn, cloud.AWS.InstanceRole())
		who, err := stsClient(cloud, instanceKeys(t, cloud)).GetCallerIdentity(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/etl/i-0123456789abcdef0", *who.Arn)
		_, err = stsClient(cloud, before).GetCallerIdentity(t.Context(), nil)
		require.NoError(t, err, "the keys of the role before are good still")
	})
	t.Run("it was deleted", func(t *testing.T) {
		cloud := newCloud(fakeaws.Options{})
		require.NoError(t, cloud.AWS.RemoveRole("app"))
		_, err := ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = imdsClient(cloud) }).Retrieve(t.Context())
		assert.Equal(t, "AssumeRoleUnauthorizedAccess: EC2 cannot assume the role.", apiError(t, err))
	})
	t.Run("it was made anew", func(t *testing.T) {
		cloud := newCloud(fakeaws.Options{})
		old := instanceKeys(t, cloud)
		require.NoError(t, cloud.AWS.RemoveRole("app"))
		_, err := cloud.AWS.AddRole(fakeaws.Role{Name: "app"})
		require.NoError(t, err)
		keys := instanceKeys(t, cloud)
		assert.NotEqual(t, old.AccessKeyID, keys.AccessKeyID)
		_, err = stsClient(cloud, keys).GetCallerIdentity(t.Context(), nil)
		require.NoError(t, err)
	})
	t.Run("it does not exist", func(t *testing.T) {
		require.ErrorContains(t, newCloud(fakeaws.Options{}).AWS.SetInstanceRole("no-such-role"), `"no-such-role"`)
	})
}

func TestSetPlacementRefusesPlacesThatAreNone(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	require.NoError(t, cloud.AWS.SetPlacement("ap-southeast-2", ""))
	for _, place := range [][2]string{{"us-gov-west-1", ""}, {"us-west-2", "us-east-1a"}, {"", ""}, {"mars", "marsa"}} {
		require.Error(t, cloud.AWS.SetPlacement(place[0], place[1]), "%q", place)
	}
	zone, err := imdsClient(cloud).GetMetadata(t.Context(), &imds.GetMetadataInput{Path: "placement/availability-zone"})
	require.NoError(t, err)
	b, err := io.ReadAll(zone.Content)
	require.NoError(t, err)
	assert.Equal(t, "ap-southeast-2a", strings.TrimSpace(string(b)), "a place that was refused changes nothing")
}
