package fakeaws

// RegionsOf lists the regions of a partition.
func RegionsOf(partition string) []string { return regionsOf(partition) }
