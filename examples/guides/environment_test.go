package guides_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/examples/guides/internal/stub"
)

// environment is what the shells of all pages run in.
type environment struct {
	stubs     string   // the program of the tests
	variables []string // NAME=VALUE
}

// newEnvironment builds awsfed, and starts the clouds that it finds there: by the names that the
// pages use.
func newEnvironment(t *testing.T) environment {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash")
	}
	stubs, err := os.Executable()
	require.NoError(t, err)
	directory := t.TempDir()
	program := filepath.Join(directory, "awsfed")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/awsfed")
	build.Dir, build.Env = root, append(os.Environ(), "GOWORK=off")
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)

	cloud := awsfedtest.New(awsfedtest.Options{
		Account: stub.AWSAccount, Role: stub.AWSRole, ProjectNumber: stub.ProjectNumber, ProjectID: stub.ProjectID,
		Pool: stub.Pool, Provider: stub.Provider, ServiceAccount: stub.Account,
	})
	require.NoError(t, cloud.Grant(stub.Account, "roles/iam.serviceAccountTokenCreator", "serviceAccount:"+stub.Account)) // for signatures
	server, err := cloud.Start()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	variables, err := server.Env(awsfedtest.SourceEnvironment, directory)
	require.NoError(t, err)
	content, err := server.CredentialFile()
	require.NoError(t, err)
	content = bytes.Replace(content, []byte("https://sts.{region}.amazonaws.com"), []byte(server.URL), 1)
	file := filepath.Join(directory, "credentials.json")
	require.NoError(t, os.WriteFile(file, content, 0o600))
	lists, err := filepath.Abs("lists")
	require.NoError(t, err)
	repository, err := filepath.Abs(root)
	require.NoError(t, err)
	curl, _ := exec.LookPath("curl") // empty if there is none
	variables = append(variables,
		stub.EnvLists+"="+lists, stub.EnvRoot+"="+repository, stub.EnvAwsfed+"="+program, stub.EnvCurl+"="+curl, stub.EnvFile+"="+file,
		"AWSFED_ALLOW_HOSTS="+server.Addr, "GOOGLE_APPLICATION_CREDENTIALS="+file)
	variables = append(variables, goVariables(t)...)
	return environment{stubs, variables}
}

// goVariables lead to the real go command, and to its caches, which a private HOME hides.
func goVariables(t *testing.T) []string {
	t.Helper()
	program, err := exec.LookPath("go")
	require.NoError(t, err)
	names := []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS", "GOSUMDB", "GOTOOLCHAIN"}
	said, err := exec.CommandContext(t.Context(), program, append([]string{"env"}, names...)...).Output()
	require.NoError(t, err)
	variables := []string{stub.EnvGo + "=" + program, stub.EnvHome + "=" + os.Getenv("HOME")}
	for i, value := range strings.Split(strings.TrimSuffix(string(said), "\n"), "\n") {
		variables = append(variables, names[i]+"="+value)
	}
	return variables
}
