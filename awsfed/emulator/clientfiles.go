package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// write writes the files that clients need.
func (s settings) write(server *awsfedtest.Server) error {
	if s.credentialFile != "" {
		file, err := server.CredentialFile()
		if err != nil {
			return err
		}
		if err := replaceFile(s.credentialFile, file); err != nil {
			return err
		}
	}
	if s.envFile == "" {
		return nil
	}
	dir, err := filepath.Abs(filepath.Dir(s.envFile))
	if err != nil {
		return err
	}
	env, err := server.Env(s.source, dir)
	if err != nil {
		return err
	}
	if s.credentialFile != "" {
		name, err := filepath.Abs(s.credentialFile)
		if err != nil {
			return err
		}
		env = append(env, "GOOGLE_APPLICATION_CREDENTIALS="+name, "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE="+name)
	}
	return replaceFile(s.envFile, []byte(exports(env)))
}

// exports renders an environment for a POSIX shell. An empty variable is unset, since not every
// client takes the one for the other.
func exports(env []string) string {
	var b strings.Builder
	for _, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		if value == "" {
			fmt.Fprintf(&b, "unset %s\n", name)
			continue
		}
		fmt.Fprintf(&b, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
	return b.String()
}

// replaceFile puts a file that its owner alone can read in the place of name, at once, so that a
// client never reads half of it.
func replaceFile(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".emulator-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}
