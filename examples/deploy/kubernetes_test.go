package deploy_test

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/awsfed/awsfed-go/awsfed"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// decodeObject reads a manifest as the API server does that is asked for strict validation: by the
// exact names of the fields, none of them unknown or there twice.
func decodeObject(text string, into any) error {
	converted, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return err
	}
	strict, err := json.UnmarshalStrict(converted, into)
	return errors.Join(append(strict, err)...)
}

func checkServiceAccount(text string) error {
	var account corev1.ServiceAccount
	if err := decodeObject(text, &account); err != nil {
		return err
	}
	return errors.Join(
		equal("kind", account.APIVersion+" "+account.Kind, "v1 ServiceAccount"),
		equal("name", account.Namespace+"/"+account.Name, "orders/orders"),
		equal("annotations", fmt.Sprint(account.Annotations), "map[eks.amazonaws.com/role-arn:arn:aws:iam::123456789012:role/orders]"),
		mounts(account.AutomountServiceAccountToken),
	)
}

func checkConfigMap(text string) error {
	var configMap corev1.ConfigMap
	if err := decodeObject(text, &configMap); err != nil {
		return err
	}
	cfg, err := awsfed.ConfigFromJSON([]byte(configMap.Data["credentials.json"]), nil)
	return errors.Join(err,
		equal("kind", configMap.APIVersion+" "+configMap.Kind, "v1 ConfigMap"),
		equal("name", configMap.Namespace+"/"+configMap.Name, "orders/google-credentials"),
		equal("files", len(configMap.Data), 1),
		equal("account", cfg.ServiceAccount, "orders@my-project.iam.gserviceaccount.com"),
	)
}

// checkDeployment checks what the variants share, and gives their pod. One init container, if it is
// named, may administer the pod's network; the others have no rights.
func checkDeployment(text, administers string) (corev1.PodSpec, error) {
	var deployment appsv1.Deployment
	if err := decodeObject(text, &deployment); err != nil {
		return corev1.PodSpec{}, err
	}
	var selector map[string]string
	if deployment.Spec.Selector != nil {
		selector = deployment.Spec.Selector.MatchLabels
	}
	pod := deployment.Spec.Template.Spec
	faults := []error{
		equal("kind", deployment.APIVersion+" "+deployment.Kind, "apps/v1 Deployment"),
		equal("name", deployment.Namespace+"/"+deployment.Name, "orders/orders"),
		equal("selector", fmt.Sprint(selector), "map[app.kubernetes.io/name:orders]"),
		equal("labels", fmt.Sprint(deployment.Spec.Template.Labels), fmt.Sprint(selector)),
		equal("service account", pod.ServiceAccountName, "orders"),
		mounts(pod.AutomountServiceAccountToken),
		equal("volumes", len(pod.Volumes), 1),
	}
	for _, volume := range pod.Volumes {
		if volume.ConfigMap == nil || volume.ConfigMap.Name != "google-credentials" {
			faults = append(faults, fmt.Errorf("the volume %s is not the credential file", volume.Name))
		}
	}
	if s := pod.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.RunAsUser == nil || *s.RunAsUser == 0 ||
		s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		faults = append(faults, errors.New("the pod may run as root, or without seccomp"))
	}
	for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
		if err := checkContainer(container, container.Name == administers); err != nil {
			faults = append(faults, fmt.Errorf("container %s: %w", container.Name, err))
		}
	}
	return pod, errors.Join(faults...)
}

func checkContainer(container corev1.Container, administers bool) error {
	var faults []error
	if administers {
		faults = append(faults, checkAdministrator(container.SecurityContext))
	} else {
		faults = append(faults, checkRights(container.SecurityContext))
	}
	// The names of resources are keys of a map, which takes any.
	for _, resources := range []corev1.ResourceList{container.Resources.Requests, container.Resources.Limits} {
		for name := range resources {
			if name != corev1.ResourceCPU && name != corev1.ResourceMemory {
				faults = append(faults, fmt.Errorf("the resource %q", name))
			}
		}
		if resources.Memory().IsZero() {
			faults = append(faults, errors.New("memory without a request or a limit"))
		}
	}
	if container.Resources.Requests.Cpu().IsZero() {
		faults = append(faults, errors.New("no request for processors"))
	}
	return errors.Join(faults...)
}

func checkRights(s *corev1.SecurityContext) error {
	if s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.ReadOnlyRootFilesystem == nil ||
		!*s.ReadOnlyRootFilesystem || s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) ||
		len(s.Capabilities.Add) > 0 || s.RunAsUser != nil || s.RunAsNonRoot != nil {
		return errors.New("it has more rights than it needs, or a user of its own")
	}
	return nil
}

func checkAdministrator(s *corev1.SecurityContext) error {
	if s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || s.Capabilities == nil ||
		!slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) || !slices.Equal(s.Capabilities.Add, []corev1.Capability{"NET_ADMIN"}) ||
		s.RunAsUser == nil || *s.RunAsUser != 0 || s.RunAsNonRoot == nil || *s.RunAsNonRoot {
		return errors.New("it is not root with NET_ADMIN alone")
	}
	return nil
}

func checkSidecar(text string) error {
	pod, err := checkDeployment(text, "")
	if err != nil {
		return err
	}
	if len(pod.InitContainers) != 1 || len(pod.Containers) != 1 {
		return errors.New("not one program and one sidecar")
	}
	program := pod.Containers[0]
	return errors.Join(
		checkServer(pod, pod.InitContainers[0]),
		checkClientEnvironment(variables(program), "127.0.0.1:8988"),
		equal("mounts of the program", len(program.VolumeMounts), 0),
		equal("command of the program", strings.Join(program.Command, " "), "python /app/app.py"),
	)
}

// checkServer checks awsfed serve as a native sidecar.
func checkServer(pod corev1.PodSpec, server corev1.Container) error {
	faults := []error{
		equal("name", server.Name, "awsfed"),
		checkCommandLine(append([]string{"/awsfed"}, server.Args...)...), // after the ENTRYPOINT of the image
		equal("command", len(server.Command), 0),
		checkServerEnvironment("serve", variables(server), "GOMEMLIMIT"),
		checkMount(pod, server),
		equal("memory", server.Resources.Limits.Memory().String(), "64Mi"),
	}
	if server.RestartPolicy == nil || *server.RestartPolicy != corev1.ContainerRestartPolicyAlways {
		faults = append(faults, errors.New("the sidecar is not a native one: the pod would wait for its end"))
	}
	if server.LivenessProbe != nil {
		faults = append(faults, errors.New("a liveness probe"))
	}
	for name, probe := range map[string]*corev1.Probe{"startup": server.StartupProbe, "readiness": server.ReadinessProbe} {
		if probe == nil || probe.Exec == nil || probe.PeriodSeconds == 0 || probe.TimeoutSeconds == 0 || probe.FailureThreshold == 0 {
			faults = append(faults, fmt.Errorf("no %s probe that runs a command", name))
			continue
		}
		faults = append(faults, checkCommandLine(probe.Exec.Command...))
	}
	return errors.Join(faults...)
}

func checkLinkLocal(text string) error {
	pod, err := checkDeployment(text, "link-local")
	if err != nil {
		return err
	}
	if len(pod.InitContainers) != 2 || len(pod.Containers) != 1 {
		return errors.New("not one program, one sidecar and what comes before both")
	}
	network, server, program := pod.InitContainers[0], pod.InitContainers[1], pod.Containers[0]
	return errors.Join(
		equal("what the node would lose", strings.Contains(text, "\n      hostNetwork: false\n"), true),
		equal("name", network.Name, "link-local"),
		equal("end", network.RestartPolicy == nil, true),
		equal("commands", len(network.Command), 3),
		checkServer(pod, server),
		equal("sidecar", strings.Join(server.Args, " "), "serve -hosts 169.254.169.254 -allow-uid any"),
		checkNames(variables(program), "GOOGLE_CLOUD_PROJECT"),
		equal("command of the program", strings.Join(program.Command, " "), "php /app/app.php"),
	)
}

func checkWrapper(text string) error {
	pod, err := checkDeployment(text, "")
	if err != nil {
		return err
	}
	if len(pod.InitContainers) != 0 || len(pod.Containers) != 1 {
		return errors.New("not one program alone")
	}
	program := pod.Containers[0]
	return errors.Join(
		checkCommandLine(program.Command...),
		equal("arguments", len(program.Args), 0),
		checkServerEnvironment("exec", variables(program)),
		checkMount(pod, program),
	)
}

// checkMount looks for the credential file where the environment names it.
func checkMount(pod corev1.PodSpec, container corev1.Container) error {
	file := variables(container)["GOOGLE_APPLICATION_CREDENTIALS"]
	if len(container.VolumeMounts) != 1 {
		return errors.New("not one mount")
	}
	mount := container.VolumeMounts[0]
	return errors.Join(
		equal("file", file, path.Join(mount.MountPath, "credentials.json")),
		equal("volume", mount.Name, pod.Volumes[0].Name),
		equal("read only", mount.ReadOnly, true),
		equal("path in the volume, which would keep a changed file away", mount.SubPath, ""),
	)
}

// variables are the environment of a container; one without a value of its own counts as empty.
func variables(container corev1.Container) map[string]string {
	env := make(map[string]string)
	for _, variable := range container.Env {
		env[variable.Name] = variable.Value
	}
	return env
}

func mounts(automount *bool) error {
	if automount == nil || *automount {
		return errors.New("the token for the API of Kubernetes is mounted")
	}
	return nil
}

func equal[T comparable](name string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s: %v instead of %v", name, got, want)
	}
	return nil
}
