package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// trustStoreFile is beside the file of exports.
	trustStoreFile = "emulator-truststore.p12"
	// storePassword is the one that every Java has for a store without secrets.
	storePassword = "changeit"
	// keytoolTimeout bounds one run of keytool, which takes a second or two.
	keytoolTimeout = time.Minute
)

// writeTrustStore makes a Java trust store of the authorities that come with Java and the
// emulator's.
func (c *clientFiles) writeTrustStore(ctx context.Context, name string) error {
	keytool, err := findKeytool()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(name), ".emulator-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	certificate, store := filepath.Join(dir, "authority.pem"), filepath.Join(dir, "store.p12")
	if err := os.WriteFile(certificate, c.authority, public); err != nil {
		return err
	}
	to := []string{"-noprompt", "-storetype", "PKCS12", "-keystore", store, "-storepass", storePassword}
	if javas := javaRoots(keytool); javas != "" {
		if err := runKeytool(ctx, keytool, "-importkeystore", "-noprompt", "-srckeystore", javas, "-srcstorepass", storePassword,
			"-destkeystore", store, "-deststoretype", "PKCS12", "-deststorepass", storePassword); err != nil {
			return err
		}
	}
	if err := runKeytool(ctx, keytool, slices.Concat([]string{"-importcert", "-alias", "awsfed-emulator", "-file", certificate}, to)...); err != nil {
		return err
	}
	return errors.Join(os.Chmod(store, public), os.Rename(store, name))
}

// findKeytool finds the program on the path or where JAVA_HOME is.
func findKeytool() (string, error) {
	name, err := exec.LookPath("keytool")
	if home := os.Getenv("JAVA_HOME"); err != nil && home != "" {
		name, err = exec.LookPath(filepath.Join(home, "bin", "keytool"))
	}
	return name, err
}

// javaRoots returns the file of the authorities that come with the Java of keytool, or "".
func javaRoots(keytool string) string {
	var homes []string
	if name, err := filepath.EvalSymlinks(keytool); err == nil {
		homes = append(homes, filepath.Dir(filepath.Dir(name)))
	}
	if home := os.Getenv("JAVA_HOME"); home != "" {
		homes = append(homes, home)
	}
	for _, home := range homes {
		for _, name := range []string{filepath.Join(home, "lib", "security", "cacerts"), filepath.Join(home, "jre", "lib", "security", "cacerts")} {
			if _, err := os.Stat(name); err == nil {
				return name
			}
		}
	}
	return ""
}

func runKeytool(ctx context.Context, keytool string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, keytoolTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, keytool, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("keytool %s: %w: %s", args[0], err, bytes.TrimSpace(out))
	}
	return nil
}

// javaOptions is JAVA_TOOL_OPTIONS for a trust store. The variable knows both quotes and no
// escapes.
func javaOptions(store string) string {
	return `-Djavax.net.ssl.trustStore="` + strings.ReplaceAll(store, `"`, `"'"'"`) + `" -Djavax.net.ssl.trustStorePassword=` + storePassword
}
