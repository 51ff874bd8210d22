package awsfed

import (
	"io"
	"os"
)

// maxTokenFile bounds what is read of a file with a token, in bytes. The tokens of EKS have about 2
// KiB.
const maxTokenFile = 64 << 10

// chainSecrets are the secrets that the AWS SDK's chain sends to its sources, as far as the
// environment tells: an endpoint may repeat them in its errors.
func chainSecrets() []string {
	var secrets []string
	for _, variable := range []string{"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		secrets = append(secrets, os.Getenv(variable))
	}
	for _, variable := range []string{"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		if name := os.Getenv(variable); name != "" {
			secrets = append(secrets, tokenFile(name))
		}
	}
	return secrets
}

// tokenFile is what a file with a token holds; "" if it is no regular file, or cannot be read.
func tokenFile(name string) string {
	f, err := openFile(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	data, _ := io.ReadAll(io.LimitReader(f, maxTokenFile)) // As much of it as there is.
	return string(data)
}
