package deploy_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A template is as much of AWS SAM as lambda/template.yaml uses, by the names that AWS documents.
type template struct {
	AWSTemplateFormatVersion string `yaml:"AWSTemplateFormatVersion"`
	Transform                string `yaml:"Transform"`
	Resources                struct {
		Layer struct {
			Type       string `yaml:"Type"`
			Properties struct {
				LayerName               string   `yaml:"LayerName"`
				Description             string   `yaml:"Description"`
				ContentURI              string   `yaml:"ContentUri"`
				CompatibleArchitectures []string `yaml:"CompatibleArchitectures"`
				RetentionPolicy         string   `yaml:"RetentionPolicy"`
			} `yaml:"Properties"`
		} `yaml:"AwsfedLayer"`
		Function struct {
			Type       string `yaml:"Type"`
			Properties struct {
				CodeURI       string   `yaml:"CodeUri"`
				Handler       string   `yaml:"Handler"`
				Runtime       string   `yaml:"Runtime"`
				Architectures []string `yaml:"Architectures"`
				MemorySize    int      `yaml:"MemorySize"`
				Timeout       int      `yaml:"Timeout"`
				Layers        []struct {
					Ref string `yaml:"Ref"`
				} `yaml:"Layers"`
				Environment struct {
					Variables map[string]string `yaml:"Variables"`
				} `yaml:"Environment"`
			} `yaml:"Properties"`
		} `yaml:"OrdersFunction"`
	} `yaml:"Resources"`
}

func checkTemplate(text string) error {
	var t template
	if err := decodeStrictly(text, &t); err != nil {
		return err
	}
	layer, function := t.Resources.Layer.Properties, t.Resources.Function.Properties
	env := function.Environment.Variables
	faults := []error{
		equal("format", t.AWSTemplateFormatVersion+" "+t.Transform, "2010-09-09 AWS::Serverless-2016-10-31"),
		equal("type", t.Resources.Layer.Type, "AWS::Serverless::LayerVersion"),
		equal("type", t.Resources.Function.Type, "AWS::Serverless::Function"),
		equal("layers", fmt.Sprint(function.Layers), "[{AwsfedLayer}]"),
		equal("architectures", fmt.Sprint(layer.CompatibleArchitectures, function.Architectures), "[arm64] [arm64]"),
		equal("handler", function.Handler, "app.handler"),
		equal("runtime", strings.HasPrefix(function.Runtime, "python3."), true),
		equal("sizes", function.MemorySize >= 128 && function.Timeout > 0, true),
		// The content of a layer is in /opt.
		equal("wrapper", env["AWS_LAMBDA_EXEC_WRAPPER"], "/opt/awsfed-wrapper"),
		checkServerEnvironment("exec", env, "AWS_LAMBDA_EXEC_WRAPPER"),
		equal("a wait that a start has time for", env["AWSFED_WAIT"], "3s"),
	}
	for _, name := range []string{layer.LayerName, layer.Description, layer.RetentionPolicy} {
		if name == "" {
			faults = append(faults, errors.New("a property of the layer is empty"))
		}
	}
	for _, file := range []string{layer.ContentURI + "awsfed-wrapper", function.CodeURI + "app.py", function.CodeURI + "requirements.txt"} {
		_, err := os.Stat(filepath.Join("lambda", filepath.FromSlash(file)))
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

func checkScript(text string) error {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != "#!/bin/sh" { // the runtimes have no other shell for certain
		return fmt.Errorf("it starts with %q", lines[0])
	}
	command, ok := strings.CutPrefix(lines[len(lines)-1], "exec ")
	if !ok {
		return errors.New("the last line does not replace the shell, which Lambda's signals would go to")
	}
	words, ok := strings.CutSuffix(command, ` "$@"`)
	if !ok {
		return errors.New("the words of the command line are not passed on as they are")
	}
	return checkCommandLine(strings.Fields(words)...)
}

// The script is run as Lambda does, with a program in the place of awsfed that tells its arguments.
func TestTheWrapperOfLambdaPassesTheCommandLineOnAsItIs(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("it is for Lambda's Linux")
	}
	info, err := os.Stat("lambda/layer/awsfed-wrapper")
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o755), info.Mode().Perm(), "Lambda runs it")

	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o755))
		return file
	}
	stub := write("awsfed", "#!/bin/sh\nprintf '%s\\0' \"$@\"\necho \"$$\" >&2\nexit 7\n")
	script := write("awsfed-wrapper", strings.ReplaceAll(read(t, "lambda/layer/awsfed-wrapper"), "/opt/awsfed ", stub+" "))
	for name, args := range map[string][]string{
		"the command line of Python":  {"/var/lang/bin/python3.13", "/var/runtime/bootstrap.py"},
		"blanks":                      {"/usr/bin/env", "a b", "  c  ", "\t"},
		"quotes":                      {`"`, `'`, `it's "quoted"`, "`id`", "$(id)", "$HOME", `\`},
		"an empty argument":           {"program", "", "after it"},
		"patterns":                    {"*", "?", "[a-z]*", "~"},
		"what looks like a flag":      {"program", "-require", "--", "-h"},
		"a line break":                {"program", "one\ntwo\n"},
		"more than nine arguments":    {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"},
		"no argument, so no command":  {},
		"letters beyond those of Go":  {"program", "ünïcödé", "日本語"},
		"a variable that is assigned": {"A=b", "program"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "/bin/sh", append([]string{script}, args...)...)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			printed, err := cmd.Output()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			assert.Equal(t, 7, exit.ExitCode(), "the exit code is awsfed's")
			assert.Equal(t, strings.Join(append([]string{"exec", "--"}, args...), "\x00")+"\x00", string(printed))
			assert.Equal(t, fmt.Sprintln(cmd.Process.Pid), stderr.String(), "the process is the same, so signals reach awsfed")
		})
	}
}
