package main

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/commandtest"
)

// built is the program as a release has it, for a system.
func built(t *testing.T, system string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "awsfed.exe")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+runtime.GOARCH)
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	return path
}

func TestTheBinaryIsSmallStaticAndOfNoMachine(t *testing.T) {
	path := built(t, "linux")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Less(t, len(content), 12_000_000)

	file, err := elf.NewFile(bytes.NewReader(content))
	require.NoError(t, err)
	libraries, err := file.ImportedLibraries()
	require.NoError(t, err)
	assert.Empty(t, libraries)
	assert.False(t, slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }), "it needs a dynamic linker")

	here, err := os.Getwd()
	require.NoError(t, err)
	assert.False(t, bytes.Contains(content, []byte(here)), "it has a path of the machine that built it")
}

func TestTheBinaryHasNothingThatIsForTests(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", ".")
	output, err := list.Output()
	require.NoError(t, err)
	for _, name := range strings.Fields(string(output)) {
		assert.NotRegexp(t, `^testing$|testify|goleak|awsfedtest|commandtest|/internal/fake`, name)
	}
}

func TestTheBinaryHasTheExitCodesOfItsCommands(t *testing.T) {
	commandtest.ClearEnvironment(t)
	path := built(t, runtime.GOOS)
	for want, lines := range [][]string{
		0: {"version", "-h", "doctor -h"},
		1: {"token -credentials no-such-file", "health -port 0"},
		2: {"token", "no-such-command", "version stray", "doctor -credentials no-such-file"},
		3: {"doctor", "doctor -no-such-flag"},
	} {
		for _, line := range lines {
			program := exec.CommandContext(t.Context(), path, strings.Fields(line)...)
			output, _ := program.CombinedOutput()
			assert.Equal(t, want, program.ProcessState.ExitCode(), "%s: %s", line, output)
		}
	}
}
