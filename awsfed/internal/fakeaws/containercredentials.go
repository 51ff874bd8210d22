package fakeaws

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Where the container endpoints stand. ECS and EKS have an address each; on the emulator's own both
// are below /container/.
const (
	ecsHost = "169.254.170.2"
	ecsPath = "/container/ecs/" // and a role's name
	eksPath = "/container/eks/v1/credentials"
	// ecsRealPath is what a task's relative URI looks like; the ID stands for the task.
	ecsRealPath = "/v2/credentials/"
	eksRealPath = "/v1/credentials"

	// taskID ends the ARN of the ECS task's sessions, as ECS has it.
	taskID = "0123456789abcdef0123456789abcdef"
	// podSession is the form in which EKS Pod Identity names its sessions.
	podSession = "eks-my-cluster-app-0123abcd-4567-89ab-cdef-0123456789ab"
)

// containers are the ECS tasks and the EKS pods.
type containers struct {
	task          string // ARN of the role of the task that has no role in its path
	tasks         map[string]*keySource
	authorization string // that ECS wants; "" for none
	pod           keySource
	podToken      string // the latest; "" before the first
}

func newContainers(role string) containers {
	return containers{
		task:  role,
		tasks: make(map[string]*keySource),
		pod:   keySource{role: role, session: podSession},
	}
}

// SetContainerAuthorization sets what the Authorization header of requests to the ECS endpoint must
// be (AWS_CONTAINER_AUTHORIZATION_TOKEN). Default: "", and none is looked at, as on ECS.
func (a *Cloud) SetContainerAuthorization(authorization string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.containers.authorization = authorization
}

// SetPodRole has the EKS pod run as another role (its Pod Identity association), in sessions of the
// given name; a name of "" is made as EKS makes it: eks-CLUSTER-POD-UUID.
func (a *Cloud) SetPodRole(role, session string) error {
	if session == "" {
		session = podSession
	}
	if !sessionName.MatchString(session) {
		return fmt.Errorf("setting the role of the pod: the session name %q is not 2 to 64 of the characters A-Z a-z 0-9 _+=,.@-", session)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r, err := a.role(role)
	if err == nil {
		a.containers.pod = keySource{role: r.arn, session: session}
	}
	return err
}

// PodToken returns the service-account token of the pod, which EKS writes into
// AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE. It is good for 24 h, and a new one is made when it has
// less than 5 h left.
func (a *Cloud) PodToken() string {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, fault := a.issuer.verify(a.containers.podToken, podIdentityAudience, now.Add(5*time.Hour)); fault != tokenGood {
		a.containers.podToken = a.issuer.podToken(now)
	}
	return a.containers.podToken
}

// RotatePodToken replaces the pod's token and returns the new one. The old one is refused from then
// on, so that a client which does not read its file again is found out; EKS would take it until it
// expires.
func (a *Cloud) RotatePodToken() string {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.containers.podToken = a.issuer.podToken(now)
	return a.containers.podToken
}

func (i *webIdentityIssuer) podToken(now time.Time) string {
	return i.sign("system:serviceaccount:default:app", podIdentityAudience, now, 24*time.Hour)
}

// ServeContainerCredentials answers as the credential endpoint of ECS and as the Pod Identity agent
// of EKS.
func (a *Cloud) ServeContainerCredentials(w http.ResponseWriter, r *http.Request) {
	now := a.now()
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	onECS := Hostname(requestHost(r)) == ecsHost
	role, named := strings.CutPrefix(r.URL.Path, ecsPath)
	switch {
	case named, onECS && strings.HasPrefix(r.URL.Path, ecsRealPath):
		a.serveECS(w, r, role, named, now)
	case r.URL.Path == eksPath, !onECS && r.URL.Path == eksRealPath:
		a.serveEKS(w, r, now)
	default:
		http.NotFound(w, r)
	}
}

func (a *Cloud) serveECS(w http.ResponseWriter, r *http.Request, role string, named bool, now time.Time) {
	a.mu.Lock()
	want := a.containers.authorization
	if !named {
		role = a.containers.task
	}
	source, ok := a.containers.tasks[role]
	if !ok {
		source = &keySource{role: role, session: taskID}
	}
	var keys aws.Credentials
	var arn string
	found, err := a.role(role)
	if err == nil {
		arn = found.arn
		a.containers.tasks[role] = source
		keys, err = a.current(source, now)
	}
	a.mu.Unlock()

	switch got := r.Header.Get("Authorization"); {
	case want != "" && subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 0:
		writeContainer(w, http.StatusUnauthorized, map[string]any{
			"code": "Unauthorized", "message": "the Authorization header is missing or wrong", "HTTPErrorCode": http.StatusUnauthorized,
		})
	case err != nil:
		writeContainer(w, http.StatusBadRequest, map[string]any{
			"code": "InvalidIdInRequest", "message": "CredentialsV2Request: Credentials not found", "HTTPErrorCode": http.StatusBadRequest,
		})
	default:
		writeContainer(w, http.StatusOK, map[string]any{
			"RoleArn": arn, "AccessKeyId": keys.AccessKeyID, "SecretAccessKey": keys.SecretAccessKey,
			"Token": keys.SessionToken, "Expiration": awsTime(keys.Expires),
		})
	}
}

// serveEKS answers as the Pod Identity agent, whose errors are plain text.
func (a *Cloud) serveEKS(w http.ResponseWriter, r *http.Request, now time.Time) {
	token := r.Header.Get("Authorization")
	if token == "" {
		http.Error(w, "Service account token cannot be empty", http.StatusBadRequest)
		return
	}
	_, fault := a.issuer.verify(token, podIdentityAudience, now)
	a.mu.Lock()
	current := token == a.containers.podToken
	keys, err := a.current(&a.containers.pod, now)
	a.mu.Unlock()
	switch {
	case fault == tokenMalformed:
		http.Error(w, "Service account token cannot be parsed: token is malformed", http.StatusBadRequest)
	case fault == tokenExpired:
		http.Error(w, "Service account token failed basic claim validations: token is expired", http.StatusBadRequest)
	case fault != tokenGood || !current:
		// The shape is the agent's, the message is not.
		http.Error(w, "["+newRequestID()+"]: (InvalidTokenException): the token is not the pod's current one, fault: client", http.StatusForbidden)
	case err != nil:
		http.Error(w, "["+newRequestID()+"]: (ResourceNotFoundException): the pod's role does not exist, fault: client", http.StatusNotFound)
	default:
		writeContainer(w, http.StatusOK, map[string]any{
			"AccessKeyId": keys.AccessKeyID, "SecretAccessKey": keys.SecretAccessKey, "Token": keys.SessionToken,
			"AccountId": keys.AccountID, "Expiration": awsTime(keys.Expires),
		})
	}
}

// writeContainer writes v as JSON. The SDKs read an error's code and message only from a content
// type of exactly application/json.
func writeContainer(w http.ResponseWriter, status int, v map[string]any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(b)
}
