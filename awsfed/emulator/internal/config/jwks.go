package config

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
)

// PublicKeys returns the keys by their IDs. The error has one for each key that is not good.
func (s JWKS) PublicKeys() (map[string]crypto.PublicKey, error) {
	keys := make(map[string]crypto.PublicKey)
	var errs []error
	for i, member := range s.Keys {
		id, _ := member["kid"].(string)
		key, err := publicKey(member)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("key %d: %w", i, err))
		case id == "":
			errs = append(errs, fmt.Errorf("key %d: it has no kid", i))
		case keys[id] != nil:
			errs = append(errs, fmt.Errorf("key %d: the kid %.100q is there twice", i, id))
		default:
			keys[id] = key
		}
	}
	if len(s.Keys) == 0 {
		errs = append(errs, errors.New("it has no keys"))
	}
	return keys, errors.Join(errs...)
}

// publicKey reads a JSON Web Key (RFC 7518 §6.2 and §6.3).
func publicKey(jwk map[string]any) (crypto.PublicKey, error) {
	if jwk["d"] != nil {
		return nil, errors.New("it is a private key")
	}
	switch jwk["kty"] {
	case "RSA":
		n, err1 := number(jwk, "n")
		e, err2 := number(jwk, "e")
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
		if modulus.BitLen() < 2048 || exponent.BitLen() > 31 || exponent.Int64() < 3 {
			return nil, errors.New("its modulus has less than 2048 bits, or its exponent is not from 3 to 2147483647")
		}
		return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, nil
	case "EC":
		curve := map[any]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384()}[jwk["crv"]]
		if curve == nil {
			return nil, fmt.Errorf("its crv is %v, not P-256 or P-384", jwk["crv"])
		}
		x, err1 := number(jwk, "x")
		y, err2 := number(jwk, "y")
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		size := (curve.Params().BitSize + 7) / 8
		if len(x) != size || len(y) != size {
			return nil, fmt.Errorf("its x and y have %d and %d bytes, not %d", len(x), len(y), size)
		}
		point := append([]byte{4}, append(x, y...)...) // uncompressed (SEC 1 §2.3.3)
		key, err := ecdsa.ParseUncompressedPublicKey(curve, point)
		if err != nil {
			return nil, errors.New("its x and y are no point of its curve")
		}
		return key, nil
	}
	return nil, fmt.Errorf("its kty is %v, not RSA or EC", jwk["kty"])
}

// number decodes a member that is Base64urlUInt-encoded.
func number(jwk map[string]any, name string) ([]byte, error) {
	text, _ := jwk[name].(string)
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) == 0 {
		return nil, fmt.Errorf("its %s is not a number in base64url", name)
	}
	return b, nil
}
