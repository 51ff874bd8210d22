package authority

import "crypto/tls"

// Issue makes a certificate for names that the authority may have no say in.
func (a *Authority) Issue(names ...string) (*tls.Certificate, error) { return a.issue(names...) }
