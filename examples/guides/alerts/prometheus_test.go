package alerts_test

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
	"github.com/stretchr/testify/require"
)

// A prometheus is as much of one as alerts need: it scrapes, and evaluates the rules after each
// scrape.
type prometheus struct {
	engine *promql.Engine
	rules  []rulefmt.Rule
	series map[string]*entry
	active map[string]time.Time // by alert and labels, since when
	fired  map[string]time.Time // by alert, when first
}

type entry struct {
	labels  labels.Labels
	samples []chunks.Sample
}

// load reads a file of rules as Prometheus does.
func load(t *testing.T, file string) []rulefmt.Rule {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	groups, faults := rulefmt.Parse(text, false, model.LegacyValidation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	require.Empty(t, faults)
	var rules []rulefmt.Rule
	for _, group := range groups.Groups {
		rules = append(rules, group.Rules...)
	}
	return rules
}

func newPrometheus(t *testing.T, file string) *prometheus {
	t.Helper()
	return &prometheus{
		engine: promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{})}),
		rules:  load(t, file),
		series: make(map[string]*entry),
		active: make(map[string]time.Time),
		fired:  make(map[string]time.Time),
	}
}

// scrape takes what a page of metrics says now.
func (p *prometheus) scrape(t *testing.T, page http.Handler) {
	t.Helper()
	answer := httptest.NewRecorder()
	page.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	now := time.Now().UnixMilli()
	text := textparse.NewPromParser(answer.Body.Bytes(), labels.NewSymbolTable(), false)
	for {
		kind, err := text.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if kind != textparse.EntrySeries {
			continue
		}
		_, _, value := text.Series()
		var found labels.Labels
		text.Labels(&found)
		if strings.HasSuffix(found.Get(model.MetricNameLabel), "_bucket") {
			continue // no rule needs them, and they are most of the page
		}
		b := labels.NewBuilder(found)
		b.Set("job", "app").Set("instance", "i-1")
		found = b.Labels()
		key := found.String()
		if p.series[key] == nil {
			p.series[key] = &entry{labels: found}
		}
		p.series[key].samples = append(p.series[key].samples, sample{now, value})
	}
	p.evaluate(t)
}

// evaluate notes which alerts fire.
func (p *prometheus) evaluate(t *testing.T) {
	t.Helper()
	now := time.Now()
	active := make(map[string]time.Time)
	for _, rule := range p.rules {
		query, err := p.engine.NewInstantQuery(context.Background(), storage.QueryableFunc(p.querier), nil, rule.Expr, now)
		require.NoError(t, err)
		result := query.Exec(context.Background())
		vector, err := result.Vector()
		require.NoError(t, err, rule.Alert)
		for _, one := range vector {
			key := rule.Alert + one.Metric.String()
			active[key] = now
			if since, ok := p.active[key]; ok {
				active[key] = since
			}
			if _, ok := p.fired[rule.Alert]; !ok && now.Sub(active[key]) >= time.Duration(rule.For) {
				p.fired[rule.Alert] = now
			}
		}
		query.Close()
	}
	p.active = active
}

// alerts are those that have fired.
func (p *prometheus) alerts() []string { return slices.Sorted(maps.Keys(p.fired)) }

// emitted are the metrics with the values of their labels.
func (p *prometheus) emitted() map[string]map[string][]string {
	all := make(map[string]map[string][]string)
	for _, e := range p.series {
		name := e.labels.Get(model.MetricNameLabel)
		if all[name] == nil {
			all[name] = make(map[string][]string)
		}
		e.labels.Range(func(l labels.Label) { all[name][l.Name] = append(all[name][l.Name], l.Value) })
	}
	return all
}

func (p *prometheus) querier(_, _ int64) (storage.Querier, error) { return querier{p}, nil }

type querier struct{ *prometheus }

func (q querier) Select(_ context.Context, _ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	set := &seriesSet{at: -1}
	for _, key := range slices.Sorted(maps.Keys(q.series)) {
		e := q.series[key]
		if slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(e.labels.Get(m.Name)) }) {
			continue
		}
		begin, _ := slices.BinarySearchFunc(e.samples, hints.Start, func(s chunks.Sample, at int64) int { return int(s.T() - at) })
		end, _ := slices.BinarySearchFunc(e.samples, hints.End+1, func(s chunks.Sample, at int64) int { return int(s.T() - at) })
		if begin < end {
			set.series = append(set.series, storage.NewListSeries(e.labels, e.samples[begin:end]))
		}
	}
	return set
}

func (querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (querier) Close() error { return nil }

type seriesSet struct {
	series []storage.Series
	at     int
}

func (s *seriesSet) Next() bool                      { s.at++; return s.at < len(s.series) }
func (s *seriesSet) At() storage.Series              { return s.series[s.at] }
func (*seriesSet) Err() error                        { return nil }
func (*seriesSet) Warnings() annotations.Annotations { return nil }

type sample struct {
	at    int64 // milliseconds
	value float64
}

func (s sample) T() int64                    { return s.at }
func (sample) ST() int64                     { return 0 }
func (s sample) F() float64                  { return s.value }
func (sample) H() *histogram.Histogram       { return nil }
func (sample) FH() *histogram.FloatHistogram { return nil }
func (sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample         { return s }
