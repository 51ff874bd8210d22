//go:build linux

package deploy_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheDockerfileOfAwsfedBuildsWithTheGoOfTheModule(t *testing.T) {
	version := regexp.MustCompile(`(?m)^go ([0-9]+\.[0-9]+)`).FindStringSubmatch(read(t, "../../go.mod"))
	require.NotNil(t, version)
	instructions, err := parseDockerfile(read(t, "../../cmd/awsfed/Dockerfile"))
	require.NoError(t, err)
	assert.Equal(t, instruction{"FROM", "golang:" + version[1] + " AS build"}, instructions[0])
}

// There need be no Docker: the test runs what the Dockerfile says, in another directory.
func TestTheDockerfileOfAwsfedMakesASmallStaticProgram(t *testing.T) {
	instructions, err := parseDockerfile(read(t, "../../cmd/awsfed/Dockerfile"))
	require.NoError(t, err)
	out := t.TempDir()
	for _, step := range valuesOf(instructions, "RUN") {
		// The repository for /src, and another directory for /out.
		shell := exec.CommandContext(t.Context(), "/bin/sh", "-c", strings.ReplaceAll(step, "/out/", out+"/"))
		shell.Dir = filepath.Join("..", "..")
		printed, err := shell.CombinedOutput()
		require.NoError(t, err, "%s: %s", step, printed)
	}

	program := filepath.Join(out, "awsfed")
	file, err := elf.Open(program)
	require.NoError(t, err)
	defer file.Close()
	for _, part := range file.Progs {
		require.NotEqual(t, elf.PT_INTERP, part.Type, "scratch has no loader")
		require.NotEqual(t, elf.PT_DYNAMIC, part.Type)
	}
	require.Nil(t, file.Section(".symtab"), "it is stripped")
	info, err := os.Stat(program)
	require.NoError(t, err)
	assert.Less(t, info.Size(), int64(12<<20), "bytes of the program")

	// An image of scratch has nothing else: no environment, no directory of its own.
	cmd := exec.CommandContext(t.Context(), program, "-h")
	cmd.Env, cmd.Dir = []string{}, "/"
	printed, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", printed)
	assert.Contains(t, string(printed), "Usage: awsfed ")
}
