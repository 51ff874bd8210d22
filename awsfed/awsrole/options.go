package awsrole

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/internal/awshttp"
	"github.com/awsfed/awsfed-go/awsfed/internal/hosts"
)

// Options say which role is assumed, and how. RoleARN is required.
type Options struct {
	// RoleARN is the ARN of the role: arn:aws:iam::ACCOUNT:role/NAME.
	RoleARN string
	// SessionName ends the ARN of the session, and is what AWS CloudTrail shows: 2 to 64 of the
	// characters [A-Za-z0-9_+=,.@-]. Optional; the default is awsfed.
	SessionName string
	// Duration is how long the credentials live: from 15m to 12h, in whole seconds, and no longer
	// than the role's maximum. Optional; the default is AWS's own, 1h.
	Duration time.Duration
	// Region is that of the AWS STS which is asked. It has nothing to do with where the credentials
	// are good. Optional; the default is that of AWS_REGION or AWS_DEFAULT_REGION, and us-east-1
	// without one, for a role of the partition aws alone.
	Region string
	// Client asks AWS STS: an [sts.Client] with options of the program's own, which Region has no
	// effect on. The request needs no signature. Optional; the default is a client with time-outs,
	// bounded answers and retries that follows no redirect.
	Client AssumeRoleClient
}

// An AssumeRoleClient is an [*sts.Client].
type AssumeRoleClient interface {
	AssumeRoleWithWebIdentity(ctx context.Context, input *sts.AssumeRoleWithWebIdentityInput, options ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error)
}

const (
	defaultSessionName = "awsfed"
	defaultPartition   = "aws"
	defaultRegion      = "us-east-1"

	// The bounds of AWS's reference.
	maxRoleARN     = 2048
	minSessionName = 2
	maxSessionName = 64
	minDuration    = 15 * time.Minute
	maxDuration    = 12 * time.Hour

	wordCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-"
)

// withDefaults returns o with what is empty filled in. It reads the environment.
func (o Options) withDefaults() Options {
	if o.SessionName == "" {
		o.SessionName = defaultSessionName
	}
	if o.Region == "" && o.Client == nil {
		for _, variable := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
			if o.Region = os.Getenv(variable); o.Region != "" {
				break
			}
		}
		elsewhere := validRole(o.RoleARN) && !strings.HasPrefix(o.RoleARN, "arn:"+defaultPartition+":")
		if o.Region == "" && !elsewhere {
			o.Region = defaultRegion
		}
	}
	return o
}

// validate reports every fault at once. The defaults are filled in.
func (o Options) validate(source oauth2.TokenSource) error {
	var faults []error
	fault := func(field, found, want string) {
		faults = append(faults, &awsfed.FieldError{Field: "awsrole." + field, Found: found, Want: want})
	}
	if source == nil {
		fault("NewCredentials.source", "", "a source of ID tokens")
	}
	if !validRole(o.RoleARN) {
		fault("Options.RoleARN", o.RoleARN, "the ARN of a role, arn:aws:iam::ACCOUNT:role/NAME")
	}
	if n := len(o.SessionName); n < minSessionName || n > maxSessionName || !hosts.Only(o.SessionName, wordCharacters) {
		fault("Options.SessionName", o.SessionName, "2 to 64 of the characters A-Z a-z 0-9 _+=,.@-")
	}
	if d := o.Duration; d != 0 && (d < minDuration || d > maxDuration || d%time.Second != 0) {
		fault("Options.Duration", d.String(), "whole seconds, from 15m to 12h")
	}
	if o.Client == nil && !hosts.Region(o.Region) {
		fault("Options.Region", o.Region, "an AWS region of the role's partition, such as us-east-1")
	}
	return errors.Join(faults...)
}

// validRole reports whether s is the ARN of a role.
func validRole(s string) bool {
	role, err := arn.Parse(s)
	name, ok := strings.CutPrefix(role.Resource, "role/")
	return err == nil && ok && len(s) <= maxRoleARN && name != "" && !strings.HasSuffix(name, "/") &&
		strings.HasPrefix(role.Partition, defaultPartition) && role.Service == "iam" && role.Region == "" &&
		len(role.AccountID) == 12 && hosts.Only(role.AccountID, "0123456789") &&
		!strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
}

// newClient is the client of AWS STS where the program has none of its own.
func newClient(region string) *sts.Client {
	return sts.New(sts.Options{
		Region:      region,
		Credentials: aws.AnonymousCredentials{},
		HTTPClient:  awshttp.NewClient(),
		APIOptions:  []func(*middleware.Stack) error{awshttp.BoundBodies, awshttp.GuardAnswers},
		// AWS documents the first as worth another attempt; the second is what it says, for one,
		// while it has not got the issuer's newest keys, and the AWS SDK's own provider retries it.
		Retryer: retry.AddWithErrorCodes(retry.NewStandard(), codeIssuerSilent, codeInvalidToken),
	})
}
