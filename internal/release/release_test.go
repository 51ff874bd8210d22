package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A shell runs the go command with an environment of its own.
type shell struct{ env []string }

func (s shell) goCommand(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(s.env, "GOWORK=off")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoErrorf(t, err, "go %s in %s: %s", strings.Join(args, " "), dir, &stderr)
	return strings.TrimSpace(string(out))
}

// A release has to work for somebody who has a module proxy and nothing else. The proxy of the test
// serves the project's modules; what others wrote comes from the module cache, which the usual
// GOPROXY filled, so no name of the project is asked for anywhere else.
func TestAReleaseIsInstalledAndImportedWithoutTheRepository(t *testing.T) {
	const root = "../.."
	version, err := sourceVersion(root)
	require.NoError(t, err)
	version = "v" + version
	dir := t.TempDir()
	modules, err := makeRelease(root, dir, version)
	require.NoError(t, err)
	require.Equal(t, ".", modules[0].dir, "the core comes first")
	assert.Equal(t, version, modules[0].tag(version))

	usual := shell{}
	for _, m := range modules {
		usual.goCommand(t, filepath.Join(root, m.dir), "mod", "download")
	}
	sources := "file://" + filepath.ToSlash(filepath.Join(dir, "proxy")) +
		",file://" + filepath.ToSlash(usual.goCommand(t, ".", "env", "GOMODCACHE")) + "/cache/download"
	user := shell{env: []string{
		"GOPROXY=" + sources,
		"GOSUMDB=off", // What the module cache has was checked when it came in.
		"GOPRIVATE=", "GONOPROXY=", "GONOSUMDB=",
		// A cache of its own: the version of the test must not pass for the one that is released
		// later.
		"GOMODCACHE=" + filepath.Join(dir, "modules"),
		"GOBIN=" + filepath.Join(dir, "bin"),
		"GOFLAGS=-mod=mod -modcacherw -trimpath",
		"GOTOOLCHAIN=local",
	}}

	commands := make(map[string]string) // the programs, by the paths that installed them
	for _, m := range modules {
		source := filepath.Join(dir, "tree", m.dir)
		goMod, err := os.ReadFile(filepath.Join(source, "go.mod"))
		require.NoError(t, err)
		assert.NotContains(t, string(goMod), "replace")
		assert.NotContains(t, string(goMod), " v0.0.0\n")
		assert.FileExists(t, filepath.Join(source, "LICENSE"))

		// Without a change to go.mod and go.sum, so they are complete as tagged.
		packages := strings.Split(user.goCommand(t, source, "list", "-mod=readonly", "-f", "{{.Name}} {{.ImportPath}}", "./..."), "\n")
		user.goCommand(t, source, "build", "-mod=readonly", "./...")
		var imports strings.Builder
		for _, line := range packages {
			name, path, _ := strings.Cut(line, " ")
			switch {
			case name == "main":
				user.goCommand(t, dir, "install", path+"@latest") // the version of the test is the only one
				program := filepath.Join(dir, "bin", filepath.Base(path)+user.goCommand(t, dir, "env", "GOEXE"))
				assert.Regexp(t, `mod\s+`+m.path()+`\s+`+version, user.goCommand(t, dir, "version", "-m", program))
				commands[path] = program
			case !slices.Contains(strings.Split(path, "/"), "internal"):
				imports.WriteString("import _ \"" + path + "\"\n")
			}
		}
		if imports.Len() == 0 {
			continue
		}
		program := filepath.Join(dir, "user", m.dir)
		require.NoError(t, os.MkdirAll(program, 0o755))
		write := func(name, content string) {
			require.NoError(t, os.WriteFile(filepath.Join(program, name), []byte(content), 0o644))
		}
		write("go.mod", "module example.com/user\n\ngo "+m.file.Go.Version+"\n\nrequire "+m.path()+" "+version+"\n")
		write("imports.go", "package main\n\n"+imports.String())
		write("main.go", "package main\n\nfunc main() {}\n")
		if m.dir == "." {
			write("main.go", useOfTheCore)
		}
		out := user.goCommand(t, program, "run", ".")
		if m.dir == "." {
			assert.Equal(t, "Bearer", out)
		}
	}
	emulator := commands[modules[0].path()+"/awsfed/emulator"]
	require.NotEmpty(t, emulator, "the command of README.md is installed")
	out, err := exec.CommandContext(t.Context(), emulator, "-list-faults").Output()
	require.NoError(t, err)
	assert.Contains(t, string(out), "missing-binding ")
}

const useOfTheCore = `package main

import (
	"context"
	"fmt"
	"log"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

func main() {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts, err := awsfed.NewTokenSource(context.Background(), cloud.Config())
	if err != nil {
		log.Fatal(err)
	}
	token, err := ts.Token()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.Type())
}
`
