package awsfed_test

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google/externalaccount"

	"github.com/awsfed/awsfed-go/awsfed"
)

// googles is the subject token that Google's own library sends, seen by a server in its place. With
// a verification URL the credentials come from the environment, since code cannot give it one.
func googles(t *testing.T, credentials aws.Credentials, region, verificationURL string) string {
	var sent string
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, &http.Client{Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		require.NoError(t, err)
		form, err := url.ParseQuery(string(body))
		require.NoError(t, err)
		sent = form.Get("subject_token")
		return nil, errors.New("seen")
	})})
	cfg := externalaccount.Config{Audience: testAudience, SubjectTokenType: awsfed.AWSSubjectTokenType}
	if verificationURL == "" {
		cfg.AwsSecurityCredentialsSupplier = supplier{credentials, region}
	} else {
		clearAWSEnvironment(t)
		t.Setenv("AWS_REGION", region)
		t.Setenv("AWS_ACCESS_KEY_ID", credentials.AccessKeyID)
		t.Setenv("AWS_SECRET_ACCESS_KEY", credentials.SecretAccessKey)
		t.Setenv("AWS_SESSION_TOKEN", credentials.SessionToken)
		cfg.CredentialSource = &externalaccount.CredentialSource{EnvironmentID: "aws1", RegionalCredVerificationURL: verificationURL}
	}
	ts, err := externalaccount.NewTokenSource(ctx, cfg)
	require.NoError(t, err)
	_, err = ts.Token()
	require.ErrorContains(t, err, "seen")
	return sent
}

type supplier struct {
	credentials aws.Credentials
	region      string
}

func (s supplier) AwsRegion(context.Context, externalaccount.SupplierOptions) (string, error) {
	return s.region, nil
}

func (s supplier) AwsSecurityCredentials(context.Context, externalaccount.SupplierOptions) (*externalaccount.AwsSecurityCredentials, error) {
	return &externalaccount.AwsSecurityCredentials{AccessKeyID: s.credentials.AccessKeyID,
		SecretAccessKey: s.credentials.SecretAccessKey, SessionToken: s.credentials.SessionToken}, nil
}

var (
	sessionKeys = aws.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "secret/with+marks", SessionToken: "FwoG/session+token==with//marks"}
	userKeys    = aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}
)

func TestSubjectTokenBuilderGivesThoseOfGooglesLibraryByteForByte(t *testing.T) {
	for name, test := range map[string]struct {
		credentials aws.Credentials
		region      string
	}{
		"with a session token":    {sessionKeys, "us-east-1"},
		"without a session token": {userKeys, "us-east-2"},
		"of GovCloud":             {sessionKeys, "us-gov-west-1"},
		"of a newer region":       {sessionKeys, "ap-southeast-7"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // both sign in the same second
				ours := subjectToken(t, awsfed.Config{Audience: testAudience, Credentials: staticCredentials(test.credentials), Region: test.region})
				assert.Equal(t, googles(t, test.credentials, test.region, ""), ours.Value())
				assert.Equal(t, awsfed.AWSSubjectTokenType, ours.Type())
			})
		})
	}
}

func TestSubjectTokenBuilderIsRightWhereGooglesLibraryIsWrong(t *testing.T) {
	const query = "?Action=GetCallerIdentity&Version=2011-06-15"
	for name, test := range map[string]struct{ region, verification, url, host, scope string }{
		"the service of a FIPS host is sts":        {"us-east-1", "https://sts-fips.{region}.amazonaws.com" + query, "https://sts-fips.us-east-1.amazonaws.com" + query, "sts-fips.us-east-1.amazonaws.com", "us-east-1/sts"},
		"China has a domain of its own":            {"cn-north-1", "", "https://sts.cn-north-1.amazonaws.com.cn" + query, "sts.cn-north-1.amazonaws.com.cn", "cn-north-1/sts"},
		"so has the European Sovereign Cloud":      {"eusc-de-east-1", "", "https://sts.eusc-de-east-1.amazonaws.eu" + query, "sts.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1/sts"},
		"a default port is not signed":             {"us-east-1", "https://sts.{region}.amazonaws.com:443" + query, "https://sts.us-east-1.amazonaws.com" + query, "sts.us-east-1.amazonaws.com", "us-east-1/sts"},
		"another port is":                          {"us-east-1", "https://localhost:8443" + query, "https://localhost:8443" + query, "localhost:8443", "us-east-1/sts"},
		"the query is as the signer sorted it":     {"us-east-1", "https://sts.{region}.amazonaws.com?Version=2011-06-15&Action=GetCallerIdentity", "https://sts.us-east-1.amazonaws.com" + query, "sts.us-east-1.amazonaws.com", "us-east-1/sts"},
		"the global host wants us-east-1":          {"eu-west-1", "https://sts.amazonaws.com/" + query, "https://sts.amazonaws.com/" + query, "sts.amazonaws.com", "us-east-1/sts"},
		"a host of another region wants its own":   {"eu-west-1", "https://sts.us-west-2.amazonaws.com" + query, "https://sts.us-west-2.amazonaws.com" + query, "sts.us-west-2.amazonaws.com", "us-west-2/sts"},
		"the pseudo-region aws-global is no scope": {"aws-global", "", "https://sts.amazonaws.com" + query, "sts.amazonaws.com", "us-east-1/sts"},
	} {
		t.Run(name, func(t *testing.T) {
			request := decode(t, subjectToken(t, awsfed.Config{Audience: testAudience, Credentials: staticCredentials(sessionKeys), Region: test.region, VerificationURL: test.verification}))
			assert.Equal(t, test.url, request.URL)
			assert.Equal(t, test.host, request.header("host"))
			assert.Contains(t, request.header("authorization"), "/"+test.scope+"/aws4_request")
			assert.Contains(t, request.header("authorization"), "SignedHeaders=host;x-amz-date;x-amz-security-token;x-goog-cloud-target-resource,")
			assert.Equal(t, testAudience, request.header("x-goog-cloud-target-resource"))
		})
	}
}

// What the README says of Google's library, so that it does not stand there longer than it is true.
func TestSubjectTokenBuilderOfGooglesLibraryIsStillWrongThere(t *testing.T) {
	fips := decode(t, awsfed.NewSubjectToken(googles(t, sessionKeys, "us-east-1", "https://sts-fips.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"), awsfed.AWSSubjectTokenType))
	assert.Contains(t, fips.header("authorization"), "/us-east-1/sts-fips/aws4_request")
	china := decode(t, awsfed.NewSubjectToken(googles(t, sessionKeys, "cn-north-1", ""), awsfed.AWSSubjectTokenType))
	assert.Equal(t, "sts.cn-north-1.amazonaws.com", china.header("host"))
}

func TestSubjectTokenShowsItsTypeAlone(t *testing.T) {
	const text = "awsfed.SubjectToken(urn:type)"
	token := awsfed.NewSubjectToken("the value", "urn:type")
	assert.Equal(t, "the value", token.Value())
	assert.Equal(t, "urn:type", token.Type())
	for _, verb := range letters {
		format := "%" + string(verb)
		switch verb {
		case 'T', 'p', 'w': // package fmt prints these itself
			assert.NotContains(t, fmt.Sprintf(format, token), "the value", format)
		case 'q':
			assert.Equal(t, `"`+text+`"`, fmt.Sprintf(format, token))
		default:
			assert.Equal(t, text, fmt.Sprintf(format, token), format)
			assert.Equal(t, "["+text+"]", fmt.Sprintf(format, []awsfed.SubjectToken{token}), format)
		}
	}
	for format, want := range map[string]string{
		"%+v": text, "%#v": text, "% d": text, "%35v": "      " + text, "%-35d|": text + "      |", "%.6x": "awsfed", "%8.6s": "  awsfed", "%#q": "`" + text + "`",
	} {
		assert.Equal(t, want, fmt.Sprintf(format, token), format)
	}
	assert.Equal(t, text, token.String())
	assert.Equal(t, text, slog.AnyValue(token).Resolve().String())
	assert.Equal(t, `"`+text+`"`, string(must(json.Marshal(token))))
	assert.Equal(t, "<SubjectToken>"+text+"</SubjectToken>", string(must(xml.Marshal(token))))
	assert.ErrorContains(t, gob.NewEncoder(io.Discard).Encode(token), "no exported fields")
	assert.ErrorContains(t, gob.NewEncoder(io.Discard).Encode(struct{ Token awsfed.SubjectToken }{token}), "no exported fields")
}

func TestSubjectTokenEqualsItsCopiesAlone(t *testing.T) {
	token := awsfed.NewSubjectToken("the value", "urn:type")
	other := token
	assert.True(t, token == other)
	assert.False(t, token == awsfed.NewSubjectToken("the value", "urn:type"))
	assert.Equal(t, 1, len(map[any]int{token: 1, other: 2}))
	var zero awsfed.SubjectToken
	assert.Equal(t, awsfed.SubjectToken{}, zero)
	assert.Empty(t, zero.Value())
	assert.Empty(t, zero.Type())
}
