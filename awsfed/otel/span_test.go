package otel_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// attributes are those of a span as text.
func attributes(span sdktrace.ReadOnlySpan) map[string]string {
	found := make(map[string]string)
	for _, a := range span.Attributes() {
		found[string(a.Key)] = a.Value.String()
	}
	return found
}

func TestSpansHaveTheTimesOfTheAttemptAndALinkToTheFirstCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		slow(cloud, 150*time.Millisecond)
		r := newRecorder(t, false)
		ts := r.source(t, cloud)
		began := time.Now()
		tracer := r.tracer.Tracer("callers")
		call := func(name string) trace.SpanContext {
			ctx, span := tracer.Start(t.Context(), name)
			go func() { _, err := ts.TokenContext(ctx); assert.NoError(t, err); span.End() }()
			time.Sleep(time.Millisecond)
			return span.SpanContext()
		}
		first := call("first")
		call("second")
		time.Sleep(time.Second)

		spans := make(map[string]sdktrace.ReadOnlySpan)
		for _, span := range r.spans.Ended() {
			spans[span.Name()] = span
		}
		require.Len(t, r.spans.Ended(), 9, "two attempts, five steps, two callers")
		federated, account := spans["refresh federated-token"], spans["refresh service-account-token"]
		require.NotNil(t, federated)
		require.NotNil(t, account)

		assert.False(t, account.Parent().IsValid(), "a trace of its own")
		require.Len(t, account.Links(), 1)
		assert.Equal(t, first.SpanID(), account.Links()[0].SpanContext.SpanID())
		assert.Empty(t, federated.Links(), "no caller waited for it, but an attempt")
		assert.Equal(t, began.UnixNano(), account.StartTime().UnixNano())
		assert.Equal(t, began.Add(300*time.Millisecond).UnixNano(), account.EndTime().UnixNano())
		assert.Equal(t, began.Add(150*time.Millisecond).UnixNano(), federated.EndTime().UnixNano())

		for step, parent := range map[string]sdktrace.ReadOnlySpan{
			"aws-credentials": federated, "aws-region": federated, "subject-token": federated, "token-exchange": federated, "impersonation": account,
		} {
			require.Contains(t, spans, step)
			assert.Equal(t, parent.SpanContext().SpanID(), spans[step].Parent().SpanID(), step)
			assert.Equal(t, map[string]string{"awsfed.outcome": "success", "awsfed.stage": step}, attributes(spans[step]))
		}
		impersonation := spans["impersonation"]
		assert.Equal(t, began.Add(150*time.Millisecond).UnixNano(), impersonation.StartTime().UnixNano(), "after the wait for the federated token")
		assert.Equal(t, account.EndTime(), impersonation.EndTime())
		assert.Equal(t, map[string]string{
			"awsfed.kind": "service-account-token", "awsfed.service_account": "aws-app@my-project.iam.gserviceaccount.com", "awsfed.provider": provider,
			"awsfed.outcome": "success", "awsfed.attempt": "1", "awsfed.waiting": "2", "awsfed.background": "false", "awsfed.repeated": "false",
		}, attributes(account))
		assert.Equal(t, codes.Unset, account.Status().Code)

		time.Sleep(40 * time.Minute)
		last := r.spans.Ended()[len(r.spans.Ended())-1]
		assert.Equal(t, "true", attributes(last)["awsfed.background"])
		assert.Empty(t, last.Links())
		time.Sleep(3 * time.Hour)
	})
}

func TestSpansOfAnIDTokenNameItsAudience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		r := newRecorder(t, false)
		ts, err := awsfed.NewIDTokenSource(t.Context(), r.Config(cloud.Config()), "https://reports.example")
		require.NoError(t, err)
		_, err = ts.Token()
		require.NoError(t, err)
		time.Sleep(time.Second)
		var targets []string
		for _, span := range r.spans.Ended() {
			if span.Name() == "refresh id-token" {
				targets = append(targets, attributes(span)["awsfed.target"])
			}
		}
		assert.Equal(t, []string{"https://reports.example"}, targets)
		cloud.Wait()
	})
}

// secrets keeps what the requests of an attempt prove an identity with.
type secrets struct {
	base   http.RoundTripper
	values chan string
}

func (s *secrets) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Has("subject_token") {
		s.values <- form.Get("subject_token")
	}
	if bearer, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer "); ok {
		s.values <- bearer
	}
	req = req.Clone(req.Context())
	req.Body = io.NopCloser(bytes.NewReader(body))
	return s.base.RoundTrip(req)
}

func TestTheSpanOfAFailureHasTheLineAndNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		missing, _ := awsfedtest.FaultByName("missing-binding")
		missing.Inject(cloud)
		r := newRecorder(t, true)
		var (
			failures = make(chan awsfed.RefreshEvent, 64)
			sent     = secrets{values: make(chan string, 64)}
		)
		ts := r.source(t, cloud, func(cfg *awsfed.Config) {
			sent.base = cfg.HTTPClient.Transport
			cfg.HTTPClient = &http.Client{Transport: &sent}
			cfg.OnRefresh = func(event awsfed.RefreshEvent) { failures <- event }
		})
		_, err := ts.Token()
		require.Error(t, err)
		synctest.Wait()
		<-failures // a success, of the federated token
		failure := <-failures
		ended := r.spans.Ended()
		account, step := ended[len(ended)-1], ended[len(ended)-2]
		for span, err := range map[sdktrace.ReadOnlySpan]error{account: failure.Err, step: failure.Steps[0].Err} {
			assert.Equal(t, sdktrace.Status{Code: codes.Error, Description: err.Error()}, span.Status())
			assert.NotContains(t, span.Status().Description, "\n")
			assert.Empty(t, span.Events())
			found := attributes(span)
			assert.Equal(t, "failure", found["awsfed.outcome"])
			assert.Equal(t, "impersonation", found["awsfed.stage"])
			assert.Equal(t, "PERMISSION_DENIED", found["error.type"])
		}
		require.Len(t, sent.values, 2)
		subjectToken, federatedToken := <-sent.values, <-sent.values
		for _, span := range ended {
			text := fmt.Sprint(span.Name(), span.Attributes(), span.Status(), span.Events(), span.Links())
			for _, secret := range []string{subjectToken, federatedToken} {
				assert.NotContains(t, text, secret)
			}
		}
		time.Sleep(3 * time.Hour)
	})
}

func TestARepeatedFailureHasASpanForATracedCallerAlone(t *testing.T) {
	const repeats = "refresh.repeated_failures{kind=service-account-token}"
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		down(cloud)
		r := newRecorder(t, false)
		ts := r.source(t, cloud)
		ctx, span := r.tracer.Tracer("callers").Start(t.Context(), "caller")
		_, err := ts.TokenContext(ctx)
		require.Error(t, err)
		span.End()
		synctest.Wait()
		waited := r.counts(t)[repeats]
		assert.Positive(t, waited)
		for start := time.Now(); time.Since(start) < 10*time.Minute; time.Sleep(time.Second) {
			_, err := ts.Token()
			require.Error(t, err)
		}
		synctest.Wait()
		found := make(map[string]int)
		for _, span := range r.spans.Ended() {
			found[span.Name()]++
		}
		assert.EqualValues(t, waited, found["refresh service-account-token"], "those that the caller waited for")
		assert.Equal(t, cloud.Count(awsfedtest.GoogleSTS), found["refresh federated-token"])
		assert.Greater(t, r.counts(t)[repeats], waited)
		time.Sleep(3 * time.Hour)
	})
}

func TestTimesOfStepsWhoseBeginningNobodyTells(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	second := awsfed.Step{Stage: awsfed.StageExchange, Duration: time.Second}
	failed := awsfed.Step{Stage: awsfed.StageExchange, Duration: time.Second, Err: &awsfed.Error{StatusCode: 503}}
	for name, test := range map[string]struct {
		event awsfed.RefreshEvent
		want  []time.Duration // the beginning of each step
	}{
		"a success ends with its last step":           {awsfed.RefreshEvent{Duration: 5 * time.Second, Steps: []awsfed.Step{second, second}}, []time.Duration{3 * time.Second, 4 * time.Second}},
		"and so does a failure of the last step":      {awsfed.RefreshEvent{Duration: 5 * time.Second, Steps: []awsfed.Step{second, failed}, Err: failed.Err}, []time.Duration{3 * time.Second, 4 * time.Second}},
		"an abandoned attempt begins with the first":  {awsfed.RefreshEvent{Duration: 5 * time.Second, Steps: []awsfed.Step{second, second}, Err: failed.Err}, []time.Duration{0, time.Second}},
		"steps longer than the attempt begin with it": {awsfed.RefreshEvent{Duration: time.Second, Steps: []awsfed.Step{second, second}}, []time.Duration{0, time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorder(t, false)
			test.event.Kind, test.event.Start = awsfed.FederatedToken, start
			r.Config(awsfed.Config{}).OnRefresh(test.event)
			ended := r.spans.Ended()
			require.Len(t, ended, len(test.want)+1)
			for i, want := range test.want {
				assert.Equal(t, want, ended[i].StartTime().Sub(start))
				assert.Equal(t, want+time.Second, ended[i].EndTime().Sub(start))
			}
		})
	}
}

func TestHooksThatAreThereAreCalledToo(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		r := newRecorder(t, false)
		links := make(chan any, 64)
		ts := r.source(t, cloud, func(cfg *awsfed.Config) {
			cfg.OnRefresh = func(event awsfed.RefreshEvent) { links <- event.Link }
			cfg.LinkOf = func(ctx context.Context) any { return ctx.Value(key{}) }
		})
		ctx, caller := r.tracer.Tracer("callers").Start(context.WithValue(t.Context(), key{}, []string{"theirs"}), "caller")
		_, err := ts.TokenContext(ctx)
		require.NoError(t, err)
		synctest.Wait()
		assert.Nil(t, <-links, "of the federated token")
		assert.Equal(t, []string{"theirs"}, <-links)
		ended := r.spans.Ended()
		last := ended[len(ended)-1]
		require.Len(t, last.Links(), 1)
		assert.Equal(t, caller.SpanContext().SpanID(), last.Links()[0].SpanContext.SpanID())
		time.Sleep(3 * time.Hour)
	})
}
