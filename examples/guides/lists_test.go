package guides_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/examples/guides/internal/commandline"
	"github.com/awsfed/awsfed-go/examples/guides/internal/stub"
	"github.com/awsfed/awsfed-go/examples/guides/internal/terraform"
)

func TestEveryListOfCommandsIsReadAndHasAStub(t *testing.T) {
	files, err := filepath.Glob("lists/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(text), "# "), "%s says where it is from", file)
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		if name == "google" || name == "awsprovider" { // of Terraform's resources
			continue
		}
		_, err = commandline.Load("lists", name)
		assert.NoError(t, err)
		assert.Contains(t, stub.Names(), name)
	}
	assert.NoError(t, terraform.Check("lists", nil))
}

func TestFlagsAreReadAsTheirToolsReadThem(t *testing.T) {
	for name, test := range map[string]struct {
		tool string
		line string
		flag string
		want []string
	}{
		"a value behind the flag":          {"gcloud", "projects list --filter x", "--filter", []string{"x"}},
		"a value in the word":              {"gcloud", "projects list --filter=x=y", "--filter", []string{"x=y"}},
		"a flag in front of the command":   {"gcloud", "--project my-project projects list", "--project", []string{"my-project"}},
		"several values":                   {"aws", "ec2 describe-instances --instance-ids i-1 i-2 --output text", "--instance-ids", []string{"i-1", "i-2"}},
		"a short flag":                     {"kubectl", "get pods -n x", "--namespace", []string{"x"}},
		"a short flag with its value":      {"kubectl", "get pods -nx", "--namespace", []string{"x"}},
		"short flags in one word":          {"docker", "run -ite A=b image sh -x --y", "--env", []string{"A=b"}},
		"a value that starts with a dash":  {"curl", "-d -x https://example.com", "--data", []string{"-x"}},
		"a long flag with a single dash":   {"terraform", "-chdir=x plan -out=y", "-out", []string{"y"}},
		"what an operand of kubectl hides": {"kubectl", "exec pod -c x -- sh -c y", "--container", []string{"x"}},
	} {
		t.Run(name, func(t *testing.T) {
			tool, err := commandline.Load("lists", test.tool)
			require.NoError(t, err)
			call, err := tool.Parse(strings.Fields(test.line))
			require.NoError(t, err)
			assert.Equal(t, test.want, call.Flags[test.flag])
		})
	}
}
