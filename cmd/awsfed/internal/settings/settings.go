// Package settings makes the awsfed.Config of a command: from its flags, from AWSFED_* variables,
// or from the credential file of GOOGLE_APPLICATION_CREDENTIALS, in this order.
package settings

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/command"
)

// Settings are the flags that say who the program is. Its zero value is ready for Register.
type Settings struct {
	file, audience, account, region    string
	scopes, hosts, subjectHosts        command.List
	subjectFiles, universes, delegates command.List
	lifetime, timeout, reserve         time.Duration
}

// Register defines the flags.
func (s *Settings) Register(flags *flag.FlagSet) {
	flags.StringVar(&s.file, "credentials", "", "external_account credential `file`; default that of GOOGLE_APPLICATION_CREDENTIALS")
	flags.StringVar(&s.audience, "audience", "", "workload identity pool `provider`, instead of a file: //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/ID")
	flags.StringVar(&s.account, "service-account", "", "`email` of the service account, with -audience; none for direct resource access")
	flags.Var(&s.delegates, "delegates", "comma-separated `emails` of the service accounts in between, with -audience")
	flags.Var(&s.scopes, "scopes", "comma-separated `scopes` of tokens; default cloud-platform")
	flags.DurationVar(&s.lifetime, "lifetime", 0, "`duration` of tokens of a service account, up to 12h where a policy allows it; default 1h, or the file's")
	flags.StringVar(&s.region, "region", "", "AWS `region` whose STS vouches for the identity; default that of the AWS SDK")
	flags.DurationVar(&s.timeout, "timeout", 0, "`duration` that one refresh of a token may take, with its retries; default 30s")
	flags.DurationVar(&s.reserve, "reserve", 0, "`duration` of an outage that a token at hand has to outlast; default half of its life")
	flags.Var(&s.hosts, "allow-hosts", "comma-separated `hosts`, such as 127.0.0.1:8085, that the file may name besides Google's and AWS's: for tokens, for the verification of the signed request, and for EC2 metadata")
	flags.Var(&s.subjectHosts, "allow-subject-hosts", "comma-separated `hosts` that the file may name for its subject token")
	flags.Var(&s.subjectFiles, "allow-subject-file", "comma-separated `paths` that the file may name for its subject token")
	flags.Var(&s.universes, "allow-universes", "comma-separated `domains` of Google Cloud that the file may name")
}

// Overridden is for command.Parse: a provider and a file of different places are not mixed.
func Overridden() map[string][]string {
	return map[string][]string{"credentials": {"audience"}, "audience": {"credentials"},
		"service-account": {"credentials"}, "delegates": {"credentials"}}
}

// ErrNone is the error of Resolve where nothing says who the program is.
var ErrNone = errors.New("there is no configuration: give -credentials or -audience, or set GOOGLE_APPLICATION_CREDENTIALS")

// Resolve looks where the configuration comes from, and for flags that do not go together. It comes
// before the other methods.
func (s *Settings) Resolve(lookup func(string) (string, bool)) error {
	switch {
	case s.file != "" && s.audience != "":
		return errors.New("-credentials and -audience, or AWSFED_CREDENTIALS and AWSFED_AUDIENCE: each is a configuration of its own, so give one of them")
	case s.audience == "" && (s.account != "" || len(s.delegates) > 0):
		return errors.New("-service-account and -delegates, or AWSFED_SERVICE_ACCOUNT and AWSFED_DELEGATES, go with -audience; a credential file names its own")
	case s.file != "" || s.audience != "":
		return nil
	}
	for _, name := range FileVariables() {
		if value, _ := lookup(name); value != "" {
			s.file = value
			return nil
		}
	}
	return ErrNone
}

// FileVariables name the credential file where neither flags nor AWSFED_* variables do, the first
// before the second, as with awsfed.ConfigFromEnv.
func FileVariables() []string {
	return []string{"GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"}
}

// File is the credential file, "" for none.
func (s *Settings) File() string { return s.file }

// Config reads the configuration; the file anew at each call.
func (s *Settings) Config() (awsfed.Config, error) {
	cfg := awsfed.Config{Audience: s.audience, ServiceAccount: s.account, Delegates: s.delegates}
	if s.file != "" {
		var err error
		if cfg, err = awsfed.ConfigFromFile(s.file, s.fileOptions()); err != nil {
			return awsfed.Config{}, inFlags(err)
		}
	}
	if s.lifetime != 0 {
		cfg.Lifetime = s.lifetime
	}
	cfg.Scopes, cfg.Region, cfg.Timeout, cfg.Reserve = s.scopes, s.region, s.timeout, s.reserve
	return cfg, nil
}

// inFlags adds what the library's names are called on a command line.
func inFlags(err error) error {
	if !strings.Contains(err.Error(), "FileOptions.") {
		return err
	}
	return fmt.Errorf("%w\nFileOptions are flags here: TokenHosts, VerificationHosts and MetadataHosts are -allow-hosts, "+
		"SubjectHosts -allow-subject-hosts, SubjectFiles -allow-subject-file, Universes -allow-universes", err)
}

func (s *Settings) fileOptions() *awsfed.FileOptions {
	// An emulator is all of these at once.
	return &awsfed.FileOptions{TokenHosts: s.hosts, VerificationHosts: s.hosts, MetadataHosts: s.hosts,
		SubjectHosts: s.subjectHosts, SubjectFiles: s.subjectFiles, Universes: s.universes}
}
