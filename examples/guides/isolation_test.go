package guides_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func TestAFileOfAStrangerIsRefusedByTheFieldsThatReachTooFar(t *testing.T) {
	const good = `"type": "external_account", "audience": "` + provider + `", "subject_token_type": "` + awsfed.AWSSubjectTokenType + `"`
	for name, c := range map[string]struct {
		file   string
		fields []string
	}{
		"a good file": {`{` + good + `, "token_url": "https://sts.googleapis.com/v1/token", "credential_source": {"environment_id": "aws1"}}`, nil},
		"token services of his own": {
			`{` + good + `, "token_url": "https://sts.example.com/v1/token", "service_account_impersonation_url": "https://iam.example.com/v1/projects/-/serviceAccounts/` + account + `:generateAccessToken", "credential_source": {"environment_id": "aws1"}}`,
			[]string{"token_url", "service_account_impersonation_url"},
		},
		"a metadata service of his own": {
			`{` + good + `, "credential_source": {"environment_id": "aws1", "url": "http://10.0.0.7/keys", "region_url": "http://10.0.0.7/region"}}`,
			[]string{"credential_source.url", "credential_source.region_url"},
		},
		"a file of this machine": {
			`{"type": "external_account", "audience": "` + provider + `", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "credential_source": {"file": "/etc/shadow"}}`,
			[]string{"credential_source.file"},
		},
		"an internal service": {
			`{"type": "external_account", "audience": "` + provider + `", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "credential_source": {"url": "https://10.0.0.8/secret"}}`,
			[]string{"credential_source.url"},
		},
		"a universe of his own": {`{` + good + `, "universe_domain": "example.com", "credential_source": {"environment_id": "aws1"}}`, []string{"universe_domain"}},
		"a program to run":      {`{` + good + `, "credential_source": {"executable": {"command": "/bin/sh"}}}`, []string{"credential_source.executable"}},
		"a key":                 {`{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----"}`, []string{"type"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, faults, err := configOf([]byte(c.file))
			var fields []string
			for _, fault := range faults {
				fields = append(fields, fault.Field)
			}
			assert.ElementsMatch(t, c.fields, fields, "%v", err)
			assert.Equal(t, c.fields == nil, err == nil)
		})
	}
}

const tenantsRole = "arn:aws:iam::123456789012:role/tenants"

// twoTenants have an account each, which lets in what member says of the tenant.
func twoTenants(t *testing.T, cloud *awsfedtest.Cloud, member func(tenant string) string) {
	t.Helper()
	_, err := cloud.AddRole(awsfedtest.Role{Name: "tenants", Trusts: []string{"123456789012"}})
	require.NoError(t, err)
	for _, tenant := range []string{"tenant-a", "tenant-b"} {
		email := tenant + "@my-project.iam.gserviceaccount.com"
		require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: email}))
		require.NoError(t, cloud.Grant(email, "roles/iam.workloadIdentityUser", member(tenant)))
	}
}

func TestATenantWhoNamesTheAccountOfAnotherGetsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		member func(cloud *awsfedtest.Cloud, tenant string) string
		falls  bool
	}{
		"where members are sessions": {
			func(cloud *awsfedtest.Cloud, tenant string) string {
				return memberOf(cloud.Provider(), "123456789012", "tenants", tenant)
			}, false,
		},
		"where members are the role that all share": {
			func(cloud *awsfedtest.Cloud, _ string) string {
				return cloud.Provider().Attribute("aws_role", "arn:aws:sts::123456789012:assumed-role/tenants")
			}, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newClouds()
			withCredentials(t, cloud, awsfedtest.SourceECS)
			twoTenants(t, cloud, func(tenant string) string { return c.member(cloud, tenant) })
			sdk, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("us-east-1"))
			require.NoError(t, err)
			get := func(tenant, account string) error {
				cfg := quietly(cloud) // what configOf made of the file that the tenant uploaded
				cfg.ServiceAccount = account + "@my-project.iam.gserviceaccount.com"
				ts, err := awsfed.NewTokenSource(t.Context(), asTenant(sdk, tenantsRole, tenant, cfg))
				require.NoError(t, err)
				_, err = ts.TokenContext(t.Context())
				return err
			}
			require.NoError(t, get("tenant-a", "tenant-a"))
			require.NoError(t, get("tenant-b", "tenant-b"))
			err = get("tenant-a", "tenant-b")
			if c.falls {
				assert.NoError(t, err, "who may use one may use all")
				return
			}
			assert.ErrorIs(t, err, awsfed.ErrPermissionDenied)
			assert.Equal(t, "tenant", blame(err))
		})
	}
}

func TestAHundredAccountsMakeOneExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newClouds()
		cloud.Inject(awsfedtest.Delay(awsfedtest.IAMCredentials, time.Second))
		accounts, err := NewAccounts(t.Context(), quietly(cloud))
		require.NoError(t, err)
		var callers sync.WaitGroup
		for i := range 100 {
			email := accountOf(t, cloud, fmt.Sprintf("tenant-%03d", i))
			callers.Go(func() {
				ts, err := accounts.Of(t.Context(), email)
				assert.NoError(t, err)
				token, err := ts.TokenContext(t.Context())
				if assert.NoError(t, err) {
					access, err := cloud.Check(token.AccessToken)
					assert.NoError(t, err)
					assert.Equal(t, email, access.Principal)
				}
			})
		}
		callers.Wait()
		assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS))
		assert.Equal(t, 100, cloud.Count(awsfedtest.IAMCredentials))
		letTimersEnd()
	})
}

func TestAnAccountThatIsRefusedHarmsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newClouds()
		accounts, err := NewAccounts(t.Context(), quietly(cloud))
		require.NoError(t, err)
		good := accountOf(t, cloud, "tenant-good")
		bad := "tenant-bad@my-project.iam.gserviceaccount.com"
		require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: bad}))
		for range 120 {
			ts, err := accounts.Of(t.Context(), bad)
			require.NoError(t, err)
			_, err = ts.Token()
			require.ErrorIs(t, err, awsfed.ErrPermissionDenied)
			ts, err = accounts.Of(t.Context(), good)
			require.NoError(t, err)
			_, err = ts.Token()
			require.NoError(t, err)
			time.Sleep(time.Minute)
		}
		accounts.Forget(bad)
		letTimersEnd()
	})
}

func TestAProviderThatIsGoneIsTheFailureOfAllWhoShareIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newClouds()
		accounts, err := NewAccounts(t.Context(), quietly(cloud))
		require.NoError(t, err)
		bringAbout(t, cloud, "provider-disabled")
		for i := range 3 {
			ts, err := accounts.Of(t.Context(), accountOf(t, cloud, fmt.Sprintf("tenant-%d", i)))
			require.NoError(t, err)
			_, err = ts.Token()
			failure, ok := err.(*awsfed.Error)
			require.True(t, ok)
			assert.Equal(t, awsfed.StageExchange, failure.Stage)
		}
		assert.Equal(t, 1, cloud.Count(awsfedtest.GoogleSTS), "all have the error of one request")
		letTimersEnd()
	})
}

func TestANarrowedTokenOpensOneBucket(t *testing.T) {
	cloud := newClouds()
	ts, err := awsfed.NewTokenSource(t.Context(), quietly(cloud))
	require.NoError(t, err)
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, cloud.Client())
	for _, bucket := range []string{"tenant-a", "tenant-b", "tenant-c"} {
		narrowed, err := narrow(ctx, ts, bucket)
		require.NoError(t, err)
		for range 2 {
			token, err := narrowed.Token()
			require.NoError(t, err)
			access, err := cloud.Check(token.AccessToken)
			require.NoError(t, err)
			for _, other := range []string{"tenant-a", "tenant-b", "tenant-c"} {
				may := access.MayUse("//storage.googleapis.com/projects/_/buckets/"+other, "inRole:roles/storage.objectViewer")
				assert.Equal(t, other == bucket, may, other)
			}
			assert.False(t, access.MayUse("//storage.googleapis.com/projects/_/buckets/"+bucket, "inRole:roles/storage.objectAdmin"))
		}
	}
	assert.Equal(t, 4, cloud.Count(awsfedtest.GoogleSTS), "the federated token, and one for each bucket")
	assert.Equal(t, 1, cloud.Count(awsfedtest.IAMCredentials))
}

func TestANarrowedTokenIsReplacedInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := newClouds()
		ts, err := awsfed.NewTokenSource(t.Context(), quietly(cloud))
		require.NoError(t, err)
		narrowed, err := narrow(context.WithValue(t.Context(), oauth2.HTTPClient, cloud.Client()), ts, "tenant-a")
		require.NoError(t, err)
		_, err = narrowed.Token()
		require.NoError(t, err)
		cloud.Inject(awsfedtest.Delay(awsfedtest.GoogleSTS, time.Second))
		for range 6 * 60 {
			start := time.Now()
			token, err := narrowed.Token()
			require.NoError(t, err)
			require.Zero(t, time.Since(start), "nobody waits")
			access, err := cloud.Check(token.AccessToken)
			require.NoError(t, err)
			require.NotNil(t, access.Boundary)
			time.Sleep(time.Minute)
		}
		letTimersEnd()
	})
}

func TestAFailureSaysWhoHasToAct(t *testing.T) {
	for fault, want := range map[string]string{
		"missing-binding":  "tenant",
		"condition-false":  "tenant",
		"provider-deleted": "tenant",
		"sts-unavailable":  "nobody: it is tried again",
		"iam-quota":        "nobody: it is tried again",
		"metadata-no-role": "operator",
	} {
		t.Run(fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := newClouds()
				bringAbout(t, cloud, fault)
				ts, err := awsfed.NewTokenSource(t.Context(), quietly(cloud))
				require.NoError(t, err)
				_, err = ts.Token()
				assert.Equal(t, want, blame(err), "%v", err)
				letTimersEnd()
			})
		})
	}
}
