package conformance_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// built has the programs of this repository that the tests run. They are built once for all tests,
// by the first that asks, and removed by TestMain.
var built builtPrograms

type builtPrograms struct {
	once sync.Once
	dir  string
	err  error
}

// program is the path of "awsfed" or of "metadataclient".
func (b *builtPrograms) program(t *testing.T, name string) string {
	t.Helper()
	b.once.Do(b.build)
	require.NoError(t, b.err)
	return filepath.Join(b.dir, name)
}

func (b *builtPrograms) build() {
	if b.dir, b.err = os.MkdirTemp("", "built"); b.err != nil {
		return
	}
	for name, pkg := range map[string]string{"awsfed": "github.com/awsfed/awsfed-go/cmd/awsfed", "metadataclient": "./metadataclient"} {
		out, err := exec.Command("go", "build", "-o", filepath.Join(b.dir, name), pkg).CombinedOutput()
		if err != nil {
			b.err = fmt.Errorf("build %s: %w: %s", pkg, err, out)
			return
		}
	}
}

func (b *builtPrograms) remove() {
	if b.dir != "" {
		_ = os.RemoveAll(b.dir) // the tests have said what they had to
	}
}
