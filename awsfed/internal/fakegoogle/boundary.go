package fakegoogle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// AccessBoundaryRule is one rule of a Credential Access Boundary: what a downscoped token may be
// used for at most. The emulator hands the rules on and enforces none; IAM Credentials takes no
// downscoped token at all.
type AccessBoundaryRule struct {
	AvailableResource    string   // //storage.googleapis.com/projects/_/buckets/BUCKET
	AvailablePermissions []string // inRole:roles/storage.objectViewer, for one
	Condition            string   // the expression of the rule's condition, in CEL; "" for none
}

// parseAccessBoundary reads the boundary in the options of a token exchange. None has no rules.
func parseAccessBoundary(raw json.RawMessage) ([]AccessBoundaryRule, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if len(raw) > maxAccessBoundary {
		return nil, fmt.Errorf("accessBoundary has %d characters, more than %d", len(raw), maxAccessBoundary)
	}
	var boundary map[string]json.RawMessage
	var given []map[string]json.RawMessage
	if json.Unmarshal(raw, &boundary) != nil || !readMembers(boundary, map[string]any{"accessBoundaryRules": &given}) {
		return nil, fmt.Errorf("accessBoundary is not an object with accessBoundaryRules")
	}
	if n := len(given); n == 0 || n > maxAccessBoundaryRules {
		return nil, fmt.Errorf("accessBoundary has %d rules, not 1 to %d", n, maxAccessBoundaryRules)
	}
	rules := make([]AccessBoundaryRule, len(given))
	for i, object := range given {
		var err error
		if rules[i], err = parseBoundaryRule(object); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

func parseBoundaryRule(object map[string]json.RawMessage) (r AccessBoundaryRule, err error) {
	var condition map[string]json.RawMessage
	if !readMembers(object, map[string]any{
		"availableResource": &r.AvailableResource, "availablePermissions": &r.AvailablePermissions, "availabilityCondition": &condition,
	}) || !readMembers(condition, map[string]any{"expression": &r.Condition}) {
		return r, fmt.Errorf("a rule of the accessBoundary is not what it should be")
	}
	if !strings.HasPrefix(r.AvailableResource, "//") {
		return r, fmt.Errorf("availableResource %q is not a full resource name", r.AvailableResource)
	}
	if len(r.AvailablePermissions) == 0 {
		return r, fmt.Errorf("the rule on %s has no availablePermissions", r.AvailableResource)
	}
	for _, permission := range r.AvailablePermissions {
		if role, found := strings.CutPrefix(permission, "inRole:"); !found || role == "" {
			return r, fmt.Errorf(`%q of availablePermissions does not begin with "inRole:"`, permission)
		}
	}
	if condition != nil && r.Condition == "" {
		return r, fmt.Errorf("the condition of the rule on %s has no expression", r.AvailableResource)
	}
	return r, nil
}

func cloneBoundary(rules []AccessBoundaryRule) []AccessBoundaryRule {
	rules = slices.Clone(rules)
	for i := range rules {
		rules[i].AvailablePermissions = slices.Clone(rules[i].AvailablePermissions)
	}
	return rules
}
