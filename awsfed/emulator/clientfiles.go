package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// clientFiles are the files that lead clients to a server.
type clientFiles struct {
	settings
	authority []byte    // the certificate to trust, in PEM; none without TLS
	trust     []string  // the exports for it, once its files are written
	stderr    io.Writer // gets a line for each file that is left out
}

// write writes the files that the settings name. Those for trust come with the first call alone:
// they take seconds, and stay as they are. It must not be called by two at once.
func (c *clientFiles) write(ctx context.Context, server *awsfedtest.Server) error {
	if c.caFile != "" {
		if err := replaceFile(c.caFile, c.authority, public); err != nil {
			return err
		}
	}
	if c.credentialFile != "" {
		file, err := server.CredentialFile()
		if err != nil {
			return err
		}
		if err := replaceFile(c.credentialFile, file, private); err != nil {
			return err
		}
	}
	if c.envFile == "" {
		return nil
	}
	dir, err := filepath.Abs(filepath.Dir(c.envFile))
	if err != nil {
		return err
	}
	env, err := server.Env(c.source, dir)
	if err != nil {
		return err
	}
	if c.credentialFile != "" {
		name, err := filepath.Abs(c.credentialFile)
		if err != nil {
			return err
		}
		env = append(env, "GOOGLE_APPLICATION_CREDENTIALS="+name, "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE="+name)
	}
	if c.tls && c.trust == nil {
		if c.trust, err = c.writeTrust(ctx, dir); err != nil {
			return err
		}
	}
	return replaceFile(c.envFile, []byte(exports(append(env, c.trust...))), private)
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

// The modes of files.
const (
	private os.FileMode = 0o600 // with secrets, for their owner
	public  os.FileMode = 0o644
)

// replaceFile puts a file in the place of name, at once, so that a client never reads half of it.
// It has that mode whatever the umask and an older file say.
func replaceFile(name string, data []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".emulator-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if mode != private {
		err = errors.Join(err, f.Chmod(mode))
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}
