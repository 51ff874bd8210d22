package live_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A probe asks one question that public sources leave open. It passes whatever the answer is, as
// long as there is one of the service's form, and fails if nothing can be told from it.
type probe struct {
	question string
	ask      func(t *testing.T, at target) string
}

// ofSTS asks with a request that is odd in one way.
func ofSTS(question string, q request, changes ...string) probe {
	return probe{question, func(t *testing.T, at target) string {
		return exchange(t, at, q.encode(t, at, at.Keys(t)), changes...).ofSTS(t)
	}}
}

// ofKeys asks with other keys than those of the workload.
func ofKeys(question, which string) probe {
	return probe{question, func(t *testing.T, at target) string {
		keys, ok := at.OtherKeys(t, which)
		if !ok {
			t.Skipf("there are no %s keys: see README.md", which)
		}
		return exchange(t, at, request{}.encode(t, at, keys)).ofSTS(t)
	}}
}

// ofLifetime asks for a service account's token of that many seconds.
func ofLifetime(seconds int) probe {
	return probe{fmt.Sprintf("generateAccessToken for %d s", seconds), func(t *testing.T, at target) string {
		body := fmt.Sprintf(`{"scope": ["https://www.googleapis.com/auth/cloud-platform"], "lifetime": "%ds"}`, seconds)
		return credentialsAPI(t, at, federated(t, at), "generateAccessToken", body).ofAPI(t)
	}}
}

func probes() []probe {
	lower := func(s *subjectToken) { s.rename("Authorization", "authorization") }
	breakSignature := func(s *subjectToken) {
		for i, h := range s.Headers {
			if h.Key == "Authorization" {
				s.Headers[i].Value = regexp.MustCompile(`[0-9a-f]{8}$`).ReplaceAllString(h.Value, "00000000")
			}
		}
	}
	all := []probe{
		// 1. How STS words what is wrong.
		ofKeys("keys that have expired", "expired"),
		ofKeys("keys of another AWS account", "stranger's"),
		ofSTS("a bad signature", request{change: breakSignature}),
		ofSTS("a signature for another region than the host's", request{region: "ap-southeast-2"}),
		ofSTS("no x-goog-cloud-target-resource", request{signed: map[string]string{targetResource: ""}}),
		ofSTS("another provider in x-goog-cloud-target-resource", request{signed: map[string]string{
			targetResource: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/other/providers/other"}}),
		ofSTS("a host that is not of AWS", request{host: "sts.us-east-1.example.com"}),
		ofSTS("no scope", request{}, "scope", ""),
		ofSTS("a scope that does not exist", request{}, "scope", "https://www.googleapis.com/auth/no-such-scope"),
		// 2. Which hosts of AWS it asks.
		ofSTS("the host sts.amazonaws.com", request{host: "sts.amazonaws.com", region: "us-east-1"}),
		ofSTS("the host sts-fips.us-east-1.amazonaws.com", request{host: "sts-fips.us-east-1.amazonaws.com", region: "us-east-1"}),
		ofSTS("the host sts.us-east-1.api.aws", request{host: "sts.us-east-1.api.aws", region: "us-east-1"}),
		ofSTS("the host sts.cn-north-1.amazonaws.com.cn", request{host: "sts.cn-north-1.amazonaws.com.cn", region: "cn-north-1"}),
		ofSTS("the host sts.us-gov-west-1.amazonaws.com", request{host: "sts.us-gov-west-1.amazonaws.com", region: "us-gov-west-1"}),
		ofSTS("the host sts.eusc-de-east-1.amazonaws.eu", request{host: "sts.eusc-de-east-1.amazonaws.eu", region: "eusc-de-east-1"}),
		// 4. What it refuses by its form.
		ofSTS("a header named authorization", request{change: lower}),
		ofSTS("the method GET", request{method: http.MethodGet}),
		ofSTS("a body", request{body: "Action=GetCallerIdentity"}),
		ofSTS("a further signed header", request{signed: map[string]string{"X-Further": "1"}}),
		{"x-goog-cloud-target-resource twice, with one value", func(t *testing.T, at target) string {
			again := header{"x-goog-cloud-target-resource", at.Config().Audience}
			q := request{change: func(s *subjectToken) { s.Headers = append(s.Headers, again) }}
			return exchange(t, at, q.encode(t, at, at.Keys(t))).ofSTS(t)
		}},
		{"x-goog-cloud-target-resource unsigned", func(t *testing.T, at target) string {
			unsigned := header{"x-goog-cloud-target-resource", at.Config().Audience}
			q := request{signed: map[string]string{targetResource: ""}, change: func(s *subjectToken) { s.Headers = append(s.Headers, unsigned) }}
			return exchange(t, at, q.encode(t, at, at.Keys(t))).ofSTS(t)
		}},
		// 3. What it remembers. Its window is below.
		{"a subject token for the second time", func(t *testing.T, at target) string {
			token := request{}.encode(t, at, at.Keys(t))
			require.Equal(t, http.StatusOK, exchange(t, at, token).status)
			return exchange(t, at, token).ofSTS(t)
		}},
		// 5. How long a federated token lasts.
		{"expires_in of a federated token, by keys that end in 15 minutes", func(t *testing.T, at target) string {
			keys := at.Keys(t)
			a := exchange(t, at, request{}.encode(t, at, keys))
			require.Equal(t, http.StatusOK, a.status, "%s", a.body)
			return fmt.Sprintf("%s s, where the keys end in %d s", a.field(t, "expires_in"), int(time.Until(keys.Expires).Seconds()))
		}},
		// 6. The lifetimes of a service account's token.
		ofLifetime(0), ofLifetime(1), ofLifetime(599), ofLifetime(3600), ofLifetime(3601),
		// 7. Whether a federated token may sign.
		{questionSignBlob, func(t *testing.T, at target) string {
			return credentialsAPI(t, at, federated(t, at), "signBlob", `{"payload": "dG8gYmUgc2lnbmVk"}`).ofAPI(t)
		}},
		{questionSignJWT, func(t *testing.T, at target) string {
			claims := fmt.Sprintf(`{\"sub\": \"live\", \"exp\": %d}`, time.Now().Add(10*time.Minute).Unix())
			return credentialsAPI(t, at, federated(t, at), "signJwt", `{"payload": "`+claims+`"}`).ofAPI(t)
		}},
		// 8. A perimeter.
		{"a provider within a perimeter of VPC Service Controls", func(t *testing.T, at target) string {
			audience := os.Getenv("AWSFED_LIVE_PERIMETER_AUDIENCE")
			if audience == "" {
				t.Skip("AWSFED_LIVE_PERIMETER_AUDIENCE names no provider: see README.md")
			}
			q := request{signed: map[string]string{targetResource: audience}}
			return exchange(t, at, q.encode(t, at, at.Keys(t)), "audience", audience).ofSTS(t)
		}},
	}
	for _, age := range []time.Duration{-16 * time.Minute, -14 * time.Minute, -6 * time.Minute, -4 * time.Minute,
		4 * time.Minute, 6 * time.Minute, 14 * time.Minute, 16 * time.Minute} {
		when := fmt.Sprintf("%d min ago", int(age.Minutes()))
		if age < 0 {
			when = fmt.Sprintf("%d min ahead", int(-age.Minutes()))
		}
		all = append(all, ofSTS("an x-amz-date "+when, request{age: age}))
	}
	return all
}

const (
	questionSignBlob = "signBlob with a federated token"
	questionSignJWT  = "signJwt with a federated token"
)

// federated is a federated token of the workload.
func federated(t *testing.T, at target) string {
	t.Helper()
	a := exchange(t, at, request{}.encode(t, at, at.Keys(t)))
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	return a.field(t, "access_token")
}

// runProbes asks everything and appends the answers.
func runProbes(t *testing.T, at target) map[string]string {
	t.Helper()
	answers := make(map[string]string)
	for _, p := range probes() {
		t.Run(p.question, func(t *testing.T) {
			text := p.ask(t, at)
			require.NotEmpty(t, text)
			answers[p.question] = text
			assert.NoError(t, record(at.Answers(), p.question, text))
		})
	}
	return answers
}

// record appends a row to a table. What could be a secret is no part of an answer: see ofSTS.
func record(file, question, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "| %s | %s | %s |\n", time.Now().UTC().Format(time.DateOnly), question, strings.ReplaceAll(text, "|", `\|`))
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
