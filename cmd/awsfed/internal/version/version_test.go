package version_test

import (
	"encoding/json"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/commandtest"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/version"
)

func TestVersionIsThatOfTheBuild(t *testing.T) {
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}
	for name, test := range map[string]struct {
		version  string
		settings []debug.BuildSetting
		want     string
	}{
		"of a release that go install fetched":  {"v0.9.0", nil, "awsfed 0.9.0 (go1.26.0, linux/amd64)"},
		"of a clone at a tag":                   {"v0.9.0", []debug.BuildSetting{revision, {Key: "vcs.modified", Value: "false"}}, "awsfed 0.9.0 (0123456789ab, go1.26.0, linux/amd64)"},
		"of a clone with changes":               {"v0.9.0+dirty", []debug.BuildSetting{revision, {Key: "vcs.modified", Value: "true"}}, "awsfed 0.9.0+dirty (0123456789ab with changes, go1.26.0, linux/amd64)"},
		"of a build that was told no revision":  {"(devel)", nil, "awsfed (devel) (go1.26.0, linux/amd64)"},
		"of a test, which has no version":       {"", nil, "awsfed (devel) (go1.26.0, linux/amd64)"},
		"of a revision that is shorter than 12": {"(devel)", []debug.BuildSetting{{Key: "vcs.revision", Value: "0123"}}, "awsfed (devel) (0123, go1.26.0, linux/amd64)"},
	} {
		t.Run(name, func(t *testing.T) {
			info := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: test.version},
				Settings: append([]debug.BuildSetting{{Key: "GOARCH", Value: "amd64"}, {Key: "GOOS", Value: "linux"}}, test.settings...)}
			assert.Equal(t, test.want, version.Text(info))
		})
	}
}

func TestVersionPrintsALine(t *testing.T) {
	result := commandtest.Run(t, version.Command())
	assert.Equal(t, 0, result.Code)
	assert.Regexp(t, `^awsfed \S+ \(.*`+runtime.Version()+`, `+runtime.GOOS+`/`+runtime.GOARCH+`\)\n$`, result.Stdout)
	assert.Empty(t, result.Stderr)
}

func TestVersionPrintsJSON(t *testing.T) {
	result := commandtest.Run(t, version.Command(), "-format", "json")
	assert.Equal(t, 0, result.Code)
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(result.Stdout), &fields))
	assert.Equal(t, runtime.Version(), fields["go"])
	assert.Equal(t, runtime.GOOS+"/"+runtime.GOARCH, fields["platform"])
	assert.NotEmpty(t, fields["version"])
}

func TestVersionRefusesAnotherFormat(t *testing.T) {
	result := commandtest.Run(t, version.Command(), "-format", "yaml")
	assert.Equal(t, command.Misused, result.Code)
	assert.Contains(t, result.Stderr, `-format is "yaml"`)
}
