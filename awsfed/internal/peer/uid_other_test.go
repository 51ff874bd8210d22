//go:build !linux

package peer_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/awsfed/awsfed-go/awsfed/internal/peer"
)

func TestUIDIsOfLinuxAlone(t *testing.T) {
	_, err := peer.UID(&net.TCPAddr{}, &net.TCPAddr{})
	assert.ErrorIs(t, err, peer.ErrUnsupported)
}
