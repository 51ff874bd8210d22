package deploy_test

import (
	"flag"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFlagsAreThoseOfTheProgram(t *testing.T) {
	program := filepath.Join(t.TempDir(), "awsfed")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./cmd/awsfed")
	build.Dir = filepath.Join("..", "..")
	printed, err := build.CombinedOutput()
	require.NoError(t, err, "%s", printed)
	for _, command := range []string{"serve", "exec", "health"} {
		help, err := exec.CommandContext(t.Context(), program, command, "-h").Output()
		require.NoError(t, err)
		var told, known []string
		for _, line := range regexp.MustCompile(`(?m)^  -([a-z-]+)( .*)?$`).FindAllSubmatch(help, -1) {
			told = append(told, string(line[1]))
		}
		set, found := flags(command)
		require.True(t, found)
		set.VisitAll(func(f *flag.Flag) { known = append(known, f.Name) })
		assert.ElementsMatch(t, told, known, command)
	}
}
