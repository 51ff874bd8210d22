// Package config reads the configuration file of the emulator: a world of AWS and Google Cloud, in
// YAML or JSON.
//
// The names in the file are those of the fields of [File] in snake_case, and config.schema.json,
// which editors read, is made of these types and their comments. So the comments of fields are
// written for the readers of the file.
package config
