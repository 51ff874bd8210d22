package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

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
func (s settings) world() (*world.World, error) {
	name, data := "the options describe no world", optionsFile(s.options)
	if s.config != "" {
		file, err := os.Open(s.config)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		name = s.config
		if data, err = io.ReadAll(io.LimitReader(file, config.MaxSize+1)); err != nil {
			return nil, err
		}
	}
	described, err := world.New(data, s.options.Logger)
	if err != nil {
		return nil, fmt.Errorf("%s:\n%w", name, err)
	}
	return described, nil
}
