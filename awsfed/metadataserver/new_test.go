package metadataserver_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
	"github.com/awsfed/awsfed-go/awsfed/metadataserver"
)

// fieldsOf are the fields that an error names, in its order.
func fieldsOf(err error) (fields []string) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			fields = append(fields, fieldsOf(one)...)
		}
		return fields
	}
	var fault *awsfed.FieldError
	if errors.As(err, &fault) {
		return []string{fault.Field}
	}
	return []string{"no field: " + err.Error()}
}

func TestNewReportsEveryFaultAtOnce(t *testing.T) {
	badOptions := &metadataserver.Options{Accounts: []string{"x", "a b@c"}, ProjectID: "a/b", NumericProjectID: "007", Zone: "..", Hosts: []string{"http://x"}, MaxConnections: -1}
	ofOptions := []string{"Accounts", "Accounts", "ProjectID", "NumericProjectID", "Zone", "Hosts", "MaxConnections"}
	for _, c := range []struct {
		name    string
		options *metadataserver.Options
		change  func(*awsfed.Config)
		want    []string
	}{
		{"of options", badOptions, func(*awsfed.Config) {}, ofOptions},
		{"of a configuration and options", badOptions, func(cfg *awsfed.Config) { *cfg = awsfed.Config{} }, append(ofOptions, "Audience")},
		{"of a configuration", nil, func(cfg *awsfed.Config) { cfg.Audience, cfg.Scopes, cfg.Timeout = "x", []string{""}, -1 }, []string{"Audience", "Scopes", "Timeout"}},
		{"of the federated token and the account", nil, func(cfg *awsfed.Config) { cfg.Scopes, cfg.Timeout = []string{""}, -1 }, []string{"Scopes", "Timeout"}},
		{"of a federated identity", nil, func(cfg *awsfed.Config) { direct(cfg); cfg.Lifetime, cfg.Timeout = 1e12, -1 }, []string{"Lifetime", "Timeout"}},
		{"of a federated identity beside an account", &metadataserver.Options{Accounts: []string{reader}},
			func(cfg *awsfed.Config) { direct(cfg); cfg.Lifetime, cfg.Timeout = 1e12, -1 }, []string{"Lifetime", "Timeout"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := metadataserver.New(t.Context(), identityOf(awsfedtest.New(awsfedtest.Options{}), c.change), c.options)
			require.Error(t, err)
			fields := fieldsOf(err)
			assert.ElementsMatch(t, c.want, fields, "%v", err)
			h := handlerOf(t, awsfedtest.New(awsfedtest.Options{}), metadataserver.Options{})
			if c.options == nil {
				assert.ElementsMatch(t, c.want, fieldsOf(h.Replace(t.Context(), identityOf(awsfedtest.New(awsfedtest.Options{}), c.change))))
			}
		})
	}
}

func TestNewAsksNobody(t *testing.T) {
	cloud := severalAccounts(t)
	h := handlerOf(t, cloud, metadataserver.Options{Accounts: []string{reader}})
	assert.Empty(t, cloud.Requests())
	require.NoError(t, h.Warm(t.Context()))
	asked := len(cloud.Requests())
	assert.NotZero(t, asked)
	require.NoError(t, h.Warm(t.Context()))
	assert.Len(t, cloud.Requests(), asked, "there is a token")
}

func TestTheOptionsAreTheServersOwn(t *testing.T) {
	cloud := severalAccounts(t)
	names := []string{reader}
	h := handlerOf(t, cloud, metadataserver.Options{Accounts: names})
	names[0] = unlisted
	assert.Equal(t, reader, get(t, h, accounts+"/"+reader+"/email").body)
	require.NoError(t, h.Replace(t.Context(), identityOf(cloud)))
	assert.Equal(t, reader, get(t, h, accounts+"/"+reader+"/email").body)
}
