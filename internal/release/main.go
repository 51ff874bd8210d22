// Release makes the tree that the tags of a release point to, and a module proxy that serves it;
// and the programs that are downloaded.
//
//	go -C internal/release run . DIR
//	go -C internal/release run . -binaries DIR [-tag vX.Y.Z]
//
// In the repository every module of its own points to the core by a relative replace, so that a
// clone works as it is. A tagged module must not: go install refuses one with a replace. DIR/tree
// is the repository without these replaces and with the versions of the release; DIR/proxy is what
// GOPROXY=file://DIR/proxy takes. What is left to do, in its order, goes to standard output.
//
// With -binaries, DIR has cmd/awsfed for each platform, and SHA256SUMS of all files. That is for a
// checkout of the tag, which is told by -tag, so that no other version passes for it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	flags := flag.NewFlagSet("release", flag.ExitOnError)
	flags.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: go -C internal/release run . DIR\n       go -C internal/release run . -binaries DIR [-tag vX.Y.Z]")
	}
	binaries := flags.String("binaries", "", "")
	tag := flags.String("tag", "", "")
	_ = flags.Parse(os.Args[1:]) // it exits
	if (*binaries == "") != (flags.NArg() == 1) || flags.NArg() > 1 || *binaries == "" && *tag != "" {
		flags.Usage()
		os.Exit(2)
	}
	err := error(nil)
	if *binaries != "" {
		err = runBinaries(*binaries, *tag)
	} else {
		err = run(flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	root, version, err := releasable()
	if err != nil {
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

func runBinaries(dir, tag string) error {
	root, version, err := releasable()
	if err != nil {
		return err
	}
	if err := checkTag(tag, version); err != nil {
		return err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "release-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	tree := filepath.Join(work, "tree")
	if _, err := copyTree(root, tree); err != nil { // without what git ignores
		return err
	}
	return makeBinaries(tree, work, dir, "v"+version, platforms())
}

// releasable gives the root of the repository and its version, if that may be released.
func releasable() (root, version string, err error) {
	root, err = git(".", "rev-parse", "--show-toplevel")
	if err != nil {
		return "", "", err
	}
	root = strings.TrimSpace(root)
	if changes, err := git(root, "status", "--porcelain"); err != nil {
		return "", "", err
	} else if changes != "" {
		return "", "", errors.New("there are changes that are not committed:\n" + changes)
	}
	version, err = sourceVersion(root)
	if err != nil {
		return "", "", err
	}
	changes, err := readChangelog(root)
	if err != nil {
		return "", "", err
	}
	return root, version, errors.Join(changes.check(version), changes.checkRelease(version))
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
