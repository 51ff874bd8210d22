package awsfed_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

const tokenCreator = "roles/iam.serviceAccountTokenCreator"

// newSigner makes a signer, of an account that may sign by itself.
func newSigner(t *testing.T, cloud *awsfedtest.Cloud, change ...func(*awsfed.Config)) *awsfed.Signer {
	t.Helper()
	signer, err := awsfed.NewSigner(t.Context(), quietConfig(cloud, change...))
	require.NoError(t, err)
	return signer
}

func selfSigning(t *testing.T, cloud *awsfedtest.Cloud) {
	account := cloud.Config().ServiceAccount
	require.NoError(t, cloud.Grant(account, tokenCreator, "serviceAccount:"+account))
}

// publicKey is the one of that ID, from where Google has those of an account.
func publicKey(t *testing.T, cloud *awsfedtest.Cloud, account, keyID string) *rsa.PublicKey {
	t.Helper()
	resp, err := cloud.Client().Get("https://www.googleapis.com/service_accounts/v1/metadata/x509/" + account)
	require.NoError(t, err)
	defer resp.Body.Close()
	var certificates map[string]string
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&certificates))
	block, _ := pem.Decode([]byte(certificates[keyID]))
	require.NotNil(t, block, "the ID of the key names it")
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return certificate.PublicKey.(*rsa.PublicKey)
}

func verify(t *testing.T, key *rsa.PublicKey, payload, signature []byte) {
	t.Helper()
	digest := sha256.Sum256(payload)
	assert.NoError(t, rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature))
}

func TestSignerSignsAsTheAccount(t *testing.T) {
	cloud := awsfedtest.New(awsfedtest.Options{})
	selfSigning(t, cloud)
	signer := newSigner(t, cloud)
	assert.Equal(t, cloud.Config().ServiceAccount, signer.Email())

	payload := []byte("what is to be signed")
	signature, keyID, err := signer.SignBlob(t.Context(), payload)
	require.NoError(t, err)
	key := publicKey(t, cloud, signer.Email(), keyID)
	verify(t, key, payload, signature)

	signature, err = signer.SignBytes(payload)
	require.NoError(t, err)
	verify(t, key, payload, signature)

	token, jwtKeyID, err := signer.SignJWT(t.Context(), map[string]any{"iss": signer.Email(), "exp": time.Now().Add(time.Hour).Unix()})
	require.NoError(t, err)
	assert.Equal(t, keyID, jwtKeyID)
	assert.Equal(t, signer.Email(), claimsOf(t, token)["iss"])
	signed, sum, _ := cutLast(token, ".")
	signature, err = base64.RawURLEncoding.DecodeString(sum)
	require.NoError(t, err)
	verify(t, key, []byte(signed), signature)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	return s[:i], s[i+len(sep):], true
}

// Nobody outside of Google knows whether signBlob takes federated tokens today.
func TestSignerFindsOutWhichTokenGoogleTakesAndRemembersIt(t *testing.T) {
	for name, test := range map[string]struct {
		accepts        bool
		first, further []string // the methods that are called
	}{
		"the federated one":   {true, []string{"signBlob"}, []string{"signBlob"}},
		"the account's alone": {false, []string{"signBlob", "generateAccessToken", "signBlob"}, []string{"signBlob"}},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			selfSigning(t, cloud)
			allowFederatedSigning(t, cloud, test.accepts)
			signer := newSigner(t, cloud)
			for n := range 3 {
				cloud.ResetRequests()
				_, err := signer.SignBytes([]byte("payload"))
				require.NoError(t, err)
				want := test.further
				if n == 0 {
					want = test.first
				}
				assert.Equal(t, want, iamMethods(cloud))
			}
		})
	}
}

// allowFederatedSigning sets what Google does, and lets the AWS role sign.
func allowFederatedSigning(t *testing.T, cloud *awsfedtest.Cloud, accepts bool) {
	t.Helper()
	cloud.AcceptFederatedSigning(accepts)
	member := cloud.Provider().Attribute("aws_role", "arn:aws:sts::123456789012:assumed-role/app")
	require.NoError(t, cloud.Grant(cloud.Config().ServiceAccount, tokenCreator, member))
}

func iamMethods(cloud *awsfedtest.Cloud) (methods []string) {
	for _, r := range cloud.Requests() {
		if r.Endpoint == awsfedtest.IAMCredentials {
			methods = append(methods, r.Action)
		}
	}
	return methods
}

func TestSignerSaysWhichRoleIsMissingAndOnWhom(t *testing.T) {
	for name, test := range map[string]struct {
		accepts bool
		want    string
	}{
		"the federated identity's":      {true, "--role=roles/iam.serviceAccountTokenCreator --member=principalSet://"},
		"that of the account on itself": {false, "--role=roles/iam.serviceAccountTokenCreator --member=serviceAccount:aws-app@my-project.iam.gserviceaccount.com"},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := awsfedtest.New(awsfedtest.Options{})
			cloud.AcceptFederatedSigning(test.accepts)
			_, err := newSigner(t, cloud).SignBytes([]byte("payload"))
			var e *awsfed.Error
			require.ErrorAs(t, err, &e)
			assert.Equal(t, awsfed.StageSigning, e.Stage)
			assert.ErrorIs(t, err, awsfed.ErrPermissionDenied)
			assert.Contains(t, e.Hint, test.want)
		})
	}
}

func TestSignerTriesAgainWhatCanPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		defer cloud.Wait()
		selfSigning(t, cloud)
		signer := newSigner(t, cloud)
		cloud.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials).Times(3))
		_, err := signer.SignBytes([]byte("payload"))
		require.NoError(t, err)

		cloud.Inject(awsfedtest.TooManyRequests(awsfedtest.IAMCredentials, 5*time.Second).Times(1))
		start := time.Now()
		_, err = signer.SignBytes([]byte("payload"))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(start), 5*time.Second, "after the pause that Google asks for")

		cloud.Inject(awsfedtest.Drop(awsfedtest.IAMCredentials).Times(1))
		_, err = signer.SignBytes([]byte("payload"))
		require.NoError(t, err, "the first try gets no more than a third of the time")
	})
}

func TestSignerGivesUpWithTheCtxAndWithTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := awsfedtest.New(awsfedtest.Options{})
		defer cloud.Wait()
		selfSigning(t, cloud)
		signer := newSigner(t, cloud)
		cloud.Inject(awsfedtest.Unavailable(awsfedtest.IAMCredentials))
		for name, test := range map[string]struct{ ctx, least, most time.Duration }{
			"the ctx":     {4 * time.Second, 0, 4 * time.Second},
			"the Timeout": {time.Hour, 20 * time.Second, 30 * time.Second},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), test.ctx)
			start := time.Now()
			_, _, err := signer.SignBlob(ctx, []byte("payload"))
			assert.ErrorIs(t, err, awsfed.ErrTransient, name)
			assert.GreaterOrEqual(t, time.Since(start), test.least, name)
			assert.LessOrEqual(t, time.Since(start), test.most, name)
			cancel()
		}
	})
}

func TestSignerRefusesWhatCannotBeSigned(t *testing.T) {
	signer := newSigner(t, awsfedtest.New(awsfedtest.Options{}))
	var none context.Context
	for name, sign := range map[string]func() error{
		"no payload":                func() error { _, err := signer.SignBytes(nil); return err },
		"a payload of 33 KiB":       func() error { _, err := signer.SignBytes(make([]byte, 33<<10)); return err },
		"claims of a list":          func() error { _, _, err := signer.SignJWT(t.Context(), []string{"secret"}); return err },
		"no claims":                 func() error { _, _, err := signer.SignJWT(t.Context(), nil); return err },
		"claims that do not encode": func() error { _, _, err := signer.SignJWT(t.Context(), func() {}); return err },
		"raw text for claims":       func() error { _, _, err := signer.SignJWT(t.Context(), json.RawMessage(`{"secret"`)); return err },
		"a nil ctx":                 func() error { _, _, err := signer.SignBlob(none, []byte("secret")); return err },
		"the zero Signer":           func() error { _, err := new(awsfed.Signer).SignBytes([]byte("secret")); return err },
		"a nil Signer":              func() error { _, err := (*awsfed.Signer)(nil).SignBytes([]byte("secret")); return err },
	} {
		t.Run(name, func(t *testing.T) {
			err := sign()
			var field *awsfed.FieldError
			require.ErrorAs(t, err, &field)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
	assert.Empty(t, (*awsfed.Signer)(nil).Email())
}

func TestSignerNeedsTheEmailOfAnAccount(t *testing.T) {
	for name, account := range map[string]string{"no account": "", "a unique ID": "112233445566778899000"} {
		cfg := offlineConfig(http.DefaultTransport)
		cfg.ServiceAccount = account
		_, err := awsfed.NewSigner(t.Context(), cfg)
		assert.ErrorContains(t, err, "the email address of the account that signs", name)
	}
}

func TestSignerTakesOnlyAWholeSignature(t *testing.T) {
	for name, body := range map[string]string{
		"no keyId":                `{"signedBlob":"c2VjcmV0LXNpZ25hdHVyZQ=="}`,
		"a keyId with a blank":    `{"keyId":"a b","signedBlob":"c2VjcmV0LXNpZ25hdHVyZQ=="}`,
		"no signature":            `{"keyId":"a"}`,
		"a signature of a number": `{"keyId":"a","signedBlob":5}`,
		"no base64":               `{"keyId":"a","signedBlob":"c2VjcmV0 LXNpZ25hdHVyZQ"}`,
		"a key twice":             `{"keyId":"a","keyId":"b","signedBlob":"c2VjcmV0LXNpZ25hdHVyZQ=="}`,
		"no JSON":                 `c2VjcmV0LXNpZ25hdHVyZQ==`,
	} {
		t.Run(name, func(t *testing.T) {
			cfg := offlineConfig(answering(200, body).Transport)
			cfg.Federated = cached(t, gives(time.Hour))
			cfg.Timeout = 200 * time.Millisecond
			signer, err := awsfed.NewSigner(t.Context(), cfg)
			require.NoError(t, err)
			_, err = signer.SignBytes([]byte("payload"))
			e := invalidAnswer(t, err)
			assert.Equal(t, awsfed.StageSigning, e.Stage)
			assert.NotContains(t, fmt.Sprintf("%+v", err), "c2VjcmV0")
		})
	}
}
