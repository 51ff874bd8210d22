package token_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/cmd/awsfed/internal/token"
)

func key(t *testing.T, cfg awsfed.Config, audience string, environ ...string) string {
	t.Helper()
	text, err := token.CacheKey(cfg, audience, environ)
	require.NoError(t, err)
	assert.Regexp(t, "^[0-9a-f]{64}$", text)
	return text
}

func TestCacheKeyHasEveryFieldThatATokenDependsOn(t *testing.T) {
	// What no flag and no credential file sets, and what changes no token.
	irrelevant := []string{"Credentials", "Federated", "ClientSecret", "OAuthTokenURL", "QuotaProject", "HTTPClient", "Timeout",
		"Reserve", "Logger", "OnRefresh", "LinkOf", "Subject", "WebIdentity", "Source"}
	empty := key(t, awsfed.Config{}, "")
	seen := map[string]string{empty: "none"}
	look := func(prefix string, structure func(*awsfed.Config) reflect.Value) {
		for i := range structure(new(awsfed.Config)).NumField() {
			var cfg awsfed.Config
			name := structure(&cfg).Type().Field(i).Name
			switch value := structure(&cfg).Field(i).Addr().Interface().(type) {
			case *string:
				*value = "x"
			case *[]string:
				*value = []string{"x"}
			case *time.Duration:
				*value = time.Minute
			case *map[string]string:
				*value = map[string]string{"x": "y"}
			default:
				assert.Contains(t, irrelevant, name)
				continue
			}
			changed := key(t, cfg, "")
			if changed == empty {
				assert.Contains(t, irrelevant, name)
				continue
			}
			assert.NotContains(t, seen, changed, "%s%s is as %s", prefix, name, seen[changed])
			seen[changed] = prefix + name
		}
	}
	look("", func(cfg *awsfed.Config) reflect.Value { return reflect.ValueOf(cfg).Elem() })
	look("Subject.", func(cfg *awsfed.Config) reflect.Value { return reflect.ValueOf(&cfg.Subject).Elem() })
	assert.Len(t, seen, 19)
}

func TestCacheKeyTellsAWSIdentitiesApart(t *testing.T) {
	base := []string{"HOME=/home/ada", "AWS_REGION=us-east-1", "PATH=/bin"}
	plain := key(t, awsfed.Config{}, "", base...)
	for name, test := range map[string]struct {
		environ []string
		same    bool
	}{
		"a profile":                        {append(base, "AWS_PROFILE=prod"), false},
		"a role of web identity":           {append(base, "AWS_ROLE_ARN=arn:aws:iam::123456789012:role/app"), false},
		"another access key":               {append(base, "AWS_ACCESS_KEY_ID=AKIA"), false},
		"a container":                      {append(base, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/1"), false},
		"a file of profiles":               {append(base, "AWS_CONFIG_FILE=/etc/aws"), false},
		"a variable that is yet to come":   {append(base, "AWS_SOMETHING_NEW=1"), false},
		"another home directory":           {[]string{"HOME=/home/bob", "AWS_REGION=us-east-1"}, false},
		"a home directory of Windows":      {append(base, `USERPROFILE=C:\Users\ada`), false},
		"a variable in the case of nobody": {append(base, "aws_profile=prod"), false},
		"the secret of the same key":       {append(base, "AWS_SECRET_ACCESS_KEY=x", "AWS_SESSION_TOKEN=y"), true},
		"an empty profile":                 {append(base, "AWS_PROFILE="), true},
		"another order":                    {[]string{"AWS_REGION=us-east-1", "HOME=/home/ada"}, true},
		"what is not of AWS":               {append(base, "LANG=C"), true},
	} {
		t.Run(name, func(t *testing.T) {
			changed := key(t, awsfed.Config{}, "", test.environ...)
			assert.Equal(t, test.same, changed == plain)
		})
	}
	assert.NotEqual(t, plain, key(t, awsfed.Config{}, "https://service.example", base...))
}
