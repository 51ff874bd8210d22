//go:build linux

package main

import (
	"bufio"
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// instruction is a line of a Dockerfile.
type instruction struct{ name, value string }

func readDockerfile(t *testing.T) []instruction {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	var instructions []instruction
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		require.False(t, strings.HasSuffix(line, `\`), "a line that goes on, which the test does not know")
		name, value, _ := strings.Cut(line, " ")
		instructions = append(instructions, instruction{name, value})
	}
	return instructions
}

// last returns the value of the last instruction of a name.
func last(t *testing.T, instructions []instruction, name string) string {
	t.Helper()
	for _, i := range slices.Backward(instructions) {
		if i.name == name {
			return i.value
		}
	}
	t.Fatalf("the Dockerfile has no %s", name)
	return ""
}

// command reads the array that an image without a shell needs.
func command(t *testing.T, value string) []string {
	t.Helper()
	var words []string
	require.NoError(t, json.Unmarshal([]byte(value[strings.Index(value, "["):]), &words), value)
	return words
}

func TestTheDockerfileBuildsWithTheGoOfTheModule(t *testing.T) {
	goMod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	version := regexp.MustCompile(`(?m)^go ([0-9]+\.[0-9]+)`).FindSubmatch(goMod)
	require.NotNil(t, version)
	assert.Equal(t, instruction{"FROM", "golang:" + string(version[1]) + " AS build"}, readDockerfile(t)[0])
}

// There need be no Docker: the test runs what the Dockerfile says, in another directory.
func TestTheDockerfileMakesAnImageThatRuns(t *testing.T) {
	dir, err := os.MkdirTemp("", "emulator-image-*") // which other users may enter, other than t.TempDir
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	files := readDockerfile(t)
	require.Contains(t, files, instruction{"FROM", "scratch"})

	// The build stage, with the repository for /src and dir/out for /out.
	out := filepath.Join(dir, "out")
	require.NoError(t, os.Mkdir(out, 0o755))
	for _, i := range files {
		if i.name != "RUN" {
			continue
		}
		shell := exec.CommandContext(t.Context(), "/bin/sh", "-c", strings.ReplaceAll(i.value, "/out/", out+"/"))
		shell.Dir = filepath.Join("..", "..")
		printed, err := shell.CombinedOutput()
		require.NoError(t, err, "%s: %s", i.value, printed)
	}
	program := filepath.Join(out, "emulator")
	requireStatic(t, program)

	// The image has the program at its root.
	require.Contains(t, files, instruction{"COPY", "--from=build /out/emulator /emulator"})
	inImage := func(words []string) *exec.Cmd {
		require.Equal(t, "/emulator", words[0])
		cmd := exec.CommandContext(t.Context(), program, words[1:]...)
		cmd.Env = []string{} // an image of scratch has but a PATH, which leads nowhere
		cmd.Dir = "/"
		become(t, cmd, last(t, files, "USER"))
		return cmd
	}
	clients := filepath.Join(dir, "clients")
	require.NoError(t, os.Mkdir(clients, 0o755))
	own(t, clients, last(t, files, "USER"))
	// A free port instead of that of EXPOSE: the last of two flags counts.
	entrypoint := command(t, last(t, files, "ENTRYPOINT"))
	assert.Contains(t, entrypoint, "0.0.0.0:"+last(t, files, "EXPOSE"))
	env, ca := path.Join(clients, "emulator.env"), path.Join(clients, "ca.pem")
	emulator := inImage(append(entrypoint, "-addr", "0.0.0.0:0", "-tls", "-ca-file", ca, "-env", env))
	stdout, err := emulator.StdoutPipe()
	require.NoError(t, err)
	var stderr lockedBuffer
	emulator.Stderr = &stderr
	require.NoError(t, emulator.Start())
	t.Cleanup(func() { _ = emulator.Process.Kill() })
	lines := bufio.NewScanner(stdout)
	require.True(t, lines.Scan(), "no line; %s", &stderr)
	url, ok := strings.CutPrefix(lines.Text(), "emulator ready at ")
	require.True(t, ok, lines.Text())

	check := command(t, last(t, files, "HEALTHCHECK"))
	printed, err := inImage(append(check, "-url", url, "-ca-file", ca)).CombinedOutput()
	require.NoError(t, err, "%s", printed)
	printed, err = inImage(append(check, "-h")).CombinedOutput()
	require.NoError(t, err)
	assert.Contains(t, string(printed), "http://127.0.0.1:"+last(t, files, "EXPOSE"), "where it asks without -url")
	assert.FileExists(t, env)

	terminated := time.Now()
	terminate(t, emulator.Process)
	assert.False(t, lines.Scan(), "no second line")
	require.NoError(t, emulator.Wait(), "%s", &stderr)
	assert.Less(t, time.Since(terminated), 10*time.Second, "Docker kills it then")
	require.Error(t, inImage(append(check, "-url", url, "-ca-file", ca)).Run())
}

// requireStatic requires a program that runs without a libc or a loader.
func requireStatic(t *testing.T, program string) {
	t.Helper()
	file, err := elf.Open(program)
	require.NoError(t, err)
	defer file.Close()
	for _, part := range file.Progs {
		require.NotEqual(t, elf.PT_INTERP, part.Type)
		require.NotEqual(t, elf.PT_DYNAMIC, part.Type)
	}
	require.Nil(t, file.Section(".dynamic"))
}
