package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/admin"
	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/config"
	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/world"
)

// checkConfig refuses an option that describes the clouds where a file does.
func (s settings) checkConfig(f *flag.FlagSet) error {
	if s.config == "" {
		return nil
	}
	var err error
	f.Visit(func(option *flag.Flag) {
		if slices.Contains([]string{
			"partition", "region", "account", "role", "project-number", "project-id", "pool", "provider", "service-account",
		}, option.Name) {
			err = fmt.Errorf("-%s and -config exclude each other: the file has what it says", option.Name)
		}
	})
	return err
}

// world makes the clouds of the configuration file or, without one, those of the options.
func (s settings) world() (admin.World, error) {
	if s.config == "" {
		return &optionsWorld{base: awsfedtest.Options{Logger: s.options.Logger}, cloud: awsfedtest.New(s.options)}, nil
	}
	file, err := os.Open(s.config)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, config.MaxSize+1))
	if err != nil {
		return nil, err
	}
	described, err := world.New(data, s.options.Logger)
	if err != nil {
		return nil, fmt.Errorf("%s:\n%w", s.config, err)
	}
	return described, nil
}
