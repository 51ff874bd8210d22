package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The two builds have nothing in common but Go and the dependencies: one is of the tree that gets
// tagged, the other of a clone, in a folder with another name, with an empty build cache, and with
// an environment that changes what go builds.
func TestBinariesAreTheSameWhereverTheyAreBuilt(t *testing.T) {
	const root = "../.."
	version, err := sourceVersion(root)
	require.NoError(t, err)
	version = "v" + version
	here := platform{runtime.GOOS, runtime.GOARCH}
	dir := t.TempDir()

	_, err = makeRelease(root, filepath.Join(dir, "release"), version)
	require.NoError(t, err)
	tagged := filepath.Join(dir, "release", "tree")
	first := filepath.Join(dir, "first")
	require.NoError(t, makeBinaries(tagged, filepath.Join(dir, "one"), first, version, []platform{here}))

	t.Setenv("GOCACHE", filepath.Join(dir, "cache"))
	t.Setenv("GOFLAGS", "-race")
	t.Setenv("GOAMD64", "v3")
	clone := filepath.Join(dir, "a folder with blanks", "and", "a longer name")
	_, err = copyTree(root, clone)
	require.NoError(t, err)
	second := filepath.Join(dir, "second")
	require.NoError(t, makeBinaries(clone, filepath.Join(dir, "another folder"), second, version, []platform{here}))

	built, err := os.ReadFile(filepath.Join(first, here.file()))
	require.NoError(t, err)
	again, err := os.ReadFile(filepath.Join(second, here.file()))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(built, again), "%d and %d bytes", len(built), len(again))
	assert.Less(t, len(built), 12<<20, "bytes of the program")
	for _, path := range []string{dir, shell{}.goCommand(t, ".", "env", "GOROOT")} {
		assert.False(t, bytes.Contains(built, []byte(path)), "it holds %s of the machine", path)
	}
	information := shell{}.goCommand(t, ".", "version", "-m", filepath.Join(first, here.file()))
	assert.Regexp(t, `\tmod\tgithub.com/awsfed/awsfed-go\t`+version+`\th1:`, information, "the version that it tells")
	assert.NotContains(t, information, "vcs.")
	assert.NotContains(t, information, "=>")
	assert.Error(t, makeBinaries(tagged, filepath.Join(dir, "one"), first, version, []platform{here}), "it overwrites nothing")
}

func TestEveryFileOfTheBinariesHasItsSum(t *testing.T) {
	tree, dir := t.TempDir(), filepath.Join(t.TempDir(), "binaries")
	write := func(name, text string) {
		file := filepath.Join(tree, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	write("go.mod", "module example.com/tools\n\ngo 1.26.0\n")
	write("LICENSE", "Leave is given.\n")
	write(program+"/main.go", "package main\n\nfunc main() {}\n")
	require.NoError(t, makeBinaries(tree, t.TempDir(), dir, "v1.2.3", platforms()))

	sums := make(map[string]string)
	text, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		require.True(t, ok, line)
		sums[name] = sum
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
		if entry.Name() == "SHA256SUMS" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		require.NoError(t, err)
		sum := sha256.Sum256(content)
		assert.Equal(t, hex.EncodeToString(sum[:]), sums[entry.Name()], entry.Name())
		delete(sums, entry.Name())
	}
	assert.Empty(t, sums, "sums of files that are not there")
	assert.Equal(t, []string{"LICENSE", "SHA256SUMS", "awsfed-darwin-amd64", "awsfed-darwin-arm64", "awsfed-linux-amd64",
		"awsfed-linux-arm64", "awsfed-windows-amd64.exe", "awsfed-windows-arm64.exe"}, names)
}

func TestBinariesAreMadeForTheTagOfTheirVersion(t *testing.T) {
	assert.NoError(t, checkTag("v1.2.3", "1.2.3"))
	assert.NoError(t, checkTag("", "1.2.3"))
	for _, tag := range []string{"v1.2.4", "1.2.3", "awsfed/otel/v1.2.3", "main"} {
		assert.ErrorContains(t, checkTag(tag, "1.2.3"), "the tag is "+tag)
	}
}
