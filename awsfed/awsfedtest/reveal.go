package awsfedtest

import "github.com/awsfed/awsfed-go/awsfed/internal/clouds"

// Reveal is for the emulator program of this repository, which alone can name the type of its
// parameter: it describes more of the clouds than this package has methods for. No promise of
// compatibility covers it.
func (c *Cloud) Reveal(to *clouds.Pair) { *to = clouds.Pair{AWS: c.aws, Google: c.google} }
