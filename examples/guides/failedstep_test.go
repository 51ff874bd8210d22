package guides_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// failedSteps are those of a diagnosis that failed.
func failedSteps(t *testing.T, cfg awsfed.Config) []awsfed.Step {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	report, err := awsfed.Diagnose(t.Context(), cfg, nil)
	require.NoError(t, err)
	return slices.DeleteFunc(slices.Clone(report.Steps), func(step awsfed.Step) bool { return step.Verdict != awsfed.VerdictFailed })
}

// printed is what awsfed doctor prints of steps, without the time that they took and the summary.
func printed(t *testing.T, steps []awsfed.Step) string {
	t.Helper()
	for i := range steps {
		steps[i].Duration = 0
	}
	var b strings.Builder
	require.NoError(t, awsfed.Report{Steps: steps}.WriteText(&b))
	text, _, _ := strings.Cut(b.String(), "\n\n")
	return text
}

// tokenOf is why a workload gets no token; nil if it gets one.
func tokenOf(t *testing.T, cfg awsfed.Config) error {
	t.Helper()
	cfg.Logger = slog.New(slog.DiscardHandler)
	source, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	_, err = source.TokenContext(t.Context())
	return err
}
