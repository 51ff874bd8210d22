package awsfed_test

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// printedTypes has the exported types that hold secrets, and those secrets.
func printedTypes(t *testing.T) (types map[string]any, secrets map[string]string) {
	t.Helper()
	ctx := t.Context()
	cloud := awsfedtest.New(awsfedtest.Options{})
	keys, err := cloud.Config().Credentials.Retrieve(ctx)
	require.NoError(t, err)
	cfg := cloud.Config()
	cfg.Logger = quiet
	cfg.Credentials = credentials.StaticCredentialsProvider{Value: keys}
	builder, err := awsfed.NewSubjectTokenBuilder(ctx, cfg)
	require.NoError(t, err)
	subject, err := builder.SubjectToken(ctx)
	require.NoError(t, err)
	exchanger, err := awsfed.NewExchanger(cfg, fixedSubject{subject})
	require.NoError(t, err)
	federated, err := exchanger.TokenContext(ctx)
	require.NoError(t, err)
	impersonator, err := awsfed.NewImpersonator(cfg, fixedFederated(federated.AccessToken))
	require.NoError(t, err)
	ts, err := awsfed.NewTokenSource(ctx, cfg)
	require.NoError(t, err)
	token, err := ts.Token()
	require.NoError(t, err)
	secrets = map[string]string{
		keys.SecretAccessKey: "AWS secret key", keys.SessionToken: "AWS session token", subject.Value: "subject token",
		federated.AccessToken: "federated token", token.AccessToken: "service-account token",
	}
	types = map[string]any{
		"Config": &cfg, "SubjectToken": &subject, "SubjectTokenBuilder": builder, "Exchanger": exchanger,
		"Impersonator": impersonator, "TokenSource": ts, "Transport": &awsfed.Transport{Source: ts},
	}
	return types, secrets
}

// leaks names the secrets in text, as they are or in hexadecimal.
func leaks(text string, secrets map[string]string) (found []string) {
	lower := strings.ToLower(text)
	for secret, what := range secrets {
		if strings.Contains(text, secret) || strings.Contains(lower, hex.EncodeToString([]byte(secret))) {
			found = append(found, what)
		}
	}
	slices.Sort(found)
	return found
}

type hidden struct{ field any }

// printings are ways to print or to encode a value.
func printings() map[string]func(any) string {
	ways := make(map[string]func(any) string)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%t", "%w"} {
		ways[format] = func(v any) string { return fmt.Sprintf(format, v) }
	}
	for name, encode := range map[string]func(*bytes.Buffer, any) error{
		"slog as text": func(b *bytes.Buffer, v any) error {
			slog.New(slog.NewTextHandler(b, nil)).Info("message", "key", v)
			return nil
		},
		"slog as JSON": func(b *bytes.Buffer, v any) error {
			slog.New(slog.NewJSONHandler(b, nil)).Info("message", "key", v)
			return nil
		},
		"JSON": func(b *bytes.Buffer, v any) error { return json.NewEncoder(b).Encode(v) },
		"XML":  func(b *bytes.Buffer, v any) error { return xml.NewEncoder(b).Encode(v) },
		"gob":  func(b *bytes.Buffer, v any) error { return gob.NewEncoder(b).Encode(v) },
	} {
		ways[name] = func(v any) string {
			var b bytes.Buffer
			_ = encode(&b, v) // what it wrote before it failed counts
			return b.String()
		}
	}
	return ways
}

func TestNoExportedTypePrintsASecret(t *testing.T) {
	clearAWSEnvironment(t)
	gob.Register(credentials.StaticCredentialsProvider{})
	types, secrets := printedTypes(t)
	for name, pointer := range types {
		t.Run(name, func(t *testing.T) {
			places := map[string]any{"a pointer": pointer, "a slice of pointers": []any{pointer}, "a reflect.Value": reflect.ValueOf(pointer)}
			if name == "Config" || name == "SubjectToken" || name == "Impersonator" { // which may be copied
				places["a value"] = reflect.ValueOf(pointer).Elem().Interface()
			}
			if name != "Config" { // whose fields are the program's own
				places["an unexported field"] = hidden{pointer}
			}
			for where, value := range places {
				for way, show := range printings() {
					if name == "Config" && way == "%w" {
						continue // package fmt calls no methods for it
					}
					assert.Empty(t, leaks(show(value), secrets), "%s as %s", where, way)
				}
			}
		})
	}
}

func TestASubjectTokenShowsItsTypeAlone(t *testing.T) {
	token := awsfed.SubjectToken{Value: "the secret value", Type: "urn:type"}
	secrets := map[string]string{token.Value: "subject token"}
	for way, show := range printings() {
		for _, value := range []any{token, &token, []awsfed.SubjectToken{token}, struct{ Token awsfed.SubjectToken }{token}} {
			assert.Empty(t, leaks(show(value), secrets), "%T as %s", value, way)
		}
	}
}

// Test libraries and debug printers walk through pointers and unexported fields, as far as
// reflection goes.
func TestReflectionDoesNotReachASecret(t *testing.T) {
	clearAWSEnvironment(t)
	types, secrets := printedTypes(t)
	for name, pointer := range types {
		if name == "Config" {
			continue // The program itself has put its secrets there.
		}
		t.Run(name, func(t *testing.T) {
			assert.Empty(t, leaks(reachable(reflect.ValueOf(pointer)), secrets))
		})
	}
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
