package awsfed_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
	"github.com/awsfed/awsfed-go/awsfed/principal"
)

// refusals are the errors of everything that takes a Config. Nothing is sent for them.
func refusals(t *testing.T, cfg awsfed.Config) map[string]error {
	t.Helper()
	google := &scriptedGoogle{}
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{Transport: google}
	}
	_, source := awsfed.NewTokenSource(t.Context(), cfg)
	_, builder := awsfed.NewSubjectTokenBuilder(t.Context(), cfg)
	_, exchanger := awsfed.NewExchanger(cfg, fixedSubject{})
	_, file := cfg.CredentialFile()
	assert.Empty(t, google.urls(), "a byte was sent")
	return map[string]error{"NewTokenSource": source, "NewSubjectTokenBuilder": builder, "NewExchanger": exchanger, "CredentialFile": file}
}

func TestConfigFaultsAreEachReportedByTheirField(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*awsfed.Config)
		field  string
		found  string
	}{
		{"no audience", func(c *awsfed.Config) { c.Audience = "" }, "Audience", ""},
		{"an audience with https:", func(c *awsfed.Config) { c.Audience = "https:" + testAudience }, "Audience", "https:" + testAudience},
		{"an audience of a project ID", func(c *awsfed.Config) { c.Audience = strings.Replace(testAudience, "912480652101", "my-project", 1) },
			"Audience", strings.Replace(testAudience, "912480652101", "my-project", 1)},
		{"an audience of a pool", func(c *awsfed.Config) { c.Audience, _, _ = strings.Cut(testAudience, "/providers/") },
			"Audience", "//iam.googleapis.com/projects/912480652101/locations/global/workloadIdentityPools/my-aws-pool"},
		{"an audience and more", func(c *awsfed.Config) { c.Audience += "/" }, "Audience", testAudience + "/"},
		{"an account without a domain", func(c *awsfed.Config) { c.ServiceAccount = "app" }, "ServiceAccount", "app"},
		{"an account with a path", func(c *awsfed.Config) { c.ServiceAccount = "../../" + testAccount }, "ServiceAccount", "../../" + testAccount},
		{"an account as a resource", func(c *awsfed.Config) { c.ServiceAccount = "projects/-/serviceAccounts/" + testAccount },
			"ServiceAccount", "projects/-/serviceAccounts/" + testAccount},
		{"an account with a line's end", func(c *awsfed.Config) { c.ServiceAccount += "\n" }, "ServiceAccount", testAccount + "\n"},
		{"an account as a member", func(c *awsfed.Config) { c.ServiceAccount = "serviceAccount:" + testAccount },
			"ServiceAccount", "serviceAccount:" + testAccount},
		{"a number that is no unique ID", func(c *awsfed.Config) { c.ServiceAccount = "123" }, "ServiceAccount", "123"},
		{"one delegate of several that is none", func(c *awsfed.Config) { c.Delegates = []string{testAccount, "nobody", testAccount} },
			"Delegates", "nobody"},
		{"an empty delegate", func(c *awsfed.Config) { c.Delegates = []string{""} }, "Delegates", ""},
		{"delegates to nobody", func(c *awsfed.Config) { c.ServiceAccount, c.Delegates = "", []string{testAccount} }, "Delegates", testAccount},
		{"two scopes in one", func(c *awsfed.Config) { c.Scopes = []string{"a b"} }, "Scopes", "a b"},
		{"two scopes with a comma", func(c *awsfed.Config) { c.Scopes = []string{"a,b"} }, "Scopes", "a,b"},
		{"an empty scope", func(c *awsfed.Config) { c.Scopes = []string{awsfed.CloudPlatformScope, ""} }, "Scopes", ""},
		{"a negative lifetime", func(c *awsfed.Config) { c.Lifetime = -time.Hour }, "Lifetime", "-1h0m0s"},
		{"a lifetime in nanoseconds by mistake", func(c *awsfed.Config) { c.Lifetime = 3600 }, "Lifetime", "3.6µs"},
		{"a lifetime with a fraction", func(c *awsfed.Config) { c.Lifetime = 1500 * time.Millisecond }, "Lifetime", "1.5s"},
		{"a lifetime over twelve hours", func(c *awsfed.Config) { c.Lifetime = 12*time.Hour + time.Second }, "Lifetime", "12h0m1s"},
		{"a lifetime of federated tokens", func(c *awsfed.Config) { c.ServiceAccount, c.Lifetime = "", time.Hour }, "Lifetime", "1h0m0s"},
		{"a negative timeout", func(c *awsfed.Config) { c.Timeout = -1 }, "Timeout", "-1ns"},
		{"a zone for a region", func(c *awsfed.Config) { c.Region = "us-east-1a" }, "Region", "us-east-1a"},
		{"a Local Zone for a region", func(c *awsfed.Config) { c.Region = "us-west-2-lax-1" }, "Region", "us-west-2-lax-1"},
		{"a region that is a host", func(c *awsfed.Config) { c.Region = "evil.example#" }, "Region", "evil.example#"},
		{"a region with a line's end", func(c *awsfed.Config) { c.Region = "us-east-1\n" }, "Region", "us-east-1\n"},
		{"a universe without a dot", func(c *awsfed.Config) { c.UniverseDomain = "googleapis" }, "UniverseDomain", "googleapis"},
		{"a universe that is a URL", func(c *awsfed.Config) { c.UniverseDomain = "https://googleapis.com" }, "UniverseDomain", "https://googleapis.com"},
		{"a universe with a path", func(c *awsfed.Config) { c.UniverseDomain = "evil.example/" }, "UniverseDomain", "evil.example/"},
		{"a quota project of two lines", func(c *awsfed.Config) { c.QuotaProject = "a\r\nX-Evil: b" }, "QuotaProject", "a\r\nX-Evil: b"},
		{"a quota project with a letter that no header has", func(c *awsfed.Config) { c.QuotaProject = "pröjekt" }, "QuotaProject", "pröjekt"},
		{"a token URL over http", func(c *awsfed.Config) { c.TokenURL = "http://sts.googleapis.com/v1/token" },
			"TokenURL", "http://sts.googleapis.com/v1/token"},
		{"a token URL that is a host", func(c *awsfed.Config) { c.TokenURL = "sts.googleapis.com" }, "TokenURL", "sts.googleapis.com"},
		{"a token URL with a query", func(c *awsfed.Config) { c.TokenURL = "https://sts.googleapis.com/v1/token?a=b" },
			"TokenURL", "https://sts.googleapis.com/v1/token?a=b"},
		{"a token URL with a fragment", func(c *awsfed.Config) { c.TokenURL = "https://sts.googleapis.com/v1/token#a" },
			"TokenURL", "https://sts.googleapis.com/v1/token#a"},
		{"a token URL without a host", func(c *awsfed.Config) { c.TokenURL = "https:///v1/token" }, "TokenURL", "https:///v1/token"},
		{"a token URL of a port alone", func(c *awsfed.Config) { c.TokenURL = "https://:8443/v1/token" }, "TokenURL", "https://:8443/v1/token"},
		{"a token URL of a file", func(c *awsfed.Config) { c.TokenURL = "file:///etc/passwd" }, "TokenURL", "file:///etc/passwd"},
		{"a token URL of a host that looks like this machine", func(c *awsfed.Config) { c.TokenURL = "http://127.0.0.1.nip.io/v1/token" },
			"TokenURL", "http://127.0.0.1.nip.io/v1/token"},
		{"a token URL that does not parse", func(c *awsfed.Config) { c.TokenURL = "https://[::1/v1/token" }, "TokenURL", "https://[::1/v1/token"},
		{"IAM Credentials over http", func(c *awsfed.Config) { c.IAMCredentialsEndpoint = "http://iamcredentials.googleapis.com" },
			"IAMCredentialsEndpoint", "http://iamcredentials.googleapis.com"},
		{"IAM Credentials with a query", func(c *awsfed.Config) { c.IAMCredentialsEndpoint = "https://iamcredentials.googleapis.com?a=b" },
			"IAMCredentialsEndpoint", "https://iamcredentials.googleapis.com?a=b"},
		{"a verification URL over http", func(c *awsfed.Config) { c.VerificationURL = "http://sts.us-east-1.amazonaws.com" + callerIdentity },
			"VerificationURL", "http://sts.us-east-1.amazonaws.com" + callerIdentity},
		{"a verification URL over http with a placeholder", func(c *awsfed.Config) { c.VerificationURL = "http://sts.{region}.amazonaws.com" + callerIdentity },
			"VerificationURL", "http://sts.{region}.amazonaws.com" + callerIdentity},
		{"a verification URL without a query", func(c *awsfed.Config) { c.VerificationURL = "https://sts.us-east-1.amazonaws.com" },
			"VerificationURL", "https://sts.us-east-1.amazonaws.com"},
		{"a verification URL of another action", func(c *awsfed.Config) {
			c.VerificationURL = "https://sts.us-east-1.amazonaws.com?Action=GetSessionToken&Version=2011-06-15"
		}, "VerificationURL", "https://sts.us-east-1.amazonaws.com?Action=GetSessionToken&Version=2011-06-15"},
		{"a verification URL of two actions", func(c *awsfed.Config) {
			c.VerificationURL = "https://sts.us-east-1.amazonaws.com" + callerIdentity + "&Action=GetSessionToken"
		}, "VerificationURL", "https://sts.us-east-1.amazonaws.com" + callerIdentity + "&Action=GetSessionToken"},
		{"a verification URL with a path", func(c *awsfed.Config) { c.VerificationURL = "https://sts.us-east-1.amazonaws.com/x" + callerIdentity },
			"VerificationURL", "https://sts.us-east-1.amazonaws.com/x" + callerIdentity},
		{"another placeholder than {region}", func(c *awsfed.Config) { c.VerificationURL = "https://sts.{zone}.amazonaws.com" + callerIdentity },
			"VerificationURL", "https://sts.{zone}.amazonaws.com" + callerIdentity},
		{"metadata of another host over http", func(c *awsfed.Config) { c.MetadataEndpoint = "http://metadata.google.internal" },
			"MetadataEndpoint", "http://metadata.google.internal"},
		{"metadata with a query", func(c *awsfed.Config) { c.MetadataEndpoint = "http://169.254.169.254?a=b" },
			"MetadataEndpoint", "http://169.254.169.254?a=b"},
		{"metadata with a path", func(c *awsfed.Config) { c.MetadataEndpoint = "http://169.254.169.254/ec2" },
			"MetadataEndpoint", "http://169.254.169.254/ec2"},
		{"a client without a secret", func(c *awsfed.Config) { c.ClientID = "client" }, "ClientSecret", ""},
		{"a secret without a client", func(c *awsfed.Config) { c.ClientSecret = plantedSecret }, "ClientID", ""},
		{"a client with a colon", func(c *awsfed.Config) { c.ClientID, c.ClientSecret = "a:b", plantedSecret }, "ClientID", "a:b"},
		{"a client with a blank", func(c *awsfed.Config) { c.ClientID, c.ClientSecret = "a b", plantedSecret }, "ClientID", "a b"},
		{"a secret with a line's end, which is not quoted", func(c *awsfed.Config) { c.ClientID, c.ClientSecret = "a", plantedSecret+"\n" },
			"ClientSecret", "a text of other characters, or longer"},
		{"a project of more than 32 characters", func(c *awsfed.Config) { c.UserProject = strings.Repeat("p", 33) }, "UserProject", strings.Repeat("p", 33)},
		{"two subjects", func(c *awsfed.Config) { c.Subject = awsfed.Subject{File: "/a", URL: "https://a.example"} }, "Subject", "File and URL"},
		{"a subject over http", func(c *awsfed.Config) { c.Subject.URL = "http://169.254.169.254/token" }, "Subject.URL", "http://169.254.169.254/token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := awsfed.Config{Audience: testAudience, ServiceAccount: testAccount}
			c.change(&cfg)
			for constructor, err := range refusals(t, cfg) {
				require.Error(t, err, constructor)
				faults := fieldErrors(err)
				if constructor == "CredentialFile" { // which objects to a secret in any case
					faults = slices.DeleteFunc(faults, func(f *awsfed.FieldError) bool { return strings.Contains(f.Want, "holds no secret") })
				}
				require.Len(t, faults, 1, "%s: %v", constructor, err)
				assert.Equal(t, c.field, faults[0].Field, constructor)
				assert.Equal(t, c.found, faults[0].Found, constructor)
				assert.NotEmpty(t, faults[0].Want, constructor)
				assert.ErrorIs(t, err, awsfed.ErrMisconfigured, constructor)
				assert.NotErrorIs(t, err, awsfed.ErrTransient, constructor)
			}
		})
	}
}

// A URL that two readers may read in two ways is nobody's business to send a secret to.
func TestConfigURLsThatReadersDisagreeAboutAreRefused(t *testing.T) {
	for _, c := range []struct{ name, url string }{
		{"a question mark and no query", "https://proxy.example/v1/token?"},
		{"an empty fragment", "https://proxy.example/v1/token#"},
		{"an empty query and an empty fragment", "https://proxy.example/v1/token?#"},
		{"an empty user", "https://@proxy.example/v1/token"},
		{"an empty user with an empty password", "https://:@proxy.example/v1/token"},
		{"a port that is empty", "https://proxy.example:/v1/token"},
		{"port 0", "https://proxy.example:0/v1/token"},
		{"a port with a leading zero", "https://proxy.example:0443/v1/token"},
		{"a port that is too high", "https://proxy.example:65536/v1/token"},
		{"a letter that is not ASCII", "https://pro\u0445y.example/v1/token"},
		{"a letter that folds to ASCII", "https://proxy.example.\u017fts.example/v1/token"},
		{"an ideographic full stop", "https://proxy\u3002example/v1/token"},
		{"a soft hyphen", "https://proxy\u00ad.example/v1/token"},
		{"escaped bytes in the host", "https://proxy.%E2%80%8Bexample/v1/token"},
		{"a backslash in the path", `https://proxy.example/\v1/token`},
		{"a backslash in the host", `https://proxy.example\.evil.example/v1/token`},
		{"a space in the path", "https://proxy.example/v1/ token"},
		{"quotes in the path", `https://proxy.example/"v1"/token`},
		{"a placeholder, which stands for nothing here", "https://sts.{region}.example/v1/token"},
		{"the zone of an IPv6 address", "https://[fe80::1%25eth0]/v1/token"},
		{"an IPv6 address that is none", "https://[fe80:::1]/v1/token"},
		{"an IPv4 address in brackets", "https://[127.0.0.1]/v1/token"},
		{"signs that no host has", "https://proxy.example;evil.example/v1/token"},
		{"a comma of hosts", "https://proxy.example,evil.example/v1/token"},
		{"2,049 characters", "https://proxy.example/" + strings.Repeat("a", 2049-len("https://proxy.example/"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := strings.Replace(c.url, "/v1/token", "", 1)
			cfg := awsfed.Config{Audience: testAudience, ServiceAccount: testAccount, TokenURL: c.url, IAMCredentialsEndpoint: root}
			for constructor, err := range refusals(t, cfg) {
				assert.Equal(t, []string{"IAMCredentialsEndpoint", "TokenURL"}, faultyFields(err), constructor)
			}
			cfg = awsfed.Config{Audience: testAudience, MetadataEndpoint: root}
			for constructor, err := range refusals(t, cfg) {
				assert.Equal(t, []string{"MetadataEndpoint"}, faultyFields(err), constructor)
			}
		})
	}
}

// Google replays the signed request: whatever its URL holds is said in the name of the AWS
// identity.
func TestConfigVerificationURLAsksForTheCallerAndNothingElse(t *testing.T) {
	const sts = "https://sts.us-east-1.amazonaws.com"
	for _, url := range []string{
		sts + callerIdentity + "&", sts + callerIdentity + "&&", sts + "?&Action=GetCallerIdentity&Version=2011-06-15",
		sts + callerIdentity + "&RoleArn=arn:aws:iam::123456789012:role/admin", sts + callerIdentity + "&=", sts + callerIdentity + "&a",
		sts + callerIdentity + "&X-Amz-Signature=0", sts + callerIdentity + "&action=GetSessionToken", sts + callerIdentity + "#",
		sts + callerIdentity + "&Version=2011-06-15", sts + "?Action=GetCallerIdentity;Version=2011-06-15",
		sts + "?Action=GetCallerIdentity&Version=2011-06-15+", sts + "?%41ction=GetCallerIdentity&Version=2011-06-15",
		sts + "?Action=GetCallerIdentit%79&Version=2011-06-15", sts + "??Action=GetCallerIdentity&Version=2011-06-15",
		sts + "//" + callerIdentity, sts + "/%2F" + callerIdentity, sts + "/." + callerIdentity,
		sts + "?Action=GetCallerIdentity&Version=2011-06-15&Action=GetCallerIdentity",
	} {
		cfg := awsfed.Config{Audience: testAudience, VerificationURL: url}
		for constructor, err := range refusals(t, cfg) {
			assert.Equal(t, []string{"VerificationURL"}, faultyFields(err), "%s: %s", constructor, url)
		}
		_, err := awsfed.ConfigFromJSON(changedFile(t, jsonObject{"credential_source.regional_cred_verification_url": url}), nil)
		assert.Equal(t, []string{"credential_source.regional_cred_verification_url"}, faultyFields(err), "%s", url)
	}
	for _, url := range []string{sts + callerIdentity, sts + "/" + callerIdentity, sts + ":443/" + callerIdentity, sts + "?Version=2011-06-15&Action=GetCallerIdentity"} {
		_, err := awsfed.NewExchanger(awsfed.Config{Audience: testAudience, VerificationURL: url}, fixedSubject{})
		assert.NoError(t, err, url)
		_, err = awsfed.ConfigFromJSON(changedFile(t, jsonObject{"credential_source.regional_cred_verification_url": url}), nil)
		assert.NoError(t, err, url)
	}
}

func TestConfigFaultsAreReportedAtOnce(t *testing.T) {
	cfg := awsfed.Config{
		Audience:               "audience",
		ServiceAccount:         "account",
		Delegates:              []string{"first", testAccount, "second"},
		Scopes:                 []string{"a b", "c", "d e"},
		Lifetime:               time.Millisecond,
		Timeout:                -time.Second,
		Region:                 "region",
		UniverseDomain:         "universe",
		QuotaProject:           "quota project",
		TokenURL:               "token",
		IAMCredentialsEndpoint: "iam",
		VerificationURL:        "verification",
		MetadataEndpoint:       "metadata",
	}
	_, err := awsfed.NewTokenSource(t.Context(), cfg)
	assert.Equal(t, []string{"Audience", "Delegates", "Delegates", "IAMCredentialsEndpoint", "Lifetime", "MetadataEndpoint", "QuotaProject",
		"Region", "Scopes", "Scopes", "ServiceAccount", "Timeout", "TokenURL", "UniverseDomain", "VerificationURL"}, faultyFields(err))
	for _, fault := range fieldErrors(err) {
		assert.ErrorContains(t, err, fault.Error(), "the text names them all")
	}

	_, err = awsfed.NewImpersonator(awsfed.Config{Audience: "audience", Timeout: -1}, nil)
	assert.Equal(t, []string{"Audience", "ServiceAccount", "Timeout", "the source of federated tokens"}, faultyFields(err))
}

// An error goes into logs that have a limit, and to people who have one too.
func TestConfigFaultsAreBoundedWhateverItHolds(t *testing.T) {
	long := strings.Repeat("x y/", 225_000)
	many := append([]string{long}, slices.Repeat([]string{"a b"}, 9999)...)
	cfg := awsfed.Config{
		Audience: testAudience + "/" + long, ServiceAccount: long, Delegates: many, Scopes: many, Region: long, UniverseDomain: long, QuotaProject: long,
		TokenURL: "https://" + long, IAMCredentialsEndpoint: "https://" + long, VerificationURL: "https://" + long, MetadataEndpoint: long,
	}
	check := func(err error, fields ...string) {
		require.Error(t, err)
		assert.Less(t, len(err.Error()), 20_000)
		faults := fieldErrors(err)
		assert.Less(t, len(faults), 30)
		for _, fault := range faults[:min(len(faults), 30)] {
			assert.Less(t, len(fault.Found)+len(fault.Want), 1000, fault.Field)
			assert.NotEmpty(t, fault.Found, fault.Field)
		}
		assert.Subset(t, faultyFields(err), fields)
	}
	for _, err := range refusals(t, cfg) {
		check(err, "Audience", "Delegates", "IAMCredentialsEndpoint", "MetadataEndpoint", "QuotaProject", "Region", "Scopes", "ServiceAccount", "TokenURL",
			"UniverseDomain", "VerificationURL")
		assert.True(t, strings.Contains(err.Error(), "9995 more"), "of each list the first five are named")
	}
	cfg.ServiceAccount, cfg.Delegates = "", slices.Repeat([]string{testAccount}, 100_000)
	for _, err := range refusals(t, cfg) {
		check(err, "Delegates")
	}
}

func TestConfigFieldsAreNoLongerThanTheirServiceTakes(t *testing.T) {
	fill := func(prefix, letter string, length int, suffix string) string {
		return prefix + strings.Repeat(letter, length-len(prefix)-len(suffix)) + suffix
	}
	for field, set := range map[string]struct {
		longest int
		change  func(c *awsfed.Config, length int)
	}{
		"ServiceAccount": {320, func(c *awsfed.Config, length int) { c.ServiceAccount = fill("", "a", length, "@b.example") }},
		"Delegates":      {320, func(c *awsfed.Config, length int) { c.Delegates = []string{fill("", "a", length, "@b.example")} }},
		"Scopes":         {2048, func(c *awsfed.Config, length int) { c.Scopes = []string{fill("https://", "a", length, "")} }},
		"Region":         {64, func(c *awsfed.Config, length int) { c.Region = fill("aws-", "a", length, "-global") }},
		"UniverseDomain": {253, func(c *awsfed.Config, length int) { c.UniverseDomain = fill("", "a", length, ".example") }},
		"QuotaProject":   {256, func(c *awsfed.Config, length int) { c.QuotaProject = fill("", "a", length, "") }},
		"TokenURL":       {2048, func(c *awsfed.Config, length int) { c.TokenURL = fill("https://sts.example/", "a", length, "") }},
	} {
		t.Run(field, func(t *testing.T) {
			cfg := awsfed.Config{Audience: testAudience, ServiceAccount: testAccount}
			set.change(&cfg, set.longest)
			_, err := awsfed.NewExchanger(cfg, fixedSubject{})
			assert.NoError(t, err)
			set.change(&cfg, set.longest+1)
			_, err = awsfed.NewExchanger(cfg, fixedSubject{})
			assert.Equal(t, []string{field}, faultyFields(err))
		})
	}
}

func TestConfigOfZeroIsAnErrorAndNoPanic(t *testing.T) {
	for constructor, err := range refusals(t, awsfed.Config{}) {
		assert.Equal(t, []string{"Audience"}, faultyFields(err), constructor)
		assert.ErrorContains(t, err, "Audience is missing", constructor)
	}
	_, err := awsfed.NewImpersonator(awsfed.Config{}, nil)
	assert.Equal(t, []string{"Audience", "ServiceAccount", "the source of federated tokens"}, faultyFields(err))
	_, err = awsfed.NewExchanger(awsfed.Config{Audience: testAudience}, nil)
	assert.Equal(t, []string{"the source of subject tokens"}, faultyFields(err))
}

func TestConfigOfTheProgramIsItsOwnBusiness(t *testing.T) {
	for name, change := range map[string]func(*awsfed.Config){
		"nothing but the audience":            func(c *awsfed.Config) { *c = awsfed.Config{Audience: testAudience} },
		"a unique ID":                         func(c *awsfed.Config) { c.ServiceAccount = "112233445566778899001" },
		"a default service account":           func(c *awsfed.Config) { c.ServiceAccount = "912480652101-compute@developer.gserviceaccount.com" },
		"a domain-scoped project":             func(c *awsfed.Config) { c.ServiceAccount = "app@proj.example.com.iam.gserviceaccount.com" },
		"delegates":                           func(c *awsfed.Config) { c.Delegates = []string{testAccount, "112233445566778899001"} },
		"the shortest lifetime":               func(c *awsfed.Config) { c.Lifetime = time.Second },
		"the longest lifetime":                func(c *awsfed.Config) { c.Lifetime = 12 * time.Hour },
		"a scope by its short name":           func(c *awsfed.Config) { c.Scopes = []string{"openid", "email"} },
		"the SDK's global region":             func(c *awsfed.Config) { c.Region = "aws-global" },
		"the SDK's global region of GovCloud": func(c *awsfed.Config) { c.Region = "aws-us-gov-global" },
		"a universe":                          func(c *awsfed.Config) { c.UniverseDomain = "cloud.example" },
		"any host over https":                 func(c *awsfed.Config) { c.TokenURL = "https://proxy.example/google/v1/token" },
		"a regional token URL":                func(c *awsfed.Config) { c.TokenURL = "https://sts.europe-west4.rep.googleapis.com/v1/token" },
		"this machine over http":              func(c *awsfed.Config) { c.TokenURL = "http://127.0.0.1:8085/v1/token" },
		"this machine by its IPv6 address":    func(c *awsfed.Config) { c.IAMCredentialsEndpoint = "http://[::1]:8085" },
		"IAM Credentials with a final slash":  func(c *awsfed.Config) { c.IAMCredentialsEndpoint = "https://iamcredentials.googleapis.com/" },
		"a FIPS endpoint":                     func(c *awsfed.Config) { c.VerificationURL = "https://sts-fips.{region}.amazonaws.com" + callerIdentity },
		"a verification URL with a slash":     func(c *awsfed.Config) { c.VerificationURL = "https://sts.amazonaws.com/" + callerIdentity },
		"a verification URL in another order": func(c *awsfed.Config) {
			c.VerificationURL = "https://sts.amazonaws.com/?Version=2011-06-15&Action=GetCallerIdentity"
		},
		"EC2's metadata":         func(c *awsfed.Config) { c.MetadataEndpoint = "http://169.254.169.254" },
		"EC2's metadata in IPv6": func(c *awsfed.Config) { c.MetadataEndpoint = "http://[fd00:ec2::254]/" },
		"a proxy for metadata":   func(c *awsfed.Config) { c.MetadataEndpoint = "https://metadata.example" },
		"a quota project":        func(c *awsfed.Config) { c.QuotaProject = "example.com:my-project" },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := awsfed.Config{Audience: testAudience, ServiceAccount: testAccount}
			change(&cfg)
			_, err := awsfed.NewExchanger(cfg, fixedSubject{})
			assert.NoError(t, err)
		})
	}
}

func TestConfigDefaultsAreThoseOfTheDocumentation(t *testing.T) {
	for _, c := range []struct {
		name     string
		universe string
		sts, iam string
	}{
		{"the usual universe", "", "https://sts.googleapis.com/v1/token", "https://iamcredentials.googleapis.com"},
		{"another universe", "cloud.example", "https://sts.cloud.example/v1/token", "https://iamcredentials.cloud.example"},
	} {
		t.Run(c.name, func(t *testing.T) {
			google := &scriptedGoogle{}
			cfg := offlineConfig(google)
			cfg.UniverseDomain = c.universe
			ts, err := awsfed.NewTokenSource(t.Context(), cfg)
			require.NoError(t, err)
			require.Empty(t, google.urls(), "no token is fetched yet")
			token, err := ts.TokenContext(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "service-account-token", token.AccessToken)
			assert.Equal(t, []string{c.sts, c.iam + "/v1/projects/-/serviceAccounts/" + testAccount + ":generateAccessToken"}, google.urls())
			assert.JSONEq(t, `{"lifetime":"3600s","scope":["https://www.googleapis.com/auth/cloud-platform"]}`, google.bodies[1])
			form, err := url.ParseQuery(google.bodies[0])
			require.NoError(t, err)
			assert.Equal(t, awsfed.CloudPlatformScope, form.Get("scope"))
			assert.Equal(t, testAudience, form.Get("audience"))
		})
	}
}

func TestConfigIsCopied(t *testing.T) {
	google, stranger := &scriptedGoogle{}, &scriptedGoogle{}
	cfg := offlineConfig(google)
	cfg.Scopes = []string{"scope-a", "scope-b"}
	cfg.Delegates = []string{testAccount}
	ts, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)

	cfg.Scopes[0], cfg.Delegates[0] = "changed", "changed"
	cfg.HTTPClient.Transport = stranger
	_, err = ts.TokenContext(t.Context())
	require.NoError(t, err)
	assert.Empty(t, stranger.urls())
	require.Len(t, google.bodies, 2)
	assert.JSONEq(t, `{"delegates":["projects/-/serviceAccounts/`+testAccount+`"],"lifetime":"3600s","scope":["scope-a","scope-b"]}`, google.bodies[1])
}

func TestConfigDelegatesHaveTwoSpellings(t *testing.T) {
	google := &scriptedGoogle{}
	cfg := offlineConfig(google)
	cfg.Delegates = []string{testAccount, "projects/-/serviceAccounts/" + testAccount, "projects/-/serviceAccounts/112233445566778899001"}
	ts, err := awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	_, err = ts.Token()
	require.NoError(t, err)
	full := "projects/-/serviceAccounts/" + testAccount
	assert.JSONEq(t, `{"delegates":["`+full+`","`+full+`","projects/-/serviceAccounts/112233445566778899001"],"lifetime":"3600s","scope":["`+awsfed.CloudPlatformScope+`"]}`, google.bodies[1])

	for _, delegate := range []string{"projects/my-project/serviceAccounts/" + testAccount, "projects/-/serviceAccounts/", full + "/", "/" + full,
		"projects/-/serviceAccounts/" + full, "projects/-/serviceAccounts/../" + testAccount, "//iam.googleapis.com/" + full} {
		cfg.Delegates = []string{delegate}
		_, err := awsfed.NewTokenSource(t.Context(), cfg)
		assert.Equal(t, []string{"Delegates"}, faultyFields(err), delegate)
	}
}

func TestConfigIsNotWrittenByConstructors(t *testing.T) {
	backing := []string{"scope-a", "spare"}
	cfg := offlineConfig(&scriptedGoogle{})
	cfg.Scopes = backing[:1]
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	cfg.HTTPClient.Jar = jar
	_, err = awsfed.NewTokenSource(t.Context(), cfg)
	require.NoError(t, err)
	_, err = cfg.CredentialFile()
	require.NoError(t, err)
	assert.Equal(t, []string{"scope-a", "spare"}, backing)
	assert.Nil(t, cfg.HTTPClient.CheckRedirect, "the program's client goes on following redirects")
	assert.Equal(t, jar, cfg.HTTPClient.Jar)
}

func TestConfigServesManyGoroutines(t *testing.T) {
	google := &scriptedGoogle{}
	cfg := offlineConfig(google)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			ts, err := awsfed.NewTokenSource(t.Context(), cfg)
			if assert.NoError(t, err) {
				_, err = ts.Token()
				assert.NoError(t, err)
			}
			_, err = cfg.CredentialFile()
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.Len(t, google.urls(), 16)
}

func TestConfigTimeoutBoundsAWholeRefresh(t *testing.T) {
	for set, want := range map[time.Duration]time.Duration{0: 30 * time.Second, time.Second: time.Second, time.Hour: time.Hour} {
		t.Run(fmt.Sprint(set), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := offlineConfig(roundTripper(hanging))
				cfg.Timeout = set
				ts, err := awsfed.NewTokenSource(t.Context(), cfg)
				require.NoError(t, err)
				start := time.Now()
				_, err = ts.Token()
				require.Error(t, err)
				// The last attempt is not begun if its pause would end after the deadline, so it
				// may be over sooner.
				assert.LessOrEqual(t, time.Since(start), want)
				assert.Greater(t, time.Since(start), want/4)
				// A refresh may outlast the last caller by the whole Timeout, and one more is made
				// for a caller who asked.
				time.Sleep(2*want + 5*time.Second)
			})
		})
	}
}

func TestConfigNeverPrintsItsCredentials(t *testing.T) {
	cfg := offlineConfig(nil)
	check := func(what, text string) {
		for name, secret := range map[string]string{"secret key": testSecretKey, "session token": testSessionToken} {
			assert.False(t, strings.Contains(text, secret), "the %s is in %s", name, what)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		check(verb, fmt.Sprintf(verb, cfg))
		check(verb+" of a pointer", fmt.Sprintf(verb, &cfg))
		check(verb+" of a struct around it", fmt.Sprintf(verb, struct{ Google awsfed.Config }{cfg}))
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("starting", "config", cfg)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("starting", "config", cfg)
	check("a log", log.String())
	file, err := cfg.CredentialFile()
	require.NoError(t, err)
	check("the credential file", string(file))
}

func TestConfigPasswordInAURLIsNotPrinted(t *testing.T) {
	for name, value := range map[string]string{
		"in its place":              "https://admin:hunter2@proxy.example/v1/token",
		"in the place of the user":  "https://hunter2@proxy.example/v1/token",
		"of a URL that cannot be":   "https://admin:hunter2@[proxy.example/v1/token",
		"of a URL without a scheme": "admin:hunter2@proxy.example/v1/token",
	} {
		t.Run(name, func(t *testing.T) {
			cfg := awsfed.Config{Audience: testAudience, TokenURL: value, IAMCredentialsEndpoint: value, MetadataEndpoint: value, VerificationURL: value}
			for constructor, err := range refusals(t, cfg) {
				assert.Equal(t, []string{"IAMCredentialsEndpoint", "MetadataEndpoint", "TokenURL", "VerificationURL"}, faultyFields(err), constructor)
				assert.False(t, strings.Contains(fmt.Sprintf("%+v", err), "hunter2"), constructor)
			}
		})
	}
}

// A URL may stand where none belongs.
func TestConfigPasswordInAURLIsNotPrintedInAnotherField(t *testing.T) {
	const url = "https://admin:hunter2@iam.googleapis.com/v1"
	for _, value := range []string{url, strings.Replace(testAudience, "my-aws-provider", url, 1)} {
		cfg := awsfed.Config{Audience: value, ServiceAccount: value, Delegates: []string{value, value}, Scopes: []string{"a " + value},
			Region: value, UniverseDomain: value, QuotaProject: " " + value}
		for constructor, err := range refusals(t, cfg) {
			assert.Equal(t, []string{"Audience", "Delegates", "QuotaProject", "Region", "Scopes", "ServiceAccount", "UniverseDomain"},
				slices.Compact(faultyFields(err)), constructor)
			assert.False(t, strings.Contains(fmt.Sprintf("%+v", err), "hunter2"), constructor)
		}
	}
}

// The first thing that anybody copies has to work.
func TestConfigAudiencesOfTheDocumentationAreSuch(t *testing.T) {
	for _, name := range []string{"../README.md"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		audiences := regexp.MustCompile(`//iam\.googleapis\.com/projects/[0-9]+[^"]*/providers/[a-z-]+`).FindAllString(string(text), -1)
		require.NotEmpty(t, audiences, name)
		for _, audience := range audiences {
			_, err := principal.ParseAudience(audience)
			assert.NoError(t, err, name)
		}
	}
}
