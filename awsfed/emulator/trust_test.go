package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// trusting is a client that trusts the certificates of a file alone, and reaches every name at the
// emulator.
func trusting(t *testing.T, file string, emulator running) *http.Client {
	t.Helper()
	certificates, err := os.ReadFile(file)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(certificates))
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, emulator.addr)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func TestTheAuthorityFileMakesAGoClientTrustTheEmulator(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	emulator := launch(t, "-tls", "-ca-file", file)
	require.True(t, strings.HasPrefix(emulator.url, "https://127.0.0.1:"), emulator.url)
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), info.Mode(), "for clients of other users")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "PRIVATE KEY")

	client := trusting(t, file, emulator)
	for url, status := range map[string]int{
		emulator.url + "/oauth2/v3/certs":               http.StatusOK,
		"https://localhost/oauth2/v3/certs":             http.StatusOK,
		"https://www.googleapis.com/oauth2/v3/certs":    http.StatusOK,
		"https://sts.googleapis.com/v1/token":           http.StatusMethodNotAllowed,
		"https://sts.eu-central-1.amazonaws.com/":       http.StatusFound,
		"https://sts.cn-north-1.amazonaws.com.cn/":      http.StatusFound,
		"https://a.tokens.sts.global.api.aws/anything":  http.StatusNotFound,
		"https://sts.europe-west1.rep.googleapis.com/a": http.StatusNotFound,
	} {
		response, err := client.Get(url)
		if !assert.NoError(t, err, url) {
			continue
		}
		response.Body.Close()
		assert.Equal(t, status, response.StatusCode, url)
	}
	_, err = client.Get("https://example.com/")
	assert.ErrorAs(t, err, new(x509.HostnameError))
}

func TestTheAuthoritySpeaksForThePublicURL(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	emulator := launch(t, "-tls", "-ca-file", file, "-public-url", "https://Emulator.test:8443")
	require.Equal(t, "https://emulator.test:8443", emulator.url)
	response, err := trusting(t, file, emulator).Get(emulator.url + "/oauth2/v3/certs")
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusOK, response.StatusCode)
}

// client is a program that prints the body of the URL of its last argument.
type client struct {
	program string // must be there, or the test is skipped
	args    []string
}

func TestTheExportsMakeClientsTrustTheEmulator(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "it's here") // which neither shell nor Java must stumble over
	require.NoError(t, os.Mkdir(dir, 0o755))
	env := filepath.Join(dir, "emulator.env")
	emulator := launch(t, "-tls", "-env", env, "-credential-file", filepath.Join(dir, "cred.json"), "-source", "ec2-metadata")
	for name, c := range map[string]client{
		"Go":      {os.Args[0], []string{"-test.run=^TestGoClientChild$", "--"}},
		"curl":    {"curl", []string{"-fsS", "--noproxy", "*"}},
		"Python":  {"python3", []string{"-c", "import sys, urllib.request\nprint(urllib.request.urlopen(sys.argv[1]).read().decode())"}},
		"Node.js": {"node", []string{"-e", `require("https").get(process.argv[1], r => r.pipe(process.stdout))`}},
		"Java":    {"java", []string{filepath.Join("testdata", "Get.java")}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(c.program); err != nil {
				t.Skipf("%s is not installed", c.program)
			}
			if name == "Go" && (runtime.GOOS == "darwin" || runtime.GOOS == "windows") {
				t.Skip("Go asks the system there, and SSL_CERT_FILE counts for nothing")
			}
			if name == "Java" {
				if _, err := findKeytool(); err != nil {
					t.Skip("keytool is not installed")
				}
			}
			get := func(script string) (string, error) {
				args := append([]string{"-c", script, "sh", env, c.program}, c.args...)
				shell := exec.CommandContext(t.Context(), "/bin/sh", append(args, emulator.url+"/oauth2/v3/certs")...)
				shell.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), goClientChild + "=1"}
				out, err := shell.CombinedOutput()
				return string(out), err
			}
			out, err := get(`. "$1"; shift; exec "$@"`)
			require.NoError(t, err, out)
			assert.Contains(t, out, `"keys"`)
			out, err = get(`shift; exec "$@"`)
			require.Error(t, err, "nothing but the exports makes it trusted")
			assert.Regexp(t, `(?i)certificat`, out)
		})
	}
}

// goClientChild tells this program, run again, to be a client: crypto/x509 reads SSL_CERT_FILE
// once.
const goClientChild = "EMULATOR_GO_CLIENT_CHILD"

func TestGoClientChild(t *testing.T) {
	if os.Getenv(goClientChild) == "" {
		t.Skip("is the Go client of TestTheExportsMakeClientsTrustTheEmulator")
	}
	url := flag.Arg(0)
	response, err := http.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.Copy(os.Stdout, response.Body)
	require.NoError(t, err)

	// The AWS SDK and awsfed, too.
	host := strings.TrimPrefix(strings.TrimSuffix(url, "/oauth2/v3/certs"), "https://")
	cfg, err := awsfed.ConfigFromEnv(&awsfed.FileOptions{TokenHosts: []string{host}, VerificationHosts: []string{host}, MetadataHosts: []string{host}})
	require.NoError(t, err)
	tokens, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	_, err = tokens.TokenContext(t.Context())
	require.NoError(t, err)
}

func TestTheBundleHasTheSystemsAuthoritiesInFront(t *testing.T) {
	system := filepath.Join(t.TempDir(), "system.pem")
	other := httptest.NewTLSServer(nil)
	defer other.Close()
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Certificate().Raw})
	require.NoError(t, os.WriteFile(system, bytes.TrimSpace(text), 0o600)) // and no newline at its end
	t.Setenv("SSL_CERT_FILE", system)
	t.Setenv("PATH", "") // no keytool, which takes its time
	t.Setenv("JAVA_HOME", "")
	dir := t.TempDir()
	bundle := filepath.Join(dir, bundleFile)
	var authority [2]string
	for i := range authority {
		file := filepath.Join(dir, "ca.pem")
		emulator := launch(t, "-tls", "-ca-file", file, "-env", filepath.Join(dir, "emulator.env"))
		got, err := os.ReadFile(bundle)
		require.NoError(t, err)
		ca, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, string(text)+string(ca), string(got))
		info, err := os.Stat(bundle)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o644), info.Mode())
		authority[i] = string(ca)
		require.NoError(t, emulator.stop())
	}
	assert.NotEqual(t, authority[0], authority[1], "each run has its own")

	// A shell that has sourced the exports starts the emulator anew: the bundle does not grow.
	t.Setenv("SSL_CERT_FILE", bundle)
	launch(t, "-tls", "-ca-file", filepath.Join(dir, "ca.pem"), "-env", filepath.Join(dir, "emulator.env"))
	got, err := os.ReadFile(bundle)
	require.NoError(t, err)
	assert.NotContains(t, string(got), authority[1])
}

func TestTheFilesForTrustAreWrittenOnce(t *testing.T) {
	t.Setenv("PATH", "")
	t.Setenv("JAVA_HOME", "")
	dir := t.TempDir()
	env, bundle := filepath.Join(dir, "emulator.env"), filepath.Join(dir, bundleFile)
	server, err := awsfedtest.New(awsfedtest.Options{}).Start()
	require.NoError(t, err)
	defer server.Close()
	files := clientFiles{settings: settings{tls: true, envFile: env, source: awsfedtest.SourceEnvironment}, authority: []byte("the authority"), stderr: io.Discard}
	require.NoError(t, files.write(t.Context(), server))
	require.FileExists(t, bundle)
	require.NoError(t, os.Remove(bundle))
	require.NoError(t, files.write(t.Context(), server), "as a world of other keys needs it")
	assert.NoFileExists(t, bundle)
	text, err := os.ReadFile(env)
	require.NoError(t, err)
	assert.Contains(t, string(text), "export SSL_CERT_FILE='"+bundle+"'")
}

func TestTheTrustStoreOfJavaHasTheSystemsAuthoritiesToo(t *testing.T) {
	keytool, err := findKeytool()
	if err != nil {
		t.Skip("keytool is not installed")
	}
	dir := t.TempDir()
	launch(t, "-tls", "-env", filepath.Join(dir, "emulator.env"))
	store := filepath.Join(dir, trustStoreFile)
	info, err := os.Stat(store)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), info.Mode())
	list, err := exec.CommandContext(t.Context(), keytool, "-list", "-keystore", store, "-storepass", storePassword).Output()
	require.NoError(t, err)
	assert.Contains(t, string(list), "awsfed-emulator, ")
	if javaRoots(keytool) != "" {
		assert.Greater(t, strings.Count(string(list), "trustedCertEntry"), 50)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".emulator-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestWithoutKeytoolTheExportsAreThereForAllButJava(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("JAVA_HOME", "")
	env := filepath.Join(t.TempDir(), "emulator.env")
	emulator := launch(t, "-tls", "-env", env)
	text, err := os.ReadFile(env)
	require.NoError(t, err)
	assert.Contains(t, string(text), "export SSL_CERT_FILE=")
	assert.NotContains(t, string(text), "JAVA_TOOL_OPTIONS")
	assert.Contains(t, emulator.stderr.String(), "no trust store for Java: ")
}

func TestJavaReadsAPathWithQuotes(t *testing.T) {
	assert.Equal(t, `-Djavax.net.ssl.trustStore="/it's "'"'"here"'"'"" -Djavax.net.ssl.trustStorePassword=changeit`, javaOptions(`/it's "here"`))
}
