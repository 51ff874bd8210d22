package fakeaws_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed/internal/fakeaws"
)

// googleToken is a token with these claims, whose signature fakeGoogle takes if it is "good".
func googleToken(t *testing.T, claims map[string]any, signature string) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	return "e30." + base64.RawURLEncoding.EncodeToString(payload) + "." + signature
}

func fakeGoogle(token string) (claims map[string]any, err error) {
	parts := strings.Split(token, ".")
	if parts[2] != "good" {
		return nil, errors.New("it is not Google's signature")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(payload, &claims)
	return claims, err
}

func TestAGoogleIdentityAssumesARole(t *testing.T) {
	const (
		id         = "107517467455664443765"
		denied     = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"
		unverified = "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"
		malformed  = "InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
	)
	claims := func(changes ...any) map[string]any {
		c := map[string]any{
			"iss": "https://accounts.google.com", "aud": "https://aws.example", "azp": id, "sub": id,
			"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		}
		for i := 0; i < len(changes); i += 2 {
			if changes[i+1] == nil {
				delete(c, changes[i].(string))
			} else {
				c[changes[i].(string)] = changes[i+1]
			}
		}
		return c
	}
	google := func(t ...fakeaws.GoogleTrust) fakeaws.Role { return fakeaws.Role{Name: "etl", Google: t} }
	for _, test := range []struct {
		name      string
		role      fakeaws.Role
		claims    map[string]any
		signature string
		want      string // the refusal; "" for none
		audience  string // of the answer
	}{
		{"by its subject", google(fakeaws.GoogleTrust{Subject: id}), claims(), "good", "", id},
		{"by all that can be asked of it", google(fakeaws.GoogleTrust{Subject: id, Audience: id, OriginalAudience: "https://aws.example"}), claims(), "good", "", id},
		{"by the second statement", google(fakeaws.GoogleTrust{Subject: "1"}, fakeaws.GoogleTrust{Subject: id}), claims(), "good", "", id},
		{"by the aud of a token without azp", google(fakeaws.GoogleTrust{Subject: id, Audience: "https://aws.example"}), claims("azp", nil), "good", "", "https://aws.example"},
		{"with an issuer without a scheme", google(fakeaws.GoogleTrust{Subject: id}), claims("iss", "accounts.google.com"), "good", "", id},
		{"not by the aud of a token with azp", google(fakeaws.GoogleTrust{Subject: id, Audience: "https://aws.example"}), claims(), "good", denied, ""},
		{"not with another subject", google(fakeaws.GoogleTrust{Subject: "1", Audience: id}), claims(), "good", denied, ""},
		{"not with a token for somebody else", google(fakeaws.GoogleTrust{Subject: id, OriginalAudience: "https://aws.example"}), claims("aud", "https://other.example"), "good", denied, ""},
		{"not by the subjects of a cluster", fakeaws.Role{Name: "etl", Subjects: []string{id, "*"}}, claims(), "good", denied, ""},
		{"not without trust", fakeaws.Role{Name: "etl"}, claims(), "good", denied, ""},
		{"not with a signature of somebody else", google(fakeaws.GoogleTrust{Subject: id}), claims(), "bad", unverified, ""},
		{"not with another issuer", google(fakeaws.GoogleTrust{Subject: id}), claims("iss", "https://google.example", "aud", []string{"https://aws.example"}), "good", unverified, ""},
		{"not without a subject", google(fakeaws.GoogleTrust{Subject: id}), claims("sub", nil), "good", malformed, ""},
		{"not without an audience", google(fakeaws.GoogleTrust{Subject: id}), claims("aud", nil), "good", malformed, ""},
		{"not with a token that has expired", google(fakeaws.GoogleTrust{Subject: id}), claims("exp", time.Now().Add(-time.Minute).Unix()), "good", "ExpiredTokenException: Token expired: ", ""},
		{"not with one that the verifier finds expired", google(fakeaws.GoogleTrust{Subject: id}), claims("exp", time.Now().Add(-time.Minute).Unix()), "ended", "ExpiredTokenException: Token expired: ", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud := newCloud(fakeaws.Options{VerifyGoogleIDToken: fakeGoogle})
			arn, err := cloud.AWS.AddRole(test.role)
			require.NoError(t, err)
			got, err := stsClient(cloud, aws.Credentials{}).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
				RoleArn: &arn, RoleSessionName: aws.String("gcp"), WebIdentityToken: aws.String(googleToken(t, test.claims, test.signature)),
			})
			if test.want != "" {
				assert.True(t, strings.HasPrefix(apiError(t, err), test.want), apiError(t, err))
				return
			}
			require.NoError(t, err)
			assert.Equal(t, "accounts.google.com", *got.Provider)
			assert.Equal(t, test.audience, *got.Audience)
			assert.Equal(t, id, *got.SubjectFromWebIdentityToken)
			assert.Equal(t, "arn:aws:sts::123456789012:assumed-role/etl/gcp", *got.AssumedRoleUser.Arn)
		})
	}
}

func TestWithoutGoogleNoTokenIsItsOwn(t *testing.T) {
	cloud := newCloud(fakeaws.Options{})
	arn, err := cloud.AWS.AddRole(fakeaws.Role{Name: "etl", Google: []fakeaws.GoogleTrust{{Subject: "1"}}})
	require.NoError(t, err)
	token := googleToken(t, map[string]any{"iss": "https://accounts.google.com", "aud": "a", "sub": "1"}, "good")
	_, err = stsClient(cloud, aws.Credentials{}).AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &arn, RoleSessionName: aws.String("gcp"), WebIdentityToken: &token,
	})
	assert.Contains(t, apiError(t, err), "InvalidIdentityToken: Couldn't retrieve verification key")
}
