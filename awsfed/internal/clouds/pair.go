// Package clouds is how the emulator program reaches the two clouds within an awsfedtest.Cloud.
package clouds

import (
	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
)

// Pair is the two sides of a cloud of package awsfedtest.
type Pair struct {
	AWS    *fakeaws.Cloud
	Google *fakegoogle.Cloud
}
