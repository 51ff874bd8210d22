package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
)

// program is the package that is released as binaries, in the module of the root.
const program = "cmd/awsfed"

// A platform is one that a binary is for.
type platform struct{ os, arch string }

func platforms() []platform {
	return []platform{
		{"linux", "amd64"}, {"linux", "arm64"},
		{"darwin", "amd64"}, {"darwin", "arm64"},
		{"windows", "amd64"}, {"windows", "arm64"},
	}
}

// file is the name of a binary as it is downloaded. It has no version, so that the address of the
// latest one stays the same.
func (p platform) file() string {
	return filepath.Base(program) + "-" + p.os + "-" + p.arch + p.suffix()
}

func (p platform) suffix() string {
	if p.os == "windows" {
		return ".exe"
	}
	return ""
}

// makeBinaries writes a binary for each platform, and SHA256SUMS, to dir, which must not have files
// of these names. What it needs meanwhile is in work.
//
// It does not build in the tree, whose binary would have no version, or one by the state of a git
// repository. It installs the module at its version from a proxy of its own, so each binary is byte
// for byte that of
//
//	CGO_ENABLED=0 go install -trimpath -ldflags="-s -w -buildid=" MODULE/cmd/awsfed@VERSION
//
// with the same release of Go, wherever that runs, and tells its version by its build information.
func makeBinaries(tree, work, dir, version string, platforms []platform) error {
	goMod, err := os.ReadFile(filepath.Join(tree, "go.mod"))
	if err != nil {
		return err
	}
	file, err := modfile.Parse("go.mod", goMod, nil)
	if err != nil {
		return err
	}
	proxy := filepath.Join(work, "proxy")
	core := repoModule{".", file}
	// The time is part of the protocol, and of no binary.
	if _, err := publish(proxy, tree, core, version, time.Unix(0, 0).UTC().Format(time.RFC3339)); err != nil {
		return err
	}
	// The dependencies as go.sum has them. The build takes them from where this put them.
	if _, err := goTool(tree, nil, "mod", "download"); err != nil {
		return err
	}
	cache, err := goTool(tree, nil, "env", "GOMODCACHE")
	if err != nil {
		return err
	}
	host, err := goTool(tree, nil, "env", "GOHOSTOS", "GOHOSTARCH")
	if err != nil {
		return err
	}
	sources := fileURL(proxy) + "," + fileURL(filepath.Join(cache, "cache", "download"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var names []string
	for _, p := range platforms {
		gopath := filepath.Join(work, "gopath")
		if _, err := goTool(work, buildEnvironment(p, gopath, sources), "install", "-trimpath", "-ldflags=-s -w -buildid=",
			core.path()+"/"+program+"@"+version); err != nil {
			return fmt.Errorf("%s/%s: %w", p.os, p.arch, err)
		}
		bin := filepath.Join(gopath, "bin")
		if host != p.os+"\n"+p.arch {
			bin = filepath.Join(bin, p.os+"_"+p.arch)
		}
		if err := copyNew(filepath.Join(bin, filepath.Base(program)+p.suffix()), filepath.Join(dir, p.file()), 0o755); err != nil {
			return err
		}
		names = append(names, p.file())
	}
	if err := copyNew(filepath.Join(tree, "LICENSE"), filepath.Join(dir, "LICENSE"), 0o644); err != nil {
		return err
	}
	return writeSums(dir, append(names, "LICENSE"))
}

// buildEnvironment leaves nothing that changes a binary to the machine. The module cache is one of
// its own: a version that was not yet released must not pass for the one that is.
func buildEnvironment(p platform, gopath, sources string) []string {
	return []string{
		"CGO_ENABLED=0", "GOOS=" + p.os, "GOARCH=" + p.arch, "GOAMD64=v1", "GOARM64=v8.0",
		"GOENV=off", "GOEXPERIMENT=", "GODEBUG=", "GOFIPS140=off", "GOTOOLCHAIN=local", "GOWORK=off",
		"GOFLAGS=-modcacherw", "GOPATH=" + gopath, "GOBIN=", "GOMODCACHE=" + filepath.Join(gopath, "pkg", "mod"),
		"GOPROXY=" + sources, "GOSUMDB=off", "GOPRIVATE=", "GONOPROXY=", "GONOSUMDB=",
	}
}

func goTool(dir string, env []string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}

func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/
		path = "/" + path
	}
	return "file://" + path
}

// copyNew copies a file to a name that must not exist.
func copyNew(from, to string, mode os.FileMode) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		_ = target.Close()
		return err
	}
	return target.Close()
}

// writeSums writes what "sha256sum -c SHA256SUMS" takes.
func writeSums(dir string, names []string) error {
	slices.Sort(names)
	var sums strings.Builder
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), name)
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()), 0o644)
}

// checkTag refuses to make the binaries of one version under the tag of another.
func checkTag(tag, version string) error {
	if tag != "" && tag != "v"+version {
		return fmt.Errorf("the tag is %s, and the version is %s", tag, version)
	}
	return nil
}
