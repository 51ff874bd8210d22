package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// bundleFile is beside the file of exports.
const bundleFile = "emulator-ca-bundle.pem"

// writeTrust writes to dir what clients trust, the emulator's authority after those that the
// system trusts, and returns the variables by which they find it. Most of these take the place of
// the system's authorities, hence the bundle.
func (c *clientFiles) writeTrust(ctx context.Context, dir string) ([]string, error) {
	bundle := filepath.Join(dir, bundleFile)
	roots := systemRoots(bundle)
	if len(roots) == 0 {
		fmt.Fprintln(c.stderr, "emulator: the system's certificate authorities are not to be found, so clients with the exports trust the emulator alone")
	} else if !bytes.HasSuffix(roots, []byte("\n")) {
		roots = append(roots, '\n')
	}
	if err := replaceFile(bundle, append(roots, c.authority...), public); err != nil {
		return nil, err
	}
	var env []string
	for _, name := range []string{
		"SSL_CERT_FILE",                      // Go on Linux, OpenSSL, and so Python and Ruby
		"REQUESTS_CA_BUNDLE",                 // Python's requests
		"CURL_CA_BUNDLE",                     // curl
		"AWS_CA_BUNDLE",                      // the AWS SDKs and the AWS CLI
		"NODE_EXTRA_CA_CERTS",                // Node.js, besides its own
		"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",   // gRPC of Python, C++ and Ruby
		"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", // gcloud
	} {
		env = append(env, name+"="+bundle)
	}
	store := filepath.Join(dir, trustStoreFile)
	if err := c.writeTrustStore(ctx, store); err != nil {
		fmt.Fprintln(c.stderr, "emulator: no trust store for Java:", err)
		return env, nil
	}
	return append(env, "JAVA_TOOL_OPTIONS="+javaOptions(store)), nil
}

// systemRoots returns the certificates that the system trusts, from the places where Go and OpenSSL
// look, in PEM; nil if there is none. An earlier bundle of the emulator is not the system's.
func systemRoots(bundle string) []byte {
	for _, name := range []string{
		os.Getenv("SSL_CERT_FILE"),
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Alpine
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
		"/etc/pki/tls/certs/ca-bundle.crt",                  // older ones
		"/etc/ssl/ca-bundle.pem",                            // SUSE
		"/etc/ssl/cert.pem",                                 // macOS, OpenBSD
		"/usr/local/etc/ssl/cert.pem",                       // FreeBSD
	} {
		if absolute, err := filepath.Abs(name); name == "" || err != nil || absolute == bundle {
			continue
		}
		if roots, err := os.ReadFile(name); err == nil && bytes.Contains(roots, []byte("BEGIN CERTIFICATE")) {
			return roots
		}
	}
	return nil
}
