package awsfed_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

type (
	shown[T any]  struct{ Field T }
	hidden[T any] struct{ field T }
)

// A place is a value as it may come to be printed.
type place struct {
	where  string
	value  any
	opaque bool // package fmt cannot call its methods
}

// places are those of a value or of a pointer to one.
func places[T any](what string, v T) []place {
	found := []place{
		{what, v, false},
		{"a slice of " + what, []T{v}, false},
		{"a map to " + what, map[string]T{"key": v}, false},
		{"an exported field of " + what, shown[T]{v}, false},
		{"an exported interface of " + what, shown[any]{v}, false},
		{"a pointer to an exported field of " + what, &shown[T]{v}, false},
		{"a reflect.Value of " + what, reflect.ValueOf(v), false},
		{"an unexported field of " + what, hidden[T]{v}, true},
		{"an unexported interface of " + what, hidden[any]{v}, true},
		{"a pointer to an unexported field of " + what, &hidden[T]{v}, true},
		{"an unexported field of unexported fields of " + what, hidden[hidden[T]]{hidden[T]{v}}, true},
		{"an unexported slice of " + what, hidden[[]T]{[]T{v}}, true},
		{"an unexported map to " + what, hidden[map[string]T]{map[string]T{"key": v}}, true},
		{"a reflect.Value of an unexported field of " + what, reflect.ValueOf(hidden[T]{v}).Field(0), true},
		{"a reflect.Value of an unexported interface of " + what, reflect.ValueOf(hidden[any]{v}).Field(0), true},
	}
	if reflect.ValueOf(v).Comparable() {
		found = append(found, place{"a map from " + what, map[any]string{v: "value"}, false})
	}
	return found
}

// A printed is a value of an exported type that has met secrets.
type printed struct {
	kind   reflect.Type
	what   string
	places []place
	// open is set for what holds a secret openly that the program itself put there. Package fmt
	// prints it where it calls no methods, as the documentation says.
	open bool
}

func printedAs[T any](what string, v *T) printed {
	kind := reflect.TypeFor[T]()
	p := printed{kind: kind, what: what, places: append(places("a pointer", v),
		place{"a pointer to a pointer", &v, false},
		place{"an unexported field of a pointer to a pointer", hidden[**T]{&v}, true},
	)}
	if !holdsLock(kind) {
		p.places = append(p.places, places("a value", *v)...)
	}
	if kind.Kind() == reflect.Struct {
		for i := range kind.NumField() {
			p.places = append(p.places, place{"a reflect.Value of its field " + kind.Field(i).Name, reflect.ValueOf(v).Elem().Field(i), true})
		}
	}
	return p
}

// holdsLock reports whether a value must not be copied, as go vet sees it.
func holdsLock(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if holdsLock(t.Field(i).Type) {
				return true
			}
		}
	case reflect.Array:
		return holdsLock(t.Elem())
	}
	return reflect.PointerTo(t).Implements(reflect.TypeFor[sync.Locker]())
}

// keyedTransport is a transport that holds a secret where reflection finds it.
type keyedTransport struct {
	Key  string
	base func(*http.Request) (*http.Response, error)
}

func (k keyedTransport) RoundTrip(req *http.Request) (*http.Response, error) { return k.base(req) }

// printedTypes has at least one value of every exported type, and the secrets that they have met.
func printedTypes(t *testing.T) (types []printed, secrets map[string]string) {
	t.Helper()
	ctx := t.Context()
	cloud := newWorkspace(t)
	require.NoError(t, cloud.DelegateDomain(cloud.Config().ServiceAccount, awsfed.CloudPlatformScope))
	wire := &canary{base: cloud.Client().Transport, secrets: make(map[string]string)}
	static, err := cloud.Config().Credentials.Retrieve(ctx)
	require.NoError(t, err)
	wire.note("secret key", static.SecretAccessKey)
	wire.note("session token", static.SessionToken)
	wire.note("key of a transport", testSecretKey)
	wire.note("attribute of a logger", testSessionToken)

	var (
		mu     sync.Mutex
		events []awsfed.RefreshEvent
	)
	cfg := cloud.Config()
	cfg.Credentials = credentials.StaticCredentialsProvider{Value: static}
	cfg.HTTPClient = &http.Client{Transport: keyedTransport{testSecretKey, wire.RoundTrip}}
	cfg.Logger = slog.New(slog.NewJSONHandler(io.Discard, nil)).With("key", testSessionToken)
	heard := make(chan struct{}, 100)
	cfg.OnRefresh = func(event awsfed.RefreshEvent) {
		mu.Lock()
		events = append(events, event)
		mu.Unlock()
		heard <- struct{}{}
	}
	function := cfg
	function.Credentials = staticCredentials(static)
	function.HTTPClient = &http.Client{Transport: roundTripper(wire.RoundTrip)}
	cfg.ClientID, cfg.ClientSecret = "client", plantedSecret
	wire.note("secret of a client", plantedSecret)
	subjectOfURL := awsfed.Subject{URL: tokenURL, Headers: map[string]string{"Authorization": "Bearer " + plantedPassword, "X-Vault-Token": plantedKey}}
	wire.note("header for a subject token", plantedPassword)
	wire.note("another header for a subject token", plantedKey)

	// Each layer, after it was used.
	ts, err := awsfed.NewTokenSource(ctx, cfg)
	require.NoError(t, err)
	_, err = ts.Token()
	require.NoError(t, err)
	builder, err := awsfed.NewSubjectTokenBuilder(ctx, cfg)
	require.NoError(t, err)
	exchanger, err := awsfed.NewExchanger(cfg, builder)
	require.NoError(t, err)
	federated, err := exchanger.TokenContext(ctx)
	require.NoError(t, err)
	impersonator, err := awsfed.NewImpersonator(cfg, exchanger)
	require.NoError(t, err)
	_, err = impersonator.TokenContext(ctx)
	require.NoError(t, err)

	// Sources of the program's own that hold a secret where reflection finds it.
	subject, err := builder.SubjectToken(ctx)
	require.NoError(t, err)
	fixedExchanger, err := awsfed.NewExchanger(cfg, fixedSubject{subject})
	require.NoError(t, err)
	_, err = fixedExchanger.TokenContext(ctx) // shows the subject token to the canary
	require.NoError(t, err)
	fixedImpersonator, err := awsfed.NewImpersonator(cfg, fixedFederated(federated.AccessToken))
	require.NoError(t, err)
	fixedSource, err := awsfed.NewCachedTokenSource(fixedFederated(federated.AccessToken), &awsfed.CacheOptions{Logger: cfg.Logger, OnRefresh: cfg.OnRefresh})
	require.NoError(t, err)
	_, err = fixedSource.Token()
	require.NoError(t, err)

	// A URL and a file with a subject token.
	asking := cfg
	asking.Subject = subjectOfURL
	asking.HTTPClient = &http.Client{Transport: keyedTransport{testSecretKey, func(*http.Request) (*http.Response, error) { return jsonAnswer(200, testJWT), nil }}}
	askingBuilder, err := awsfed.NewSubjectTokenBuilder(ctx, asking)
	require.NoError(t, err)
	_, err = askingBuilder.SubjectToken(ctx)
	require.NoError(t, err)
	wire.note("subject token of a URL", testJWT)
	asking.HTTPClient = &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		return jsonAnswer(403, fmt.Sprint(req.Header)), nil
	})}
	askingInVain, err := awsfed.NewSubjectTokenBuilder(ctx, asking)
	require.NoError(t, err)
	_, err = askingInVain.SubjectToken(ctx)
	var unproven *awsfed.Error
	require.ErrorAs(t, err, &unproven)
	asking.Subject = awsfed.Subject{File: writeFile(t, "token", testJWT)}
	readingBuilder, err := awsfed.NewSubjectTokenBuilder(ctx, asking)
	require.NoError(t, err)
	_, err = readingBuilder.SubjectToken(ctx)
	require.NoError(t, err)

	// What else the account gives.
	signer, err := awsfed.NewSigner(ctx, cfg)
	require.NoError(t, err)
	assertion, _, err := signer.SignJWT(ctx, map[string]string{"sub": "app"})
	require.NoError(t, err)
	wire.note("signed JWT", assertion)
	idTokens, err := awsfed.NewIDTokenSource(ctx, cfg, runService)
	require.NoError(t, err)
	idToken, err := idTokens.Token()
	require.NoError(t, err)
	wire.note("ID token", idToken.AccessToken)
	delegated, err := awsfed.NewDelegatedTokenSource(ctx, cfg, workspaceUser)
	require.NoError(t, err)
	_, err = delegated.Token()
	require.NoError(t, err)

	// Google repeats all that it was sent.
	repeating := cfg
	repeating.HTTPClient = &http.Client{Transport: &canary{base: roundTripper(gossip), secrets: wire.secrets}}
	failing, err := awsfed.NewTokenSource(ctx, repeating)
	require.NoError(t, err)
	_, err = failing.Token()
	var answered *awsfed.Error
	require.ErrorAs(t, err, &answered)
	// And here it cannot be reached.
	offline := cfg
	offline.HTTPClient = &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("dialing %s: %w", req.URL.Host, fs.ErrClosed)
	})}
	unreachable, err := awsfed.NewExchanger(offline, builder)
	require.NoError(t, err)
	_, err = unreachable.TokenContext(ctx)
	var unanswered *awsfed.Error
	require.ErrorAs(t, err, &unanswered)

	misspelled := cfg
	misspelled.TokenURL = "https://user:" + testSecretKey + "@sts.example"
	_, err = awsfed.NewTokenSource(ctx, misspelled)
	faults := fieldErrors(err)
	require.Len(t, faults, 1)
	report, err := awsfed.Diagnose(ctx, cfg, nil)
	require.NoError(t, err)
	failedReport, err := awsfed.Diagnose(ctx, repeating, nil)
	require.NoError(t, err)
	member, err := principal.ParseMember(report.Members[0])
	require.NoError(t, err)
	provider, err := principal.ParseAudience(cfg.Audience)
	require.NoError(t, err)
	attributes, err := principal.DefaultMapping(report.Identity)
	require.NoError(t, err)

	find := func(failed bool) int {
		mu.Lock()
		defer mu.Unlock()
		return slices.IndexFunc(events, func(e awsfed.RefreshEvent) bool { return (e.Err != nil) == failed && len(e.Steps) > 1 })
	}
	for find(false) < 0 || find(true) < 0 { // events come when they come
		<-heard
	}
	succeeded, failed := find(false), find(true)
	mu.Lock()
	defer mu.Unlock()
	success, failure := events[succeeded], events[failed]
	status, failingStatus := ts.Status(), failing.Status()
	diagnoseOption, fileOption := awsfed.DiagnoseOptions{Mapping: principal.DocumentedMapping}, awsfed.FileOptions{TokenHosts: []string{"sts.example"}}
	config := printedAs("with secrets that lie open", &cfg)
	config.open = true
	subjectChoice := printedAs("with secrets that lie open", &subjectOfURL)
	subjectChoice.open = true
	types = []printed{
		config,
		subjectChoice,
		printedAs("", &awsfed.WebIdentityOptions{Audience: testAudience}),
		printedAs("of a URL", askingBuilder),
		printedAs("of a file", readingBuilder),
		printedAs("of a URL that refuses", unproven),
		printedAs("with secrets behind funcs", &function),
		printedAs("of a builder", &subject),
		printedAs("", builder),
		printedAs("", exchanger),
		printedAs("with a source that lies open", fixedExchanger),
		printedAs("", impersonator),
		printedAs("with a source that lies open", fixedImpersonator),
		printedAs("", ts),
		printedAs("", signer),
		printedAs("of ID tokens", idTokens),
		printedAs("of a user's tokens", delegated),
		printedAs("with a source that lies open", fixedSource),
		printedAs("that fails", failing),
		printedAs("with a refused token", awsfed.RefusedAttempt(federated.AccessToken)),
		printedAs("", &awsfed.CacheOptions{Kind: awsfed.FederatedToken, Logger: cfg.Logger, OnRefresh: cfg.OnRefresh}),
		printedAs("", &awsfed.Transport{Source: ts}),
		printedAs("", &status),
		printedAs("", &status.Token),
		printedAs("of a failure", &failingStatus),
		printedAs("of an answer", answered),
		printedAs("without an answer", unanswered),
		printedAs("of a URL with a password", faults[0]),
		printedAs("", report),
		printedAs("of a failure", failedReport),
		printedAs("", &diagnoseOption),
		printedAs("", &fileOption),
		printedAs("", &answered.Stage),
		printedAs("", &member),
		printedAs("", &member.Kind),
		printedAs("", &provider),
		printedAs("", &attributes),
		printedAs("", &report.Identity),
	}
	failedStep := failedReport.Steps[slices.IndexFunc(failedReport.Steps, func(s awsfed.Step) bool { return s.Err != nil })]
	types = append(types,
		printedAs("of a success", &success),
		printedAs("of a failure", &failure),
		printedAs("of a success", &success.Steps[0]),
		printedAs("of a failure", &failure.Steps[len(failure.Steps)-1]),
		printedAs("", &success.Kind),
		printedAs("of a success", &report.Steps[1]),
		printedAs("of a failure", &failedStep),
		printedAs("", &failedStep.Verdict),
	)
	mapping, condition := principal.Mapping(principal.DefaultMapping), principal.Condition(nil)
	types = append(types, printedAs("", &mapping), printedAs("", &condition))

	wire.mu.Lock()
	defer wire.mu.Unlock()
	return types, wire.secrets
}

// A printing is one way to print or to encode a value.
type printing struct {
	name  string
	plain bool // calls no methods of most values
	print func(any) string
}

func printings() (verbs, encoders []printing) {
	for _, verb := range letters {
		for _, flag := range flags {
			format := "%" + flag + string(verb)
			verbs = append(verbs, printing{format, verb == 'p' || verb == 'w', func(v any) string { return fmt.Sprintf(format, v) }})
		}
	}
	for _, flag := range flags {
		format := "%" + flag + "w"
		verbs = append(verbs, printing{"Errorf " + format, true, func(v any) string { return fmt.Errorf(format, v).Error() }})
	}
	// What an encoder wrote before it failed counts, and so does what it says.
	encoded := func(encode func(*bytes.Buffer) error) string {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			fmt.Fprintf(&b, "\n%v", err)
		}
		return b.String()
	}
	log := func(handler slog.Handler, v any) error {
		slog.New(handler).Info("message", "key", v, slog.Group("group", "key", v))
		return nil
	}
	return verbs, []printing{
		{"slog as text", false, func(v any) string {
			return encoded(func(b *bytes.Buffer) error { return log(slog.NewTextHandler(b, nil), v) })
		}},
		{"slog as JSON", false, func(v any) string {
			return encoded(func(b *bytes.Buffer) error { return log(slog.NewJSONHandler(b, nil), v) })
		}},
		{"JSON", false, func(v any) string {
			return encoded(func(b *bytes.Buffer) error { return json.NewEncoder(b).Encode(v) })
		}},
		{"XML", false, func(v any) string {
			return encoded(func(b *bytes.Buffer) error {
				encoder := xml.NewEncoder(b)
				err := encoder.Encode(v)
				_ = encoder.Flush()
				return err
			})
		}},
		{"gob", false, func(v any) string {
			return encoded(func(b *bytes.Buffer) error { return gob.NewEncoder(b).Encode(v) })
		}},
	}
}

func TestPrintingOfAnExportedTypeHoldsNoSecret(t *testing.T) {
	clearAWSEnvironment(t)
	gob.Register(credentials.StaticCredentialsProvider{}) // so that gob does not fail for the want of it
	types, secrets := printedTypes(t)
	finder := newLeakFinder(t, secrets)
	verbs, encoders := printings()
	seen := make(map[string]bool)
	positions, outputs, searched := 0, 0, make(map[string]bool)
	for _, p := range types {
		seen[p.kind.String()] = true
		for _, place := range p.places {
			if p.open && place.opaque {
				continue
			}
			positions++
			var all strings.Builder
			said := make(map[string]string)
			for _, printing := range slices.Concat(verbs, encoders) {
				if p.open && printing.plain {
					continue
				}
				outputs++
				text := printing.print(place.value)
				if !searched[text] {
					said[printing.name] = text
					all.WriteString(text + "\n")
				}
			}
			if len(finder.find(all.String())) == 0 {
				for _, text := range said {
					searched[text] = true
				}
				continue
			}
			var ways []string
			for name, text := range said {
				if found := finder.find(text); len(found) > 0 {
					ways = append(ways, fmt.Sprintf("%s (%s)", name, strings.Join(found, ", ")))
				}
			}
			slices.Sort(ways)
			t.Errorf("%s %s, %s, prints in %d ways: %s", p.kind, p.what, place.where, len(ways), strings.Join(ways[:min(len(ways), 4)], "; "))
		}
	}
	t.Logf("%d exported types in %d values and %d positions, each with %d verbs × %d flags, %%w × %d flags in Errorf and %d encoders: %d outputs (%d different) searched for %d secrets",
		len(seen), len(types), positions, len(letters), len(flags), len(flags), len(encoders), outputs, len(searched), len(secrets))
	assert.Subset(t, seen, exportedTypes(t), "exported types without a value in printedTypes")
}

// exportedTypes are those of the packages whose values may have met a secret. Interfaces have no
// values of their own.
func exportedTypes(t *testing.T) map[string]bool {
	t.Helper()
	found := make(map[string]bool)
	for _, dir := range []string{".", "principal"} {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			ast.Inspect(file, func(n ast.Node) bool {
				if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.IsExported() {
					if _, ok := spec.Type.(*ast.InterfaceType); !ok {
						found[file.Name.Name+"."+spec.Name.Name] = true
					}
				}
				return true
			})
		}
	}
	require.Contains(t, found, "awsfed.TokenSource")
	require.Contains(t, found, "principal.Member")
	return found
}

func TestPrintingOfALayerSaysWhatItIsFor(t *testing.T) {
	cfg := offlineConfig(nil)
	builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
	require.NoError(t, err)
	exchanger, err := awsfed.NewExchanger(cfg, builder)
	require.NoError(t, err)
	impersonator, err := awsfed.NewImpersonator(cfg, exchanger)
	require.NoError(t, err)
	for want, values := range map[string][]any{
		"awsfed.SubjectTokenBuilder(" + testAudience + ")": {builder, *builder},
		"awsfed.Exchanger(" + testAudience + ")":           {exchanger, *exchanger},
		"awsfed.Impersonator(" + testAccount + ")":         {impersonator, *impersonator},
		"awsfed.SubjectTokenBuilder()":                     {&awsfed.SubjectTokenBuilder{}, awsfed.SubjectTokenBuilder{}},
		"awsfed.Exchanger()":                               {&awsfed.Exchanger{}, awsfed.Exchanger{}},
		"awsfed.Impersonator()":                            {&awsfed.Impersonator{}, awsfed.Impersonator{}},
		"<nil>":                                            {(*awsfed.SubjectTokenBuilder)(nil), (*awsfed.Exchanger)(nil), (*awsfed.Impersonator)(nil)},
	} {
		for _, value := range values {
			for _, format := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
				assert.Equal(t, want, fmt.Sprintf(format, value), "%s of %T", format, value)
			}
		}
	}
}

func TestPrintingOfAConfigShowsItsIdentitiesAlone(t *testing.T) {
	cfg := offlineConfig(nil)
	const text = "awsfed.Config(" + testAudience + " as " + testAccount + ")"
	for _, verb := range strings.NewReplacer("T", "", "p", "", "w", "", "q", "").Replace(letters) {
		format := "%" + string(verb)
		assert.Equal(t, text, fmt.Sprintf(format, cfg), format)
		assert.Equal(t, text, fmt.Sprintf(format, &cfg), format)
	}
	assert.Equal(t, `"`+text+`"`, fmt.Sprintf("%q", cfg))
	assert.Equal(t, text, slog.AnyValue(cfg).Resolve().String())
	assert.Equal(t, `{"Field":"`+text+`"}`, string(must(json.Marshal(shown[awsfed.Config]{cfg}))))
	assert.Equal(t, "<Config>"+text+"</Config>", string(must(xml.Marshal(cfg))))
	assert.ErrorContains(t, gob.NewEncoder(&bytes.Buffer{}).Encode(cfg), "no exported fields")
	cfg.ServiceAccount = ""
	assert.Equal(t, "awsfed.Config("+testAudience+" as itself)", cfg.String())
}

// Test libraries and debug printers walk through pointers and unexported fields, as far as
// reflection goes.
func TestPrintingByReflectionDoesNotReachASecret(t *testing.T) {
	clearAWSEnvironment(t)
	types, secrets := printedTypes(t)
	finder := newLeakFinder(t, secrets)
	walked := make(map[reflect.Type]bool)
	for _, p := range types {
		switch value := p.places[0].value.(type) {
		case *awsfed.SubjectToken, *awsfed.SubjectTokenBuilder, *awsfed.Exchanger, *awsfed.Impersonator, *awsfed.Attempt, *awsfed.TokenSource, *awsfed.Transport:
			walked[p.kind] = true
			assert.Empty(t, finder.find(reachable(reflect.ValueOf(value))), "%s %s", p.kind, p.what)
		}
	}
	assert.Len(t, walked, 7)
	assert.NotEmpty(t, finder.find(reachable(reflect.ValueOf(types[0].places[0].value))), "a Config has its fields open")
}

// reachable is all text that reflection gets at from v.
func reachable(v reflect.Value) string {
	var text strings.Builder
	seen := make(map[any]bool)
	var walk func(reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			text.WriteString(v.String() + "\n")
		case reflect.Uint8:
			text.WriteByte(byte(v.Uint()))
		case reflect.Interface:
			walk(v.Elem())
		case reflect.Pointer:
			if key := [2]any{v.Type(), v.Pointer()}; !v.IsNil() && !seen[key] {
				seen[key] = true
				walk(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Map:
			for _, key := range v.MapKeys() {
				walk(key)
				walk(v.MapIndex(key))
			}
		}
	}
	walk(v)
	return text.String()
}

func TestPrintingHoldsNoSecretUnderAnyFault(t *testing.T) {
	clearAWSEnvironment(t)
	type world struct {
		name   string
		inject func(*awsfedtest.Cloud)
		base   func(*awsfedtest.Cloud) http.RoundTripper
	}
	plain := func(c *awsfedtest.Cloud) http.RoundTripper { return c.Client().Transport }
	worlds := []world{
		{"success", func(*awsfedtest.Cloud) {}, plain},
		{"a service that repeats what it was sent", func(*awsfedtest.Cloud) {}, func(*awsfedtest.Cloud) http.RoundTripper { return roundTripper(gossip) }},
	}
	for _, fault := range awsfedtest.Faults() {
		worlds = append(worlds, world{fault.Name, func(c *awsfedtest.Cloud) { fault.Inject(c) }, plain})
	}
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := awsfedtest.New(awsfedtest.Options{})
				w.inject(cloud)
				wire := &canary{base: w.base(cloud), secrets: make(map[string]string)}
				var said lockedBuffer
				cfg := cloud.Config()
				if credentials, err := cfg.Credentials.Retrieve(t.Context()); err == nil {
					wire.note("secret key", credentials.SecretAccessKey)
					wire.note("session token", credentials.SessionToken)
				}
				cfg.HTTPClient = &http.Client{Transport: wire}
				cfg.Logger = slog.New(slog.NewJSONHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
				cfg.OnRefresh = func(event awsfed.RefreshEvent) { fmt.Fprintf(&said, "%v %+v %#v\n", event, event, event) }
				ts, err := awsfed.NewTokenSource(t.Context(), cfg)
				require.NoError(t, err)
				_, err = ts.Token()
				time.Sleep(time.Hour) // refreshes and retries in the background
				fmt.Fprint(&said, everyRendering(err))
				fmt.Fprintf(&said, "%+v %+v %#v %v\n", ts.Status(), ts, ts, cfg)
				if builder, err := awsfed.NewSubjectTokenBuilder(t.Context(), cfg); err == nil {
					token, _ := builder.SubjectToken(t.Context())
					wire.note("subject token", token.Value())
					text, _ := json.Marshal(token)
					fmt.Fprintf(&said, "%v %+v %#v %+v %s\n", builder, builder, builder, token, text)
				}

				report, err := awsfed.Diagnose(t.Context(), cfg, nil)
				fmt.Fprint(&said, everyRendering(err))
				text, err := json.Marshal(report)
				require.NoError(t, err)
				fmt.Fprintf(&said, "%s\n%s\n%+v\n", report, text, report)
				for _, step := range report.Steps {
					fmt.Fprint(&said, everyRendering(step.Err))
				}
				time.Sleep(time.Minute)

				wire.mu.Lock()
				defer wire.mu.Unlock()
				if !strings.HasPrefix(w.name, "metadata-") {
					assert.NotEmpty(t, wire.secrets, "the canary heard nothing")
				}
				assertNoSecret(t, said.String(), maps.Keys(wire.secrets))
			})
		})
	}
}
