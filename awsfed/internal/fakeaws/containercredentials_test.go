package fakeaws_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

// containerKeys fetches keys as the AWS SDK's chain does in a container.
func containerKeys(t *testing.T, cloud *testCloud, url, authorization string) (aws.Credentials, error) {
	t.Helper()
	return endpointcreds.New(url, func(o *endpointcreds.Options) {
		o.HTTPClient, o.AuthorizationToken, o.Retryer = cloud.Client(), authorization, aws.NopRetryer{}
	}).Retrieve(t.Context())
}

func TestTheSDKGetsAContainersKeys(t *testing.T) {
	const (
		task = "arn:aws:sts::123456789012:assumed-role/app/0123456789abcdef0123456789abcdef"
		pod  = "arn:aws:sts::123456789012:assumed-role/app/eks-my-cluster-app-0123abcd-4567-89ab-cdef-0123456789ab"
	)
	cloud := newCloud(fakeaws.Options{})
	_, err := cloud.AWS.AddRole(fakeaws.Role{Name: "etl"})
	require.NoError(t, err)
	for _, test := range []struct{ name, url, token, arn string }{
		{"an ECS task, at its relative URI", "http://169.254.170.2/v2/credentials/0123abcd", "", task},
		{"an ECS task, by role", "http://169.254.170.2/container/ecs/app", "", task},
		{"an ECS task of another role", "http://127.0.0.1:8085/container/ecs/etl", "", "arn:aws:sts::123456789012:assumed-role/etl/0123456789abcdef0123456789abcdef"},
		{"an EKS pod", "http://169.254.170.23/v1/credentials", cloud.AWS.PodToken(), pod},
		{"an EKS pod by IPv6", "http://[fd00:ec2::23]/v1/credentials", cloud.AWS.PodToken(), pod},
		{"an EKS pod on loopback", "http://127.0.0.1:8085/container/eks/v1/credentials", cloud.AWS.PodToken(), pod},
	} {
		t.Run(test.name, func(t *testing.T) {
			keys, err := containerKeys(t, cloud, test.url, test.token)
			require.NoError(t, err)
			assert.True(t, keys.CanExpire)
			who, err := stsClient(cloud, keys).GetCallerIdentity(t.Context(), nil)
			require.NoError(t, err)
			assert.Equal(t, test.arn, *who.Arn)

			again, err := containerKeys(t, cloud, test.url, test.token)
			require.NoError(t, err)
			assert.Equal(t, keys.AccessKeyID, again.AccessKeyID, "until they are about to expire")
		})
	}
}

func TestContainerEndpointsRefuse(t *testing.T) {
	const pod = "http://169.254.170.23/v1/credentials"
	cloud := newCloud(fakeaws.Options{})
	old := cloud.AWS.PodToken()
	fresh := cloud.AWS.RotatePodToken()
	irsa, err := cloud.AWS.WebIdentityToken("app", "", time.Hour)
	require.NoError(t, err)
	cloud.AWS.SetContainerAuthorization("Basic task")
	for _, test := range []struct {
		name, url, authorization string
		status                   int
		body                     string // in part
	}{
		{"a pod without its token", pod, "", 400, "Service account token cannot be empty"},
		{"a pod with no JWT", pod, "x", 400, "Service account token cannot be parsed"},
		{"a pod with a token that was rotated away", pod, old, 403, "fault: client"},
		{"a pod with a token for STS", pod, irsa, 403, "fault: client"},
		{"nothing of a pod with its token", pod, fresh, 200, `"Expiration":`},
		{"a task without its token", "http://169.254.170.2/container/ecs/app", "", 401, `"code":"Unauthorized"`},
		{"a task with a wrong token", "http://169.254.170.2/container/ecs/app", "Basic other", 401, `"code":"Unauthorized"`},
		{"nothing of a task with its token", "http://169.254.170.2/container/ecs/app", "Basic task", 200, `"RoleArn":"arn:aws:iam::123456789012:role/app"`},
		{"a role that does not exist", "http://169.254.170.2/container/ecs/no-such-role", "Basic task", 400, `"code":"InvalidIdInRequest"`},
		{"another path", "http://169.254.170.2/v1/credentials", "Basic task", 404, ""},
		{"another path of the agent", "http://169.254.170.23/v2/credentials/x", fresh, 404, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var headers []string
			if test.authorization != "" {
				headers = []string{"Authorization", test.authorization}
			}
			status, _, body := ask(t, cloud, http.MethodGet, test.url, headers...)
			assert.Equal(t, test.status, status)
			assert.Contains(t, body, test.body)
		})
	}
	t.Run("and the SDK understands why", func(t *testing.T) {
		_, err := containerKeys(t, cloud, "http://169.254.170.2/container/ecs/app", "")
		assert.Equal(t, "Unauthorized: the Authorization header is missing or wrong", apiError(t, err))
		_, err = containerKeys(t, cloud, pod, "")
		assert.Equal(t, ": Service account token cannot be empty\n", apiError(t, err), "the agent's errors have no code")
	})
}

func TestAContainersKeysAndTokensAreRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pod, task = "http://169.254.170.23/v1/credentials", "http://169.254.170.2/container/ecs/app"
		cloud := newCloud(fakeaws.Options{})
		token := cloud.AWS.PodToken()
		fetch := func(url, authorization string) string {
			keys, err := containerKeys(t, cloud, url, authorization)
			require.NoError(t, err)
			return keys.AccessKeyID
		}
		podKeys, taskKeys := fetch(pod, token), fetch(task, "")
		time.Sleep(5*time.Hour + 55*time.Minute)
		assert.NotEqual(t, podKeys, fetch(pod, token))
		assert.NotEqual(t, taskKeys, fetch(task, ""))
		assert.Equal(t, token, cloud.AWS.PodToken(), "a token lives longer than keys")

		podKeys, taskKeys = fetch(pod, token), fetch(task, "")
		cloud.AWS.RotateKeys()
		assert.NotEqual(t, podKeys, fetch(pod, token))
		assert.NotEqual(t, taskKeys, fetch(task, ""))

		time.Sleep(18*time.Hour + 5*time.Minute)
		_, err := containerKeys(t, cloud, pod, token)
		assert.Equal(t, ": Service account token failed basic claim validations: token is expired\n", apiError(t, err))
		assert.NotEmpty(t, fetch(pod, cloud.AWS.PodToken()), "a new token is there")
	})
}

func TestAPodRunsAsWhatItIsAssociatedWith(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	_, err := cloud.AWS.AddRole(fakeaws.Role{Name: "etl"})
	require.NoError(t, err)
	require.NoError(t, cloud.AWS.SetPodRole("etl", "a-session"))
	keys, err := containerKeys(t, cloud, "http://169.254.170.23/v1/credentials", cloud.AWS.PodToken())
	require.NoError(t, err)
	who, err := stsClient(cloud, keys).GetCallerIdentity(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/etl/a-session", *who.Arn)

	require.ErrorContains(t, cloud.AWS.SetPodRole("no-such-role", ""), `"no-such-role"`)
	require.ErrorContains(t, cloud.AWS.SetPodRole("etl", "a b"), `"a b"`)

	require.NoError(t, cloud.AWS.RemoveRole("etl"))
	status, _, _ := ask(t, cloud, http.MethodGet, "http://169.254.170.23/v1/credentials", "Authorization", cloud.AWS.PodToken())
	assert.Equal(t, http.StatusNotFound, status)
}
