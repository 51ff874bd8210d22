package command_test

import (
	"flag"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
)

// values are those of the flags that the tests of Parse have.
type values struct {
	file, audience string
	timeout        time.Duration
	hosts          command.List
	loud           bool
}

func parse(t *testing.T, args []string, environment map[string]string) (v values, given map[string]bool, err error) {
	t.Helper()
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&v.file, "file", "", "")
	flags.StringVar(&v.audience, "audience", "", "")
	flags.DurationVar(&v.timeout, "time-out", time.Second, "")
	flags.Var(&v.hosts, "allow-hosts", "")
	flags.BoolVar(&v.loud, "loud", false, "")
	given, err = command.Parse(flags, args, func(name string) (string, bool) {
		value, found := environment[name]
		return value, found
	}, map[string][]string{"file": {"audience"}, "audience": {"file"}})
	return v, given, err
}

func TestVariableIsTheFlagInCapitals(t *testing.T) {
	assert.Equal(t, "AWSFED_ALLOW_HOSTS", command.Variable("allow-hosts"))
	assert.Equal(t, "AWSFED_JSON", command.Variable("json"))
}

func TestParseTakesFlagsBeforeVariables(t *testing.T) {
	for name, test := range map[string]struct {
		args        []string
		environment map[string]string
		want        values
	}{
		"defaults where there is neither": {nil, nil, values{timeout: time.Second}},
		"variables without flags": {nil,
			map[string]string{"AWSFED_FILE": "f", "AWSFED_TIME_OUT": "3s", "AWSFED_ALLOW_HOSTS": "a, b", "AWSFED_LOUD": "true"},
			values{file: "f", timeout: 3 * time.Second, hosts: command.List{"a", "b"}, loud: true}},
		"a flag before its variable": {[]string{"-time-out", "2s"}, map[string]string{"AWSFED_TIME_OUT": "3s"}, values{timeout: 2 * time.Second}},
		"a flag with its default before its variable": {[]string{"-time-out", "1s", "-loud=false"},
			map[string]string{"AWSFED_TIME_OUT": "3s", "AWSFED_LOUD": "true"}, values{timeout: time.Second}},
		"an empty flag before its variable": {[]string{"-allow-hosts", "", "-file", ""},
			map[string]string{"AWSFED_ALLOW_HOSTS": "a", "AWSFED_FILE": "f"}, values{timeout: time.Second}},
		"an invalid variable that a flag sets aside": {[]string{"-time-out", "2s"}, map[string]string{"AWSFED_TIME_OUT": "soon"}, values{timeout: 2 * time.Second}},
		"no variable that is empty": {nil, map[string]string{"AWSFED_TIME_OUT": "", "AWSFED_LOUD": "", "AWSFED_ALLOW_HOSTS": ""},
			values{timeout: time.Second}},
		"a flag before the variable of another that it overrides": {[]string{"-audience", "p"}, map[string]string{"AWSFED_FILE": "f"},
			values{audience: "p", timeout: time.Second}},
		"an empty flag, which overrides nothing": {[]string{"-audience", ""}, map[string]string{"AWSFED_FILE": "f"},
			values{file: "f", timeout: time.Second}},
		"variables that override each other, for who looks at both": {nil, map[string]string{"AWSFED_FILE": "f", "AWSFED_AUDIENCE": "p"},
			values{file: "f", audience: "p", timeout: time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			got, given, err := parse(t, test.args, test.environment)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
			for name := range given {
				assert.Contains(t, strings.Join(test.args, " "), "-"+name)
			}
		})
	}
}

func TestParseTellsFlagsFromVariables(t *testing.T) {
	_, given, err := parse(t, []string{"-loud"}, map[string]string{"AWSFED_FILE": "f"})
	require.NoError(t, err)
	assert.Equal(t, map[string]bool{"loud": true}, given)
}

func TestParseNamesEveryVariableThatIsInvalid(t *testing.T) {
	_, _, err := parse(t, nil, map[string]string{
		"AWSFED_TIME_OUT": "soon", "AWSFED_LOUD": "perhaps", "AWSFED_ALLOW_HOSTS": "a,,b"})
	require.Error(t, err)
	for _, want := range []string{`AWSFED_TIME_OUT: invalid value "soon"`, `AWSFED_LOUD: invalid value "perhaps"`, `AWSFED_ALLOW_HOSTS: invalid value "a,,b"`} {
		assert.ErrorContains(t, err, want)
	}
	_, _, err = parse(t, nil, map[string]string{"AWSFED_TIME_OUT": strings.Repeat("ä", 1000)})
	require.Error(t, err)
	assert.Less(t, len(err.Error()), 250, "a value may be a whole file")
	assert.NotContains(t, err.Error(), `\x`, "it is cut between letters")

	_, _, err = parse(t, []string{"-time-out", "soon"}, nil)
	assert.ErrorContains(t, err, `invalid value "soon" for flag -time-out`)
}

func TestListIsSetAsAWhole(t *testing.T) {
	var l command.List
	require.NoError(t, l.Set("a"))
	require.NoError(t, l.Set(" b , c"))
	assert.Equal(t, command.List{"b", "c"}, l)
	assert.Equal(t, "b,c", l.String())
	for _, empty := range []string{",", "a,", ",a", "a, ,b"} {
		require.Error(t, l.Set(empty), empty)
		assert.Equal(t, command.List{"b", "c"}, l, "what was there stays")
	}
	require.NoError(t, l.Set(" "))
	assert.Empty(t, l)
	assert.Empty(t, l.String())
}
