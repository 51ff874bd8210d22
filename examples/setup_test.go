package examples_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zclconf/go-cty/cty"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// setupFiles is where the tests of awsfed setup keep what it prints.
const setupFiles = "../cmd/awsfed/internal/setup/testdata"

// setupArguments are the kinds of resources and data that awsfed setup prints, with the arguments
// and nested blocks that the documentation of hashicorp/google gives them, and the attributes that
// are referred to. No provider is at hand to ask.
var setupArguments = map[string]struct{ required, optional, attributes []string }{
	"resource.google_project_service": {
		required: []string{"service"}, optional: []string{"project", "disable_on_destroy", "disable_dependent_services"},
	},
	"resource.google_iam_workload_identity_pool": {
		required:   []string{"workload_identity_pool_id"},
		optional:   []string{"project", "display_name", "description", "disabled"},
		attributes: []string{"name", "workload_identity_pool_id"},
	},
	"resource.google_iam_workload_identity_pool_provider": {
		required:   []string{"workload_identity_pool_id", "workload_identity_pool_provider_id"},
		optional:   []string{"project", "display_name", "description", "disabled", "attribute_mapping", "attribute_condition", "aws", "oidc", "saml", "x509"},
		attributes: []string{"name"},
	},
	"resource.google_service_account": {
		required:   []string{"account_id"},
		optional:   []string{"project", "display_name", "description", "disabled"},
		attributes: []string{"name", "email", "member"},
	},
	"data.google_service_account": {
		required: []string{"account_id"}, optional: []string{"project"}, attributes: []string{"name", "email", "member"},
	},
	"resource.google_service_account_iam_member": {required: []string{"service_account_id", "role", "member"}, optional: []string{"condition"}},
	"resource.google_project_iam_member":         {required: []string{"project", "role", "member"}, optional: []string{"condition"}},
}

// setupTerraform parses one file of Terraform that awsfed setup prints.
func setupTerraform(t *testing.T, name string) hclsyntax.Blocks {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(setupFiles, name))
	require.NoError(t, err)
	assert.Equal(t, string(source), string(hclwrite.Format(source)), "it is as terraform fmt leaves it")
	file, diagnostics := hclparse.NewParser().ParseHCL(source, name)
	require.False(t, diagnostics.HasErrors(), "%v", diagnostics)
	body := file.Body.(*hclsyntax.Body)
	assert.Empty(t, body.Attributes)
	return body.Blocks
}

func TestSetupPrintsResourcesAndArgumentsThatAreThere(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(setupFiles, "*.tf"))
	require.NoError(t, err)
	require.Len(t, files, 4)
	seen := make(map[string]bool)
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			for _, block := range setupTerraform(t, filepath.Base(name)) {
				if block.Type != "resource" && block.Type != "data" {
					assert.Contains(t, []string{"terraform", "provider", "locals", "output"}, block.Type)
					continue
				}
				kind := block.Type + "." + block.Labels[0]
				known, ok := setupArguments[kind]
				require.True(t, ok, "%s: nobody has looked up %s", block.Range(), kind)
				seen[kind] = true
				for _, argument := range known.required {
					assert.Contains(t, block.Body.Attributes, argument, "%s", block.Range())
				}
				allowed := slices.Concat(known.required, known.optional, []string{"for_each", "depends_on"})
				for argument := range block.Body.Attributes {
					assert.Contains(t, allowed, argument, "%s", block.Range())
				}
				for _, nested := range block.Body.Blocks {
					assert.Contains(t, allowed, nested.Type, "%s", nested.Range())
					assert.Equal(t, "aws", nested.Type)
					assert.Len(t, nested.Body.Attributes, 1)
					assert.Contains(t, nested.Body.Attributes, "account_id")
				}
			}
		})
	}
	for kind := range setupArguments {
		assert.True(t, seen[kind], "%s is in no file", kind)
	}
}

func TestSetupPrintsReferencesToWhatIsDeclared(t *testing.T) {
	for _, name := range []string{"role.tf", "direct.tf", "account.tf", "user.tf"} {
		t.Run(name, func(t *testing.T) {
			attributes := map[string][]string{"each.value": {}}
			blocks := setupTerraform(t, name)
			for _, block := range blocks {
				switch block.Type {
				case "resource":
					attributes[strings.Join(block.Labels, ".")] = setupArguments["resource."+block.Labels[0]].attributes
				case "data":
					attributes["data."+strings.Join(block.Labels, ".")] = setupArguments["data."+block.Labels[0]].attributes
				case "locals":
					for name := range block.Body.Attributes {
						attributes["local."+name] = nil
					}
				}
			}
			count := 0
			for _, block := range blocks {
				if block.Type == "terraform" {
					continue // its names are no references
				}
				_ = hclsyntax.VisitAll(block.Body, func(node hclsyntax.Node) hcl.Diagnostics {
					scope, ok := node.(*hclsyntax.ScopeTraversalExpr)
					if !ok {
						return nil
					}
					var path []string
					for _, step := range scope.Traversal {
						switch step := step.(type) {
						case hcl.TraverseRoot:
							path = append(path, step.Name)
						case hcl.TraverseAttr:
							path = append(path, step.Name)
						default:
							assert.Fail(t, "an index", "%s", scope.Range())
						}
					}
					length := 2
					if path[0] == "data" {
						length = 3
					}
					require.GreaterOrEqual(t, len(path), length)
					known, ok := attributes[strings.Join(path[:length], ".")]
					assert.True(t, ok, "%s: %s is not declared", scope.Range(), path)
					if len(path) > length {
						assert.Contains(t, known, path[length], "%s", scope.Range())
					}
					count++
					return nil
				})
			}
			assert.Greater(t, count, 5)
		})
	}
}

// setupValues evaluates what a file says of the provider and the principal, with the names that
// Google gives the resources.
func setupValues(t *testing.T, name string) (condition, principal, account string, mapping map[string]string) {
	t.Helper()
	const pool = "projects/912480652101/locations/global/workloadIdentityPools/aws-pool"
	scope := &hcl.EvalContext{Variables: map[string]cty.Value{"google_iam_workload_identity_pool": cty.ObjectVal(map[string]cty.Value{
		"aws": cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(pool), "workload_identity_pool_id": cty.StringVal("aws-pool")}),
	})}}
	value := func(expression hclsyntax.Expression) cty.Value {
		v, diagnostics := expression.Value(scope)
		require.False(t, diagnostics.HasErrors(), "%v", diagnostics)
		return v
	}
	mapping = make(map[string]string)
	for _, block := range setupTerraform(t, name) {
		switch {
		case block.Type == "locals":
			principal = value(block.Body.Attributes["principal"].Expr).AsString()
		case block.Type == "resource" && block.Labels[0] == "google_iam_workload_identity_pool_provider":
			condition = value(block.Body.Attributes["attribute_condition"].Expr).AsString()
			for name, expression := range value(block.Body.Attributes["attribute_mapping"].Expr).AsValueMap() {
				mapping[name] = expression.AsString()
			}
			account = value(block.Body.Blocks[0].Body.Attributes["account_id"].Expr).AsString()
		}
	}
	return condition, principal, account, mapping
}

// What Terraform would give Google, as Google would understand it.
func TestSetupPrintsAProviderThatLetsInOneIdentityAlone(t *testing.T) {
	const hostile = "arn:aws:iam::123456789012:user/a';>PWNED;$(>PWNED)`>PWNED`\"\\${path.cwd}%{if(true)}\\n#/*-->/x"
	for name, caller := range map[string]principal.Identity{
		"role.tf":   {Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/app/session"},
		"direct.tf": {Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/app/another"},
		"user.tf":   {Account: "123456789012", ARN: hostile},
	} {
		t.Run(name, func(t *testing.T) {
			source, member, account, mapping := setupValues(t, name)
			assert.Equal(t, caller.Account, account)
			condition, mapped := celCondition(t, source), celMapping(t, principal.Extract, mapping)
			bound, err := principal.ParseMember(member)
			require.NoError(t, err)
			provider := principal.Provider{ProjectNumber: bound.ProjectNumber, Pool: bound.Pool, ID: "prod"}
			want, err := principal.DefaultMapping(caller)
			require.NoError(t, err)
			for _, id := range append(append(slices.Clone(identities), setupStrangers()...), caller) {
				attributes, err := mapped(id)
				require.NoError(t, err)
				byDefault, err := principal.DefaultMapping(id)
				require.NoError(t, err)
				assert.Equal(t, byDefault, attributes, "the mapping is Google's default")
				admitted, err := condition(id, attributes)
				require.NoError(t, err)
				ours := attributes.Custom["aws_role"] == want.Custom["aws_role"]
				assert.Equal(t, ours, admitted, id.ARN)
				assert.Equal(t, ours, bound.Matches(provider, attributes), id.ARN)
			}
		})
	}
}

// setupStrangers are other identities of the account 123456789012, some of which tempt a condition
// for the role app.
func setupStrangers() (ids []principal.Identity) {
	for _, arn := range []string{
		"arn:aws:sts::123456789012:assumed-role/app2/session", "arn:aws:sts::123456789012:assumed-role/other/app", "arn:aws:sts::123456789012:assumed-role/other/session",
		"arn:aws:iam::123456789012:user/app", "arn:aws:iam::123456789012:user/assumed-role/app/x", "arn:aws:iam::123456789012:user/jane", "arn:aws:iam::123456789012:root",
	} {
		ids = append(ids, principal.Identity{Account: "123456789012", ARN: arn, UserID: "AIDAEXAMPLEEXAMPLEEXA"})
	}
	return ids
}

// What awsfed setup -check says of a condition by its form is true of what CEL makes of it.
func TestSetupJudgesConditionsAsCELDoes(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(setupFiles, "conditions.json"))
	require.NoError(t, err)
	var judged []struct{ Condition, Severity string }
	require.NoError(t, json.Unmarshal(data, &judged))
	require.NotEmpty(t, judged)
	var ours []principal.Identity
	for _, session := range []string{"session", "i-0123456789abcdef0", "other", "assumed-role"} {
		ours = append(ours, principal.Identity{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/app/" + session, UserID: "AROAEXAMPLEEXAMPLEEXA:" + session})
	}
	for _, test := range judged {
		t.Run(test.Condition, func(t *testing.T) {
			source := test.Condition
			if strings.TrimSpace(source) == "" {
				source = "true" // Google lets in everybody where there is no condition
			}
			condition := celCondition(t, source)
			admitted := func(ids []principal.Identity) (count int) {
				for _, id := range ids {
					attributes, err := principal.DefaultMapping(id)
					require.NoError(t, err)
					ok, err := condition(id, attributes)
					require.NoError(t, err)
					if ok {
						count++
					}
				}
				return count
			}
			switch test.Severity {
			case "fine":
				assert.Equal(t, len(ours), admitted(ours))
				assert.Zero(t, admitted(setupStrangers()))
			case "missing":
				assert.Zero(t, admitted(ours))
			case "too wide":
				assert.Equal(t, len(ours), admitted(ours))
				assert.NotZero(t, admitted(setupStrangers()))
			default:
				assert.Equal(t, "not judged", test.Severity)
			}
		})
	}
}

func TestSetupQuotesStringsForHCL(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(setupFiles, "strings.json"))
	require.NoError(t, err)
	var want []string
	require.NoError(t, json.Unmarshal(data, &want))
	file, diagnostics := hclparse.NewParser().ParseHCLFile(filepath.Join(setupFiles, "strings.hcl"))
	require.False(t, diagnostics.HasErrors(), "%v", diagnostics)
	value, diagnostics := file.Body.(*hclsyntax.Body).Attributes["strings"].Expr.Value(nil)
	require.False(t, diagnostics.HasErrors(), "%v", diagnostics)
	var got []string
	for _, v := range value.AsValueSlice() {
		got = append(got, v.AsString())
	}
	assert.Equal(t, want, got)
}
