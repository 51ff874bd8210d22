package awsfedtest

import "strings"

// defaultUniverse is the domain of Google Cloud.
const defaultUniverse = "googleapis.com"

// endpointOfGoogle tells the endpoint by a host name in one of Google's universes, in small
// letters, and a path there. A name that only looks like one is nobody's.
func endpointOfGoogle(name, path, universe string) (Endpoint, bool) {
	labels, ok := strings.CutSuffix(name, "."+universe)
	if !ok {
		return "", false
	}
	if labels == "www" {
		if isOAuthPath(path) {
			return GoogleOAuth, true
		}
		return GoogleKeys, true
	}
	labels = strings.TrimSuffix(labels, ".mtls")
	for _, service := range [...]struct {
		name     string
		endpoint Endpoint
		regional bool
	}{
		{"sts", GoogleSTS, true},
		{"iamcredentials", IAMCredentials, true},
		{"cloudresourcemanager", ResourceManager, false},
		{"oauth2", GoogleOAuth, false},
		{"openidconnect", GoogleOAuth, false},
	} {
		if labels == service.name || isPrivate(labels, service.name) || service.regional && isRegional(labels, service.name) {
			return service.endpoint, true
		}
	}
	return "", false
}

// isPrivate reports whether labels are those of a Private Service Connect endpoint:
// SERVICE-ENDPOINT.p.
func isPrivate(labels, service string) bool {
	rest, found := strings.CutPrefix(labels, service+"-")
	endpoint, ok := strings.CutSuffix(rest, ".p")
	return found && ok && isLabel(endpoint)
}

// isRegional reports whether labels are those of a service in a region: SERVICE.REGION.rep today,
// and REGION-SERVICE, REGION.SERVICE or SERVICE.REGION as Google's own clients listed them once.
func isRegional(labels, service string) bool {
	if region, found := strings.CutPrefix(labels, service+"."); found {
		region = strings.TrimSuffix(region, ".rep")
		return isRegion(region)
	}
	if region, found := strings.CutSuffix(labels, "."+service); found {
		return isRegion(region)
	}
	region, found := strings.CutSuffix(labels, "-"+service)
	return found && isRegion(region)
}

// isRegion reports whether s can be a region, whatever regions there are.
func isRegion(s string) bool { return isLabel(s) && s != "p" && s != "rep" && s != "mtls" }

// isLabel reports whether s is one label of a host name in small letters (RFC 1123 §2.1).
func isLabel(s string) bool {
	return s != "" && s == strings.Trim(s, "-") && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
