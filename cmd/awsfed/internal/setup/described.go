package setup

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/awsfed/awsfed-go/internal/strictjson"
)

// maxDescribed bounds what describes a provider, in bytes. A mapping of 50 attributes of 2048
// characters and a condition of 4096 have room in it.
const maxDescribed = 256 << 10

// described is a provider as gcloud iam workload-identity-pools providers describe --format=json
// prints it (IAM API reference, workloadIdentityPools.providers).
type described struct {
	name, state, condition, account string
	disabled, aws                   bool
	mapping                         map[string]string
}

// parseDescribed reads it. Members that it does not need may be anything.
func parseDescribed(data []byte) (*described, error) {
	if len(data) > maxDescribed {
		return nil, fmt.Errorf("it has more than %d bytes", maxDescribed)
	}
	fields, err := strictjson.Fields(data)
	if err != nil {
		return nil, err
	}
	d := &described{mapping: make(map[string]string)}
	var errs []error
	for _, field := range []struct {
		name string
		to   *string
	}{{"name", &d.name}, {"state", &d.state}, {"attributeCondition", &d.condition}} {
		if *field.to, err = strictjson.String(fields.Get(field.name)); err != nil {
			errs = append(errs, fmt.Errorf("%s is not a string", field.name))
		}
	}
	if d.name == "" && len(errs) == 0 {
		errs = append(errs, errors.New("name is missing: it is not a provider as gcloud iam workload-identity-pools providers describe --format=json prints one"))
	}
	if raw := fields.Get("disabled"); raw != nil {
		if err := json.Unmarshal(raw, &d.disabled); err != nil {
			errs = append(errs, errors.New("disabled is not true or false"))
		}
	}
	if raw := present(fields.Get("aws")); raw != nil {
		d.aws = true
		aws, err := strictjson.Fields(raw)
		if err == nil {
			d.account, err = strictjson.String(aws.Get("accountId"))
		}
		if err != nil {
			errs = append(errs, errors.New("aws is not an object with the string accountId"))
		}
	}
	if raw := present(fields.Get("attributeMapping")); raw != nil {
		mapping, err := strictjson.Fields(raw)
		if err != nil {
			errs = append(errs, errors.New("attributeMapping is not an object"))
		}
		for name, value := range mapping.All() {
			if d.mapping[name], err = strictjson.String(value); err != nil {
				errs = append(errs, fmt.Errorf("attributeMapping has a value that is not a string, of %q", shown(name)))
			}
		}
	}
	return d, errors.Join(errs...)
}

// present is nil for what is missing and for null.
func present(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}
