package fakeaws

// SetTaskRole has the ECS task run as another role, where the path of the request names none.
func (a *Cloud) SetTaskRole(role string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r, err := a.role(role)
	if err == nil {
		a.containers.task = r.arn
	}
	return err
}

// TaskRole returns the role of the ECS task: its name or, if it is of another account than the
// cloud's own, its ARN.
func (a *Cloud) TaskRole() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r, ok := a.roles[a.containers.task]; ok && r.Account == a.account {
		return r.Name
	}
	return a.containers.task
}
