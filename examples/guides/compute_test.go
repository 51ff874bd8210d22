package guides_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// [source]
// newTokens is called once, in main.
func newTokens(ctx context.Context) (*awsfed.TokenSource, error) {
	ts, err := awsfed.NewTokenSource(ctx, awsfed.Config{
		Audience:       "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/aws-pool/providers/prod",
		ServiceAccount: "aws-app@my-project.iam.gserviceaccount.com",
	})
	if err != nil {
		return nil, err
	}
	if _, err := ts.TokenContext(ctx); err != nil {
		return nil, err // the real error, with its hint, at the start and not at the first order
	}
	return ts, nil
}

// [end]

func TestOneProgramRunsOnEveryCompute(t *testing.T) {
	for _, source := range awsfedtest.CredentialSources() {
		if source == awsfedtest.SourceECSRelative {
			continue // its proxy variable works only in a process of its own
		}
		t.Run(string(source), func(t *testing.T) {
			cloud := awsfedtest.New(pageWorld())
			onAWS(t, cloud, source)
			ts, err := newTokens(t.Context())
			require.NoError(t, err)
			token, err := ts.Token()
			require.NoError(t, err)
			access, err := cloud.Check(token.AccessToken)
			require.NoError(t, err)
			assert.Equal(t, "aws-app@my-project.iam.gserviceaccount.com", access.Principal)
		})
	}
}

// Google takes 127 bytes of a subject, and AWS 64 characters of a session name.
func TestARoleNameOf23CharactersFitsWhateverTheSessionIsCalled(t *testing.T) {
	for length, fits := range map[int]bool{23: true, 24: false} {
		options := pageWorld()
		options.Role = strings.Repeat("r", length)
		cloud := awsfedtest.New(options)
		credentials, err := cloud.AddSession(options.Role, strings.Repeat("s", 64), time.Hour)
		require.NoError(t, err)
		cfg := cloud.Config()
		cfg.Credentials = fixedCredentials(credentials)
		cfg.Logger = silent()
		ts, err := awsfed.NewTokenSource(t.Context(), cfg)
		require.NoError(t, err)
		_, err = ts.Token()
		if fits {
			require.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, "exceeds the 127 bytes limit")
	}
}

func TestAnInstanceThatDemandsVersion2OfItsMetadataNeedsNoSetting(t *testing.T) {
	cloud := awsfedtest.New(pageWorld())
	cloud.SetIMDSv1(false)
	onAWS(t, cloud, awsfedtest.SourceEC2Metadata)
	_, err := newTokens(t.Context())
	require.NoError(t, err)
}
