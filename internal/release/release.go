package main

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// A repoModule is a module of the repository that is released.
type repoModule struct {
	dir  string // slash-separated, relative to the root of the repository
	file *modfile.File
}

func (m repoModule) path() string { return m.file.Module.Mod.Path }

// tag is the name that the go command looks for.
func (m repoModule) tag(version string) string { return path.Join(m.dir, version) }

// makeRelease makes dir/tree and dir/proxy, and gives the modules in the order of their tags: no
// module comes before one that it requires.
func makeRelease(root, dir, version string) ([]repoModule, error) {
	tree, proxy := filepath.Join(dir, "tree"), filepath.Join(dir, "proxy")
	files, err := copyTree(root, tree)
	if err != nil {
		return nil, err
	}
	modules, err := releasedModules(tree, files)
	if err != nil {
		return nil, err
	}
	committed, err := git(root, "log", "-1", "--format=%cI")
	if err != nil {
		return nil, err
	}
	sums := make(map[string]string) // lines of go.sum by module path
	for _, m := range modules {
		if err := m.pin(tree, version, sums); err != nil {
			return nil, fmt.Errorf("%s: %w", m.path(), err)
		}
		if sums[m.path()], err = publish(proxy, tree, m, version, strings.TrimSpace(committed)); err != nil {
			return nil, fmt.Errorf("%s: %w", m.path(), err)
		}
	}
	return modules, nil
}

// copyTree copies what git tracks, as it is in the work tree, to a directory that must not exist.
func copyTree(root, tree string) ([]string, error) {
	listed, err := git(root, "ls-files", "-z")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(tree), 0o755); err != nil {
		return nil, err
	}
	if err := os.Mkdir(tree, 0o755); err != nil {
		return nil, err
	}
	var files []string
	for _, name := range strings.Split(strings.TrimSuffix(listed, "\x00"), "\x00") {
		from, to := filepath.Join(root, filepath.FromSlash(name)), filepath.Join(tree, filepath.FromSlash(name))
		info, err := os.Lstat(from)
		if os.IsNotExist(err) {
			continue // deleted, and not yet committed
		}
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s is not a regular file", name)
		}
		content, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(to, content, info.Mode().Perm()); err != nil {
			return nil, err
		}
		files = append(files, name)
	}
	return files, nil
}

// releasedModules are all but the examples and the internal ones, which nobody can import and which
// keep their replace.
func releasedModules(tree string, files []string) ([]repoModule, error) {
	var found []repoModule
	for _, name := range files {
		parts := strings.Split(name, "/")
		if path.Base(name) != "go.mod" || parts[0] == "examples" || slices.Contains(parts, "internal") || slices.Contains(parts, "testdata") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(tree, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		file, err := modfile.Parse(name, content, nil)
		if err != nil {
			return nil, err
		}
		found = append(found, repoModule{path.Dir(name), file})
	}
	slices.SortFunc(found, func(a, b repoModule) int { return cmp.Compare(a.path(), b.path()) })

	var ordered []repoModule
	for len(found) > 0 {
		i := slices.IndexFunc(found, func(m repoModule) bool {
			return !slices.ContainsFunc(found, func(other repoModule) bool { return m.requires(other.path()) })
		})
		if i < 0 {
			return nil, fmt.Errorf("the modules require each other, from %s on", found[0].path())
		}
		ordered = append(ordered, found[i])
		found = slices.Delete(found, i, i+1)
	}
	return ordered, nil
}

func (m repoModule) requires(modulePath string) bool {
	return slices.ContainsFunc(m.file.Require, func(r *modfile.Require) bool { return r.Mod.Path == modulePath })
}

// pin takes the replaces of the repository's own modules out of go.mod, requires their version, and
// adds their sums to go.sum. A module without a license of its own gets that of the repository.
func (m repoModule) pin(tree, version string, sums map[string]string) error {
	dir := filepath.Join(tree, filepath.FromSlash(m.dir))
	for _, r := range slices.Clone(m.file.Replace) {
		if r.New.Version != "" {
			return fmt.Errorf("go.mod replaces %s by a version, which no release can have", r.Old.Path)
		}
		if err := m.file.DropReplace(r.Old.Path, r.Old.Version); err != nil {
			return err
		}
	}
	sumFile := filepath.Join(dir, "go.sum")
	text, err := os.ReadFile(sumFile)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	lines := strings.SplitAfter(string(text), "\n")
	for own, sum := range sums {
		if !m.requires(own) {
			continue
		}
		if err := m.file.AddRequire(own, version); err != nil {
			return err
		}
		at := slices.IndexFunc(lines, func(line string) bool {
			name, _, _ := strings.Cut(line, " ")
			return name > own || line == ""
		})
		lines = slices.Insert(lines, at, sum)
	}
	m.file.Cleanup()
	formatted, err := m.file.Format()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), formatted, 0o644); err != nil {
		return err
	}
	if joined := strings.Join(lines, ""); joined != "" {
		if err := os.WriteFile(sumFile, []byte(joined), 0o644); err != nil {
			return err
		}
	}
	license := filepath.Join(dir, "LICENSE")
	if _, err := os.Stat(license); os.IsNotExist(err) {
		text, err := os.ReadFile(filepath.Join(tree, "LICENSE"))
		if err != nil {
			return err
		}
		return os.WriteFile(license, text, 0o644)
	}
	return nil
}
