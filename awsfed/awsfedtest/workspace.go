package awsfedtest

// AddWorkspaceUser adds a user of Google Workspace, in whose name service accounts may act that
// [Cloud.DelegateDomain] allows it. One who is there is no error.
func (c *Cloud) AddWorkspaceUser(email string) error {
	return wrap(c.google.AddWorkspaceUser(email))
}

// DelegateDomain is what the administrator of the Workspace does for domain-wide delegation: the
// service account of that email or unique ID may act with these scopes in the name of every user.
// The scopes replace those of before; none take the grant back. Tokens that were given out because
// of it stay valid.
//
// The account then trades an assertion that it has signed, see signJwt of IAM Credentials, for a
// user's access token at https://oauth2.googleapis.com/token.
func (c *Cloud) DelegateDomain(serviceAccount string, scopes ...string) error {
	return wrap(c.google.DelegateDomain(serviceAccount, scopes...))
}
