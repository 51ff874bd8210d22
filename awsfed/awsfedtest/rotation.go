package awsfedtest

// RotateKeys makes EC2 metadata and the container endpoints hand out new keys at their next
// request. The old ones stay good until they expire.
func (c *Cloud) RotateKeys() { c.aws.RotateKeys() }
