package metadataserver_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The process has the clouds in it too, and the packages of tests.
func TestAServerAtRestTakesAtMost30MiB(t *testing.T) {
	child := abuseStartChild(t)
	child.stillServes(t)
	resident := child.resident(t, "VmRSS")
	t.Logf("%d KiB after the first token", resident)
	if !abuseRaceDetector { // which takes several times the memory
		assert.LessOrEqual(t, resident, 30<<10, "KiB")
	}
}
