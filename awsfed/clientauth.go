package awsfed

import (
	"encoding/base64"
	"encoding/json"
)

// basicAuthorization is the Authorization header of a client, and the parts of it that are secret.
// RFC 6749 §2.3.1 has both parts escaped before they are joined; Google's own libraries do not
// escape them, and what they send is what Google's STS is known to take. The two differ in signs
// that the clients of Google do not have.
func basicAuthorization(client, password string) (header string, secrets []string) {
	encoded := base64.StdEncoding.EncodeToString([]byte(client + ":" + password))
	return "Basic " + encoded, []string{"Basic " + encoded, encoded, password}
}

// exchangeOptions are the options of a request to STS (the reference of its method token); "" for
// none.
func exchangeOptions(userProject string) string {
	if userProject == "" {
		return ""
	}
	text, err := json.Marshal(struct {
		UserProject string `json:"userProject"`
	}{userProject})
	if err != nil {
		return "" // a string has no such error
	}
	return string(text)
}
