package awsfedtest

// Replace makes the server serve another cloud from now on. Requests under way end on the one that
// they began on, which goes on to take the server's address for its own. What [Server.Env] and
// [Server.CredentialFile] returned before is of the old cloud.
func (s *Server) Replace(c *Cloud) {
	c.hosts.add(s.hosts)
	s.cloud.Store(c)
}
