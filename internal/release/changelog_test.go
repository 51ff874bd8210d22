package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheVersionOfTheSourceMatchesTheChangelog(t *testing.T) {
	version, err := sourceVersion("../..")
	require.NoError(t, err)
	changes, err := readChangelog("../..")
	require.NoError(t, err)
	assert.NoError(t, changes.check(version))
}

func TestAVersionIsHeldAgainstTheChangelog(t *testing.T) {
	const (
		pending  = "# Changelog\n\n## [Unreleased]\n\n### Added\n- A thing.\n"
		nothing  = "# Changelog\n\n## [Unreleased]\n"
		released = "\n## [0.2.1] - 2026-02-28\n- A.\n\n## [0.1.0] - 2026-01-31\n- B.\n"
	)
	for name, test := range map[string]struct{ changelog, version, fault string }{
		"before the first release":             {pending, "0.1.0", ""},
		"just released":                        {nothing + released, "0.2.1", ""},
		"the next patch":                       {pending + released, "0.2.2", ""},
		"the next minor version":               {pending + released, "0.3.0", ""},
		"the next major version":               {pending + released, "1.0.0", ""},
		"a pre-release of the next":            {pending + released, "0.3.0-rc.1", ""},
		"the release after its pre-release":    {pending + "## [0.3.0-rc.1] - 2026-03-31\n", "0.3.0", ""},
		"changes after the release":            {pending + released, "0.2.1", "does not follow"},
		"an older version":                     {pending + released, "0.2.0", "does not follow"},
		"a version left out":                   {pending + released, "0.2.3", "does not follow"},
		"a minor version that keeps its patch": {pending + released, "0.3.1", "does not follow"},
		"no section of the version":            {nothing + released, "0.3.0", "no section 0.3.0"},
		"nothing at all":                       {nothing, "0.1.0", "no section 0.1.0"},
		"no heading for what comes":            {released, "0.2.1", "not [Unreleased]"},
		"an empty file":                        {"", "0.1.0", "not [Unreleased]"},
		"a release without its date":           {nothing + "## [0.1.0]\n", "0.1.0", "no date"},
		"sections in the wrong order":          {nothing + "## [0.1.0] - 2026-01-31\n## [0.2.0] - 2026-02-28\n", "0.1.0", "below the older"},
		"a version that is none":               {pending, "0.1", "Semantic Versioning"},
		"a section that is none":               {nothing + "## [Later] - 2026-01-31\n", "0.1.0", "not named by a version"},
	} {
		t.Run(name, func(t *testing.T) {
			err := parseChangelog(test.changelog).check(test.version)
			if test.fault == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, test.fault)
			}
		})
	}
}

func TestOnlyWhatTheChangelogDatesIsReleased(t *testing.T) {
	assert.Error(t, parseChangelog("## [Unreleased]\n- A thing.\n").checkRelease("0.1.0"))
	assert.Error(t, parseChangelog("## [Unreleased]\n- A thing.\n## [0.1.0] - 2026-01-31\n").checkRelease("0.1.0"))
	assert.NoError(t, parseChangelog("## [Unreleased]\n## [0.1.0] - 2026-01-31\n- A thing.\n").checkRelease("0.1.0"))
}
