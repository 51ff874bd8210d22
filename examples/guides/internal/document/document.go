// Package document reads configuration in YAML and JSON as strictly as what it is for, and more
// strictly where that would let a misspelt name pass.
package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/awsfed/awsfed-go/awsfed"
	strictjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// Check reads a document of a kind.
func Check(kind, text string) error {
	switch kind {
	case "credential-file":
		return credentialFile(text)
	case "kubernetes":
		return kubernetes(text)
	case "kubernetes-part": // the fields of a pod, or of a container, alone
		return kubernetesPart(text)
	case "github-workflow":
		return workflow(text)
	case "buildspec":
		return decode(text, new(buildspec))
	case "org-policy":
		return orgPolicy(text)
	case "custom-constraint":
		return customConstraint(text)
	case "ingress-policies":
		return ingressPolicies(text)
	case "egress-policies":
		return egressPolicies(text)
	case "gcp-policy":
		return googlePolicy(text)
	case "aws-policy":
		return awsPolicy(text, false)
	case "aws-trust-policy":
		return awsPolicy(text, true)
	case "audit-log":
		return auditLog(text)
	case "ecs-task":
		return ecsTask(text)
	}
	return fmt.Errorf("there is no check of the kind %q", kind)
}

// IsKind reports whether there is a check of the kind.
func IsKind(kind string) bool {
	err := Check(kind, "")
	return err == nil || err.Error() != fmt.Sprintf("there is no check of the kind %q", kind)
}

func credentialFile(text string) error {
	if err := unique(text); err != nil {
		return err
	}
	_, err := awsfed.ConfigFromJSON([]byte(text), nil)
	return err
}

// decode reads YAML or JSON by the exact names of the fields, none of them unknown or there twice.
func decode(text string, into any) error {
	converted, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return err
	}
	if bytes.Equal(bytes.TrimSpace(converted), []byte("null")) {
		return errors.New("the document is empty")
	}
	faults, err := strictjson.UnmarshalStrict(converted, into)
	return errors.Join(append(faults, err)...)
}

// decodeJSON is decode of what has to be JSON.
func decodeJSON(text string, into any) error {
	if err := unique(text); err != nil {
		return err
	}
	return decode(text, into)
}

// unique judges whether a text is JSON, with each name once in its object.
func unique(text string) error {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	var value any
	if err := d.Decode(&value); err != nil {
		return fmt.Errorf("it is not JSON: %w", err)
	}
	if err := d.Decode(&value); !errors.Is(err, io.EOF) {
		return errors.New("it is more than one value of JSON")
	}
	_, err := yaml.YAMLToJSONStrict([]byte(text))
	return err
}
