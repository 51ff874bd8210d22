package awsfedtest

// EnableOutboundIdentity enables outbound identity federation for the cloud's own AWS account, and
// returns the issuer of its tokens, such as https://UUID.tokens.sts.global.api.aws. From then on AWS
// STS answers GetWebIdentityToken, and [Cloud.Client], or a [Server] that is asked by the issuer's
// name, has its discovery document and keys. As at AWS it is disabled at first; enabling it again
// changes nothing.
func (c *Cloud) EnableOutboundIdentity() (issuer string) { return c.aws.EnableOutboundIdentity() }
