package awsfedtest

import "slices"

// AccessBoundaryRule is one rule of a Credential Access Boundary: what a downscoped token may be
// used for at most.
type AccessBoundaryRule struct {
	AvailableResource    string   // //storage.googleapis.com/projects/_/buckets/BUCKET
	AvailablePermissions []string // inRole:roles/storage.objectViewer, for one
	Condition            string   // the expression of the rule's condition, in CEL; "" for none
}

// MayUse reports whether the token's boundary leaves it a permission on a resource, each as a rule
// names it: "inRole:roles/storage.objectViewer" on
// "//storage.googleapis.com/projects/_/buckets/BUCKET". A token without a boundary may use all. A
// rule with a condition never does, because the emulator evaluates none.
//
// It is for a service of the test's own, see [Cloud.Protect]: that a policy grants the permission
// in the first place is for the service to say.
func (a Access) MayUse(resource, permission string) bool {
	return len(a.Boundary) == 0 || slices.ContainsFunc(a.Boundary, func(r AccessBoundaryRule) bool {
		return r.Condition == "" && r.AvailableResource == resource && slices.Contains(r.AvailablePermissions, permission)
	})
}
