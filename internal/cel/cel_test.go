package cel_test

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/principal"
	"github.com/awsfed/awsfed-go/internal/cel"
	"github.com/awsfed/awsfed-go/internal/shell"
)

func TestLiterals(t *testing.T) {
	for name, test := range map[string]struct{ value, literal, clause string }{
		"an ARN":                      {"arn:aws:sts::1:assumed-role/a", `"arn:aws:sts::1:assumed-role/a"`, `"arn:aws:sts::1:assumed-role/a"`},
		"nothing":                     {"", `""`, `""`},
		"quotes":                      {`a"b'`, `"a\"b'"`, `"a\u0022b\u0027"`},
		"a backslash":                 {`a\`, `"a\\"`, `"a\u005c"`},
		"a substitution":              {"$(x)", `"$(x)"`, `"\u0024\u0028x\u0029"`},
		"another plane":               {"\U0001f511", "\"\U0001f511\"", `"\U0001f511"`},
		"letters of another alphabet": {"é", `"é"`, `"\u00e9"`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.literal, cel.String(test.value))
			assert.Equal(t, test.clause, cel.Clause(test.value))
		})
	}
}

// The default mapping is written in CEL here, and in Go in package principal. Both take the same
// parts of the ARN.
func TestDefaultMappingNamesTheTemplatesOfPackagePrincipal(t *testing.T) {
	const arn = "arn:aws:sts::123456789012:assumed-role/app/session"
	attributes, err := principal.DefaultMapping(principal.Identity{ARN: arn})
	require.NoError(t, err)
	var parts []string
	for _, template := range []string{"{account_arn}assumed-role/", "assumed-role/{role_name}/"} {
		require.Contains(t, cel.DefaultAWSRole, cel.String(template))
		part, err := principal.Extract(arn, template)
		require.NoError(t, err)
		parts = append(parts, part)
	}
	assert.Equal(t, attributes.Custom["aws_role"], strings.Join(parts, "assumed-role/"))
	assert.Equal(t, "assertion.arn", cel.DefaultSubject)
}

// For what may stand in a literal of one line, CEL and Go have the same rules.
func FuzzLiterals(f *testing.F) {
	for _, seed := range []string{"", "a", `"`, `\`, `\"`, "'", "${x}", "$(x)", "`x`", "é", "\u202e", "\x00", "a\nb", "\U0001f511", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if utf8.ValidString(value) {
			read, err := strconv.Unquote(cel.Clause(value))
			require.NoError(t, err)
			assert.Equal(t, value, read)
		}
		assert.Empty(t, strings.Trim(cel.Clause(value), "\"\\@%+=:,./_-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
		if shell.Printable(value) {
			read, err := strconv.Unquote(cel.String(value))
			require.NoError(t, err)
			assert.Equal(t, value, read)
		}
	})
}
