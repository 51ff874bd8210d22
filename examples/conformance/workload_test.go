package conformance_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// buildEmulator builds the program.
func buildEmulator(t *testing.T) string {
	t.Helper()
	program := filepath.Join(shortDir(t), "emulator")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = "../../awsfed/emulator"
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	return program
}

// startEmulator runs the program with a world in which the workload has that role.
func startEmulator(t *testing.T, program, role string) (admin, exports string) {
	t.Helper()
	dir := shortDir(t)
	text, err := os.ReadFile("workload/world.yaml")
	require.NoError(t, err)
	world := filepath.Join(dir, "world.yaml")
	require.NoError(t, os.WriteFile(world, []byte(strings.Replace(string(text), "ec2_role: app", "ec2_role: "+role, 1)), 0o600))
	exports = filepath.Join(dir, "emulator.env")
	cmd := exec.Command(program, "-config", world, "-addr", "127.0.0.1:0", "-admin", "127.0.0.1:0",
		"-credential-file", filepath.Join(dir, "cred.json"), "-env", exports)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		assert.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		assert.NoError(t, cmd.Wait())
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url, ok := strings.CutPrefix(lines.Text(), "admin ready at "); ok {
			admin = strings.TrimSuffix(url, "/")
		}
		if strings.HasPrefix(lines.Text(), "emulator ready at ") {
			return admin, exports
		}
	}
	require.Fail(t, "the emulator did not get ready")
	return "", ""
}

// Programs of some 20 lines, in a world that a file describes: by a mapping and a condition in CEL one
// role gets a token and another does not, and a fault that the program injects shows.
func TestProgramsInOtherLanguagesLiveInAWorldOfAFile(t *testing.T) {
	emulator := buildEmulator(t)
	for name, program := range map[string]struct {
		missing func() (what string, inImage bool)
		command []string
		env     []string
	}{
		"Python":  {lacking(sdkPython()), []string{sdkPython(), "workload/workload.py"}, []string{"PYTHONPATH=" + sdkLibrary()}},
		"Node.js": {lacking("node", "node10/node_modules/google-auth-library"), []string{"node", "workload/workload.mjs"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if what, inImage := program.missing(); what != "" {
				require.False(t, os.Getenv("CI") == "true" && inImage, "in CI the client must be installed: %s", what)
				t.Skip(what)
			}
			env := append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NO_GCE_CHECK=true", "PYTHONDONTWRITEBYTECODE=1"}, program.env...)
			work := func(role string) (string, error) {
				admin, exports := startEmulator(t, emulator, role)
				return run(t, env, "bash", append([]string{"-c", `set -a; . "$0"; exec "$@"`, exports}, append(program.command, admin)...)...)
			}
			out, err := work("app")
			require.NoError(t, err)
			lines := strings.Split(out, "\n")
			require.Len(t, lines, 3, out)
			assert.Equal(t, "a token: ya29.c.", lines[0])
			assert.Contains(t, lines[1], "denied on resource (or it may not exist).")
			assert.Equal(t, "without it: ya29.c.", lines[2])

			_, err = work("batch")
			assert.ErrorContains(t, err, "The given credential is rejected by the attribute condition.")
		})
	}
}
