package fakegoogle

import (
	"net/http"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed/internal/judged"
)

const (
	resourceManagerService = "cloudresourcemanager.googleapis.com"
	scopeProjects          = "https://www.googleapis.com/auth/cloudplatformprojects"
)

// ServeResourceManager is as much of the Cloud Resource Manager API, version 1, as Google's clients
// ask for: /v1/projects/PROJECT, by number or ID. There is one project, and whoever has a token of
// the cloud may see it: no role is asked for.
func (g *Cloud) ServeResourceManager(w http.ResponseWriter, r *http.Request) {
	name, found := strings.CutPrefix(r.URL.Path, "/v1/projects/")
	if !found || name == "" || strings.Contains(name, "/") || r.Method != http.MethodGet {
		g.notServed(w, r)
		return
	}
	record := judged.From(r.Context())
	caller, failure := g.holder(bearerOf(r))
	if failure == nil {
		record.Caller = caller.Principal
	}
	switch {
	case failure != nil:
	case !caller.HasScope(scopeCloudPlatform, scopeCloudPlatform+".read-only", scopeProjects, scopeProjects+".readonly"):
		failure = ScopeInsufficient()
	case len(caller.Boundary) > 0 || name != g.home.ProjectNumber && name != g.projectID:
		record.Reason = "PERMISSION_DENIED: the project is another one, or the token is downscoped"
		// So it says of a project that does not exist, too.
		g.fail(w, &APIError{Code: http.StatusForbidden, Status: "PERMISSION_DENIED", Message: "The caller does not have permission"})
		return
	}
	if failure != nil {
		failure.Metadata = map[string]string{"service": resourceManagerService}
		record.Reason = failure.record()
		g.fail(w, failure)
		return
	}
	g.write(w, http.StatusOK, map[string]string{
		"projectNumber": g.home.ProjectNumber, "projectId": g.projectID, "lifecycleState": "ACTIVE", "name": g.projectID,
	})
}
