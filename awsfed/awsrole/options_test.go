package awsrole_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/awsrole"
)

func TestNewCredentialsNamesEveryFault(t *testing.T) {
	for _, variable := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		t.Setenv(variable, "")
	}
	good := always(jwt(claims))
	for _, test := range []struct {
		name    string
		source  oauth2.TokenSource
		options awsrole.Options
		faults  []string // the fields
	}{
		{"nothing at all", nil, awsrole.Options{}, []string{"NewCredentials.source", "Options.RoleARN"}},
		{"everything at once", nil, awsrole.Options{RoleARN: "app", SessionName: "a b", Duration: time.Minute, Region: "sts.example"},
			[]string{"NewCredentials.source", "Options.RoleARN", "Options.SessionName", "Options.Duration", "Options.Region"}},
		{"the ARN of a user", good, awsrole.Options{RoleARN: "arn:aws:iam::123456789012:user/app"}, []string{"Options.RoleARN"}},
		{"the ARN of a session", good, awsrole.Options{RoleARN: "arn:aws:sts::123456789012:assumed-role/app/x"}, []string{"Options.RoleARN"}},
		{"an ARN without a name", good, awsrole.Options{RoleARN: "arn:aws:iam::123456789012:role/"}, []string{"Options.RoleARN"}},
		{"an ARN with a blank at its end", good, awsrole.Options{RoleARN: roleARN + "\n"}, []string{"Options.RoleARN"}},
		{"an account of 11 digits", good, awsrole.Options{RoleARN: "arn:aws:iam::12345678901:role/app"}, []string{"Options.RoleARN"}},
		{"another cloud", good, awsrole.Options{RoleARN: "arn:gcp:iam::123456789012:role/app"}, []string{"Options.RoleARN"}},
		{"an ARN that is too long", good, awsrole.Options{RoleARN: roleARN + strings.Repeat("x", 2048)}, []string{"Options.RoleARN"}},
		{"a session name of one character", good, awsrole.Options{RoleARN: roleARN, SessionName: "x"}, []string{"Options.SessionName"}},
		{"a session name of 65 characters", good, awsrole.Options{RoleARN: roleARN, SessionName: strings.Repeat("x", 65)}, []string{"Options.SessionName"}},
		{"a duration below a second", good, awsrole.Options{RoleARN: roleARN, Duration: 15*time.Minute + time.Millisecond}, []string{"Options.Duration"}},
		{"a duration of more than 12 hours", good, awsrole.Options{RoleARN: roleARN, Duration: 12*time.Hour + time.Second}, []string{"Options.Duration"}},
		{"a negative duration", good, awsrole.Options{RoleARN: roleARN, Duration: -time.Hour}, []string{"Options.Duration"}},
		{"a Local Zone for a region", good, awsrole.Options{RoleARN: roleARN, Region: "us-west-2-lax-1"}, []string{"Options.Region"}},
		{"no region in another partition", good, awsrole.Options{RoleARN: "arn:aws-cn:iam::123456789012:role/app"}, []string{"Options.Region"}},
		{"nothing", good, awsrole.Options{RoleARN: "arn:aws:iam::123456789012:role/path/app", SessionName: "x=y,z.a@b-c_d+", Duration: 15 * time.Minute}, nil},
		{"nothing in another partition", good, awsrole.Options{RoleARN: "arn:aws-cn:iam::123456789012:role/app", Region: "cn-north-1", Duration: 12 * time.Hour}, nil},
		{"nothing with a client", good, awsrole.Options{RoleARN: "arn:aws-cn:iam::123456789012:role/app", Client: granting(new(atomic.Int64))}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			credentials, err := awsrole.NewCredentials(test.source, test.options)
			if test.faults == nil {
				require.NoError(t, err)
				return
			}
			assert.Nil(t, credentials)
			require.ErrorIs(t, err, awsfed.ErrMisconfigured)
			var fields []string
			for _, fault := range err.(interface{ Unwrap() []error }).Unwrap() {
				fields = append(fields, strings.TrimPrefix(fault.(*awsfed.FieldError).Field, "awsrole."))
			}
			assert.Equal(t, test.faults, fields)
		})
	}
}

func TestTheRegionIsThatOfTheEnvironment(t *testing.T) {
	for _, test := range []struct{ name, given, region, fallback, want string }{
		{"what is given", "eu-west-1", "us-west-2", "us-west-1", "eu-west-1"},
		{"AWS_REGION", "", "us-west-2", "us-west-1", "us-west-2"},
		{"AWS_DEFAULT_REGION", "", "", "us-west-1", "us-west-1"},
		{"none", "", "", "", "us-east-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("AWS_REGION", test.region)
			t.Setenv("AWS_DEFAULT_REGION", test.fallback)
			assert.Equal(t, test.want, awsrole.Options{RoleARN: roleARN, Region: test.given}.WithDefaults().Region)
		})
	}
}

// network is that of a cloud, seen from a request.
type network struct {
	cloud *awsfedtest.Cloud
	seen  func(*http.Request)
}

func (n network) Do(r *http.Request) (*http.Response, error) {
	n.seen(r)
	return n.cloud.Client().Transport.RoundTrip(r)
}

func TestTheDefaultClientAsksTheRegionUnsigned(t *testing.T) {
	cloud := newCloud(t, awsfedtest.GoogleTrust{Subject: uniqueID})
	token, err := googleTokens(t, cloud, audience).TokenContext(t.Context())
	require.NoError(t, err)
	var hosts []string
	in := &sts.AssumeRoleWithWebIdentityInput{RoleArn: aws.String(roleARN), RoleSessionName: aws.String("awsfed"), WebIdentityToken: &token.AccessToken}
	client := awsrole.DefaultClient("eu-west-1")
	through := func(o *sts.Options) {
		o.HTTPClient = network{cloud, func(r *http.Request) {
			hosts = append(hosts, r.URL.Host)
			assert.Empty(t, r.Header.Get("Authorization"))
		}}
	}
	_, err = client.AssumeRoleWithWebIdentity(t.Context(), in, through)
	require.NoError(t, err)
	assert.Equal(t, []string{"sts.eu-west-1.amazonaws.com"}, hosts)

	for _, test := range []struct {
		name string
		code string
		body string
		want string
	}{
		{"the issuer is silent", "IDPCommunicationError", "", ""},
		{"the keys are not known yet", "InvalidIdentityToken", "", ""},
		{"the answer has no end", "", strings.Repeat(" ", 64<<10+1), "the answer is larger than 64 KiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.code != "" {
				test.body = fmt.Sprintf("<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code></Error></ErrorResponse>", test.code)
			}
			status := http.StatusBadRequest
			if test.want != "" {
				status = http.StatusOK
			}
			cloud.Inject(awsfedtest.Status(awsfedtest.AWSSTS, status, http.Header{"Content-Type": {"text/xml"}}, test.body).Times(1))
			_, err := client.AssumeRoleWithWebIdentity(t.Context(), in, through)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}
