package awsfedtest

// AcceptFederatedSigning sets whether signBlob and signJwt take federated tokens. They do not at
// first: 401 with the reason ACCESS_TOKEN_TYPE_UNSUPPORTED, as somebody saw at signJwt in 2024, so
// that a service account has to sign by a token of its own. Nobody outside of Google knows what
// holds today, so a client should be tried both ways.
func (c *Cloud) AcceptFederatedSigning(accept bool) {
	unsettled := c.google.Unsettled()
	unsettled.AcceptFederatedSigning = accept
	c.google.SetUnsettled(unsettled)
}
