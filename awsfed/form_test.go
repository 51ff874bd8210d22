package awsfed_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// The server reads what package net/url would have written.
func FuzzFormIsThatOfPackageURL(f *testing.F) {
	for _, seed := range []string{"", "abc", "a b+c", "%7B%22url%22", "é鍵", "\x00\xff", "~-_.", "/?&=#"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		form := awsfed.EncodeForm("name", value)
		assert.Equal(t, url.Values{"name": {value}}.Encode(), form)
		values, err := url.ParseQuery(form)
		require.NoError(t, err)
		assert.Equal(t, value, values.Get("name"))
	})
}
