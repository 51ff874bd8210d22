package token

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/awsfed/awsfed-go/awsfed"
)

// identity is all that is known, without asking anybody, of what a token is of.
type identity struct {
	IDTokenAudience string
	Config          map[string]string
	Delegates       []string
	Scopes          []string
	Lifetime        time.Duration
	SubjectHeaders  map[string]string
	Host            string
	Environment     []string
}

// cacheKey names what a token is of. Two AWS identities must not share a token: so the host counts,
// since directories are shared, and whatever the AWS SDK reads from the environment.
func cacheKey(cfg awsfed.Config, idTokenAudience string, environ []string) (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(identity{
		IDTokenAudience: idTokenAudience,
		Config: map[string]string{
			"audience":        cfg.Audience,
			"service account": cfg.ServiceAccount,
			"region":          cfg.Region,
			"universe":        cfg.UniverseDomain,
			"user project":    cfg.UserProject,
			"client":          cfg.ClientID,
			"token URL":       cfg.TokenURL,
			"IAM":             cfg.IAMCredentialsEndpoint,
			"verification":    cfg.VerificationURL,
			"metadata":        cfg.MetadataEndpoint,
			"subject file":    cfg.Subject.File,
			"subject URL":     cfg.Subject.URL,
			"subject field":   cfg.Subject.Field,
			"subject type":    cfg.Subject.Type,
		},
		Delegates:      cfg.Delegates,
		Scopes:         cfg.Scopes,
		Lifetime:       cfg.Lifetime,
		SubjectHeaders: cfg.Subject.Headers,
		Host:           host,
		Environment:    selectors(environ),
	})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// selectors are the variables by which the AWS SDK chooses an identity, sorted. All of AWS count,
// so that one which a later SDK reads does too, but for the secrets of an access key, which its ID
// stands for. Shared files are in the home directory.
func selectors(environ []string) []string {
	var chosen []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		name = strings.ToUpper(name) // which is what Windows makes of it
		switch {
		case value == "", name == "AWS_SECRET_ACCESS_KEY", name == "AWS_SESSION_TOKEN":
		case strings.HasPrefix(name, "AWS_"), name == "HOME", name == "USERPROFILE":
			chosen = append(chosen, name+"="+value)
		}
	}
	slices.Sort(chosen)
	return chosen
}
