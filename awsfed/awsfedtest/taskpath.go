package awsfedtest

// taskPath is where a server has the keys of the ECS task.
func (s *Server) taskPath() string { return "/container/ecs/" + s.cloud.Load().aws.TaskRole() }
