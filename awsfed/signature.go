package awsfed

import (
	"encoding/base64"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/call"
	"github.com/awsfed/awsfed-go/internal/untrusted"
)

// The methods of the IAM Credentials API that sign.
const (
	signBlob = "signBlob"
	signJWT  = "signJwt"
)

// A signRequest asks an account for a signature.
type signRequest struct {
	client  *accountClient
	name    string
	payload string // for signBlob in base64, for signJwt as JSON
}

// A signature is what came of it.
type signature struct {
	keyID string
	blob  []byte // of signBlob
	jwt   string // of signJwt
}

func (r signRequest) method() (string, Stage) { return r.name, StageSigning }

func (r signRequest) body() (string, error) {
	return jsonBody(struct {
		Delegates []string `json:"delegates,omitempty"`
		Payload   string   `json:"payload"`
	}{r.client.delegation(), r.payload})
}

// parse reads a successful answer. What was signed is not verified against the public key: who gets
// the signature does that.
func (r signRequest) parse(answer *call.Answer) (made signature, err error) {
	fields, err := tokenFields(StageSigning, answer)
	if err != nil {
		return made, err
	}
	if made.keyID, err = tokenField(StageSigning, answer, fields, "keyId"); err != nil {
		return made, err
	}
	result := "signed" + strings.TrimPrefix(r.name, "sign") // signedBlob, signedJwt
	text, err := tokenField(StageSigning, answer, fields, result)
	if err != nil {
		return made, err
	}
	switch {
	case made.keyID == "" || len(made.keyID) > maxKeyID || !untrusted.Visible(made.keyID):
		return signature{}, invalidAnswer(StageSigning, answer, "has no usable keyId")
	case text == "":
		return signature{}, invalidAnswer(StageSigning, answer, "has no "+result)
	}
	if r.name == signJWT {
		if _, err := parseClaims(text); err != nil || !untrusted.Visible(text) {
			return signature{}, invalidAnswer(StageSigning, answer, "has a signedJwt that is not a JWT")
		}
		made.jwt = text
		return made, nil
	}
	made.blob, err = base64.StdEncoding.DecodeString(text)
	if err != nil || len(made.blob) == 0 {
		return signature{}, invalidAnswer(StageSigning, answer, "has a "+result+" that is not base64")
	}
	return made, nil
}
