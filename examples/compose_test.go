package examples_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// composeProject reads the emulator's compose.yaml as Docker Compose does: by the schema, with its
// references.
func composeProject(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../awsfed/emulator/compose.yaml"})
	require.NoError(t, err)
	project, err := options.LoadProject(t.Context())
	require.NoError(t, err)
	return project
}

func TestTheEmulatorsComposeFileIsValid(t *testing.T) {
	project := composeProject(t)
	assert.ElementsMatch(t, []string{"emulator", "storage", "client"}, project.ServiceNames())
	emulator, client := project.Services["emulator"], project.Services["client"]

	root, err := filepath.Abs("..")
	require.NoError(t, err)
	assert.Equal(t, root, emulator.Build.Context)
	assert.FileExists(t, filepath.Join(emulator.Build.Context, emulator.Build.Dockerfile))
	require.Len(t, emulator.Ports, 1)
	assert.Equal(t, "127.0.0.1", emulator.Ports[0].HostIP, "other machines do not reach it")
	assert.Equal(t, types.ServiceConditionHealthy, client.DependsOn["emulator"].Condition)

	dockerfile, err := os.ReadFile(filepath.Join(emulator.Build.Context, emulator.Build.Dockerfile))
	require.NoError(t, err)
	assert.Contains(t, string(dockerfile), "\nUSER "+client.User+"\n", "the client may read the emulator's files")
	assert.Contains(t, string(dockerfile), "\nVOLUME "+emulator.Volumes[0].Target+"\n")
	assert.Equal(t, emulator.Volumes[0].Target, client.Volumes[0].Target, "the exports name files")

	goMod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	image, version, _ := strings.Cut(project.Services["storage"].Image, ":")
	assert.Contains(t, string(goMod), "github.com/"+image+" v"+version+"\n", "the version that other tests run")
}

func TestTheEmulatorTakesTheCommandOfItsComposeFile(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "emulator")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	out, err := exec.CommandContext(t.Context(), "go", "-C", "../awsfed/emulator", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)

	service := composeProject(t).Services["emulator"]
	args := []string{"-addr", "127.0.0.1:0"}
	for _, arg := range service.Command {
		args = append(args, strings.ReplaceAll(arg, service.Volumes[0].Target, filepath.ToSlash(dir)))
	}
	emulator := exec.CommandContext(t.Context(), program, args...)
	stdout, err := emulator.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, emulator.Start())
	defer func() {
		_ = emulator.Process.Kill()
		_, _ = io.Copy(io.Discard, stdout)
		_ = emulator.Wait()
	}()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, line, " http://emulator:8085 ")
	file, err := os.ReadFile(filepath.Join(dir, "cred.json"))
	require.NoError(t, err)
	assert.Contains(t, string(file), `"http://emulator:8085/v1/token"`)
	env, err := os.ReadFile(filepath.Join(dir, "emulator.env"))
	require.NoError(t, err)
	assert.Contains(t, string(env), "export AWS_ACCESS_KEY_ID=")
	assert.Contains(t, string(env), "export GOOGLE_CLOUD_PROJECT=")
}
