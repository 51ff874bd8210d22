package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

// publish adds a module of the tree to the proxy, by the protocol of
// go.dev/ref/mod#goproxy-protocol, and gives its lines of go.sum.
func publish(proxy, tree string, m repoModule, version, committed string) (sum string, err error) {
	escaped, err := module.EscapePath(m.path())
	if err != nil {
		return "", err
	}
	dir := filepath.Join(proxy, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	source := filepath.Join(tree, filepath.FromSlash(m.dir))
	goMod, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		return "", err
	}
	info, err := json.Marshal(map[string]string{"Version": version, "Time": committed})
	if err != nil {
		return "", err
	}
	for name, content := range map[string][]byte{"list": []byte(version + "\n"), version + ".info": info, version + ".mod": goMod} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return "", err
		}
	}

	// CreateFromDir leaves out the directories that are modules of their own, as the go command
	// does.
	var archive bytes.Buffer
	if err := zip.CreateFromDir(&archive, module.Version{Path: m.path(), Version: version}, source); err != nil {
		return "", err
	}
	file := filepath.Join(dir, version+".zip")
	if err := os.WriteFile(file, archive.Bytes(), 0o644); err != nil {
		return "", err
	}
	zipHash, err := dirhash.HashZip(file, dirhash.Hash1)
	if err != nil {
		return "", err
	}
	modHash, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(goMod)), nil
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%[1]s %[2]s %[3]s\n%[1]s %[2]s/go.mod %[4]s\n", m.path(), version, zipHash, modHash), nil
}
