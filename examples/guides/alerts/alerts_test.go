package alerts_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
	"github.com/awsfed/awsfed-go/awsfed/otel"
)

const (
	libraryRules = "awsfed.yaml"
	serverRules  = "awsfed-serve.yaml"
	interval     = time.Minute
)

// A workload is a program in clouds of its own, with a page of metrics.
type workload struct {
	prometheus *prometheus
	cloud      *awsfedtest.Cloud
	call       func() error
	page       http.Handler
	server     http.Handler // nil for a library
	firstError time.Time    // of a call
}

func configuration(cloud *awsfedtest.Cloud) awsfed.Config {
	cfg := cloud.Config()
	cfg.Logger = slog.New(slog.DiscardHandler)
	return cfg
}

// library is a program with a source, whose metrics package otel makes.
func library(t *testing.T) *workload {
	t.Helper()
	registry := client.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry))
	require.NoError(t, err)
	telemetry, err := otel.New(&otel.Options{
		MeterProvider: metric.NewMeterProvider(metric.WithReader(reader)), TracerProvider: noop.NewTracerProvider(),
	})
	require.NoError(t, err)
	cloud := awsfedtest.New(awsfedtest.Options{})
	ts, err := awsfed.NewTokenSource(t.Context(), telemetry.Config(configuration(cloud)))
	require.NoError(t, err)
	telemetry.Observe(ts, nil)
	return &workload{
		prometheus: newPrometheus(t, libraryRules),
		cloud:      cloud,
		call:       func() error { _, err := ts.Token(); return err },
		page:       promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
	}
}

// server is "awsfed serve" without its process, and a client that asks it for tokens.
func server(t *testing.T) *workload {
	t.Helper()
	cloud := awsfedtest.New(awsfedtest.Options{})
	h, err := metadataserver.New(t.Context(), configuration(cloud), &metadataserver.Options{AllowAnyUID: true})
	require.NoError(t, err)
	return &workload{
		prometheus: newPrometheus(t, serverRules),
		cloud:      cloud,
		call:       func() error { return ask(t, h, "127.0.0.1:8988") },
		page:       h.Metrics(),
		server:     h,
	}
}

// ask is a client of the metadata server, who calls it host.
func ask(t *testing.T, h http.Handler, host string) error {
	t.Helper()
	local := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8988}
	ctx := context.WithValue(t.Context(), http.LocalAddrContextKey, net.Addr(local))
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/computeMetadata/v1/instance/service-accounts/default/token", nil)
	r.Host, r.RemoteAddr = host, "127.0.0.1:40000"
	r.Header.Set("Metadata-Flavor", "Google")
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		return assert.AnError
	}
	return nil
}

// run lets the time pass, with a call before each scrape or without.
func (w *workload) run(t *testing.T, d time.Duration, used bool) {
	t.Helper()
	for range int(d / interval) {
		if used {
			if err := w.call(); err != nil && w.firstError.IsZero() {
				w.firstError = time.Now()
			}
		}
		w.prometheus.scrape(t, w.page)
		time.Sleep(interval)
	}
}

// quiet waits until no timer of the source runs, since a bubble must not end before.
func quiet() { time.Sleep(3 * time.Hour) }

func inject(t *testing.T, cloud *awsfedtest.Cloud, name string) {
	t.Helper()
	fault, ok := awsfedtest.FaultByName(name)
	require.True(t, ok, name)
	fault.Inject(cloud)
}

func TestNoAlertComesWhileAllIsWell(t *testing.T) {
	for name, run := range map[string]func(t *testing.T, w *workload){
		"in six hours of use": func(t *testing.T, w *workload) { w.run(t, 6*time.Hour, true) },
		"where nobody asks any more after an hour": func(t *testing.T, w *workload) {
			w.run(t, time.Hour, true)
			w.run(t, 3*time.Hour, false)
		},
		"where one request in each hour fails": func(t *testing.T, w *workload) {
			for range 6 {
				w.run(t, time.Hour, true)
				w.cloud.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials).Times(1))
			}
		},
	} {
		for kind, start := range map[string]func(*testing.T) *workload{libraryRules: library, serverRules: server} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := start(t)
					run(t, w)
					assert.Empty(t, w.prometheus.alerts())
					assert.True(t, w.firstError.IsZero())
					quiet()
				})
			})
		}
	}
}

func TestAlertsOfAnOutageComeLongBeforeACallFails(t *testing.T) {
	t.Run(libraryRules, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := library(t)
			w.run(t, time.Hour, true)
			w.cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS))
			w.cloud.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials))
			w.run(t, 2*time.Hour, true)
			require.Equal(t, []string{"AwsfedNoToken", "AwsfedTokenEnding", "AwsfedTokenNotReplaced"}, w.prometheus.alerts())
			require.False(t, w.firstError.IsZero())
			fired := w.prometheus.fired
			assert.GreaterOrEqual(t, w.firstError.Sub(fired["AwsfedTokenNotReplaced"]), 20*time.Minute)
			assert.GreaterOrEqual(t, w.firstError.Sub(fired["AwsfedTokenEnding"]), 8*time.Minute)
			assert.LessOrEqual(t, fired["AwsfedNoToken"].Sub(w.firstError), 3*time.Minute)
			quiet()
		})
	})
	t.Run(serverRules, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := server(t)
			w.run(t, time.Hour, true)
			w.cloud.Inject(awsfedtest.Unavailable(awsfedtest.GoogleSTS))
			w.cloud.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials))
			w.run(t, 2*time.Hour, true)
			require.Equal(t, []string{"AwsfedServeNoToken", "AwsfedServeTokenNotReplaced"}, w.prometheus.alerts())
			fired := w.prometheus.fired
			assert.GreaterOrEqual(t, w.firstError.Sub(fired["AwsfedServeTokenNotReplaced"]), 20*time.Minute)
			assert.LessOrEqual(t, fired["AwsfedServeNoToken"].Sub(w.firstError), 3*time.Minute)
			quiet()
		})
	})
}

func TestAnAlertOfARefusalComesBeforeACallFails(t *testing.T) {
	for fault, alert := range map[string]string{
		"missing-binding":   "AwsfedRefused",
		"provider-disabled": "AwsfedRefused",
		"condition-false":   "AwsfedRefused",
		"sts-quota":         "AwsfedQuota",
		"iam-quota":         "AwsfedQuota",
	} {
		t.Run(fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := library(t)
				w.run(t, time.Hour, true)
				inject(t, w.cloud, fault)
				for w.firstError.IsZero() {
					w.run(t, time.Minute, true)
				}
				require.Contains(t, w.prometheus.alerts(), alert)
				assert.GreaterOrEqual(t, w.firstError.Sub(w.prometheus.fired[alert]), 15*time.Minute)
				quiet()
			})
		})
	}
}

func TestAnAlertTellsOfSomebodyWhoMayNotAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := server(t)
		w.run(t, 20*time.Minute, true)
		require.Empty(t, w.prometheus.alerts())
		require.Error(t, ask(t, w.server, "rebound.example:8988"))
		w.run(t, 20*time.Minute, true)
		assert.Equal(t, []string{"AwsfedServeStranger"}, w.prometheus.alerts())
		quiet()
	})
}

// A rule that names what nobody emits is silent for ever.
func TestRulesNameMetricsAndLabelsThatAreEmitted(t *testing.T) {
	for file, start := range map[string]func(*testing.T) *workload{libraryRules: library, serverRules: server} {
		t.Run(file, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := start(t)
				rules := w.prometheus.rules
				w.prometheus.rules = nil // to be evaluated
				w.run(t, time.Hour, true)
				for _, fault := range []string{"missing-binding", "service-account-missing", "provider-disabled", "condition-false", "sts-quota", "iam-quota", "wrong-audience"} {
					named, ok := awsfedtest.FaultByName(fault)
					require.True(t, ok, fault)
					undo := named.Inject(w.cloud)
					w.run(t, 2*time.Hour, true)
					undo()
					w.run(t, time.Hour/2, true)
				}
				emitted := w.prometheus.emitted()
				for _, rule := range rules {
					expr, err := parser.NewParser(parser.Options{}).ParseExpr(rule.Expr)
					require.NoError(t, err)
					parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
						if selector, ok := node.(*parser.VectorSelector); ok {
							assertEmitted(t, rule.Alert, selector, emitted)
						}
						return nil
					})
				}
				quiet()
			})
		})
	}
}

func assertEmitted(t *testing.T, alert string, selector *parser.VectorSelector, emitted map[string]map[string][]string) {
	t.Helper()
	values, ok := emitted[selector.Name]
	if !assert.True(t, ok, "%s: nobody emits %s", alert, selector.Name) {
		return
	}
	for _, matcher := range selector.LabelMatchers {
		if matcher.Name == model.MetricNameLabel {
			continue
		}
		alternatives := []string{matcher.Value}
		if matcher.Type == labels.MatchRegexp {
			alternatives = matcher.SetMatches()
			require.NotEmpty(t, alternatives, "%s: a list of values is all that is checked", matcher)
		}
		for _, value := range alternatives {
			assert.Contains(t, values[matcher.Name], value, "%s: no %s has %s=%q", alert, selector.Name, matcher.Name, value)
		}
	}
}
