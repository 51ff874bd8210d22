package awsfedtest

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
	"github.com/awsfed/awsfed-go/awsfed/internal/fakegoogle"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// Cloud is AWS and Google Cloud in one process, as far as workload identity federation goes. It is
// made by [New], safe for concurrent use, and holds no goroutine and nothing to close; a [Server]
// does.
//
// Its errors begin with "awsfedtest:" and name the value that does not fit.
type Cloud struct {
	aws    *fakeaws.Cloud
	google *fakegoogle.Cloud

	options Options      // with every default filled in
	offset  atomic.Int64 // of SetClock
	skew    atomic.Int64 // of the faults of the clock
	open    openRequests
	log     requestLog
	faults  faultSet
	named   namedFaults
	hosts   hostSet
	apis    sync.Map // of http.Handler, by host; see Handle
}

// New returns the cloud that opts describe. It starts nothing and cannot fail.
func New(opts Options) *Cloud {
	c := new(Cloud)
	opts = opts.withDefaults()
	c.options = opts
	c.aws = fakeaws.New(fakeaws.Options{
		Partition: opts.Partition, Region: opts.Region, Account: opts.Account, Role: opts.Role, Now: c.Now,
		VerifyGoogleIDToken: func(token string) (map[string]any, error) { return c.google.VerifyIDToken(token) },
	})
	if opts.KeyLifetime > 0 {
		c.aws.SetKeyLifetime(opts.KeyLifetime)
	}
	c.google = fakegoogle.New(fakegoogle.Options{
		Provider:       c.Provider(),
		ProjectID:      opts.ProjectID,
		Universe:       opts.Universe,
		ServiceAccount: opts.ServiceAccount,
		Account:        opts.Account,
		RoleARN:        "arn:" + opts.Partition + ":sts::" + opts.Account + ":assumed-role/" + opts.Role,
		Mapping:        opts.Mapping,
		Condition:      opts.Condition,
		Now:            c.Now,
		Replay:         c.replay,
		OwnHost:        c.ownHost,
		STSRegion:      fakeaws.STSRegion,
	})
	if opts.FederatedLifetime > 0 {
		c.google.SetFederatedLifetime(opts.FederatedLifetime)
	}
	return c
}

// Now returns the time by the clock of both clouds: time.Now plus [Cloud.ClockOffset].
func (c *Cloud) Now() time.Time {
	return time.Now().Add(c.ClockOffset())
}

// SetClock sets the clock of both clouds to time.Now plus offset, 0 at first. A positive offset is
// a machine whose clock is behind, a negative one a machine whose clock is ahead. What the clouds
// issued before keeps its expiry.
func (c *Cloud) SetClock(offset time.Duration) {
	c.offset.Store(int64(offset))
}

// Client returns an HTTP client for which the emulator is the whole network. It reaches the
// services by their real names, https://sts.googleapis.com and http://169.254.169.254 among them,
// and fails for any other host but loopback, so that nothing leaves the process. It opens no
// socket, starts no goroutine and calls the services in the caller's own, which is what lets it
// work in a testing/synctest bubble.
func (c *Cloud) Client() *http.Client {
	return &http.Client{Transport: transport{c}}
}

// Config returns the configuration of a workload on the cloud's EC2 instance: it has the role's
// credentials through the AWS SDK's own metadata provider and cache, and reaches everything through
// [Cloud.Client]. Each call returns one with a cache of its own. Change it at will, for example its
// ServiceAccount, or its Logger: failures that a test brings about go to slog.Default otherwise.
func (c *Cloud) Config() awsfed.Config {
	client := c.Client()
	// All is said here, so that no AWS_EC2_METADATA_… variable matters.
	metadata := imds.New(imds.Options{
		ClientEnableState: imds.ClientEnabled,
		Endpoint:          "http://169.254.169.254",
		HTTPClient:        client,
	})
	return awsfed.Config{
		Audience:       c.Provider().Audience(),
		ServiceAccount: c.options.ServiceAccount,
		UniverseDomain: c.options.configUniverse(),
		Credentials:    aws.NewCredentialsCache(ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = metadata })),
		Region:         c.options.Region,
		HTTPClient:     client,
	}
}

// Provider names the workload identity pool provider of [Options], which makes the members of
// bindings: see [Cloud.Grant].
func (c *Cloud) Provider() principal.Provider {
	return principal.Provider{ProjectNumber: c.options.ProjectNumber, Pool: c.options.Pool, ID: c.options.Provider}
}

// SetIMDSv1 says whether EC2 metadata answers requests without a session token, as its version 1
// does. Default: it does not, and answers them 401, as an instance does that requires version 2.
func (c *Cloud) SetIMDSv1(on bool) { c.aws.SetIMDSv1(on) }

// SetPlacement moves the EC2 instance to another region and availability zone, or to a Local Zone
// such as us-west-2-lax-1a in us-west-2. A zone of "" is the region's first, such as us-west-2a.
// The region must be of the cloud's partition, and the zone in the region.
func (c *Cloud) SetPlacement(region, zone string) error {
	return wrap(c.aws.SetPlacement(region, zone))
}

// ownHost reports whether host, which may hold a port, is the emulator's own rather than the name
// of a real endpoint: a loopback address, or the address of a running [Server]. Such a host stands
// for AWS STS in every region.
func (c *Cloud) ownHost(host string) bool { return isLoopback(host) || c.hosts.has(host) }

// wrap says that an error is this package's. It keeps nil.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("awsfedtest: %w", err)
}
