package judged_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/awsfed/awsfed-go/awsfed/internal/judged"
)

func TestTheInnermostRecordOfAContextIsFilled(t *testing.T) {
	var outer, inner judged.Record
	ctx := judged.With(t.Context(), &outer)
	judged.From(judged.With(ctx, &inner)).Reason = "inner"
	judged.From(ctx).Reason = "outer"
	assert.Equal(t, judged.Record{Reason: "outer"}, outer)
	assert.Equal(t, judged.Record{Reason: "inner"}, inner)
}

func TestAContextWithoutARecordHasOneThatNobodyReads(t *testing.T) {
	judged.From(t.Context()).Caller = "somebody"
	assert.Empty(t, judged.From(t.Context()).Caller)
}
