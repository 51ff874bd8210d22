package awsfedtest_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

const workload = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"

// judgements are those of all requests at an endpoint.
func judgements(cloud *awsfedtest.Cloud, endpoint awsfedtest.Endpoint) (all []awsfedtest.Judgement) {
	for _, request := range cloud.Requests() {
		if request.Endpoint == endpoint {
			all = append(all, request.Judgement)
		}
	}
	return all
}

func attributes() map[string]string {
	return map[string]string{"google.subject": workload, "attribute.aws_role": "arn:aws:sts::123456789012:assumed-role/app"}
}

func TestARequestSaysHowItWasJudged(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{Condition: func(principal.Identity, principal.Attributes) (bool, error) { return true, nil }})
	_, err := fetch(t.Context(), cloud.Config())
	require.NoError(t, err)
	assert.Equal(t, []awsfedtest.Judgement{{Caller: workload, Attributes: attributes(), Condition: "true"}}, judgements(cloud, awsfedtest.GoogleSTS))
	p := cloud.Provider()
	assert.Equal(t, []awsfedtest.Judgement{{
		Caller: p.Subject(workload), Attributes: attributes(),
		Binding: "roles/iam.workloadIdentityUser for " + p.Attribute("aws_role", "arn:aws:sts::123456789012:assumed-role/app") +
			" on projects/-/serviceAccounts/aws-app@my-project.iam.gserviceaccount.com",
	}}, judgements(cloud, awsfedtest.IAMCredentials))

	cloud.Requests()[0].Judgement.Caller = "changed"
	for i, request := range cloud.Requests() {
		if request.Judgement.Attributes != nil {
			request.Judgement.Attributes["google.subject"] = "changed"
			assert.NotEqual(t, "changed", cloud.Requests()[i].Judgement.Attributes["google.subject"], "it is a copy")
		}
	}
}

func TestAnExchangeThatIsRefusedSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		options awsfedtest.Options
		fault   string
		want    awsfedtest.Judgement
	}{
		"a condition that is false": {fault: "condition-false", want: awsfedtest.Judgement{
			Caller: workload, Attributes: attributes(), Condition: "false",
			Reason: "condition: The given credential is rejected by the attribute condition.",
		}},
		"a condition that fails": {
			options: awsfedtest.Options{Condition: func(principal.Identity, principal.Attributes) (bool, error) { return false, errors.New("no such key") }},
			want: awsfedtest.Judgement{
				Caller: workload, Attributes: attributes(), Condition: "error: no such key",
				Reason: "condition-failed: the attribute condition failed: no such key",
			},
		},
		"a mapping that fails": {
			options: awsfedtest.Options{Mapping: func(principal.Identity) (principal.Attributes, error) {
				return principal.Attributes{}, errors.New("no such key")
			}},
			want: awsfedtest.Judgement{Caller: workload, Reason: "mapping: the attribute mapping failed: no such key"},
		},
		"a mapping with groups and no subject": {
			options: awsfedtest.Options{Mapping: func(principal.Identity) (principal.Attributes, error) {
				return principal.Attributes{Groups: []string{"a", "b"}}, nil
			}},
			want: awsfedtest.Judgement{
				Caller: workload, Attributes: map[string]string{"google.subject": "", "google.groups": "a, b"},
				Reason: "subject-empty: the attribute mapping yields no google.subject",
			},
		},
		"another account": {fault: "wrong-account", want: awsfedtest.Judgement{
			Caller: workload, Reason: "account: the AWS account 123456789012 is not the provider's, which is 999999999999",
		}},
		"a provider that is disabled": {fault: "provider-disabled", want: awsfedtest.Judgement{Reason: "target: the provider is DISABLED"}},
		"a pool that is deleted":      {fault: "pool-deleted", want: awsfedtest.Judgement{Reason: "target: the pool is DELETED"}},
		"keys that AWS does not know": {fault: "aws-keys-invalid", want: awsfedtest.Judgement{Reason: "aws: AWS answered InvalidClientTokenId"}},
		"a quota that is used up": {fault: "sts-quota", want: awsfedtest.Judgement{
			Reason: "quota: The request was throttled due to rate limit: sts.googleapis.com/requests. Please retry after a few seconds.",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(test.options)
			if test.fault != "" {
				fault, found := awsfedtest.FaultByName(test.fault)
				require.True(t, found)
				fault.Inject(cloud)
			}
			look(t.Context(), t, cloud)
			assert.Equal(t, []awsfedtest.Judgement{test.want}, judgements(cloud, awsfedtest.GoogleSTS))
			if test.fault == "aws-keys-invalid" {
				replayed := judgements(cloud, awsfedtest.AWSSTS)
				assert.Equal(t, "InvalidClientTokenId", replayed[len(replayed)-1].Reason)
			}
		})
	}
}

func TestACallThatIsRefusedSaysWhy(t *testing.T) {
	const account = "aws-app@my-project.iam.gserviceaccount.com"
	denied := func(cloud *awsfedtest.Cloud, rest string) string {
		return "PERMISSION_DENIED: nothing gives iam.serviceAccounts.getAccessToken on " + account + " to " + cloud.Provider().Subject(workload) + rest
	}
	for name, test := range map[string]struct {
		fault  string
		change func(*testing.T, *awsfedtest.Cloud)
		want   func(*awsfedtest.Cloud) string
	}{
		"no binding":        {fault: "missing-binding", want: func(c *awsfedtest.Cloud) string { return denied(c, "") }},
		"a wrong principal": {fault: "wrong-principal", want: func(c *awsfedtest.Cloud) string { return denied(c, "") }},
		"a role too weak": {fault: "missing-binding", change: func(t *testing.T, c *awsfedtest.Cloud) {
			require.NoError(t, c.GrantProject("roles/editor", c.Provider().Everyone()))
			require.NoError(t, c.Grant(account, "roles/iam.serviceAccountUser", c.Provider().Everyone()))
		}, want: func(c *awsfedtest.Cloud) string {
			return denied(c, ", whose roles are roles/iam.serviceAccountUser, roles/editor")
		}},
		"a binding that does not act yet": {fault: "missing-binding", change: func(t *testing.T, c *awsfedtest.Cloud) {
			c.SetPropagation(1e9)
			require.NoError(t, c.Grant(account, "roles/iam.workloadIdentityUser", c.Provider().Everyone()))
		}, want: func(c *awsfedtest.Cloud) string {
			return denied(c, ", whose roles/iam.workloadIdentityUser does not act yet")
		}},
		"no account":  {fault: "service-account-missing", want: func(*awsfedtest.Cloud) string { return "NOT_FOUND: no service account is " + account }},
		"a perimeter": {fault: "vpc-service-controls", want: func(*awsfedtest.Cloud) string { return "PERMISSION_DENIED: SECURITY_POLICY_VIOLATED" }},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			fault, found := awsfedtest.FaultByName(test.fault)
			require.True(t, found)
			fault.Inject(cloud)
			if test.change != nil {
				test.change(t, cloud)
			}
			look(t.Context(), t, cloud)
			assert.Equal(t, []awsfedtest.Judgement{{
				Caller: cloud.Provider().Subject(workload), Attributes: attributes(), Reason: test.want(cloud),
			}}, judgements(cloud, awsfedtest.IAMCredentials))
		})
	}
}

func TestNoJudgementHoldsWhatAClientPutInAWrongPlace(t *testing.T) {
	const planted = "planted-secret"
	var lines bytes.Buffer
	cloud := awsfedtest.New(awsfedtest.Options{Logger: slog.New(slog.NewTextHandler(&lines, nil))})
	token := federated(t, cloud)
	client, account := cloud.Client(), cloud.Config().ServiceAccount
	var ignored any
	const form = "application/x-www-form-urlencoded"
	exchange := "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&requested_token_type=urn:ietf:params:oauth:token-type:access_token&scope=" + cloudPlatform +
		"&subject_token_type=urn:ietf:params:aws:token-type:aws4_request&audience=" + cloud.Provider().Audience()
	for _, body := range []string{
		planted + "=1&" + planted + "=2", "grant_type=" + planted, exchange + "&subject_token=" + planted,
		exchange + `&subject_token=%7B"url":"https://` + planted + `/","method":"POST","headers":[{"key":"` + planted + `","value":"` + planted + `"}]%7D`,
		exchange + `&options={"accessBoundary":{"accessBoundaryRules":[{"availableResource":"` + planted + `"}]}}`,
	} {
		_, err := post(t.Context(), client, "https://sts.googleapis.com/v1/token", form, "", body, &ignored)
		require.NoError(t, err)
	}
	for _, body := range []string{`{"` + planted + `":1}`, `{"scope":["` + planted + `"]}`, `{"scope":["email"],"lifetime":"` + planted + `"}`, `{"scope":["email"],"delegates":["` + planted + `"]}`} {
		callIAM(t, cloud, token, account, "generateAccessToken", body)
	}
	callIAM(t, cloud, planted, account, "generateAccessToken", `{"scope":["email"]}`)
	for _, body := range []string{"grant_type=" + planted, planted + "=1&" + planted + "=2", "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=" + planted} {
		_, err := post(t.Context(), client, "https://oauth2.googleapis.com/token", form, "", body, &ignored)
		require.NoError(t, err)
	}
	_, err := post(t.Context(), client, "https://oauth2.googleapis.com/tokeninfo?access_token="+planted, form, "", "", &ignored)
	require.NoError(t, err)

	refused := 0
	for _, request := range cloud.Requests() {
		if request.Status >= http.StatusBadRequest {
			refused++
			assert.NotEmpty(t, request.Judgement.Reason, "%+v", request)
		}
	}
	assert.Equal(t, 14, refused)
	for _, text := range []string{fmt.Sprintf("%+v", cloud.Requests()), lines.String()} {
		assert.NotContains(t, text, planted)
		assert.NotContains(t, text, token)
		assert.NotContains(t, strings.ToLower(text), "signature=")
	}
}

func TestAChainOfDelegatesIsJudgedByItsBindings(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	const delegate = "delegate@my-project.iam.gserviceaccount.com"
	for _, email := range []string{delegate, target} {
		require.NoError(t, cloud.AddServiceAccount(awsfedtest.ServiceAccount{Email: email}))
	}
	everyone := cloud.Provider().Everyone()
	require.NoError(t, cloud.GrantProject(creator, everyone))
	require.NoError(t, cloud.Grant(target, creator, "serviceAccount:"+delegate))
	token := federated(t, cloud)
	cloud.ResetRequests()
	status, answer := callIAM(t, cloud, token, target, "generateAccessToken", `{"scope":["email"],"delegates":["`+delegate+`"]}`)
	require.Equal(t, http.StatusOK, status, answer)
	_, err := post(t.Context(), cloud.Client(), "https://openidconnect.googleapis.com/v1/userinfo", "text/plain", "Bearer "+answer["accessToken"].(string), "", new(any))
	require.NoError(t, err)
	requests := cloud.Requests()
	require.Len(t, requests, 2)
	assert.Equal(t, creator+" for "+everyone+" on projects/912480652101; "+creator+" for serviceAccount:"+delegate+" on projects/-/serviceAccounts/"+target, requests[0].Judgement.Binding)
	assert.Equal(t, awsfedtest.Judgement{Caller: target}, requests[1].Judgement)
}
