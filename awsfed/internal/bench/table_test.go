package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestATableLinesUpAndTellsRatios(t *testing.T) {
	assert.Equal(t, strings.TrimLeft(`
| measure  | awsfed | floor | x/oauth2 | auth | to floor | to x/oauth2 | to auth |
| -------- | -----: | ----: | -------: | ---: | -------: | ----------: | ------: |
| time, µs |   1500 |  99.9 |     3000 |    - |    15.02 |        0.50 |       - |
| trips    |      4 |     - |     6.25 |    0 |        - |        0.64 |       - |
`, "\n"), table([]row{
		{"time, µs", figures{ours: 1500.25, floor: 99.9, xo: 3000}},
		{"trips", figures{ours: 4, xo: 6.25, ca: 0}},
	}))
}

// Those that wait for a network or a compiler are run by tests of their own.
func TestEveryMeasurePrintsItsRows(t *testing.T) {
	tiny := effort{rounds: 1, batch: 100 * time.Microsecond, sources: 1001}
	for _, name := range []string{"cached", "first", "subject", "header", "sources"} {
		var out bytes.Buffer
		require.NoError(t, run(&out, name, tiny))
		assert.Contains(t, out.String(), "| measure ")
		assert.Regexp(t, `^\d+ cores, go\S+ `, out.String())
	}
}

func TestAnUnknownMeasureIsRefused(t *testing.T) {
	assert.EqualError(t, run(new(bytes.Buffer), "speed", effort{}),
		`no measure "speed"; there are cached, roundtrips, first, subject, header, sources, accounts, startup`)
}
