package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProgramsOfOtherLanguagesInjectAndUndoAFault(t *testing.T) {
	for program, interpreter := range map[string]string{"fault.py": "python3", "fault.mjs": "node"} {
		t.Run(interpreter, func(t *testing.T) {
			path, err := exec.LookPath(interpreter)
			if err != nil {
				t.Skipf("there is no %s", interpreter)
			}
			emulator := launchAdmin(t, "-admin", "127.0.0.1:0")
			command := exec.CommandContext(t.Context(), path, filepath.Join("testdata", program), emulator.url, emulator.admin)
			command.Env = append(os.Environ(), "NO_PROXY=*", "no_proxy=*")
			output, err := command.CombinedOutput()
			require.NoError(t, err, "%s", output)
			assert.Regexp(t, `(?i)with the fault: .*reset`, string(output))
			assert.Contains(t, string(output), "without it: fine")

			status, requests := emulator.order(t, "GET", "/requests", "")
			require.Equal(t, http.StatusOK, status)
			var faults []any
			for _, request := range requests["requests"].([]any) {
				faults = append(faults, request.(map[string]any)["fault"])
			}
			assert.Equal(t, []any{"", "reset", ""}, faults)
		})
	}
}
