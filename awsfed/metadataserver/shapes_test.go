package metadataserver_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

const (
	text   = "application/text"
	asJSON = "application/json"
	scope  = awsfed.CloudPlatformScope

	accountObject = `{"aliases":["default"],"email":"` + appAccount + `","scopes":["` + scope + `"]}`
	accountsTree  = `{"` + appAccount + `":` + accountObject + `,"default":` + accountObject + `}`
	instanceTree  = `{"attributes":{},"serviceAccounts":` + accountsTree + `}`
	projectTree   = `{"attributes":{},"numericProjectId":912480652101,"projectId":"my-project"}`
	universeTree  = `{"universeDomain":"googleapis.com"}`

	directEmail = "my-aws-pool.global.912480652101.workload.id.goog"
)

func TestEveryKeyHasItsExactShape(t *testing.T) {
	handlers := map[string]*metadataserver.Handler{
		"plain":    handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{}),
		"zoned":    handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{Zone: "europe-west1-b"}),
		"named":    handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{Zone: "europe-west1-b", ProjectID: "other", NumericProjectID: "42"}),
		"universe": handlerOf(t, awsfedtest.New(awsfedtest.Options{Universe: "example.com"}), metadataserver.Options{}),
		"direct":   handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{}, direct),
		"several": handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{Accounts: []string{"other@my-project.iam.gserviceaccount.com"}},
			func(cfg *awsfed.Config) { cfg.Scopes = []string{"https://b.example/<&>", "https://a.example"} }),
	}
	addresses := map[string]string{}
	for name, h := range handlers {
		addresses[name] = listen(t, h)
	}
	for _, c := range []struct{ name, at, target, contentType, body string }{
		{"the root lists the metadata", "plain", "/", text, "computeMetadata/\n"},
		{"the metadata list their version", "plain", "/computeMetadata/", text, "v1/\n"},
		{"the version lists its directories", "plain", v1 + "/", text, "instance/\nproject/\nuniverse/\n"},
		{"the instance lists no zone without one", "plain", v1 + "/instance/", text, "attributes/\nservice-accounts/\n"},
		{"the instance lists a zone that it has", "zoned", v1 + "/instance/", text, "attributes/\nservice-accounts/\nzone\n"},
		{"attributes of the instance are empty", "plain", v1 + "/instance/attributes/", text, ""},
		{"attributes of the project are empty", "plain", v1 + "/project/attributes/", text, ""},
		{"the project lists its keys", "plain", v1 + "/project/", text, "attributes/\nnumeric-project-id\nproject-id\n"},
		{"the universe lists its key", "plain", v1 + "/universe/", text, "universe-domain\n"},
		{"accounts are listed by email and as default", "plain", accounts + "/", text, appAccount + "/\ndefault/\n"},
		{"further accounts are listed", "several", accounts + "/", text, appAccount + "/\ndefault/\nother@my-project.iam.gserviceaccount.com/\n"},
		{"an account lists its keys", "plain", accounts + "/default/", text, "aliases\nemail\nidentity\nscopes\ntoken\n"},
		{"an account by email lists its keys", "plain", accounts + "/" + appAccount + "/", text, "aliases\nemail\nidentity\nscopes\ntoken\n"},

		{"the zone has the number of the project", "zoned", v1 + "/instance/zone", text, "projects/912480652101/zones/europe-west1-b"},
		{"the zone has the number that was set", "named", v1 + "/instance/zone", text, "projects/42/zones/europe-west1-b"},
		{"the project's ID is that of the account", "plain", v1 + "/project/project-id", text, "my-project"},
		{"the project's ID can be set", "named", v1 + "/project/project-id", text, "other"},
		{"the project's ID without an account is its number", "direct", v1 + "/project/project-id", text, "912480652101"},
		{"the project's number is that of the pool", "plain", v1 + "/project/numeric-project-id", text, "912480652101"},
		{"the project's number can be set", "named", v1 + "/project/numeric-project-id", text, "42"},
		{"the project's number needs no account", "direct", v1 + "/project/numeric-project-id", text, "912480652101"},
		{"the universe is that of Google by default", "plain", v1 + "/universe/universe-domain", text, "googleapis.com"},
		{"the universe is that of the configuration", "universe", v1 + "/universe/universe-domain", text, "example.com"},
		{"aliases are a list", "plain", accounts + "/default/aliases", text, "default\n"},
		{"another account has no aliases", "several", accounts + "/other@my-project.iam.gserviceaccount.com/aliases", text, ""},
		{"the email is a value", "plain", accounts + "/default/email", text, appAccount},
		{"the email of another account is its name", "several", accounts + "/other@my-project.iam.gserviceaccount.com/email", text, "other@my-project.iam.gserviceaccount.com"},
		{"a federated identity has the name of its pool", "direct", accounts + "/default/email", text, directEmail},
		{"a federated identity answers by that name", "direct", accounts + "/" + directEmail + "/email", text, directEmail},
		{"an email may be encoded", "plain", accounts + "/aws-app%40my-project.iam.gserviceaccount.com/email", text, appAccount},
		{"scopes are a list", "plain", accounts + "/default/scopes", text, scope + "\n"},
		{"scopes are those of the configuration", "several", accounts + "/default/scopes", text, "https://b.example/<&>\nhttps://a.example\n"},

		{"a value as JSON is a string", "plain", accounts + "/default/email?alt=json", asJSON, `"` + appAccount + `"`},
		{"a number as JSON is a number", "plain", v1 + "/project/numeric-project-id?alt=json", asJSON, "912480652101"},
		{"a list as JSON is an array", "plain", accounts + "/default/scopes?alt=json", asJSON, `["` + scope + `"]`},
		{"an empty list as JSON is an array", "several", accounts + "/other@my-project.iam.gserviceaccount.com/aliases?alt=json", asJSON, "[]"},
		{"JSON does not escape what HTML would", "several", accounts + "/default/scopes?alt=json", asJSON, `["https://b.example/<&>","https://a.example"]`},
		{"a value as text is itself", "plain", accounts + "/default/email?alt=text", text, appAccount},
		{"a directory as JSON is its names", "plain", v1 + "/project/?alt=json", asJSON, `["attributes/","numeric-project-id","project-id"]`},
		{"an empty directory as JSON is an array", "plain", v1 + "/project/attributes/?alt=json", asJSON, "[]"},
		{"a directory as text is its listing", "plain", v1 + "/universe/?alt=text", text, "universe-domain\n"},

		{"an account as a whole has no tokens", "plain", accounts + "/default/?recursive=true", asJSON, accountObject},
		{"an account by email is the same", "plain", accounts + "/" + appAccount + "/?recursive=true", asJSON, accountObject},
		{"recursive is true", "plain", v1 + "/universe/?recursive=true", asJSON, universeTree},
		{"recursive is TRUE", "plain", v1 + "/universe/?recursive=TRUE", asJSON, universeTree},
		{"recursive is yes", "plain", v1 + "/universe/?recursive=yes", asJSON, universeTree},
		{"recursive is on", "plain", v1 + "/universe/?recursive=on", asJSON, universeTree},
		{"recursive is 1", "plain", v1 + "/universe/?recursive=1", asJSON, universeTree},
		{"recursive is false", "plain", v1 + "/universe/?recursive=false", text, "universe-domain\n"},
		{"recursive is empty", "plain", v1 + "/universe/?recursive", text, "universe-domain\n"},
		{"recursive is another word", "plain", v1 + "/universe/?recursive=2", text, "universe-domain\n"},
		{"recursive and alt=json", "plain", v1 + "/universe/?recursive=true&alt=json", asJSON, universeTree},
		{"an empty directory as a whole", "plain", v1 + "/instance/attributes/?recursive=true", asJSON, "{}"},
		{"an empty directory as a whole in text", "plain", v1 + "/instance/attributes/?recursive=true&alt=text", text, ""},
		{"the accounts as a whole", "plain", accounts + "/?recursive=true", asJSON, accountsTree},
		{"the project as a whole", "plain", v1 + "/project/?recursive=true", asJSON, projectTree},
		{"the instance as a whole", "plain", v1 + "/instance/?recursive=true", asJSON, instanceTree},
		{"all as a whole", "plain", v1 + "/?recursive=true", asJSON, `{"instance":` + instanceTree + `,"project":` + projectTree + `,"universe":` + universeTree + `}`},
		{"an account as a whole in text", "plain", accounts + "/default/?recursive=true&alt=text", text, "aliases default\nemail " + appAccount + "\nscopes " + scope + "\n"},
		{"the project as a whole in text", "plain", v1 + "/project/?recursive=true&alt=text", text, "numeric-project-id 912480652101\nproject-id my-project\n"},
		{"directories as a whole in text have paths", "zoned", v1 + "/?recursive=true&alt=text", text,
			"instance/service-accounts/" + appAccount + "/aliases default\n" +
				"instance/service-accounts/" + appAccount + "/email " + appAccount + "\n" +
				"instance/service-accounts/" + appAccount + "/scopes " + scope + "\n" +
				"instance/service-accounts/default/aliases default\n" +
				"instance/service-accounts/default/email " + appAccount + "\n" +
				"instance/service-accounts/default/scopes " + scope + "\n" +
				"instance/zone projects/912480652101/zones/europe-west1-b\n" +
				"project/numeric-project-id 912480652101\nproject/project-id my-project\nuniverse/universe-domain googleapis.com\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				r := raw(t, addresses[c.at], method, c.target, googleFlavor)
				length := r.headers["Content-Length"]
				if method == http.MethodHead {
					assert.Empty(t, r.body)
					r.body = c.body // whose length is told
				}
				assert.Equal(t, "HTTP/1.1 200 OK", r.status)
				assert.Equal(t, c.body, r.body)
				requireShape(t, r)
				assert.Len(t, length, 1)
				assert.Equal(t, []string{c.contentType}, r.headers["Content-Type"])
				sum := sha256.Sum256([]byte(c.body))
				assert.Equal(t, []string{hex.EncodeToString(sum[:8])}, r.headers["ETag"], "of the value alone, so that it survives a new start")
			}
		})
	}
}

func TestTheProjectIsThatOfTheAccount(t *testing.T) {
	for account, want := range map[string]string{
		"a@my-project.iam.gserviceaccount.com":               "my-project",
		"a@my-project.example.com.iam.gserviceaccount.com":   "example.com:my-project",
		"912480652101-compute@developer.gserviceaccount.com": "912480652101",
		"my-project@appspot.gserviceaccount.com":             "my-project",
		"103456789012345678901":                              "912480652101",
		"a@iam.gserviceaccount.com":                          "912480652101",
	} {
		t.Run(account, func(t *testing.T) {
			h := handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{}, func(cfg *awsfed.Config) { cfg.ServiceAccount = account })
			assert.Equal(t, want, get(t, h, v1+"/project/project-id").body)
			assert.Equal(t, want, h.ProjectID())
			assert.Equal(t, account, get(t, h, accounts+"/default/email").body)
			require.Equal(t, http.StatusOK, get(t, h, accounts+"/"+account+"/email").status)
		})
	}
}
