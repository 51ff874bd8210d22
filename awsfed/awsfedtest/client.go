package awsfedtest

// RequireClient makes Google's STS refuse every exchange that does not come with this ID and secret
// by HTTP Basic (RFC 6749 §2.3.1): 401, invalid_client. Two empty strings take that back. Without
// it STS takes any such header and none. The secret is in no log and in no [Request].
//
// Google asks this of no client of workload identity federation. It is for those whose way to
// Google leads through a service of their own.
func (c *Cloud) RequireClient(id, secret string) { c.google.RequireClient(id, secret) }
