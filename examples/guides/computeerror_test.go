package guides_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// firstError is what the program of the page says at its start, all of it, as %+v prints it.
func firstError(t *testing.T) string {
	t.Helper()
	quietLog(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := newTokens(ctx)
	return inFull(t, err)
}

// oneAttempt is what the first attempt says where newTokens makes more of them, until its time is
// over.
func oneAttempt(t *testing.T, cloud *awsfedtest.Cloud) string {
	t.Helper()
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), awsfed.Config{Audience: cloud.Provider().Audience(), Region: "eu-central-1", Logger: silent()})
	require.NoError(t, err)
	_, err = builder.SubjectToken(t.Context())
	return inFull(t, err)
}

// inFull is an error as %+v prints it, but for the ID of a request.
func inFull(t *testing.T, err error) string {
	t.Helper()
	var e *awsfed.Error
	require.ErrorAs(t, err, &e)
	return regexp.MustCompile(`RequestID: [0-9a-f-]+`).ReplaceAllString(fmt.Sprintf("%+v", e), "RequestID: 4f1b8a52-9c0e-4d7a-b1f3-2e6d5c8a9b70")
}

func TestWhatGoesWrongOnEachCompute(t *testing.T) {
	said := make(map[string]string)
	for name, broken := range map[string]func(t *testing.T) string{
		"ec2-no-role": func(t *testing.T) string {
			return onBrokenAWS(t, awsfedtest.SourceEC2Metadata, "metadata-no-role")
		},
		"no-binding": func(t *testing.T) string {
			return onBrokenAWS(t, awsfedtest.SourceEC2Metadata, "missing-binding")
		},
		"hop-limit": func(t *testing.T) string {
			cloud := awsfedtest.New(pageWorld())
			server := onAWS(t, cloud, awsfedtest.SourceEC2Metadata)
			named, ok := awsfedtest.FaultByName("metadata-hop-limit")
			require.True(t, ok)
			named.Inject(cloud)
			return strings.ReplaceAll(oneAttempt(t, cloud), server.URL, "http://169.254.169.254")
		},
		"ecs-refused": func(t *testing.T) string {
			cloud := awsfedtest.New(pageWorld())
			server := onAWS(t, cloud, awsfedtest.SourceECS)
			cloud.Inject(awsfedtest.Status(awsfedtest.ContainerCredentials, http.StatusNotFound, nil, "no task"))
			return strings.ReplaceAll(firstError(t), server.URL, "http://169.254.170.2")
		},
		"eks-no-agent": func(t *testing.T) string {
			cloud := awsfedtest.New(pageWorld())
			server := onAWS(t, cloud, awsfedtest.SourceEKSPodIdentity)
			cloud.Inject(awsfedtest.Unavailable(awsfedtest.ContainerCredentials))
			return strings.ReplaceAll(oneAttempt(t, cloud), server.URL, "http://169.254.170.23")
		},
		"eks-old-pod": func(t *testing.T) string {
			cloud := awsfedtest.New(pageWorld())
			onAWS(t, cloud, awsfedtest.SourceIRSA)
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token")
			return firstError(t)
		},
		"irsa-trust": func(t *testing.T) string {
			cloud := awsfedtest.New(pageWorld())
			onAWS(t, cloud, awsfedtest.SourceIRSA)
			_, err := cloud.AddRole(awsfedtest.Role{Name: "app", Subjects: []string{"system:serviceaccount:other:app"}})
			require.NoError(t, err)
			return firstError(t)
		},
		"long-subject": func(t *testing.T) string {
			return onBrokenAWS(t, awsfedtest.SourceEnvironment, "subject-too-long")
		},
		"sso-over": func(t *testing.T) string {
			onALaptop(t, awsfedtest.New(pageWorld()), "2026-01-01T00:00:00Z")
			return firstError(t)
		},
	} {
		t.Run(name, func(t *testing.T) { said[name] = broken(t) })
	}
	if !t.Failed() {
		recorded(t, "compute.golden", said)
	}
}

// onBrokenAWS is what the program says with a fault of the emulator's catalogue.
func onBrokenAWS(t *testing.T, source awsfedtest.CredentialSource, fault string) string {
	t.Helper()
	cloud := awsfedtest.New(pageWorld())
	server := onAWS(t, cloud, source)
	named, ok := awsfedtest.FaultByName(fault)
	require.True(t, ok, fault)
	named.Inject(cloud)
	return strings.ReplaceAll(firstError(t), server.URL, "http://169.254.169.254")
}
