package world_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/world"
)

func TestEveryFaultOfAFileIsReportedAtOnce(t *testing.T) {
	_, err := world.Build([]byte(`aws:
  region: eu-west-1
  partition: aws-cn
  accounts:
    - id: "123456789012"
      roles:
        - name: app
          max_session: 13h
          trusts: ["*", "210987654321", "arn:aws:iam::210987654321:root"]
        - name: twice
        - name: twice
      users:
        - name: "j ane"
    - id: "123456789012"
  ec2_role: nobody
  eks_role: nobody
google:
  pools:
    - id: my-pool
      providers:
        - id: neither
        - id: gcp-mine
          aws: {account: "123456789012"}
          attribute_mapping:
            google.subject: assertion.
            attribute.a: "1"
          attribute_condition: "'yes'"
        - id: same
          oidc: {issuer: aws}
          attribute_mapping: {google.subject: assertion.sub}
        - id: other
          aws: {account: "123456789012"}
        - id: other
          aws: {account: "123456789012"}
        - id: plain
          oidc:
            issuer: http://example.com
            jwks: {keys: [{kty: RSA, kid: a, n: AQAB, e: AQAB}]}
        - id: keyless
          oidc:
            issuer: https://example.com
  service_accounts:
    - email: nobody
    - email: a@b
      bindings:
        - role: roles/iam.workloadIdentityUser
          members: [allUsers]
  workspace:
    users: [jane]
    delegations:
      - service_account: missing@b
        scopes: ["https://www.googleapis.com/auth/drive"]
  federated_lifetime: 999ms
`), nil)
	require.Error(t, err)
	var got []string
	for line := range strings.Lines(err.Error()) {
		if strings.HasPrefix(line, "line ") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	for i, want := range []string{
		`line 2: aws.region: partition aws-cn has no region "eu-west-1"`,
		`line 7: aws.accounts[0].roles[0]: adding a role: maximum session of 13h0m0s is not from 1h to 12h`,
		`line 9: aws.accounts[0].roles[0].trusts[2]: "arn:aws:iam::210987654321:root" is not an ARN of partition aws-cn`,
		`line 11: aws.accounts[0].roles[2].name: role arn:aws-cn:iam::123456789012:role/twice is there twice`,
		`line 13: aws.accounts[0].users[0]: adding user "j ane"`,
		`line 14: aws.accounts[1].id: account 123456789012 is there twice`,
		`line 15: aws.ec2_role: role "nobody" does not exist`,
		`line 16: aws.eks_role: role "nobody" does not exist`,
		`line 21: google.pools[0].providers[0]: want one of aws and oidc`,
		`line 22: google.pools[0].providers[1].id: the prefix gcp- of gcp-mine is reserved`,
		`line 25: google.pools[0].providers[1].attribute_mapping["google.subject"]: ERROR: <input>:1:11: Syntax error`,
		`line 26: google.pools[0].providers[1].attribute_mapping["attribute.a"]: the expression yields int, not string`,
		`line 27: google.pools[0].providers[1].attribute_condition: the expression yields string, not bool`,
		`line 29: google.pools[0].providers[2].oidc.issuer: the issuer aws needs aws.outbound_identity`,
		`line 33: google.pools[0].providers[4]: adding a provider: `,
		`line 35: google.pools[0].providers[5].attribute_mapping: google.subject is missing`,
		`line 35: google.pools[0].providers[5]: adding provider plain: issuer "http://example.com" is not an https URL`,
		`line 38: google.pools[0].providers[5].oidc.jwks.keys: key 0: its modulus has less than 2048 bits`,
		`line 39: google.pools[0].providers[6].attribute_mapping: google.subject is missing`,
		`line 40: google.pools[0].providers[6].oidc.jwks: it is missing`,
		`line 43: google.service_accounts[0]: adding a service account: "nobody" is not an email`,
		`line 47: google.service_accounts[1].bindings[0].members[0]: editing an IAM policy: member "allUsers"`,
		`line 49: google.workspace.users[0]: adding a Workspace user: "jane" is not an email`,
		`line 51: google.workspace.delegations[0]: delegating a domain: missing@b does not exist`,
		`line 53: google.federated_lifetime: 999ms is less than 1s`,
	} {
		if assert.Less(t, i, len(got), want) {
			assert.True(t, strings.HasPrefix(got[i], want), "got  %s\nwant %s", got[i], want)
		}
	}
	assert.Len(t, got, 25, "%s", err)
}

func TestProviderOfOpenIDConnectMustHaveAMappingAndAnHTTPSIssuer(t *testing.T) {
	_, err := world.Build([]byte(`
aws: {outbound_identity: true}
google: {pools: [{id: my-pool, providers: [{id: prov, oidc: {issuer: aws, jwks: {keys: []}}}]}]}
`), nil)
	assert.ErrorContains(t, err, "attribute_mapping: google.subject is missing")
	assert.ErrorContains(t, err, "oidc.jwks: the keys of the issuer aws are known")
}
