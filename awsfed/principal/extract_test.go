package principal_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// The first eight rows are the examples of Google's attribute reference for IAM conditions.
func TestExtract(t *testing.T) {
	const object = "projects/_/buckets/acme-orders-aaa/objects/data_lake/orders/order_date=2019-11-03/aef87g87ae0876"
	for _, test := range []struct{ name, s, template, want string }{
		{"between prefix and suffix", object, "/order_date={date}/", "2019-11-03"},
		{"the first suffix after the prefix", object, "buckets/{name}/", "acme-orders-aaa"},
		{"nothing between", object, "/orders/{empty}order_date", ""},
		{"before a suffix", object, "{start}/objects/data_lake", "projects/_/buckets/acme-orders-aaa"},
		{"after a prefix", object, "orders/{end}", "order_date=2019-11-03/aef87g87ae0876"},
		{"the whole", object, "{all}", object},
		{"a suffix that overlaps the prefix", object, "/orders/{none}/order_date=", ""},
		{"a suffix before the prefix alone", object, "/orders/order_date=2019-11-03/{id}/data_lake", ""},

		{"the first of two prefixes", "a/1/a/2", "a/{x}", "1/a/2"},
		{"no such prefix", "abc", "x{y}", ""},
		{"no such suffix", "abc", "{y}x", ""},
		{"an empty string", "", "{y}", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := principal.Extract(test.s, test.template)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestExtractRefusesOtherTemplates(t *testing.T) {
	for _, template := range []string{"", "abc", "{", "}", "{}", "a{b", "ab}", "}{a}", "{a}{b}", "{a b}", "{a-b}", "{{a}}"} {
		t.Run(template, func(t *testing.T) {
			got, err := principal.Extract("abc", template)
			require.ErrorContains(t, err, "is not PREFIX{NAME}SUFFIX")
			assert.Empty(t, got)
		})
	}
}

func FuzzExtract(f *testing.F) {
	f.Add("projects/_/buckets/acme", "buckets/", "")
	f.Add("a/b/a", "a/", "/a")
	f.Fuzz(func(t *testing.T, s, prefix, suffix string) {
		got, err := principal.Extract(s, prefix+"{x}"+suffix)
		if err != nil {
			return
		}
		assert.Contains(t, s, got)
		if got != "" {
			assert.Contains(t, s, prefix+got+suffix)
		}
	})
}
