package metadataserver

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
)

// A source gives tokens of one kind, and the answers that they are.
type source struct {
	tokens *awsfed.TokenSource
	last   atomic.Pointer[lastToken]
}

// A lastToken is what the answers with one token share.
type lastToken struct {
	token   string
	encoded string // its JSON, up to the number of expires_in
	etag    string
}

// accessToken is an answer with what is left of the token's life.
func (s *source) accessToken(ctx context.Context) (answer, error) {
	token, err := s.tokens.TokenContext(ctx)
	if err != nil {
		return answer{}, err
	}
	// Rounded down, and never 0: clients take that for an error, and a source gives no token that
	// has ended.
	left := max(1, int64(time.Until(token.Expiry)/time.Second))
	last := s.lastOf(token.AccessToken)
	body := last.encoded + strconv.FormatInt(left, 10) + `,"token_type":"Bearer"}`
	return answer{contentType: typeJSON, body: body, etag: last.etag}, nil
}

func (s *source) idToken(ctx context.Context) (answer, error) {
	token, err := s.tokens.TokenContext(ctx)
	if err != nil {
		return answer{}, err
	}
	return answer{contentType: typeIdentity, body: token.AccessToken, etag: s.lastOf(token.AccessToken).etag}, nil
}

func (s *source) lastOf(token string) *lastToken {
	last := s.last.Load()
	if last == nil || last.token != token {
		last = &lastToken{token: token, encoded: `{"access_token":` + encoded(token) + `,"expires_in":`, etag: etagOf(token)}
		s.last.Store(last)
	}
	return last
}
