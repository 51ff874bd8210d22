package setup_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/setup"
	"github.com/awsfed/awsfed-go/internal/shell"
)

// The tests of the module examples read these files by HCL's own parser, and hold them against the
// arguments that resources have.
func TestTerraformIsThatOfTheGoldenFiles(t *testing.T) {
	for name, edit := range map[string]func(*setup.Wanted){
		"role.tf": func(w *setup.Wanted) { w.Sign = true },
		"direct.tf": func(w *setup.Wanted) {
			w.ServiceAccount, w.Roles = "", []string{"roles/storage.objectViewer", "projects/my-project/roles/myRole"}
		},
		"account.tf": func(w *setup.Wanted) { w.ServiceAccount, w.Roles = "app@other-project.iam.gserviceaccount.com", nil },
		"user.tf":    func(w *setup.Wanted) { w.Identity.ARN = hostileUser },
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name, written(t, newPlan(t, edit).WriteTerraform))
		})
	}
}

// awkward are strings that HCL does something with, if it is let.
func awkward() []string {
	return []string{"", " ", "a", `"`, `\`, `\\`, `\"`, "$", "%", "{", "${", "%{", "$${", "%%{", "$$${", "%%%{", "${a}", "%{if true}x%{endif}", "$%{a}", "%${a}", "$\\{", `$"{`, "a$", "a%",
		"a\nb", "a\r\nb", "\t", "\x00", "\x1b[2K", "\u0085", "\u2028", "\u202eb", "\U000e0041", "\U0001f511", "é", "<<EOT", "/*", "#", "//", "${~a~}", hostileUser, `\u0041`, `\n`}
}

func TestHCLStringsAreThoseOfTheGoldenFile(t *testing.T) {
	values, err := json.MarshalIndent(awkward(), "", "  ")
	require.NoError(t, err)
	golden(t, "strings.json", string(values)+"\n")
	var b strings.Builder
	b.WriteString("strings = [\n")
	for _, value := range awkward() {
		b.WriteString("  " + setup.HCLString(value) + ",\n")
	}
	b.WriteString("]\n")
	golden(t, "strings.hcl", b.String())
}

func TestTerraformPassesOnTheErrorOfItsWriter(t *testing.T) {
	assert.ErrorIs(t, newPlan(t, nil).WriteTerraform(brokenWriter{}), os.ErrClosed)
}

// unquoted reads a string of HCL back, by the rules of its specification: escapes are a subset of
// those of Go, and "${" and "%{" begin a template unless their first character is doubled. ok is
// false for what is no string, or has a template.
func unquoted(literal string) (value string, ok bool) {
	if len(literal) < 2 || literal[0] != '"' || literal[len(literal)-1] != '"' {
		return "", false
	}
	literal = literal[1 : len(literal)-1]
	var b strings.Builder
	for literal != "" {
		switch {
		case strings.HasPrefix(literal, "$${"), strings.HasPrefix(literal, "%%{"):
			b.WriteString(literal[1:3])
			literal = literal[3:]
			continue
		case strings.HasPrefix(literal, "${"), strings.HasPrefix(literal, "%{"), literal[0] == '"', literal[0] == '\n':
			return "", false
		case literal[0] == '\\' && !strings.ContainsAny(literal[1:2], `nrt"\uU`):
			return "", false
		}
		r, _, tail, err := strconv.UnquoteChar(literal, '"')
		if err != nil {
			return "", false
		}
		b.WriteRune(r)
		literal = tail
	}
	return b.String(), true
}

func FuzzHCLString(f *testing.F) {
	for _, seed := range awkward() {
		f.Add(seed)
	}
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, value string) {
		literal := setup.HCLString(value)
		read, ok := unquoted(literal)
		require.True(t, ok, literal)
		assert.Equal(t, string([]rune(value)), read)
		assert.True(t, shell.Printable(literal), literal)
	})
}
