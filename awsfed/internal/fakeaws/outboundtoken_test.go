package fakeaws_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

// outboundClaims are the claims of a token, whose signature is verified by the issuer's key.
func outboundClaims(t *testing.T, cloud *testCloud, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	decoded := make([][]byte, len(parts))
	for i, part := range parts {
		var err error
		decoded[i], err = base64.RawURLEncoding.DecodeString(part)
		require.NoError(t, err)
	}
	var header struct{ Alg, Kid, Typ string }
	require.NoError(t, json.Unmarshal(decoded[0], &header))
	signed, signature := []byte(parts[0]+"."+parts[1]), decoded[2]
	switch key := cloud.AWS.OutboundKey(header.Kid).(type) {
	case *rsa.PublicKey:
		assert.Equal(t, "RS256", header.Alg)
		digest := sha256.Sum256(signed)
		require.NoError(t, rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature))
	case *ecdsa.PublicKey:
		assert.Equal(t, "ES384", header.Alg)
		digest := sha512.Sum384(signed)
		require.Len(t, signature, 96)
		r, s := new(big.Int).SetBytes(signature[:48]), new(big.Int).SetBytes(signature[48:])
		require.True(t, ecdsa.Verify(key, digest[:], r, s))
	default:
		require.Failf(t, "no key", "of kid %q", header.Kid)
	}
	assert.Equal(t, "JWT", header.Typ)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(decoded[1], &claims))
	return claims
}

func TestAnOutboundTokenSaysWhoAsked(t *testing.T) {
	cloud := newCloud(fakeaws.Options{Region: "eu-west-1"})
	issuer := cloud.AWS.EnableOutboundIdentity()
	assert.Regexp(t, `^https://[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tokens\.sts\.global\.api\.aws$`, issuer)
	assert.Equal(t, issuer, cloud.AWS.EnableOutboundIdentity(), "the issuer stays")
	assert.Equal(t, issuer, cloud.AWS.OutboundIssuer())
	_, err := cloud.AWS.AddRole(fakeaws.Role{Name: "etl", Path: "/data/"})
	require.NoError(t, err)
	etl, err := cloud.AWS.Session("etl", "night", time.Hour)
	require.NoError(t, err)

	const (
		app     = "arn:aws:iam::123456789012:role/app"
		someone = "arn:aws:iam::123456789012:user/someone"
	)
	for _, test := range []struct {
		name     string
		keys     aws.Credentials
		input    sts.GetWebIdentityTokenInput
		audience any
		subject  string
		lifetime time.Duration
		tags     any
	}{
		{"a role's session, with the least that can be asked", sessionKeys(t, cloud),
			sts.GetWebIdentityTokenInput{Audience: []string{"https://a.example"}, SigningAlgorithm: aws.String("RS256")},
			"https://a.example", app, 5 * time.Minute, nil},
		{"a role with a path, by the other algorithm", etl,
			sts.GetWebIdentityTokenInput{Audience: []string{"a"}, SigningAlgorithm: aws.String("ES384"), DurationSeconds: aws.Int32(60)},
			"a", "arn:aws:iam::123456789012:role/data/etl", time.Minute, nil},
		{"a user, with all that can be asked", userKeys(t, cloud),
			sts.GetWebIdentityTokenInput{
				Audience: []string{"a", "b"}, SigningAlgorithm: aws.String("RS256"), DurationSeconds: aws.Int32(3600),
				Tags: []types.Tag{{Key: aws.String("job"), Value: aws.String("7")}, {Key: aws.String("team"), Value: aws.String("")}},
			},
			[]any{"a", "b"}, someone, time.Hour, map[string]any{"job": "7", "team": ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := time.Now().Truncate(time.Second)
			got, err := stsClient(cloud, test.keys).GetWebIdentityToken(t.Context(), &test.input)
			require.NoError(t, err)
			claims := outboundClaims(t, cloud, *got.WebIdentityToken)
			issued, expires := time.Unix(int64(claims["iat"].(float64)), 0), time.Unix(int64(claims["exp"].(float64)), 0)
			assert.Equal(t, test.lifetime, expires.Sub(issued))
			assert.Equal(t, expires.UTC(), *got.Expiration)
			assert.WithinRange(t, issued, before, time.Now())
			detail := map[string]any{"aws_account": "123456789012", "source_region": "eu-west-1", "principal_id": test.subject}
			if test.keys.CanExpire {
				detail["original_session_exp"] = test.keys.Expires.Format(time.RFC3339)
			}
			if test.tags != nil {
				detail["request_tags"] = test.tags
			}
			assert.NotEmpty(t, claims["jti"])
			for _, volatile := range []string{"iat", "exp", "jti"} {
				delete(claims, volatile)
			}
			assert.Equal(t, map[string]any{
				"iss": issuer, "sub": test.subject, "aud": test.audience, "https://sts.amazonaws.com/": detail,
			}, claims)
		})
	}
}

func TestAnAccountHasNoOutboundTokensAtFirst(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	assert.Empty(t, cloud.AWS.OutboundIssuer())
	input := sts.GetWebIdentityTokenInput{Audience: []string{"a"}, SigningAlgorithm: aws.String("RS256")}
	_, err := stsClient(cloud, userKeys(t, cloud)).GetWebIdentityToken(t.Context(), &input)
	var disabled *types.OutboundWebIdentityFederationDisabledException
	require.ErrorAs(t, err, &disabled)
	assert.True(t, strings.HasPrefix(disabled.ErrorMessage(), "emulator: "))

	cloud.AWS.EnableOutboundIdentity()
	_, err = stsClient(cloud, userKeys(t, cloud)).GetWebIdentityToken(t.Context(), &input)
	require.NoError(t, err)
	foreign, err := cloud.AWS.AddUser("210987654321", "someone")
	require.NoError(t, err)
	_, err = stsClient(cloud, foreign).GetWebIdentityToken(t.Context(), &input)
	require.ErrorAs(t, err, &disabled, "it is a matter of each account")
}

func TestAnOutboundTokenDoesNotOutliveTheSession(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	cloud.AWS.EnableOutboundIdentity()
	keys, err := cloud.AWS.Session("app", "test", 10*time.Minute)
	require.NoError(t, err)
	input := sts.GetWebIdentityTokenInput{Audience: []string{"a"}, SigningAlgorithm: aws.String("ES384"), DurationSeconds: aws.Int32(601)}
	_, err = stsClient(cloud, keys).GetWebIdentityToken(t.Context(), &input)
	var escalation *types.SessionDurationEscalationException
	require.ErrorAs(t, err, &escalation)

	input.DurationSeconds = aws.Int32(500)
	_, err = stsClient(cloud, keys).GetWebIdentityToken(t.Context(), &input)
	require.NoError(t, err)
}

func TestWhatGetWebIdentityTokenRefuses(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	cloud.AWS.EnableOutboundIdentity()
	keys := userKeys(t, cloud)
	parameters := func(changes ...string) string {
		p := url.Values{
			"Action": {"GetWebIdentityToken"}, "Version": {"2011-06-15"}, "Audience.member.1": {"a"}, "SigningAlgorithm": {"RS256"},
		}
		for i := 0; i < len(changes); i += 2 {
			p.Set(changes[i], changes[i+1])
			if changes[i+1] == "-" {
				p.Del(changes[i])
			}
		}
		return p.Encode()
	}
	eleven := []string{}
	for i := range 11 {
		eleven = append(eleven, fmt.Sprintf("Audience.member.%d", i+1), "a")
	}
	tags := []string{}
	for i := range 51 {
		tags = append(tags, fmt.Sprintf("Tags.member.%d.Key", i+1), fmt.Sprint(i), fmt.Sprintf("Tags.member.%d.Value", i+1), "")
	}
	const (
		one    = "ValidationError: 1 validation error detected: "
		failed = " failed to satisfy constraint: "
		length = "Member must satisfy constraint: [Member must have length less than or equal to 1000, Member must have length greater than or equal to 1]"
	)
	long := strings.Repeat("é", 1001)
	for _, test := range []struct {
		name, query string
		status      int
		want        string
	}{
		{"no audience", parameters("Audience.member.1", "-"), 400, one + "Value null at 'audience'" + failed + "Member must not be null"},
		{"an empty list of audiences", parameters("Audience.member.1", "-", "Audience", ""), 400, one + "Value '[]' at 'audience'" + failed + "Member must have length greater than or equal to 1"},
		{"an empty audience", parameters("Audience.member.1", ""), 400, one + "Value '[]' at 'audience'" + failed + length},
		{"an audience of 1,001 characters", parameters("Audience.member.1", long), 400, one + "Value '[" + long + "]' at 'audience'" + failed + length},
		{"eleven audiences", parameters(eleven...), 400, one + "Value '[a, a, a, a, a, a, a, a, a, a, a]' at 'audience'" + failed + "Member must have length less than or equal to 10"},
		{"no algorithm", parameters("SigningAlgorithm", "-"), 400, one + "Value null at 'signingAlgorithm'" + failed + "Member must not be null"},
		{"an algorithm that AWS does not sign with", parameters("SigningAlgorithm", "ES256"), 400, one + "emulator: the value 'ES256' at 'signingAlgorithm' is none of RS256 and ES384"},
		{"59 seconds", parameters("DurationSeconds", "59"), 400, one + "Value '59' at 'durationSeconds'" + failed + "Member must have value greater than or equal to 60"},
		{"3,601 seconds", parameters("DurationSeconds", "3601"), 400, one + "Value '3601' at 'durationSeconds'" + failed + "Member must have value less than or equal to 3600"},
		{"a tag without a value", parameters("Tags.member.1.Key", "a"), 400, one + "emulator: a tag has a key and a value"},
		{"a tag without a name", parameters("Tags.member.1.Key", "", "Tags.member.1.Value", ""), 400, one + "emulator: the key of tag 1 is not of 1 to 128 characters, or its value has more than 256"},
		{"two tags of one key", parameters("Tags.member.1.Key", "a", "Tags.member.1.Value", "", "Tags.member.2.Key", "a", "Tags.member.2.Value", ""), 400, one + "emulator: there are two tags of the key 'a'"},
		{"51 tags", parameters(tags...), 400, one + "emulator: there are 51 tags, and 50 at most"},
		{"two faults at once", parameters("Audience.member.1", "-", "SigningAlgorithm", "-"), 400, "ValidationError: 2 validation errors detected: " +
			"Value null at 'audience'" + failed + "Member must not be null; Value null at 'signingAlgorithm'" + failed + "Member must not be null"},
		{"nothing, at the bounds", parameters(append(tags[:200], append(eleven[:20], "Audience.member.1", long[:2000], "DurationSeconds", "3600")...)...), 200, ": "},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, _, body := send(t, cloud, signed(t, "sts.us-east-1.amazonaws.com", test.query, "us-east-1", keys, time.Now()))
			var failure stsFailure
			_ = xml.Unmarshal([]byte(body), &failure) // a success has neither code nor message
			assert.Equal(t, test.want, failure.Code+": "+failure.Message)
			assert.Equal(t, test.status, status)
		})
	}
}

func TestTheGlobalEndpointGivesNoOutboundTokens(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	cloud.AWS.EnableOutboundIdentity()
	const query = "Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=a&SigningAlgorithm=ES384"
	keys := userKeys(t, cloud)
	for host, want := range map[string]int{
		"sts.amazonaws.com": 400, "STS.amazonaws.com.:443": 400, "sts.us-east-1.amazonaws.com": 200, "sts.us-east-1.api.aws": 200, "127.0.0.1:8085": 200,
	} {
		status, _, body := send(t, cloud, signed(t, host, query, "us-east-1", keys, time.Now()))
		assert.Equal(t, want, status, host)
		assert.Equal(t, want == 400, strings.Contains(body, "<Code>InvalidAction</Code>"), host)
	}
}

func TestAnOutboundTokenTakesASignature(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	cloud.AWS.EnableOutboundIdentity()
	const query = "Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=a&SigningAlgorithm=ES384"
	stranger, unsigned := userKeys(t, newCloud(fakeaws.Options{})), func(r *http.Request) *http.Request { r.Header.Del("Authorization"); return r }
	r := func(keys aws.Credentials) *http.Request {
		return signed(t, "sts.us-east-1.amazonaws.com", query, "us-east-1", keys, time.Now())
	}
	status, _, body := send(t, cloud, r(stranger))
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, body, "<Code>InvalidClientTokenId</Code>")
	status, _, body = send(t, cloud, unsigned(r(userKeys(t, cloud))))
	assert.Equal(t, http.StatusForbidden, status)
	assert.Contains(t, body, "<Code>MissingAuthenticationToken</Code>")
}

func TestTheOutboundIssuerIsKnownByItsHostAlone(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	issuer := "https://00000000-0000-4000-8000-000000000000.tokens.sts.global.api.aws"
	ask := func(method, to string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, to, nil)
		require.NoError(t, err)
		status, _, body := send(t, cloud, r)
		return status, body
	}
	status, _ := ask(http.MethodGet, issuer+"/.well-known/openid-configuration")
	assert.Equal(t, http.StatusNotFound, status, "it is disabled, or another account's")
	issuer = cloud.AWS.EnableOutboundIdentity()
	status, body := ask(http.MethodGet, issuer+"/.well-known/openid-configuration")
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, `{
		"issuer": "`+issuer+`", "jwks_uri": "`+issuer+`/.well-known/jwks.json",
		"id_token_signing_alg_values_supported": ["RS256", "ES384"], "subject_types_supported": ["public"],
		"claims_supported": ["sub", "iss", "aud", "exp", "iat", "jti", "https://sts.amazonaws.com/"]
	}`, body)
	for _, test := range []struct {
		name, method, url string
		want              int
	}{
		{"the keys", http.MethodGet, issuer + "/.well-known/jwks.json", 200},
		{"the keys' header alone", http.MethodHead, issuer + "/.well-known/jwks.json", 200},
		{"a port that is the usual one", http.MethodGet, issuer + ":443/.well-known/jwks.json", 200},
		{"a method that changes things", http.MethodPost, issuer + "/.well-known/jwks.json", 404},
		{"another path", http.MethodGet, issuer + "/keys", 404},
		{"another issuer", http.MethodGet, "https://id.tokens.sts.global.api.aws/.well-known/jwks.json", 404},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, _ := ask(test.method, test.url)
			assert.Equal(t, test.want, status)
		})
	}
	assert.Nil(t, cloud.AWS.OutboundKey("RSA_1"))
}
