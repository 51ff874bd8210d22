package conformance_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
)

// verifySignature takes the account's certificates from where Google publishes them.
func (w *world) verifySignature(account, text string, signature []byte) error {
	response, err := w.Client().Get("https://www.googleapis.com/service_accounts/v1/metadata/x509/" + account)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var certificates map[string]string
	if err := json.NewDecoder(response.Body).Decode(&certificates); err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(text))
	for _, text := range certificates {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return errors.New("no certificate")
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return err
		}
		if rsa.VerifyPKCS1v15(certificate.PublicKey.(*rsa.PublicKey), crypto.SHA256, digest[:], signature) == nil {
			return nil
		}
	}
	return errors.New("the signature is not the account's")
}
