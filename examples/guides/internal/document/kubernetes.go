package document

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// kubernetes reads manifests, parted by "---".
func kubernetes(text string) error {
	var faults []error
	for _, part := range regexp.MustCompile(`(?m)^---\s*$`).Split(text, -1) {
		if strings.TrimSpace(part) != "" {
			faults = append(faults, object(part))
		}
	}
	if len(faults) == 0 {
		return errors.New("the manifest is empty")
	}
	return errors.Join(faults...)
}

// object reads one manifest into the type of its kind.
func object(text string) error {
	var meta struct{ APIVersion, Kind string }
	if err := yaml.Unmarshal([]byte(text), &meta); err != nil {
		return err
	}
	var into any
	switch meta.APIVersion + " " + meta.Kind {
	case "v1 ConfigMap":
		into = new(corev1.ConfigMap)
	case "v1 Namespace":
		into = new(corev1.Namespace)
	case "v1 Pod":
		into = new(corev1.Pod)
	case "v1 Secret":
		into = new(corev1.Secret)
	case "v1 Service":
		into = new(corev1.Service)
	case "v1 ServiceAccount":
		into = new(corev1.ServiceAccount)
	case "apps/v1 DaemonSet":
		into = new(appsv1.DaemonSet)
	case "apps/v1 Deployment":
		into = new(appsv1.Deployment)
	case "apps/v1 StatefulSet":
		into = new(appsv1.StatefulSet)
	case "batch/v1 CronJob":
		into = new(batchv1.CronJob)
	case "batch/v1 Job":
		into = new(batchv1.Job)
	case "networking.k8s.io/v1 NetworkPolicy":
		into = new(networkingv1.NetworkPolicy)
	case "rbac.authorization.k8s.io/v1 Role":
		into = new(rbacv1.Role)
	case "rbac.authorization.k8s.io/v1 RoleBinding":
		into = new(rbacv1.RoleBinding)
	case "rbac.authorization.k8s.io/v1 ClusterRole":
		into = new(rbacv1.ClusterRole)
	case "rbac.authorization.k8s.io/v1 ClusterRoleBinding":
		into = new(rbacv1.ClusterRoleBinding)
	default:
		return fmt.Errorf("there is no type for %s %s", meta.APIVersion, meta.Kind)
	}
	if err := decode(text, into); err != nil {
		return err
	}
	if config, ok := into.(*corev1.ConfigMap); ok {
		for name, data := range config.Data {
			if strings.Contains(data, `"external_account"`) {
				if err := credentialFile(data); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		}
	}
	return nil
}

// kubernetesPart reads fields of a pod or of a container, without what is around them.
func kubernetesPart(text string) error {
	ofPod := decode(text, new(corev1.PodSpec))
	if ofPod == nil || decode(text, new(corev1.Container)) == nil {
		return nil
	}
	return ofPod
}
