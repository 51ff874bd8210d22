// Release makes the tree that the tags of a release point to, and a module proxy that serves it.
//
//	go -C internal/release run . DIR
//
// In the repository every module of its own points to the core by a relative replace, so that a
// clone works as it is. A tagged module must not: go install refuses one with a replace. DIR/tree
// is the repository without these replaces and with the versions of the release; DIR/proxy is what
// GOPROXY=file://DIR/proxy takes. What is left to do, in its order, goes to standard output.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go -C internal/release run . DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	root, err := git(".", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	root = strings.TrimSpace(root)
	if changes, err := git(root, "status", "--porcelain"); err != nil {
		return err
	} else if changes != "" {
		return errors.New("there are changes that are not committed:\n" + changes)
	}
	version, err := sourceVersion(root)
	if err != nil {
		return err
	}
	changes, err := readChangelog(root)
	if err != nil {
		return err
	}
	if err := errors.Join(changes.check(version), changes.checkRelease(version)); err != nil {
		return err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	modules, err := makeRelease(root, dir, "v"+version)
	if err != nil {
		return err
	}
	fmt.Printf("git switch --detach && cp -R %s/. . && git add -A && git commit -m 'Release v%s'\n",
		filepath.Join(dir, "tree"), version)
	for _, m := range modules {
		fmt.Printf("git tag -a %[1]s -m %[1]s && git push origin %[1]s\n", m.tag("v"+version))
	}
	return nil
}

func git(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", args[0], err)
	}
	return string(out), nil
}
