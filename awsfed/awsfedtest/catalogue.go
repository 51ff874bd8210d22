package awsfedtest

import (
	"net/http"
	"slices"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

// NamedFault is an entry of the catalogue of [Faults]: one thing that goes wrong in the field, and
// how it shows to a client that asks for the token of a service account with the credentials of the
// EC2 instance.
type NamedFault struct {
	// Name is the name in kebab case, such as missing-binding.
	Name string
	// Summary says what is wrong, in one line.
	Summary string
	// Endpoint is where the client sees it. Empty: the client sees nothing.
	Endpoint Endpoint
	// Status is the HTTP status that the client sees, and 0 if there is none.
	Status int
	// Code is the error that the answer names: the "error" of Google's STS, the "status" of IAM
	// Credentials. Empty if the answer names none.
	Code string
	// Reason is what the answer says beyond Code: the reason of IAM Credentials' ErrorInfo, or the
	// code of the AWS error that Google's STS passes on.
	Reason string
	// Verified says that the answer, its text included, is known from a public source. Otherwise it
	// is a guess, the emulator's own, or nobody's, as for a connection that is reset; a guess may
	// change in any release.
	Verified bool

	inject func(*Cloud) (undo func())
}

// Inject brings the fault about in c, and returns what takes it back. The faults that are
// misconfigurations concern the provider, the service account and the instance that c's Options
// describe. Faults can be taken back in any order.
func (f NamedFault) Inject(c *Cloud) (undo func()) { return c.InjectNamed(f).Undo }

// FaultByName returns the fault of the catalogue that has the given name.
func FaultByName(name string) (NamedFault, bool) {
	faults := Faults()
	i := slices.IndexFunc(faults, func(f NamedFault) bool { return f.Name == name })
	if i < 0 {
		return NamedFault{}, false
	}
	return faults[i], true
}

// Faults returns the catalogue: every named fault, each with a name of its own, for tests to range
// over.
func Faults() []NamedFault {
	return slices.Concat(
		providerFaults(), serviceAccountFaults(), awsFaults(), metadataFaults(),
		networkFaults("sts", "Google's STS", GoogleSTS), networkFaults("iam", "IAM Credentials", IAMCredentials),
	)
}

// providerFaults are those of the pool and the provider, which show at the token exchange.
func providerFaults() []NamedFault {
	const invalidTarget = "invalid_target"
	return []NamedFault{
		{"pool-disabled", "the workload identity pool is disabled", GoogleSTS, 400, invalidTarget, "", true,
			func(c *Cloud) func() { return c.google.DisablePool() }},
		{"pool-deleted", "the workload identity pool is deleted", GoogleSTS, 400, invalidTarget, "", true,
			func(c *Cloud) func() { return c.google.DeletePool() }},
		{"provider-disabled", "the provider is disabled", GoogleSTS, 400, invalidTarget, "", true,
			func(c *Cloud) func() { return c.google.DisableProvider() }},
		{"provider-deleted", "the provider is deleted", GoogleSTS, 400, invalidTarget, "", true,
			func(c *Cloud) func() { return c.google.DeleteProvider() }},
		{"wrong-audience", "the audience is not the resource name of a provider", GoogleSTS, 400, "invalid_request", "", true,
			injected(refusal(GoogleSTS, fakegoogle.ReasonAudience.Refusal()))},
		{"wrong-account", "the provider trusts another AWS account", GoogleSTS, 400, "invalid_grant", "", false,
			func(c *Cloud) func() { return c.google.TrustAccount(otherAccount(c.options.Account)) }},
		{"condition-false", "the attribute condition refuses the identity", GoogleSTS, 400, "unauthorized_client", "", true,
			func(c *Cloud) func() { return c.google.RejectByCondition() }},
		{"subject-too-long", "the mapped google.subject is longer than 127 bytes", GoogleSTS, 400, "invalid_request", "", true,
			func(c *Cloud) func() { return c.google.LongSubject() }},
		{"mapping-empty", "the attribute mapping yields no google.subject", GoogleSTS, 400, "invalid_request", "", false,
			func(c *Cloud) func() { return c.google.EmptySubject() }},
		{"organization-policy", "an organization policy forbids AWS providers, which keeps new ones out and leaves this one working", "", 0, "", "", true,
			func(c *Cloud) func() { return c.google.DenyByOrganizationPolicy() }},
		{"sts-quota", "the quota of token exchanges is used up", GoogleSTS, 429, "quota_exceeded", "", true,
			func(c *Cloud) func() { return c.google.ExhaustSTSQuota() }},
	}
}

// serviceAccountFaults are those that show at the impersonation.
func serviceAccountFaults() []NamedFault {
	const denied = "PERMISSION_DENIED"
	generate := func(r Request) bool { return r.Action == "generateAccessToken" }
	return []NamedFault{
		{"missing-binding", "nobody may impersonate the service account", IAMCredentials, 403, denied, "IAM_PERMISSION_DENIED", true,
			func(c *Cloud) func() { return c.google.RemoveBinding() }},
		{"wrong-principal", "the binding names another principal than the mapping yields", IAMCredentials, 403, denied, "IAM_PERMISSION_DENIED", true,
			func(c *Cloud) func() { return c.google.BindWrongPrincipal() }},
		{"service-account-missing", "the service account does not exist", IAMCredentials, 404, "NOT_FOUND", "", true,
			func(c *Cloud) func() { return c.google.RemoveServiceAccount() }},
		{"iamcredentials-api-disabled", "the project has not enabled the IAM Service Account Credentials API", IAMCredentials, 403, denied, "SERVICE_DISABLED", true,
			func(c *Cloud) func() { return c.google.DisableIAMCredentialsAPI() }},
		{"vpc-service-controls", "a perimeter of VPC Service Controls denies IAM Credentials", IAMCredentials, 403, denied, "SECURITY_POLICY_VIOLATED", false,
			func(c *Cloud) func() { return c.google.DenyByVPCServiceControls() }},
		{"iam-quota", "the quota of credential generation is used up", IAMCredentials, 429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", false,
			func(c *Cloud) func() { return c.google.ExhaustIAMQuota() }},
		{"lifetime-too-long", "the lifetime is more than the service account is allowed", IAMCredentials, 400, "INVALID_ARGUMENT", "", true,
			func(c *Cloud) func() {
				return c.Inject(refusal(IAMCredentials, fakegoogle.LifetimeTooLong(c.options.ServiceAccount)).When(generate))
			}},
		{"scope-insufficient", "the federated token lacks the scope cloud-platform", IAMCredentials, 403, denied, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", false,
			injected(refusal(IAMCredentials, fakegoogle.ScopeInsufficient()))},
		{"token-revoked", "the federated token is not valid any more", IAMCredentials, 401, "UNAUTHENTICATED", "", true,
			injected(refusal(IAMCredentials, fakegoogle.Unauthenticated("")))},
	}
}

// awsFaults are those for which AWS refuses the signed request that Google's STS replays. How
// Google words AWS's refusal is known from InvalidClientTokenId alone.
func awsFaults() []NamedFault {
	return []NamedFault{
		{"aws-keys-expired", "the AWS session has expired", GoogleSTS, 400, "invalid_grant", "ExpiredToken", false,
			func(c *Cloud) func() { return c.aws.Reject(fakeaws.KeysExpired) }},
		{"aws-keys-invalid", "AWS does not know the access key", GoogleSTS, 400, "invalid_grant", "InvalidClientTokenId", true,
			func(c *Cloud) func() { return c.aws.Reject(fakeaws.KeysInvalid) }},
		{"bad-signature", "the request is signed with a wrong secret", GoogleSTS, 400, "invalid_grant", "SignatureDoesNotMatch", false,
			func(c *Cloud) func() { return c.aws.Reject(fakeaws.WrongSignature) }},
		{"wrong-region-scope", "the request is signed for another region than its host's", GoogleSTS, 400, "invalid_grant", "SignatureDoesNotMatch", false,
			func(c *Cloud) func() { return c.aws.Reject(fakeaws.WrongScope) }},
		{"aws-throttled", "AWS limits the caller of GetCallerIdentity", GoogleSTS, 400, "invalid_grant", "Throttling", false,
			injected(throttled(AWSSTS).When(func(r Request) bool { return r.Replayed }))},
		{"clock-behind", "the machine's clock is one hour behind", GoogleSTS, 400, "invalid_grant", "SignatureDoesNotMatch", false,
			skew(time.Hour)},
		{"clock-ahead", "the machine's clock is one hour ahead", GoogleSTS, 400, "invalid_grant", "SignatureDoesNotMatch", false,
			skew(-time.Hour)},
	}
}

// metadataFaults are those for which the instance has no AWS credentials.
func metadataFaults() []NamedFault {
	return []NamedFault{
		{"metadata-down", "connections to EC2 metadata are reset", EC2Metadata, 0, "", "", false,
			injected(Reset(EC2Metadata))},
		{"metadata-no-role", "the EC2 instance has no role", EC2Metadata, 404, "", "", false,
			func(c *Cloud) func() {
				role := c.aws.InstanceRole()
				_ = c.aws.SetInstanceRole("") // which cannot fail
				return func() { _ = c.aws.SetInstanceRole(role) }
			}},
		{"metadata-hop-limit", "the hop limit of 1 keeps the token of IMDSv2 from a container", EC2Metadata, 0, "", "", false,
			injected(Drop(EC2Metadata).When(func(r Request) bool { return r.Method == http.MethodPut }))},
	}
}

// networkFaults are those of one of Google's endpoints, or of the way to it.
func networkFaults(prefix, service string, endpoint Endpoint) []NamedFault {
	down := map[Endpoint]string{GoogleSTS: "temporarily_unavailable", IAMCredentials: "UNAVAILABLE"}[endpoint]
	return []NamedFault{
		{prefix + "-unavailable", service + " is unavailable", endpoint, 503, down, "", false,
			injected(Unavailable(endpoint))},
		{prefix + "-garbage", service + " answers 200 with no JSON", endpoint, 200, "", "", false,
			injected(Status(endpoint, http.StatusOK, http.Header{"Content-Type": {"application/octet-stream"}}, "\x00\xff\xfe{]<\x1b"))},
		// RFC 2606 keeps the host from ever being one.
		{prefix + "-redirect", service + " redirects to another host", endpoint, 307, "", "", false,
			injected(Status(endpoint, http.StatusTemporaryRedirect, http.Header{"Location": {"https://elsewhere.invalid/v1/token"}}, ""))},
		{prefix + "-truncated", "the answer of " + service + " ends halfway", endpoint, 200, "", "", false,
			injected(Truncate(endpoint))},
		{prefix + "-reset", "connections to " + service + " are reset", endpoint, 0, "", "", false,
			injected(Reset(endpoint))},
		{prefix + "-drop", service + " never answers", endpoint, 0, "", "", false,
			injected(Drop(endpoint))},
	}
}

// injected injects f.
func injected(f Fault) func(*Cloud) (undo func()) {
	return func(c *Cloud) func() { return c.Inject(f) }
}

// skew moves the clouds' clock against the machine's, on top of SetClock.
func skew(d time.Duration) func(*Cloud) (undo func()) {
	return func(c *Cloud) func() {
		c.skew.Add(int64(d))
		return func() { c.skew.Add(int64(-d)) }
	}
}

// otherAccount returns an AWS account that is not account.
func otherAccount(account string) string {
	if account == "999999999999" {
		return "888888888888"
	}
	return "999999999999"
}
