package awsfed_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/awsfed/awsfed-go/awsfed"
)

// belongsTo reports whether raw, with a region for its placeholder, is an https URL of a host under
// one of domains. It knows less than the library does, and shares no code with it.
func belongsTo(raw string, domains ...string) bool {
	u, err := url.Parse(strings.ReplaceAll(raw, "{region}", "us-east-1"))
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" && u.Port() != "443" || strings.ContainsAny(raw, "@#\\") {
		return false
	}
	for _, domain := range domains {
		if strings.HasSuffix(strings.ToLower(u.Hostname()), "."+domain) {
			return true
		}
	}
	return false
}

// Whatever is accepted sends secrets to nobody but Google and AWS, and can be written and read
// again.
func FuzzConfigFromJSON(f *testing.F) {
	names, err := filepath.Glob("testdata/credentialfile/*.json")
	require.NoError(f, err)
	require.NotEmpty(f, names)
	for _, name := range names {
		data, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(data)
	}
	gcloud, err := os.ReadFile("testdata/credentialfile/gcloud-enable-imdsv2.json")
	require.NoError(f, err)
	for _, change := range [][2]string{
		{"sts.googleapis.com", "sts.googleapis.com.evil.example"},
		{"sts.googleapis.com", "evil-sts.googleapis.com"},
		{"sts.googleapis.com", "user@evil.example"},
		{"https://sts.googleapis.com", "http://sts.googleapis.com"},
		{"iamcredentials.googleapis.com", "iamcredentials.googleapis.com/x/"},
		{"iamcredentials.googleapis.com", "iamcredentials.googleapis.com:8443"},
		{"sts.{region}.amazonaws.com", "{region}.evil.example"},
		{"sts.{region}.amazonaws.com", "sts-fips.{region}.amazonaws.com"},
		{"169.254.169.254", "[fd00:ec2::254]"},
		{"169.254.169.254", "169.254.169.254:80"},
		{"aws1", "AWS1"},
		{"external_account", "service_account"},
		{`"aws1"`, "1"},
	} {
		f.Add([]byte(strings.ReplaceAll(string(gcloud), change[0], change[1])))
	}
	for _, data := range []string{"", "null", "[]", "{}", `{"type":"external_account"}`, `{"type":"external_account","credential_source":null}`} {
		f.Add([]byte(data))
	}
	for _, values := range hostileValues() {
		for _, value := range values[:min(len(values), 3)] {
			if text, err := json.Marshal(value); err == nil {
				f.Add([]byte(strings.Replace(string(gcloud), `"https://sts.googleapis.com/v1/token"`, string(text), 1)))
			}
		}
	}
	f.Add([]byte(strings.Replace(string(gcloud), `"token_url"`, `"Token_URL"`, 1)))
	f.Add([]byte(strings.Replace(string(gcloud), `"type"`, `"token_url":"https://evil.example/v1/token","type"`, 1)))
	f.Add([]byte("\ufeff" + string(gcloud)))
	f.Add([]byte(`{"type":"impersonated_service_account","service_account_impersonation_url":"https://iamcredentials.googleapis.com` + impersonationPath +
		`","delegates":["` + otherAccount + `","` + fullAccount + `"],"source_credentials":{"type":"external_account","audience":"` + testAudience +
		`","subject_token_type":"` + awsfed.AWSSubjectTokenType + `","credential_source":{"environment_id":"aws1"}}}`))
	f.Add([]byte(`{"type":"external_account","audience":"` + testAudience + `","subject_token_type":"` + jwtType +
		`","credential_source":{"file":"/etc/passwd","format":{"type":"json","subject_token_field_name":"a"}}}`))
	f.Add([]byte(`{"type":"external_account","audience":"` + testAudience + `","subject_token_type":"` + jwtType +
		`","credential_source":{"url":"https://evil.example/","headers":{"a":"b"}}}`))
	f.Add([]byte(strings.Replace(string(gcloud), `//iam.googleapis.com`, `https://u:p@iam.googleapis.com`, 1)))
	f.Add([]byte(strings.Replace(string(gcloud), "my-aws-provider", "://", 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		text := string(data)
		if strings.Contains(text, plantedSecret) || strings.Contains(text, plantedPassword) {
			return // It may stand where it may be quoted.
		}
		judgeFile(t, text)
		judgeFile(t, strings.Replace(text, "{", `{"client_id":"id","client_secret":"`+plantedSecret+`","private_key":"`+plantedSecret+`",`, 1))
		judgeFile(t, strings.ReplaceAll(text, "://", "://u:"+plantedPassword+"@"))
	})
}

// judgeFile checks what must hold for every text that is read as a file.
func judgeFile(t *testing.T, text string) {
	cfg, err := awsfed.ConfigFromJSON([]byte(text), nil)
	if err != nil {
		assert.Equal(t, awsfed.Config{}, cfg)
		assert.NotEmpty(t, fieldErrors(err), "%v", err)
		for _, fault := range fieldErrors(err) {
			assert.NotEmpty(t, fault.Field)
		}
		printed := fmt.Sprintf("%+v", err)
		assert.Less(t, len(printed), 20_000)
		assert.False(t, strings.Contains(printed, plantedSecret) || strings.Contains(printed, plantedPassword), "a secret is quoted")
		return
	}
	assert.True(t, cfg.TokenURL == "" || belongsTo(cfg.TokenURL, "googleapis.com"), "%q", cfg.TokenURL)
	assert.True(t, cfg.IAMCredentialsEndpoint == "" || belongsTo(cfg.IAMCredentialsEndpoint, "googleapis.com"), "%q", cfg.IAMCredentialsEndpoint)
	assert.True(t, cfg.VerificationURL == "" || belongsTo(cfg.VerificationURL, "amazonaws.com", "amazonaws.com.cn", "api.aws",
		"api.amazonwebservices.com.cn", "amazonaws.eu", "api.amazonwebservices.eu", "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov"), "%q", cfg.VerificationURL)
	assert.Empty(t, cfg.UniverseDomain)
	if cfg.MetadataEndpoint != "" {
		u, err := url.Parse(cfg.MetadataEndpoint)
		require.NoError(t, err)
		addr, err := netip.ParseAddr(u.Hostname())
		require.NoError(t, err)
		assert.Contains(t, []string{"169.254.169.254", "fd00:ec2::254"}, addr.String())
		assert.Contains(t, []string{"", "80"}, u.Port())
	}
	_, err = awsfed.NewExchanger(cfg, fixedSubject{})
	require.NoError(t, err)

	assert.Equal(t, awsfed.Subject{}, cfg.Subject, "no file of this machine, and no host, gives a token without leave")
	cfg.ClientID, cfg.ClientSecret = "", "" // which no file that is written has
	file, err := cfg.CredentialFile()
	require.NoError(t, err)
	again, err := awsfed.ConfigFromJSON(file, nil)
	require.NoError(t, err, "%s", file)
	rewritten, err := again.CredentialFile()
	require.NoError(t, err)
	assert.Equal(t, string(file), string(rewritten))
}

// What a program sets is written, and read back as the program meant it.
func FuzzCredentialFile(f *testing.F) {
	f.Add(testAudience, "", int64(0), "", "", "", "", "", "")
	f.Add(testAudience, testAccount, int64(3600), "https://sts.europe-west4.rep.googleapis.com/v1/token", "https://iamcredentials.mtls.googleapis.com",
		"https://sts-fips.{region}.amazonaws.com"+callerIdentity, "http://[fd00:ec2::254]", "", "payer")
	f.Add(testAudience, "112233445566778899001", int64(43200), "http://127.0.0.1:8085/v1/token", "http://[::1]:8085/", "http://localhost:8085/"+callerIdentity,
		"http://127.0.0.1:8085/", "cloud.example", "")
	f.Add(testAudience, testAccount, int64(1), "https://proxy.example/%20?", "https://proxy.example/a/b", "https://proxy.example"+callerIdentity, "https://proxy.example", "googleapis.com", "a:b")
	f.Fuzz(func(t *testing.T, audience, account string, seconds int64, tokenURL, iam, verification, metadata, universe, quota string) {
		cfg := awsfed.Config{Audience: audience, ServiceAccount: account, Lifetime: time.Duration(seconds) * time.Second, TokenURL: tokenURL,
			IAMCredentialsEndpoint: iam, VerificationURL: verification, MetadataEndpoint: metadata, UniverseDomain: universe, QuotaProject: quota}
		file, err := cfg.CredentialFile()
		if err != nil {
			assert.NotEmpty(t, fieldErrors(err), "%v", err)
			return
		}
		got, err := awsfed.ConfigFromJSON(file, &awsfed.FileOptions{TokenHosts: []string{hostOf(tokenURL), hostOf(iam)}, VerificationHosts: []string{hostOf(verification)}, MetadataHosts: []string{hostOf(metadata)}, Universes: []string{universe}})
		require.NoError(t, err, "%s", file)
		rewritten, err := got.CredentialFile()
		require.NoError(t, err)
		assert.Equal(t, string(file), string(rewritten))
		assert.Equal(t, cfg.Audience, got.Audience)
		assert.Equal(t, cfg.ServiceAccount, got.ServiceAccount)
		assert.Equal(t, cfg.Lifetime, got.Lifetime)
		assert.Equal(t, cfg.QuotaProject, got.QuotaProject)
	})
}
