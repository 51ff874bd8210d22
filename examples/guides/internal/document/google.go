package document

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"google.golang.org/api/accesscontextmanager/v1"
	"google.golang.org/api/cloudresourcemanager/v3"
	"google.golang.org/api/logging/v2"
	"google.golang.org/api/orgpolicy/v2"
	"google.golang.org/genproto/googleapis/cloud/audit"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/awsfed/awsfed-go/examples/guides/internal/syntax"
)

func orgPolicy(text string) error {
	var policy orgpolicy.GoogleCloudOrgpolicyV2Policy
	if err := decode(text, &policy); err != nil {
		return err
	}
	match := regexp.MustCompile(`^(projects|folders|organizations)/[a-z0-9-]+/policies/(.+)$`).FindStringSubmatch(policy.Name)
	if match == nil {
		return fmt.Errorf("the name %q: want projects/…/policies/CONSTRAINT, or that of a folder or an organization", policy.Name)
	}
	if policy.Spec == nil && policy.DryRunSpec == nil {
		return errors.New("the policy has no spec")
	}
	return syntax.Constraint(match[2])
}

func customConstraint(text string) error {
	var constraint orgpolicy.GoogleCloudOrgpolicyV2CustomConstraint
	if err := decode(text, &constraint); err != nil {
		return err
	}
	if constraint.Condition == "" || constraint.ActionType != "ALLOW" && constraint.ActionType != "DENY" || len(constraint.ResourceTypes) == 0 {
		return errors.New("the constraint has no condition, action or resource type")
	}
	return nil
}

// ingressPolicies reads the list that gcloud takes with --set-ingress-policies.
func ingressPolicies(text string) error {
	var policies []*accesscontextmanager.IngressPolicy
	if err := decode(text, &policies); err != nil {
		return err
	}
	var faults []error
	for _, policy := range policies {
		if policy.IngressFrom == nil || policy.IngressTo == nil {
			return errors.New("a rule has no ingressFrom or no ingressTo")
		}
		if t := policy.IngressFrom.IdentityType; t != "" && t != "ANY_IDENTITY" && t != "ANY_USER_ACCOUNT" && t != "ANY_SERVICE_ACCOUNT" {
			faults = append(faults, fmt.Errorf("the identityType %q", t))
		}
		for _, identity := range policy.IngressFrom.Identities {
			faults = append(faults, syntax.Member(identity))
		}
		for _, resource := range policy.IngressTo.Resources {
			faults = append(faults, perimeterResource(resource))
		}
	}
	return errors.Join(faults...)
}

// egressPolicies reads the list that gcloud takes with --set-egress-policies.
func egressPolicies(text string) error {
	var policies []*accesscontextmanager.EgressPolicy
	if err := decode(text, &policies); err != nil {
		return err
	}
	var faults []error
	for _, policy := range policies {
		if policy.EgressFrom == nil || policy.EgressTo == nil {
			return errors.New("a rule has no egressFrom or no egressTo")
		}
		for _, identity := range policy.EgressFrom.Identities {
			faults = append(faults, syntax.Member(identity))
		}
		for _, resource := range policy.EgressTo.Resources {
			faults = append(faults, perimeterResource(resource))
		}
	}
	return errors.Join(faults...)
}

func perimeterResource(name string) error {
	if !regexp.MustCompile(`^(\*|projects/[0-9]+)$`).MatchString(name) {
		return fmt.Errorf("the resource %q: want projects/NUMBER or *", name)
	}
	return nil
}

func googlePolicy(text string) error {
	var policy cloudresourcemanager.Policy
	if err := decode(text, &policy); err != nil {
		return err
	}
	var faults []error
	for _, binding := range policy.Bindings {
		faults = append(faults, syntax.Role(binding.Role))
		for _, member := range binding.Members {
			faults = append(faults, syntax.Member(member))
		}
		if binding.Condition != nil {
			faults = append(faults, syntax.BindingCondition(binding.Condition.Expression))
		}
	}
	if len(policy.Bindings) == 0 {
		faults = append(faults, errors.New("the policy has no bindings"))
	}
	return errors.Join(faults...)
}

// auditLog reads an entry of Cloud Logging whose payload is an audit log.
func auditLog(text string) error {
	var entry logging.LogEntry
	if err := decode(text, &entry); err != nil {
		return err
	}
	var payload map[string]json.RawMessage
	if err := json.Unmarshal(entry.ProtoPayload, &payload); err != nil {
		return fmt.Errorf("protoPayload: %w", err)
	}
	if string(payload["@type"]) != `"type.googleapis.com/google.cloud.audit.AuditLog"` {
		return fmt.Errorf("protoPayload: the type %s", payload["@type"])
	}
	delete(payload, "@type")
	if metadata, ok := payload["metadata"]; ok && !json.Valid(metadata) {
		return errors.New("protoPayload: the metadata is not JSON")
	}
	rest, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	return protojson.Unmarshal(rest, new(audit.AuditLog))
}
