package live_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// known are the kinds of resources and data that the configuration has, with the arguments and
// nested blocks that the providers' documentation gives them. No provider is at hand to ask.
var known = map[string][]string{
	"data.aws_caller_identity":                   {},
	"data.aws_iam_session_context":               {"arn"},
	"data.aws_iam_policy_document":               {"statement"},
	"resource.aws_iam_role":                      {"name", "assume_role_policy", "max_session_duration"},
	"resource.aws_iam_role_policy":               {"name", "role", "policy"},
	"resource.google_project_service":            {"service", "disable_on_destroy"},
	"resource.google_iam_workload_identity_pool": {"workload_identity_pool_id", "description"},
	"resource.google_service_account":            {"account_id", "display_name"},
	"resource.google_service_account_iam_member": {"service_account_id", "role", "member"},
	"resource.google_iam_workload_identity_pool_provider": {
		"workload_identity_pool_id", "workload_identity_pool_provider_id", "attribute_condition", "attribute_mapping", "aws", "oidc",
	},
}

// meta are the arguments that Terraform gives every resource.
var meta = []string{"count", "for_each", "depends_on"}

// parseTerraform reads every file of the configuration.
func parseTerraform(t *testing.T) []*hclsyntax.Block {
	t.Helper()
	files, err := filepath.Glob("*.tf")
	require.NoError(t, err)
	require.Len(t, files, 4)
	var blocks []*hclsyntax.Block
	parser := hclparse.NewParser()
	for _, name := range files {
		file, diagnostics := parser.ParseHCLFile(name)
		require.False(t, diagnostics.HasErrors(), "%v", diagnostics)
		blocks = append(blocks, file.Body.(*hclsyntax.Body).Blocks...)
	}
	return blocks
}

func TestTerraformUsesResourcesAndArgumentsThatAreThere(t *testing.T) {
	seen := make(map[string]bool)
	for _, block := range parseTerraform(t) {
		if block.Type != "resource" && block.Type != "data" {
			assert.Contains(t, []string{"terraform", "provider", "variable", "output", "locals"}, block.Type)
			continue
		}
		kind := block.Type + "." + block.Labels[0]
		arguments, ok := known[kind]
		require.True(t, ok, "%s: nobody has looked up %s", block.Range(), kind)
		seen[kind] = true
		for name, attribute := range block.Body.Attributes {
			assert.True(t, slices.Contains(arguments, name) || slices.Contains(meta, name), "%s: %s has no argument %s", attribute.Range(), kind, name)
		}
		for _, nested := range block.Body.Blocks {
			assert.Contains(t, arguments, nested.Type, "%s", nested.Range())
		}
	}
	for kind := range known {
		assert.True(t, seen[kind], "%s is not used", kind)
	}
}

func TestTerraformRefersToWhatIsDeclared(t *testing.T) {
	declared := []string{"each.value"}
	var references []hcl.Traversal
	for _, block := range parseTerraform(t) {
		switch block.Type {
		case "variable":
			declared = append(declared, "var."+block.Labels[0])
		case "resource":
			declared = append(declared, block.Labels[0]+"."+block.Labels[1])
		case "data":
			declared = append(declared, "data."+block.Labels[0]+"."+block.Labels[1])
		case "locals":
			for name := range block.Body.Attributes {
				declared = append(declared, "local."+name)
			}
		}
		if block.Type == "terraform" {
			continue // its names are no references
		}
		_ = hclsyntax.VisitAll(block.Body, func(node hclsyntax.Node) hcl.Diagnostics {
			if expression, ok := node.(hclsyntax.Expression); ok {
				if scope, ok := expression.(*hclsyntax.ScopeTraversalExpr); ok {
					references = append(references, scope.Traversal)
				}
			}
			return nil
		})
	}
	words := regexp.MustCompile(`^(string|number|bool)$`) // types of variables
	count := 0
	for _, reference := range references {
		name := reference.RootName()
		if len(reference) == 1 && words.MatchString(name) {
			continue
		}
		parts := 2
		if name == "data" {
			parts = 3
		}
		require.GreaterOrEqual(t, len(reference), parts, "%s", reference.SourceRange())
		for _, step := range reference[1:parts] {
			attribute, ok := step.(hcl.TraverseAttr)
			require.True(t, ok, "%s", reference.SourceRange())
			name += "." + attribute.Name
		}
		assert.Contains(t, declared, name, "%s", reference.SourceRange())
		count++
	}
	assert.Greater(t, count, 30, "references were found")
}

func TestTerraformsOutputsAreWhatTheLiveTestsRead(t *testing.T) {
	var outputs []string
	for _, block := range parseTerraform(t) {
		if block.Type == "output" {
			outputs = append(outputs, block.Labels[0])
		}
	}
	source, err := os.ReadFile("live_test.go")
	require.NoError(t, err)
	var read []string
	for _, found := range regexp.MustCompile(`outputs\["(\w+)"\]`).FindAllStringSubmatch(string(source), -1) {
		read = append(read, found[1])
	}
	assert.ElementsMatch(t, outputs, read)
}

// Nothing else compiles what has the tag.
func TestLiveTestsCompile(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "vet", "-tags", "live", ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
}
