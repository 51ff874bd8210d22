package awsfed

// sourceHint explains failures of the sources of credentials near this machine, "" for others.
func sourceHint(e *Error) string {
	switch e.Code {
	case codeMetadataToken:
		return lines("EC2 metadata takes connections and does not answer the request for a token (PUT /latest/api/token). In a container the usual cause is the hop limit of the instance: the answer does not reach beyond the host. Give the task or pod a role of its own, or raise the limit:",
			"aws ec2 modify-instance-metadata-options --instance-id INSTANCE_ID --http-put-response-hop-limit 2")
	case codeMetadataUnavailable:
		return lines(append([]string{"EC2 metadata fails or does not answer; it is asked again. In the order in which the AWS SDK looks:"}, credentialTrail()...)...)
	case codeRedirect:
		return "sources of AWS credentials do not redirect: something else answers at the address. Look at AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_EC2_METADATA_SERVICE_ENDPOINT and AWS_ENDPOINT_URL_STS, and at HTTPS_PROXY"
	}
	return ""
}
