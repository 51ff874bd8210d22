package main

import (
	"bytes"
	"cmp"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/commandtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/settings"
)

func awsfed(t *testing.T, args ...string) commandtest.Result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, &command.Invocation{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
		Environ: os.Environ(), LookupEnv: os.LookupEnv})
	return commandtest.Result{Code: code, Stdout: stdout.String(), Stderr: stderr.String()}
}

func TestTheOverviewListsEveryCommand(t *testing.T) {
	for _, args := range [][]string{{"-h"}, {"-help"}, {"--help"}, {"help"}} {
		result := awsfed(t, args...)
		assert.Equal(t, command.Succeeded, result.Code, args)
		assert.Empty(t, result.Stderr, args)
		for _, c := range commands() {
			assert.Regexp(t, `(?m)^  `+c.Name+` +\Q`+c.Summary+`\E$`, result.Stdout)
		}
	}
	result := awsfed(t)
	assert.Equal(t, command.Misused, result.Code, "nothing was asked for")
	assert.Empty(t, result.Stdout)
	assert.Contains(t, result.Stderr, "Usage: awsfed COMMAND")
}

func TestAnUnknownCommandIsNamed(t *testing.T) {
	for _, name := range []string{"tokens", "", "-version"} {
		result := awsfed(t, name)
		assert.Equal(t, command.Misused, result.Code)
		assert.Empty(t, result.Stdout)
		assert.Equal(t, "awsfed: there is no command \""+name+"\"; awsfed -h lists them\n", result.Stderr)
	}
}

func TestEveryCommandHasHelpThatNamesItsFlags(t *testing.T) {
	for _, c := range commands() {
		t.Run(c.Name, func(t *testing.T) {
			flags := flag.NewFlagSet(c.Name, flag.ContinueOnError)
			c.Register(flags)
			for _, word := range []string{"-h", "-help", "--help"} {
				result := awsfed(t, c.Name, word)
				assert.Equal(t, command.Succeeded, result.Code)
				assert.Empty(t, result.Stderr)
				assert.Contains(t, result.Stdout, "Usage: awsfed "+c.Name+" [flags]")
				flags.VisitAll(func(f *flag.Flag) { assert.Contains(t, result.Stdout, "\n  -"+f.Name) })
			}
			assert.NotEmpty(t, strings.TrimSpace(c.Help))
			assert.NotContains(t, c.Summary, "\n")
		})
	}
}

func TestEveryFlagSaysWhatItsValueIs(t *testing.T) {
	for _, c := range commands() {
		flags := flag.NewFlagSet(c.Name, flag.ContinueOnError)
		c.Register(flags)
		flags.VisitAll(func(f *flag.Flag) {
			assert.NotEmpty(t, f.Usage, "%s -%s", c.Name, f.Name)
			assert.Regexp(t, `^[a-z]+(-[a-z]+)*$`, f.Name, "its variable has the same words")
			if !isBool(f) {
				assert.Regexp(t, "^[^`]*`[^`]+`[^`]*$", f.Usage, "%s -%s", c.Name, f.Name)
			}
		})
	}
}

func isBool(f *flag.Flag) bool {
	b, is := f.Value.(interface{ IsBoolFlag() bool })
	return is && b.IsBoolFlag()
}

func TestEveryCommandRefusesWhatItDoesNotKnow(t *testing.T) {
	commandtest.ClearEnvironment(t)
	for _, c := range commands() {
		t.Run(c.Name, func(t *testing.T) {
			result := awsfed(t, c.Name, "-no-such-flag")
			assert.Equal(t, cmp.Or(c.Misuse, command.Misused), result.Code)
			assert.Empty(t, result.Stdout)
			assert.Contains(t, result.Stderr, "-no-such-flag")
			assert.Contains(t, result.Stderr, "awsfed "+c.Name+" -h")
			if c.Arguments != "" {
				return
			}
			result = awsfed(t, c.Name, "stray")
			assert.Equal(t, cmp.Or(c.Misuse, command.Misused), result.Code)
			assert.Empty(t, result.Stdout)
			assert.Contains(t, result.Stderr, `"stray"`)
		})
	}
}

// other is a value of the flag that is not its default.
func other(f *flag.Flag) (value string, found bool) {
	before := f.Value.String()
	for _, value := range []string{"7m", "7", "true", "false", "json", "127.0.0.1:7", "/7", "seven"} {
		if f.Value.Set(value) == nil && f.Value.String() != before {
			return value, true
		}
	}
	return "", false
}

func TestEveryFlagHasAVariable(t *testing.T) {
	for _, c := range commands() {
		flags := flag.NewFlagSet(c.Name, flag.ContinueOnError)
		c.Register(flags)
		flags.VisitAll(func(f *flag.Flag) {
			initial := f.DefValue
			value, found := other(f)
			require.True(t, found, "%s -%s takes none of the values that this test tries", c.Name, f.Name)
			variable := "AWSFED_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
			parse := func(content string, args ...string) string {
				again := flag.NewFlagSet(c.Name, flag.ContinueOnError)
				c.Register(again)
				_, err := command.Parse(again, args, func(name string) (string, bool) {
					return content, name == variable
				}, settings.Overridden())
				require.NoError(t, err, "%s -%s", c.Name, f.Name)
				return again.Lookup(f.Name).Value.String()
			}
			assert.Equal(t, f.Value.String(), parse(value), "%s %s", c.Name, variable)
			assert.Equal(t, initial, parse(""), "%s %s is empty", c.Name, variable)
			assert.Equal(t, initial, parse(value, "-"+f.Name+"="+initial), "%s -%s comes first", c.Name, f.Name)
		})
	}
}

func TestAVariableThatIsInvalidIsNamed(t *testing.T) {
	commandtest.ClearEnvironment(t)
	t.Setenv("AWSFED_TIMEOUT", "soon")
	for _, c := range commands() {
		flags := flag.NewFlagSet(c.Name, flag.ContinueOnError)
		c.Register(flags)
		if flags.Lookup("timeout") == nil {
			continue
		}
		result := awsfed(t, c.Name)
		assert.Equal(t, cmp.Or(c.Misuse, command.Misused), result.Code, c.Name)
		assert.Contains(t, result.Stderr, `AWSFED_TIMEOUT: invalid value "soon"`, c.Name)
	}
}

func TestFlagsComeBeforeVariablesAndTheseBeforeTheFile(t *testing.T) {
	commandtest.ClearEnvironment(t)
	directory := t.TempDir()
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(directory, "of-google"))
	assert.Contains(t, awsfed(t, "token").Stderr, "of-google")
	t.Setenv("AWSFED_CREDENTIALS", filepath.Join(directory, "of-the-variable"))
	assert.Contains(t, awsfed(t, "token").Stderr, "of-the-variable")
	assert.Contains(t, awsfed(t, "token", "-credentials", filepath.Join(directory, "of-the-flag")).Stderr, "of-the-flag")
	assert.Contains(t, awsfed(t, "token", "-audience", "//of-the-provider").Stderr, "//of-the-provider")
	t.Setenv("AWSFED_CREDENTIALS", "")
	assert.Contains(t, awsfed(t, "token").Stderr, "of-google")
}

func TestATokenOfEveryPartTogether(t *testing.T) {
	workload := commandtest.Start(t)
	result := awsfed(t, append([]string{"token"}, workload.Flags()...)...)
	require.Equal(t, command.Succeeded, result.Code, result.Stderr)
	_, err := workload.Cloud.Check(strings.TrimSpace(result.Stdout))
	assert.NoError(t, err)
}
