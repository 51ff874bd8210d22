package conformance_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"cloud.google.com/go/auth/credentials/idtoken"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/awsfedtest"
)

// What clients are asked to work on.
const (
	audience = "https://orders-912480652101.europe-west4.run.app"
	payload  = "to be signed"
	resource = "//storage.googleapis.com/projects/_/buckets/acme-orders"
	viewer   = "inRole:roles/storage.objectViewer"
)

// A result is what a client got. One of the fields is set.
type result struct {
	Token     string `json:"token,omitempty"`     // an access token, or an ID token
	Signature string `json:"signature,omitempty"` // of payload, in base64
	ARN       string `json:"arn,omitempty"`       // of the caller, by a client of AWS
	Listing   string `json:"listing,omitempty"`   // by a program that keeps its token to itself
}

func signed(signature []byte) result {
	return result{Signature: base64.StdEncoding.EncodeToString(signature)}
}

// An assignment is what the programs of this directory are to do, in their variable ASKED.
type assignment struct {
	Column     column   `json:"column"`
	Account    string   `json:"account"`
	Audience   string   `json:"audience"`
	Payload    string   `json:"payload"`
	Resource   string   `json:"resource"`
	Permission string   `json:"permission"`
	Major      int      `json:"major,omitempty"` // version of the library
	Hosts      []string `json:"hosts"`           // that the credential file may name besides Google's
}

func (w *world) asked(t *testing.T, c column, major int) string {
	t.Helper()
	text, err := json.Marshal(assignment{c, w.Config().ServiceAccount, audience, payload, resource, viewer, major,
		[]string{strings.TrimPrefix(w.Server.URL, "http://")}})
	require.NoError(t, err)
	return "ASKED=" + string(text)
}

// verify judges what a client got in a column, by others' means than the emulator's where there are
// such.
func (w *world) verify(t *testing.T, c column, source awsfedtest.CredentialSource, got result) error {
	t.Helper()
	account := w.Config().ServiceAccount
	switch {
	case got.ARN != "":
		if !strings.HasPrefix(got.ARN, "arn:aws:sts::123456789012:assumed-role/app/") || w.Count(awsfedtest.AWSSTS) == 0 {
			return fmt.Errorf("the caller is %s", got.ARN)
		}
		return w.cameFrom(source)
	case got.Listing != "" && (c == serviceAccount || c == direct || c == metadata):
		if !strings.Contains(got.Listing, "orders") {
			return fmt.Errorf("listed %q", got.Listing)
		}
	case c == idToken:
		validator, err := idtoken.NewValidator(&idtoken.ValidatorOptions{Client: w.Client()})
		if err != nil {
			return err
		}
		claims, err := validator.Validate(t.Context(), got.Token, audience)
		if err != nil {
			return err
		}
		if email := claims.Claims["email"]; email != account {
			return fmt.Errorf("the ID token is of %v", email)
		}
		return nil
	case c == signing:
		signature, err := base64.StdEncoding.DecodeString(got.Signature)
		if err != nil {
			return err
		}
		return w.verifySignature(account, payload, signature)
	default:
		if got.Token == "" {
			return errNothing
		}
		access, err := w.Check(got.Token)
		if err != nil {
			return err
		}
		if want := map[bool]awsfed.TokenKind{true: awsfed.FederatedToken, false: awsfed.ServiceAccountToken}[c == direct]; access.Kind != want {
			return fmt.Errorf("the token is of kind %v", access.Kind)
		}
		if c != direct && access.Principal != account {
			return fmt.Errorf("the token is %s's", access.Principal)
		}
		if c == downscoping && (!access.MayUse(resource, viewer) || access.MayUse(resource+"-other", viewer)) {
			return fmt.Errorf("the token's boundary is %+v", access.Boundary)
		}
	}
	impersonations := 0
	for _, r := range w.Requests() {
		if r.Action == "generateAccessToken" && r.Status == http.StatusOK {
			impersonations++
		}
	}
	if (impersonations > 0) != (c != direct) {
		return fmt.Errorf("%d impersonations", impersonations)
	}
	return w.cameFrom(source)
}

// cameFrom tells whether the AWS credentials came from where they were.
func (w *world) cameFrom(source awsfedtest.CredentialSource) error {
	for _, place := range []struct {
		endpoint awsfedtest.Endpoint
		sources  []awsfedtest.CredentialSource
	}{
		{awsfedtest.EC2Metadata, []awsfedtest.CredentialSource{awsfedtest.SourceEC2Metadata}},
		{awsfedtest.ContainerCredentials, []awsfedtest.CredentialSource{awsfedtest.SourceECS, awsfedtest.SourceEKSPodIdentity}},
	} {
		asked, wanted := w.Count(place.endpoint) > 0, false
		for _, s := range place.sources {
			wanted = wanted || s == source
		}
		if asked != wanted {
			return fmt.Errorf("%s was asked %d times", place.endpoint, w.Count(place.endpoint))
		}
	}
	return nil
}
