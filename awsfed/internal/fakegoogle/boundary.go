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
	var boundary struct {
		Rules []struct {
			AvailableResource     string   `json:"availableResource"`
			AvailablePermissions  []string `json:"availablePermissions"`
			AvailabilityCondition *struct {
				Expression string `json:"expression"`
			} `json:"availabilityCondition"`
		} `json:"accessBoundaryRules"`
	}
	if json.Unmarshal(raw, &boundary) != nil {
		return nil, fmt.Errorf("accessBoundary is not an object with accessBoundaryRules")
	}
	if n := len(boundary.Rules); n == 0 || n > maxAccessBoundaryRules {
		return nil, fmt.Errorf("accessBoundary has %d rules, not 1 to %d", n, maxAccessBoundaryRules)
	}
	rules := make([]AccessBoundaryRule, len(boundary.Rules))
	for i, r := range boundary.Rules {
		rules[i] = AccessBoundaryRule{AvailableResource: r.AvailableResource, AvailablePermissions: r.AvailablePermissions}
		if !strings.HasPrefix(r.AvailableResource, "//") {
			return nil, fmt.Errorf("availableResource %q is not a full resource name", r.AvailableResource)
		}
		if len(r.AvailablePermissions) == 0 {
			return nil, fmt.Errorf("the rule on %s has no availablePermissions", r.AvailableResource)
		}
		for _, permission := range r.AvailablePermissions {
			if role, found := strings.CutPrefix(permission, "inRole:"); !found || role == "" {
				return nil, fmt.Errorf(`%q of availablePermissions does not begin with "inRole:"`, permission)
			}
		}
		if c := r.AvailabilityCondition; c != nil {
			if rules[i].Condition = c.Expression; c.Expression == "" {
				return nil, fmt.Errorf("the condition of the rule on %s has no expression", r.AvailableResource)
			}
		}
	}
	return rules, nil
}

func cloneBoundary(rules []AccessBoundaryRule) []AccessBoundaryRule {
	rules = slices.Clone(rules)
	for i := range rules {
		rules[i].AvailablePermissions = slices.Clone(rules[i].AvailablePermissions)
	}
	return rules
}
