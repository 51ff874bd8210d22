package awsfed_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/awsfed/awsfed-go/awsfed"
)

// The AWS SDK takes some of these for credentials, and panics where nobody can recover.
func TestAnAnswerWithoutCredentialsIsAnErrorAndEndsNoProcess(t *testing.T) {
	for source, bodies := range map[string][]string{
		"the endpoint of a task or pod": {"null", "{}", "[]", "", `"text"`},
		"EC2 metadata":                  {"null", "{}", ""},
		"SSO":                           {"null", "{}", "", `{"roleCredentials": null}`, `{"roleCredentials": {}}`},
		"a web identity": {"", "<AssumeRoleWithWebIdentityResponse/>",
			"<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult/></AssumeRoleWithWebIdentityResponse>"},
	} {
		for _, body := range bodies {
			t.Run(source+", "+body, func(t *testing.T) {
				lead(t, source, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
					_, _ = io.WriteString(w, body)
				})
				var e *awsfed.Error
				if err := attempt(t); assert.ErrorAs(t, err, &e) {
					assert.Equal(t, awsfed.StageCredentials, e.Stage, err)
				}
			})
		}
	}
}

func TestARefusalThatIsNullIsAnErrorAndEndsNoProcess(t *testing.T) {
	for source := range remoteSources {
		t.Run(source, func(t *testing.T) {
			lead(t, source, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, "null")
			})
			var e *awsfed.Error
			if err := attempt(t); assert.ErrorAs(t, err, &e) {
				assert.Equal(t, awsfed.StageCredentials, e.Stage, err)
			}
		})
	}
}
