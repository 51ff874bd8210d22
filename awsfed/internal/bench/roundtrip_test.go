package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFirstTokenIsTwoRequestsOverTwoConnections(t *testing.T) {
	for _, c := range contenders() {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				found, err := firstTraffic(c, 20*time.Millisecond)
				require.NoError(t, err)
				assert.Equal(t, 2, found.requests)
				assert.Equal(t, 2, found.dials)
			})
		})
	}
}

// To a host: one for TCP, one for TLS 1.3, one for the request.
func TestAFirstTokenOfThePeersTakesSixRoundTrips(t *testing.T) {
	for _, c := range contenders()[1:] {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				found, err := firstTraffic(c, 20*time.Millisecond)
				require.NoError(t, err)
				assert.InDelta(t, 6, found.roundTrips, 0)
			})
		})
	}
}
