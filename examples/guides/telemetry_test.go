package guides_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/otel"
)

func observed(ctx context.Context, cfg awsfed.Config) (*awsfed.TokenSource, error) {
	// [telemetry]
	// go get github.com/awsfed/awsfed-go/awsfed/otel
	telemetry, err := otel.New(nil)
	if err != nil {
		return nil, err
	}
	ts, err := awsfed.NewTokenSource(ctx, telemetry.Config(cfg))
	if err != nil {
		return nil, err
	}
	telemetry.Observe(ts, nil)
	return ts, nil
	// [end]
}

func TestASourceWithMetricsIsASource(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts, err := observed(t.Context(), cloud.Config())
	require.NoError(t, err)
	token, err := ts.Token()
	require.NoError(t, err)
	_, err = cloud.Check(token.AccessToken)
	assert.NoError(t, err)
}
