package deploy_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A manifest is a file of this folder, or one elsewhere that is checked in the same way.
type manifest struct {
	file  string
	check func(text string) error
	keys  func(text string) ([]key, error) // nil where there are none
}

func manifests() []manifest {
	return []manifest{
		{"eks/serviceaccount.yaml", checkServiceAccount, yamlKeys},
		{"eks/configmap.yaml", checkConfigMap, yamlKeys},
		{"eks/sidecar.yaml", checkSidecar, yamlKeys},
		{"eks/wrapper.yaml", checkWrapper, yamlKeys},
		{"eks/linklocal.yaml", checkLinkLocal, yamlKeys},
		{"ecs/fargate.json", checkFargate, yamlKeys}, // JSON is YAML too
		{"ecs/ec2.json", checkEC2, yamlKeys},
		{"systemd/awsfed.service", checkService, unitKeys},
		{"systemd/app.conf", checkDropIn, unitKeys},
		{"lambda/template.yaml", checkTemplate, yamlKeys},
		{"lambda/layer/awsfed-wrapper", checkScript, nil},
		{"compose/sidecar.yaml", checkComposeSidecar, yamlKeys},
		{"compose/internal.yaml", checkComposeInternal, yamlKeys},
		{"wrapper/Dockerfile", checkWrapperDockerfile, dockerfileKeys},
		{"../../cmd/awsfed/Dockerfile", checkAwsfedDockerfile, dockerfileKeys},
		{"../../.github/workflows/release.yml", checkRelease, yamlKeys},
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(file))
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

func TestEveryManifestIsValid(t *testing.T) {
	for _, m := range manifests() {
		t.Run(m.file, func(t *testing.T) {
			assert.NoError(t, m.check(read(t, m.file)))
		})
	}
}

// What the checks are worth: each key of each file is misspelt in turn, in two ways.
func TestEveryMisspeltKeyOfAManifestIsRefused(t *testing.T) {
	for _, m := range manifests() {
		if m.keys == nil {
			continue
		}
		t.Run(m.file, func(t *testing.T) {
			text := read(t, m.file)
			keys, err := m.keys(text)
			require.NoError(t, err)
			require.NotEmpty(t, keys)
			for _, k := range keys {
				require.Equal(t, text, k.rename(text, k.name), "%s:%d: the place of %s", m.file, k.line, k.name)
				for _, name := range k.misspellings() {
					assert.Error(t, m.check(k.rename(text, name)), "%s:%d: %s as %s", m.file, k.line, k.name, name)
				}
			}
		})
	}
}

func TestEveryFileOfTheFolderIsChecked(t *testing.T) {
	var checked []string
	for _, m := range manifests() {
		checked = append(checked, m.file)
	}
	require.NoError(t, filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file = filepath.ToSlash(file)
		switch {
		case !strings.Contains(file, "/"): // the module's own
		case strings.HasSuffix(file, ".go"), strings.HasSuffix(file, ".py"), file == "lambda/function/requirements.txt": // not manifests
		case !slices.Contains(checked, file):
			t.Errorf("%s is not checked", file)
		}
		return nil
	}))
}

func TestTheGuideLinksToEveryManifest(t *testing.T) {
	const guide = "../../docs/any-language.md"
	linked := make(map[string]bool)
	for _, link := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(read(t, guide), -1) {
		file := path.Join(path.Dir(guide), link[1])
		_, err := os.Stat(filepath.FromSlash(file))
		assert.NoError(t, err)
		linked[file] = true
	}
	for _, m := range manifests() {
		if !strings.HasPrefix(m.file, "../") {
			assert.True(t, linked["../../examples/deploy/"+m.file], m.file)
		}
	}
}
