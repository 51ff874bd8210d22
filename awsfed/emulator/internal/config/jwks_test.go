package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/emulator/internal/config"
)

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func TestPublicKeysAreThoseOfTheSet(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	point, err := ecKey.PublicKey.Bytes()
	require.NoError(t, err)
	set := config.JWKS{Keys: []map[string]any{
		{"kty": "RSA", "kid": "r", "n": base64URL(rsaKey.N.Bytes()), "e": base64URL(big.NewInt(int64(rsaKey.E)).Bytes()), "x5t": "ignored"},
		{"kty": "EC", "kid": "e", "crv": "P-384", "x": base64URL(point[1:49]), "y": base64URL(point[49:])},
	}}
	keys, err := set.PublicKeys()
	require.NoError(t, err)
	require.Len(t, keys, 2)
	assert.True(t, rsaKey.PublicKey.Equal(keys["r"]))
	assert.True(t, ecKey.PublicKey.Equal(keys["e"]))
}

func TestKeysThatAreNotGoodAreRefused(t *testing.T) {
	zeros := base64URL(make([]byte, 32))
	for want, key := range map[string]map[string]any{
		"its kty is oct":      {"kty": "oct", "kid": "1"},
		"its kty is <nil>":    {},
		"it is a private key": {"kty": "RSA", "kid": "1", "d": "AQ"},
		"its n is not":        {"kty": "RSA", "kid": "1", "e": "AQAB"},
		"less than 2048 bits": {"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"},
		"its crv is P-521":    {"kty": "EC", "kid": "1", "crv": "P-521"},
		"its y is not":        {"kty": "EC", "kid": "1", "crv": "P-256", "x": zeros},
		"have 3 and 32 bytes": {"kty": "EC", "kid": "1", "crv": "P-256", "x": "AQAB", "y": zeros},
		"no point":            {"kty": "EC", "kid": "1", "crv": "P-256", "x": zeros, "y": zeros},
	} {
		_, err := config.JWKS{Keys: []map[string]any{key}}.PublicKeys()
		assert.ErrorContains(t, err, want)
	}
	_, err := config.JWKS{}.PublicKeys()
	assert.ErrorContains(t, err, "no keys")
}
