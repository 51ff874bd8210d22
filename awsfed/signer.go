package awsfed

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/awsfed/awsfed-go/awsfed/internal/secret"
)

const (
	// maxPayload keeps a request well within what the API takes, and its base64 within an answer of
	// [call.MaxBody]: what is signed are digests, policies and claims.
	maxPayload = 32 << 10 // bytes
	maxKeyID   = 256
)

// A Signer signs as the ServiceAccount of its configuration, by a key that Google keeps: signBlob
// and signJwt of the IAM Credentials API. It is no [crypto.Signer], since the API hashes by itself
// and changes its keys from time to time; each signature comes with the ID of its key. It is safe
// for concurrent use and needs no closing.
//
// A signature is asked for with the federated token. Where Google takes none of that kind
// (ACCESS_TOKEN_TYPE_UNSUPPORTED), it is asked for with the account's own token, from then on; the
// account then needs roles/iam.serviceAccountTokenCreator on itself, else the federated identity
// does. A failure that can pass is tried again within the Timeout of the configuration.
type Signer struct {
	hidden secret.Box[*signer]
}

type signer struct {
	direct, own *accountClient // by the federated token, and by the account's own
	unsupported atomic.Bool    // direct is: Google said so
	account     string
	timeout     time.Duration
}

// NewSigner needs Audience and ServiceAccount of cfg, the latter as an email address, and heeds
// whatever [NewTokenSource] does. ctx is for loading the AWS configuration and is not kept.
func NewSigner(ctx context.Context, cfg Config) (*Signer, error) {
	s, err := resolve(cfg)
	if err = errors.Join(err, cfg.needsEmail()); err != nil {
		return nil, err
	}
	flow, err := connect(ctx, s)
	if err != nil {
		return nil, err
	}
	return &Signer{secret.New(newSigner(flow))}, nil
}

// needsEmail is the fault of a configuration that cannot sign.
func (c Config) needsEmail() error {
	if strings.Contains(c.ServiceAccount, "@") {
		return nil
	}
	return (&FieldError{Field: "ServiceAccount", Found: shown(c.ServiceAccount),
		Want: "the email address of the account that signs: a federated identity has no key, and a signature names its account by the address"}).cleaned()
}

func newSigner(flow tokenFlow) *signer {
	s := flow.settings
	direct, own := newAccountClient(s, flow.federated), newAccountClient(s, nil)
	own.bearers, own.own = flow.cached(newImpersonator(withCloudPlatform(s), flow.federated), ServiceAccountToken, ""), true
	own.delegates = nil // the account is there already
	return &signer{direct: &direct, own: &own, account: s.ServiceAccount, timeout: s.Timeout}
}

// withCloudPlatform is s for a token that is to be used at the IAM Credentials API.
func withCloudPlatform(s *settings) *settings {
	with := *s
	with.Scopes = []string{CloudPlatformScope}
	return &with
}

// Email is the address of the account, for example for GoogleAccessID of storage.SignedURLOptions.
// It is "" for the zero Signer.
func (s *Signer) Email() string {
	if inner := s.inner(); inner != nil {
		return inner.account
	}
	return ""
}

func (s *Signer) inner() *signer {
	if s == nil {
		return nil
	}
	return s.hidden.Reveal()
}

// SignBytes is SignBlob with a ctx that ends after the Timeout of the configuration, and without
// the ID of the key. It fits SignBytes of cloud.google.com/go/storage.
func (s *Signer) SignBytes(payload []byte) ([]byte, error) {
	signature, _, err := s.SignBlob(context.Background(), payload)
	return signature, err
}

// SignBlob gives an RSA signature with SHA-256 (RSASSA-PKCS1-v1_5) of payload, of 1 byte to 32 KiB,
// and the ID of the key. The public keys are at
// https://www.googleapis.com/service_accounts/v1/metadata/x509/EMAIL; one is good for at least 12
// hours after it has signed. Errors are of type [*Error], but for a [*FieldError] of what is given.
func (s *Signer) SignBlob(ctx context.Context, payload []byte) (signature []byte, keyID string, err error) {
	if len(payload) == 0 || len(payload) > maxPayload {
		return nil, "", &FieldError{Field: "the payload", Found: fmt.Sprintf("%d bytes", len(payload)), Want: "1 byte to 32 KiB"}
	}
	made, err := s.sign(ctx, signBlob, base64.StdEncoding.EncodeToString(payload))
	return made.blob, made.keyID, err
}

// SignJWT gives a JSON Web Token of these claims, signed by RS256, and the ID of the key, which
// stands in its header too. The claims are encoded as JSON, of 32 KiB at most; a [json.RawMessage]
// stands as it is. exp, where there is one, is a whole number and no more than 12 hours ahead.
// Errors are as with SignBlob.
func (s *Signer) SignJWT(ctx context.Context, claims any) (token, keyID string, err error) {
	payload, err := json.Marshal(claims)
	if err != nil || len(payload) == 0 || payload[0] != '{' || len(payload) > maxPayload {
		return "", "", &FieldError{Field: "the claims", Found: fmt.Sprintf("a %T of %d bytes", claims, len(payload)), Want: "what encodes as a JSON object, of 32 KiB at most"}
	}
	made, err := s.sign(ctx, signJWT, string(payload))
	return made.jwt, made.keyID, err
}

func (s *Signer) sign(ctx context.Context, method string, payload string) (signature, error) {
	inner := s.inner()
	if inner == nil {
		return signature{}, errNotMade
	}
	return layer(ctx, inner.timeout, StageSigning, func(ctx context.Context) (signature, error) {
		return retried(ctx, inner.timeout, func(ctx context.Context) (signature, error) { return inner.sign(ctx, method, payload) })
	})
}

// sign asks with the federated token, unless Google is known to take none.
func (s *signer) sign(ctx context.Context, method string, payload string) (signature, error) {
	if !s.unsupported.Load() {
		made, err := ask[signature](ctx, s.direct, signRequest{s.direct, method, payload})
		if err == nil || !kindRefused(err) {
			return made, err
		}
		s.unsupported.Store(true)
	}
	return ask[signature](ctx, s.own, signRequest{s.own, method, payload})
}

// retried asks until there is an answer that counts: a success, or a failure that does not pass by
// itself. It gives up when ctx ends, or would before the next try, with the last failure.
func retried[T any](ctx context.Context, timeout time.Duration, ask func(context.Context) (T, error)) (result T, err error) {
	end, bounded := ctx.Deadline()
	if !bounded {
		end = time.Now().Add(timeout)
	}
	slow := false
	for tries := 1; ; tries++ {
		now := time.Now()
		trying, cancel := context.WithDeadline(ctx, attemptDeadline(now, end, end.Sub(now), slow))
		result, err = ask(trying)
		slow = trying.Err() != nil
		cancel()
		if err == nil || ctx.Err() != nil {
			return result, err
		}
		failed := newFailure(StageSigning, err)
		pause := retryPause(tries, failed)
		if !failed.transient || !time.Now().Add(pause).Before(end) {
			return result, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return result, err
		}
	}
}

// Format prints the service account for every verb, and nothing else.
func (s Signer) Format(state fmt.State, verb rune) {
	formatAs(state, verb, "awsfed.Signer("+s.Email()+")")
}
