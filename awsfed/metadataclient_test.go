package awsfed_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// nobody is a port of this machine where nothing listens.
const nobody = "http://127.0.0.1:1"

func isPut(r awsfedtest.Request) bool { return r.Method == http.MethodPut }

func isGet(r awsfedtest.Request) bool { return r.Method == http.MethodGet }

func TestEC2MetadataThatMayStillAnswerIsTransient(t *testing.T) {
	const (
		tokenHint = "PUT /latest/api/token"
		againHint = "it is asked again"
	)
	drop, reset := awsfedtest.Drop(awsfedtest.EC2Metadata), awsfedtest.Reset(awsfedtest.EC2Metadata)
	status := func(code int) awsfedtest.Fault { return awsfedtest.Status(awsfedtest.EC2Metadata, code, nil, "") }
	for name, test := range map[string]struct {
		faults    []awsfedtest.Fault
		env       map[string]string
		transient bool
		hint      string
	}{
		"the connections are reset":          {faults: []awsfedtest.Fault{reset}, transient: true, hint: againHint},
		"it answers 500":                     {faults: []awsfedtest.Fault{status(500)}, transient: true, hint: againHint},
		"it answers 503":                     {faults: []awsfedtest.Fault{status(503)}, transient: true, hint: againHint},
		"it answers 429":                     {faults: []awsfedtest.Fault{status(429)}, transient: true, hint: againHint},
		"it takes connections and is silent": {faults: []awsfedtest.Fault{drop}, transient: true, hint: againHint},
		"answers break off":                  {faults: []awsfedtest.Fault{awsfedtest.Truncate(awsfedtest.EC2Metadata)}, transient: true, hint: againHint},
		"the token is not answered":          {faults: []awsfedtest.Fault{drop.When(isPut)}, transient: true, hint: tokenHint},
		"the token is not answered, and version 1 is off": {
			faults: []awsfedtest.Fault{drop.When(isPut)}, env: map[string]string{"AWS_EC2_METADATA_V1_DISABLED": "true"}, transient: true, hint: tokenHint},
		"requests for the token are reset": {faults: []awsfedtest.Fault{reset.When(isPut)}, transient: true, hint: tokenHint},
		"the token is answered 500":        {faults: []awsfedtest.Fault{status(500).When(isPut)}, transient: true, hint: againHint},
		"only the token is answered":       {faults: []awsfedtest.Fault{drop.When(isGet)}, transient: true, hint: againHint},

		"there is no role (404)":     {faults: []awsfedtest.Fault{status(404).When(isGet)}, hint: "no AWS credentials were found"},
		"it is switched off (403)":   {faults: []awsfedtest.Fault{status(403)}, hint: "no AWS credentials were found"},
		"the dial is refused":        {env: map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": nobody}, hint: "no AWS credentials were found"},
		"the dial is refused, no v1": {env: map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": nobody, "AWS_EC2_METADATA_V1_DISABLED": "true"}, hint: "no AWS credentials were found"},
		"the client is disabled":     {env: map[string]string{"AWS_EC2_METADATA_DISABLED": "true"}, hint: "AWS_EC2_METADATA_DISABLED is true"},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			serve(t, cloud, awsfedtest.SourceEC2Metadata)
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			for _, fault := range test.faults {
				cloud.Inject(fault)
			}
			err := attempt(t)
			assert.Equal(t, test.transient, errors.Is(err, awsfed.ErrTransient), err)
			assert.Equal(t, !test.transient, errors.Is(err, awsfed.ErrNoCredentials), err)
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, e.Hint, test.hint)
			if test.transient {
				assert.Contains(t, e.Hint, "--http-put-response-hop-limit 2")
			}
		})
	}
}

func TestEC2MetadataThatHasAnsweredIsExpectedToAnswerAgain(t *testing.T) {
	clearAWSEnvironment(t)
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.URL)
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), awsfed.Config{Audience: testAudience, Region: "us-east-1", Logger: quiet})
	require.NoError(t, err)
	_, err = builder.SubjectToken(t.Context())
	require.ErrorIs(t, err, awsfed.ErrNoCredentials, "it has no role yet")
	server.Close()
	_, err = builder.SubjectToken(t.Context())
	assert.ErrorIs(t, err, awsfed.ErrTransient, "nobody takes the connection any more")
	assert.NotErrorIs(t, err, awsfed.ErrNoCredentials)
}

// A provider of the program's own has the SDK's own client, whose errors are all that there is.
func TestEC2MetadataOfAProgramsOwnIsJudgedByItsErrors(t *testing.T) {
	for name, test := range map[string]struct {
		transport http.RoundTripper
		change    func(*imds.Options)
		transient bool
	}{
		"the dial is refused":  {transport: undialed(os.NewSyscallError("connect", syscall.ECONNREFUSED))},
		"there is no route":    {transport: undialed(os.NewSyscallError("connect", syscall.EHOSTUNREACH))},
		"the dial times out":   {transport: undialed(os.ErrDeadlineExceeded)},
		"it is switched off":   {change: func(o *imds.Options) { o.ClientEnableState = imds.ClientDisabled }},
		"it resets":            {transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNRESET }), transient: true},
		"it is silent":         {transport: roundTripper(func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }), transient: true},
		"it resets without v1": {transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNRESET }), change: func(o *imds.Options) { o.EnableFallback = aws.FalseTernary }, transient: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				options := imds.Options{ClientEnableState: imds.ClientEnabled, Endpoint: "http://169.254.169.254", HTTPClient: &http.Client{Transport: test.transport}}
				if test.change != nil {
					test.change(&options)
				}
				provider := aws.NewCredentialsCache(ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = imds.New(options) }))
				builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), awsfed.Config{Audience: testAudience, Region: "us-east-1", Credentials: provider, Logger: quiet})
				require.NoError(t, err)
				_, err = builder.SubjectToken(t.Context())
				assert.Equal(t, test.transient, errors.Is(err, awsfed.ErrTransient), err)
				assert.Equal(t, !test.transient, errors.Is(err, awsfed.ErrNoCredentials), err)
			})
		})
	}
}

func TestEC2MetadataIsSoonFollowedByAToken(t *testing.T) {
	const outage = 20 * time.Second
	for name, fault := range map[string]awsfedtest.Fault{
		"it resets":      awsfedtest.Reset(awsfedtest.EC2Metadata),
		"it answers 503": awsfedtest.Unavailable(awsfedtest.EC2Metadata),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				ts := newSource(t, cloud)
				cloud.Inject(fault.During(outage))
				start := time.Now()
				_, err := ts.TokenContext(t.Context())
				require.NoError(t, err)
				// The longest pause is of 4 s, and that of the AWS SDK of 1 s.
				assert.Less(t, time.Since(start), outage+10*time.Second)
				time.Sleep(time.Minute)
			})
		})
	}
}

// The client of the library's own chain, on real connections.
func TestEC2MetadataIsSoonFollowedByATokenOnLoopback(t *testing.T) {
	const outage = 4 * time.Second
	for name, fault := range map[string]awsfedtest.Fault{
		"it is silent":              awsfedtest.Drop(awsfedtest.EC2Metadata),
		"it does not give a token":  awsfedtest.Drop(awsfedtest.EC2Metadata).When(isPut),
		"it answers with nonsense,": awsfedtest.Status(awsfedtest.EC2Metadata, 500, nil, strings.Repeat("?", 100)),
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			cfg := serve(t, cloud, awsfedtest.SourceEC2Metadata).Config()
			cfg.Logger = quiet
			ts, err := awsfed.NewTokenSource(t.Context(), cfg)
			require.NoError(t, err)
			cloud.Inject(fault.During(outage))
			start := time.Now()
			_, err = ts.TokenContext(t.Context())
			require.NoError(t, err)
			assert.Less(t, time.Since(start), outage+10*time.Second)
		})
	}
}
