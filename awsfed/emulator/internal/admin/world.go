package admin

import "github.com/awsfed/awsfed-go/awsfed/awsfedtest"

// World is what the admin API looks after. Its methods are called by many goroutines.
type World interface {
	// Config is the configuration in force, as a JSON or YAML document. The access keys that it may
	// give to users are good for these clouds alone, and are shown to whoever has the API.
	Config() []byte
	// Replace puts a new world, which data describes, in the place of the old one, or changes
	// nothing. The error names the fields that do not fit.
	Replace(data []byte) error
	// Cloud is the world's clouds. Replace makes others.
	Cloud() *awsfedtest.Cloud
}
