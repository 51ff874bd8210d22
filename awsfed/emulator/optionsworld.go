package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/admin"
	"github.com/awsfed/awsfed-go/awsfed/internal/strictjson"
)

// optionsWorld is the world of the command line's options. Its configuration is one JSON object with
// a field for each of the flags from -partition to -service-account.
type optionsWorld struct {
	base awsfedtest.Options // what a configuration cannot say

	mu    sync.Mutex
	cloud *awsfedtest.Cloud
}

var _ admin.World = (*optionsWorld)(nil)

// optionField is a field of the configuration.
type optionField struct {
	name string
	at   func(*awsfedtest.Options) *string
}

func optionFields() []optionField {
	type options = awsfedtest.Options
	return []optionField{
		{"partition", func(o *options) *string { return &o.Partition }},
		{"region", func(o *options) *string { return &o.Region }},
		{"account", func(o *options) *string { return &o.Account }},
		{"role", func(o *options) *string { return &o.Role }},
		{"project_number", func(o *options) *string { return &o.ProjectNumber }},
		{"project_id", func(o *options) *string { return &o.ProjectID }},
		{"pool", func(o *options) *string { return &o.Pool }},
		{"provider", func(o *options) *string { return &o.Provider }},
		{"service_account", func(o *options) *string { return &o.ServiceAccount }},
	}
}

// Config implements [admin.World].
func (w *optionsWorld) Config() []byte {
	options := w.Cloud().Options()
	fields := make(map[string]string)
	for _, field := range optionFields() {
		fields[field.name] = *field.at(&options)
	}
	data, _ := json.MarshalIndent(fields, "", "  ") // of texts, which cannot fail
	return append(data, '\n')
}

// Replace implements [admin.World].
func (w *optionsWorld) Replace(data []byte) error {
	fields, err := strictjson.Fields(data)
	if err != nil {
		return fmt.Errorf("the configuration: %w", err)
	}
	options := w.base
	var errs []error
	known := optionFields()
	for name, value := range fields.All() {
		i := slices.IndexFunc(known, func(f optionField) bool { return f.name == name })
		if i < 0 {
			errs = append(errs, fmt.Errorf("%.64q: there is no such field", name))
			continue
		}
		if *known[i].at(&options), err = strictjson.String(value); err != nil {
			errs = append(errs, fmt.Errorf("%s: want a string", name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cloud = awsfedtest.New(options)
	return nil
}

// Cloud implements [admin.World].
func (w *optionsWorld) Cloud() *awsfedtest.Cloud {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cloud
}
