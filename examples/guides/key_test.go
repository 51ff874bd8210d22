package guides_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A key is that of a service account: a file, and Google's side of it.
type key struct {
	file    string
	public  *rsa.PublicKey
	enabled bool
}

// tokenOfKey is what Google gives for an assertion that the key has signed.
const tokenOfKey = "ya29.of-the-key"

func newKey(t *testing.T, directory string) *key {
	t.Helper()
	k := &key{file: filepath.Join(directory, "key.json"), enabled: true}
	google := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !k.enabled || !k.verifies(r.FormValue("assertion")) {
			http.Error(w, `{"error": "invalid_grant"}`, http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token": "`+tokenOfKey+`", "expires_in": 3599, "token_type": "Bearer"}`)
	}))
	t.Cleanup(google.Close)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	content, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "my-project", "private_key_id": "0123456789abcdef",
		"private_key":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"client_email": account, "token_uri": google.URL,
	})
	require.NoError(t, err)
	k.public = &private.PublicKey
	require.NoError(t, os.WriteFile(k.file, content, 0o600))
	return k
}

// verifies reports whether the key has signed an assertion for its account.
func (k *key) verifies(assertion string) bool {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	hash := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(k.public, crypto.SHA256, hash[:], signature) != nil {
		return false
	}
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	return err == nil && strings.Contains(string(claims), `"iss":"`+account+`"`)
}
