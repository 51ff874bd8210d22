package guides_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

// pages are the pages that people wrote, by their paths from the root of the repository.
func pages(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	found := []string{"README.md", "awsfed/emulator/README.md"}
	for _, name := range names {
		page := "docs/" + filepath.Base(name)
		if !slices.Contains([]string{"docs/conformance.md", "docs/differential.md", "docs/metadata-clients.md"}, page) { // tables that tests write
			found = append(found, page)
		}
	}
	return found
}

// Each page is a subtest by the name of its file. The README of the emulator has its folder in
// front.
func TestEveryBlockOfTheGuides(t *testing.T) {
	sum := new(counts)
	environment := newEnvironment(t)
	for _, name := range pages(t) {
		t.Run(strings.TrimPrefix(name, "docs/"), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(root, name))
			require.NoError(t, err)
			of, err := check(t.Context(), environment, name, string(text))
			assert.NoError(t, err)
			t.Logf("%s: %s", name, of)
			sum.add(of)
		})
	}
	t.Logf("all pages: %s", sum)
}
