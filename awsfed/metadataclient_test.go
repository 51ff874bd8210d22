package awsfed_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// dialer is a network on which no connection comes about.
func dialer(err error) http.RoundTripper {
	return &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}}
}

func TestEC2MetadataThatMayStillAnswerIsTransient(t *testing.T) {
	put := func(r awsfedtest.Request) bool { return r.Method == http.MethodPut }
	get := func(r awsfedtest.Request) bool { return r.Method == http.MethodGet }
	drop, reset := awsfedtest.Drop(awsfedtest.EC2Metadata), awsfedtest.Reset(awsfedtest.EC2Metadata)
	status := func(code int) awsfedtest.Fault { return awsfedtest.Status(awsfedtest.EC2Metadata, code, nil, "") }
	tests := map[string]struct {
		fault     awsfedtest.Fault
		transient bool
		hint      string
	}{
		"the connections are reset":          {fault: reset, transient: true},
		"it answers 503":                     {fault: status(503), transient: true},
		"it takes connections and is silent": {fault: drop, transient: true},
		"answers break off":                  {fault: awsfedtest.Truncate(awsfedtest.EC2Metadata), transient: true},
		"the token is not answered":          {fault: drop.When(put), transient: true, hint: "PUT /latest/api/token"},
		"there is no role (404)":             {fault: status(404).When(get), hint: "no AWS credentials were found"},
	}
	clearAWSEnvironment(t)
	var (
		mu     sync.Mutex
		errs   = make(map[string]error)
		asking sync.WaitGroup // all at once, since the SDK takes seconds
	)
	for name, test := range tests {
		cloud := awsfedtest.New(awsfedtest.Options{})
		server, err := cloud.Start()
		require.NoError(t, err)
		defer server.Close()
		cloud.Inject(test.fault)
		builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), awsfed.Config{Audience: testAudience, Region: "us-east-1", MetadataEndpoint: server.URL, Logger: quiet})
		require.NoError(t, err)
		asking.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			_, err := builder.SubjectToken(ctx)
			mu.Lock()
			defer mu.Unlock()
			errs[name] = err
		})
	}
	asking.Wait()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := errs[name]
			assert.Equal(t, test.transient, errors.Is(err, awsfed.ErrTransient), "transient: %v", err)
			assert.Equal(t, !test.transient, errors.Is(err, awsfed.ErrNoCredentials), "no credentials: %v", err)
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, e.Hint, test.hint)
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
		transient bool
	}{
		"the dial is refused": {dialer(os.NewSyscallError("connect", syscall.ECONNREFUSED)), false},
		"it resets":           {roundTripper(func(*http.Request) (*http.Response, error) { return nil, syscall.ECONNRESET }), true},
		"it is silent":        {roundTripper(func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }), true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := imds.New(imds.Options{ClientEnableState: imds.ClientEnabled, Endpoint: "http://169.254.169.254", HTTPClient: &http.Client{Transport: test.transport}})
				provider := aws.NewCredentialsCache(ec2rolecreds.New(func(o *ec2rolecreds.Options) { o.Client = client }))
				builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), awsfed.Config{Audience: testAudience, Region: "us-east-1", Credentials: provider, Logger: quiet})
				require.NoError(t, err)
				_, err = builder.SubjectToken(t.Context())
				assert.Equal(t, test.transient, errors.Is(err, awsfed.ErrTransient), "transient: %v", err)
				assert.Equal(t, !test.transient, errors.Is(err, awsfed.ErrNoCredentials), "no credentials: %v", err)
			})
		})
	}
}

func TestAnEndpointOfATaskOrPodThatDoesNotAnswerIsTransient(t *testing.T) {
	at := awsfedtest.ContainerCredentials
	for name, test := range map[string]struct {
		fault     awsfedtest.Fault
		transport http.RoundTripper
		transient bool
	}{
		"the name does not exist": {transport: dialer(&net.DNSError{Err: "no such host", Name: "agent.example.com", IsNotFound: true}), transient: true},
		"the answer breaks off":   {fault: awsfedtest.Truncate(at), transient: true},
		"the answer is garbage":   {fault: awsfedtest.Status(at, http.StatusOK, nil, "\x00\xff"), transient: true},
		"it refuses, as 403 does": {fault: awsfedtest.Status(at, 403, nil, "")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				client := &http.Client{Transport: test.transport, Timeout: 5 * time.Second}
				if test.transport == nil {
					client.Transport = cloud.Client().Transport
					cloud.Inject(test.fault)
				}
				provider := aws.NewCredentialsCache(endpointcreds.New("http://169.254.170.2/container/ecs/app", func(o *endpointcreds.Options) { o.HTTPClient = client }))
				builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), awsfed.Config{Audience: testAudience, Region: "us-east-1", Credentials: provider, Logger: quiet})
				require.NoError(t, err)
				_, err = builder.SubjectToken(t.Context())
				assert.Equal(t, test.transient, errors.Is(err, awsfed.ErrTransient), "transient: %v", err)
			})
		})
	}
}

func TestATokenComesSoonAfterEC2MetadataDoes(t *testing.T) {
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
				assert.Less(t, time.Since(start), outage+10*time.Second)
				time.Sleep(time.Minute)
			})
		})
	}
}
