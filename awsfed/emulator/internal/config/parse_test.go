package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/config"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

func TestFileIsReadInYAMLAndJSON(t *testing.T) {
	for name, data := range map[string]string{
		"YAML": `
aws:
  accounts: [{id: 012345678901, roles: [{name: app, max_session: 1h30m}]}]
  ec2_role: ""
google:
  organization_policy: {issuers: []}
  unsettled: {accept_get: true, answers: {account: {status: 403}}}
faults: [missing-binding]
`,
		"JSON with tabs": `{
	"aws": {"accounts": [{"id": "012345678901", "roles": [{"name": "app", "max_session": "1h30m"}]}], "ec2_role": ""},
	"google": {"organization_policy": {"issuers": []}, "unsettled": {"accept_get": true, "answers": {"account": {"status": 403}}}},
	"faults": ["missing-binding"]
}`,
	} {
		t.Run(name, func(t *testing.T) {
			file, faults := config.Parse([]byte(data))
			require.NoError(t, faults.Err())
			unsettled := fakegoogle.DefaultUnsettled()
			unsettled.AcceptGET = true
			unsettled.Answers = map[fakegoogle.Reason]fakegoogle.Answer{fakegoogle.ReasonAccount: {Status: 403}}
			want := config.File{
				AWS: config.AWS{
					Accounts: []config.Account{{ID: "012345678901", Roles: []config.Role{{Name: "app", MaxSession: 90 * time.Minute}}}},
					EC2Role:  new(""),
				},
				Google: config.Google{OrganizationPolicy: config.OrganizationPolicy{Issuers: []string{}}, Unsettled: unsettled},
				Faults: []config.FaultName{"missing-binding"},
			}
			assert.Equal(t, want, file)
		})
	}
}

func TestEmptyFileIsTheDefaultWorld(t *testing.T) {
	for _, data := range []string{"", "# nothing\n", "---\n", "{}"} {
		file, faults := config.Parse([]byte(data))
		require.NoError(t, faults.Err(), "%q", data)
		assert.Equal(t, config.File{Google: config.Google{Unsettled: fakegoogle.DefaultUnsettled()}}, file)
	}
}

func TestEveryFaultIsReportedWithItsLineAndPath(t *testing.T) {
	_, faults := config.Parse([]byte(`aws:
  regoin: eu-west-1
  accounts:
    - id: "1"
      roles:
        - path: /
    - id: "123456789012"
      users: jane
google:
  pools:
    - id: my-pool
      state: SLEEPING
      providers:
        - id: prov
          attribute_mapping:
            google.subject: 1
            subject: x
  federated_lifetime: 1 hour
  unsettled:
    accept_get: perhaps
    answers:
      gremlins: {}
faults: [gremlins]
faults: []
`))
	var lines []string
	for line := range strings.Lines(faults.Err().Error()) {
		path, _, _ := strings.Cut(line, ": ")
		text, _, _ := strings.Cut(strings.TrimPrefix(line, path+": "), ": ")
		lines = append(lines, path+" "+text)
	}
	assert.Equal(t, []string{
		"line 2 aws.regoin",
		"line 4 aws.accounts[0].id",
		"line 6 aws.accounts[0].roles[0].name",
		"line 8 aws.accounts[1].users",
		"line 12 google.pools[0].state",
		`line 16 google.pools[0].providers[0].attribute_mapping["google.subject"]`,
		"line 17 google.pools[0].providers[0].attribute_mapping.subject",
		"line 18 google.federated_lifetime",
		"line 20 google.unsettled.accept_get",
		"line 22 google.unsettled.answers.gremlins",
		"line 23 faults[0]",
		"line 24 faults",
	}, lines)
}

func TestFaultsAreReportedUpToANumber(t *testing.T) {
	_, faults := config.Parse([]byte("faults: [" + strings.Repeat("gremlins, ", 102) + "]"))
	lines := strings.Split(faults.Err().Error(), "\n")
	require.Len(t, lines, 101)
	assert.Equal(t, "and 2 more", lines[100])
}

func TestFaultsThatFollowFromOthersAreLeftOut(t *testing.T) {
	_, faults := config.Parse([]byte("google:\n  pools:\n    - state: ACTIVE\n    - id: my-pool\n"))
	faults.Addf("google.pools[0].providers[0]", "its pool has no ID")
	faults.Addf("google.pools[1].providers[3]", "another fault")
	assert.EqualError(t, faults.Err(), "line 3: google.pools[0].id: it is missing\nline 4: google.pools[1].providers[3]: another fault")
}

func TestFileThatIsNoneIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"no YAML":           {"aws: [", "yaml: line 1"},
		"two documents":     {"{}\n---\n{}", "more than one document"},
		"a list":            {"[]", "want fields, each with a name, not a list"},
		"a text":            {"aws", `want fields, each with a name, not the text "aws"`},
		"a list for a name": {"[a]: b", "want a name before the colon, not a list"},
		"too large":         {strings.Repeat("#", config.MaxSize+1), "more than 1048576"},
		"a merge key":       {"<<: {}", "there is no such field"},
		"an alias in a loop": {
			"google: {pools: [{id: pool, providers: [{id: prov, oidc: {issuer: aws, jwks: {keys: [&a {x: *a}]}}}]}]}", "nested deeper"},
		"an alias of aliases": {
			"google: {pools: [{id: pool, providers: [{id: prov, oidc: {issuer: aws, jwks: {keys: [{a: &a [1,1,1,1,1,1,1,1,1,1], " +
				"b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a], c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b], d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c], " +
				"e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]}]}}}]}]}", "more than 100000 values"},
	} {
		t.Run(name, func(t *testing.T) {
			_, faults := config.Parse([]byte(c.file))
			require.ErrorContains(t, faults.Err(), c.want)
			assert.Len(t, strings.Split(faults.Err().Error(), "\n"), 1, "one fault")
		})
	}
}

func TestAliasesAreFollowed(t *testing.T) {
	file, faults := config.Parse([]byte("aws: {accounts: [{id: &id '123456789012'}, {id: *id}]}"))
	require.NoError(t, faults.Err())
	assert.Equal(t, config.AccountID("123456789012"), file.AWS.Accounts[1].ID)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("google:\n  pools:\n    - id: pool\n      providers: [{id: prov, oidc: {issuer: aws, jwks: {keys: [{x: 1}]}}}]\n  federated_lifetime: 5m"))
	f.Add([]byte("aws: &a {accounts: [*a]}"))
	f.Add([]byte("{google: {unsettled: {answers: {account: {status: 0x10}}}}}"))
	f.Add([]byte("? [a]\n: b"))
	f.Add([]byte("google: {pools: [{id: !!binary aGk=}]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, faults := config.Parse(data)
		if err := faults.Err(); err != nil {
			assert.True(t, strings.HasPrefix(err.Error(), "line "), err)
		}
	})
}
