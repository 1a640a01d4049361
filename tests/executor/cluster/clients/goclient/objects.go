package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/util/retry"
)

var (
	workflows        = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "workflows"}
	workflowTaskSets = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "workflowtasksets"}
	taskResults      = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "workflowtaskresults"}
	clusterTemplates = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "clusterworkflowtemplates"}
	configMaps       = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
)

var objectChecks = []check{
	{"discovery: groups, resources, mapper", checkDiscovery},
	{"version and health", checkVersion},
	{"typed protobuf: config map", func(ctx context.Context, e *env) error { return checkConfigMap(ctx, e, e.proto, "proto") }},
	{"typed JSON: config map", func(ctx context.Context, e *env) error { return checkConfigMap(ctx, e, e.json, "json") }},
	{"typed protobuf: pod with everything in it", checkPod},
	{"typed protobuf: disruption budget, job, role, binding, claim", checkKinds},
	{"typed protobuf: lists and watches", checkTypedWatch},
	{"apply configurations", checkApply},
	{"dynamic: workflow life", checkWorkflow},
	{"dynamic: status of task sets, task results", checkTaskSet},
	{"cluster templates may be there", checkClusterTemplates},
	{"retry on conflict", checkConflict},
	{"errors are typed", checkErrors},
	{"list in pages", checkPager},
	{"delete collections by selector", checkDeleteCollection},
	{"owner references, finalizers, propagation", checkOwners},
	{"access reviews", checkReviews},
	{"service account tokens", checkToken},
}

func checkDiscovery(_ context.Context, e *env) error {
	client := e.json.Discovery()
	groups, lists, err := client.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	if len(groups) < 5 || len(lists) < 5 {
		return fmt.Errorf("%d groups, %d lists", len(groups), len(lists))
	}
	if _, err := client.ServerPreferredNamespacedResources(); err != nil {
		return err
	}
	found, err := discovery.IsResourceEnabled(client, workflows)
	if err != nil || !found {
		return fmt.Errorf("workflows enabled: %v %w", found, err)
	}
	if _, err := client.ServerResourcesForGroupVersion("argoproj.io/v1alpha1"); err != nil {
		return err
	}
	if _, err := client.ServerResourcesForGroupVersion("nowhere.example/v1"); !apierrors.IsNotFound(err) {
		return fmt.Errorf("a group that does not exist: %w", err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client))
	mapping, err := mapper.RESTMapping(schema.GroupKind{Group: "argoproj.io", Kind: "CronWorkflow"})
	if err != nil {
		return err
	}
	if err := want("resource of CronWorkflow", mapping.Resource.Resource, "cronworkflows"); err != nil {
		return err
	}
	short, err := restmapper.NewShortcutExpander(mapper, client, nil).ResourceFor(schema.GroupVersionResource{Resource: "wf"})
	if err != nil {
		return err
	}
	if _, err := client.OpenAPIV3().Paths(); err != nil {
		return err
	}
	return want("wf", short.Resource, "workflows")
}

func checkVersion(ctx context.Context, e *env) error {
	version, err := e.json.Discovery().ServerVersion()
	if err != nil {
		return err
	}
	for _, path := range []string{"/healthz", "/livez", "/readyz"} {
		body, err := e.json.Discovery().RESTClient().Get().AbsPath(path).DoRaw(ctx)
		if err != nil || string(body) != "ok" {
			return fmt.Errorf("%s: %q %w", path, body, err)
		}
	}
	return want("major version", version.Major, "1")
}

func checkConfigMap(ctx context.Context, e *env, client kubernetes.Interface, mark string) error {
	maps := client.CoreV1().ConfigMaps(e.namespace)
	made, err := maps.Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{GenerateName: mark + "-", Labels: map[string]string{"made-by": mark}},
		Data:       map[string]string{"k": "v", "unicode": "grüße 🌍", "empty": ""},
		BinaryData: map[string][]byte{"b": {0, 1, 255}},
	}, metav1.CreateOptions{FieldManager: "go"})
	if err != nil {
		return err
	}
	if made.UID == "" || made.ResourceVersion == "" || made.CreationTimestamp.IsZero() || len(made.ManagedFields) != 1 {
		return fmt.Errorf("made: %+v", made.ObjectMeta)
	}
	got, err := maps.Get(ctx, made.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := first(want("data", got.Data, made.Data), want("binary", got.BinaryData, made.BinaryData), want("text", got.Data["unicode"], "grüße 🌍")); err != nil {
		return err
	}
	got.Data["k"] = "w"
	immutable := true
	got.Immutable = &immutable
	changed, err := maps.Update(ctx, got, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	changed.Data["k"] = "x"
	if _, err := maps.Update(ctx, changed, metav1.UpdateOptions{}); !apierrors.IsInvalid(err) {
		return fmt.Errorf("an immutable map was changed: %w", err)
	}
	patched, err := maps.Patch(ctx, made.Name, types.StrategicMergePatchType, []byte(`{"metadata":{"labels":{"more":"1"}}}`), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	if err := want("labels", patched.Labels, map[string]string{"made-by": mark, "more": "1"}); err != nil {
		return err
	}
	listed, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "made-by=" + mark})
	if err != nil {
		return err
	}
	if err := want("listed", len(listed.Items), 1); err != nil {
		return err
	}
	uid := made.UID
	if err := maps.Delete(ctx, made.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}}); err != nil {
		return err
	}
	_, err = maps.Get(ctx, made.Name, metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		return fmt.Errorf("after delete: %w", err)
	}
	return nil
}

func checkPod(ctx context.Context, e *env) error {
	seconds, no, user := int64(7), false, int64(1000)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "everything", Annotations: map[string]string{"workflows.argoproj.io/node-id": "n"}},
		Spec: corev1.PodSpec{
			NodeName:              "elsewhere", // nobody runs it
			RestartPolicy:         corev1.RestartPolicyNever,
			ActiveDeadlineSeconds: &seconds,
			SecurityContext:       &corev1.PodSecurityContext{RunAsUser: &user},
			Tolerations:           []corev1.Toleration{{Key: "gpu", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoSchedule}},
			NodeSelector:          map[string]string{"a": "b"},
			Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
				NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "zone", Operator: corev1.NodeSelectorOpIn, Values: []string{"x", "y"}}}}},
			}}},
			Volumes: []corev1.Volume{
				{Name: "var-run-argo", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
				{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}},
				{Name: "s", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "s", Optional: &no, Items: []corev1.KeyToPath{{Key: "k", Path: "p"}}}}},
				{Name: "p", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{{Path: "x", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}}}}}}}},
			},
			InitContainers: []corev1.Container{{Name: "init", Image: "argoexec", Command: []string{"argoexec", "init"}}},
			Containers: []corev1.Container{{
				Name: "main", Image: "alpine:3.20", Command: []string{"/var/run/argo/argoexec", "emissary", "--", "true"},
				Env: []corev1.EnvVar{
					{Name: "ARGO_TEMPLATE", Value: `{"name":"main"}`},
					{Name: "POD", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
					{Name: "SECRET", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "s"}, Key: "k"}}},
				},
				Resources:      corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi")}},
				VolumeMounts:   []corev1.VolumeMount{{Name: "var-run-argo", MountPath: "/var/run/argo"}},
				ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromInt32(8080)}}, PeriodSeconds: 3},
				Lifecycle:      &corev1.Lifecycle{PreStop: &corev1.LifecycleHandler{Exec: &corev1.ExecAction{Command: []string{"true"}}}},
				Ports:          []corev1.ContainerPort{{Name: "web", ContainerPort: 8080}},
			}},
		},
	}
	pods := e.proto.CoreV1().Pods(e.namespace)
	made, err := pods.Create(ctx, pod, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	main := made.Spec.Containers[0]
	if err := first(
		want("cpu", main.Resources.Requests.Cpu(), "100m"),
		want("probe port", main.ReadinessProbe.HTTPGet.Port.String(), "8080"),
		want("env from field", main.Env[1].ValueFrom.FieldRef.FieldPath, "metadata.name"),
		want("zone", made.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0].MatchExpressions[0].Values, "[x y]"),
		want("optional", *made.Spec.Volumes[2].Secret.Optional, false),
		want("phase", made.Status.Phase, "Pending"),
		want("toleration", made.Spec.Tolerations[0].Operator, "Exists"),
	); err != nil {
		return err
	}
	// As the controller marks a pod that it has done with, and as a kubelet reports.
	if _, err := pods.Patch(ctx, made.Name, types.MergePatchType, []byte(`{"metadata":{"labels":{"workflows.argoproj.io/completed":"true"}}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	got, err := pods.Get(ctx, made.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	got.Status.Phase = corev1.PodFailed
	got.Status.Message = "done with"
	got.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 3, FinishedAt: metav1.Now()}}}}
	told, err := pods.UpdateStatus(ctx, got, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	if err := first(want("phase", told.Status.Phase, "Failed"), want("exit code", told.Status.ContainerStatuses[0].State.Terminated.ExitCode, 3), want("generation", told.Labels["workflows.argoproj.io/completed"], "true")); err != nil {
		return err
	}
	zero := int64(0)
	return pods.Delete(ctx, made.Name, metav1.DeleteOptions{GracePeriodSeconds: &zero})
}

func checkKinds(ctx context.Context, e *env) error {
	one := intstr.FromInt32(1)
	pdb, err := e.proto.PolicyV1().PodDisruptionBudgets(e.namespace).Create(ctx, &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "wf"},
		Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: &one, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"workflows.argoproj.io/workflow": "wf"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("budget: %w", err)
	}
	if err := want("min available", pdb.Spec.MinAvailable.String(), "1"); err != nil {
		return err
	}
	if err := e.proto.PolicyV1().PodDisruptionBudgets(e.namespace).Delete(ctx, "wf", metav1.DeleteOptions{}); err != nil {
		return err
	}
	job, err := e.proto.BatchV1().Jobs(e.namespace).Create(ctx, &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: "j"},
		Spec:       batchv1.JobSpec{Suspend: &[]bool{true}[0], Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "main", Image: "alpine"}}}}},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("job: %w", err)
	}
	background := metav1.DeletePropagationBackground
	if err := e.proto.BatchV1().Jobs(e.namespace).Delete(ctx, job.Name, metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
		return err
	}
	if _, err := e.proto.RbacV1().Roles(e.namespace).Create(ctx, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "executor"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"argoproj.io"}, Resources: []string{"workflowtaskresults"}, Verbs: []string{"create", "patch"}}},
	}, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("role: %w", err)
	}
	if _, err := e.proto.RbacV1().RoleBindings(e.namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "executor"},
		RoleRef:    rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: "executor"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: "default", Namespace: e.namespace}},
	}, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("binding: %w", err)
	}
	claim, err := e.proto.CoreV1().PersistentVolumeClaims(e.namespace).Create(ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "work"},
		Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}}},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("claim: %w", err)
	}
	if _, err := e.proto.SchedulingV1().PriorityClasses().List(ctx, metav1.ListOptions{}); err != nil {
		return err
	}
	return e.proto.CoreV1().PersistentVolumeClaims(e.namespace).Delete(ctx, claim.Name, metav1.DeleteOptions{})
}

func checkTypedWatch(ctx context.Context, e *env) error {
	maps := e.proto.CoreV1().ConfigMaps(e.namespace)
	list, err := maps.List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return err
	}
	watcher, err := maps.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion, AllowWatchBookmarks: true, FieldSelector: "metadata.name=seen"})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for _, name := range []string{"unseen", "seen"} {
		if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
			return err
		}
		defer func() { _ = maps.Delete(context.Background(), name, metav1.DeleteOptions{}) }()
	}
	select {
	case event := <-watcher.ResultChan():
		object, ok := event.Object.(*corev1.ConfigMap)
		if !ok {
			return fmt.Errorf("event: %v %T", event.Type, event.Object)
		}
		return first(want("type", event.Type, "ADDED"), want("name", object.Name, "seen"))
	case <-ctx.Done():
		return errors.New("no event")
	}
}

func checkApply(ctx context.Context, e *env) error {
	maps := e.proto.CoreV1().ConfigMaps(e.namespace)
	config := applycorev1.ConfigMap("applied", e.namespace).WithData(map[string]string{"k": "v"})
	made, err := maps.Apply(ctx, config, metav1.ApplyOptions{FieldManager: "one"})
	if err != nil {
		return err
	}
	defer func() { _ = maps.Delete(context.Background(), "applied", metav1.DeleteOptions{}) }()
	_, err = maps.Apply(ctx, applycorev1.ConfigMap("applied", e.namespace).WithData(map[string]string{"k": "w"}), metav1.ApplyOptions{FieldManager: "two"})
	if !apierrors.IsConflict(err) {
		return fmt.Errorf("another's field was taken: %w", err)
	}
	forced, err := maps.Apply(ctx, applycorev1.ConfigMap("applied", e.namespace).WithData(map[string]string{"k": "w"}), metav1.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil {
		return err
	}
	extracted, err := applycorev1.ExtractConfigMap(forced, "two")
	if err != nil {
		return err
	}
	return first(want("made", made.Data["k"], "v"), want("forced", forced.Data["k"], "w"), want("extracted", extracted.Data["k"], "w"))
}

func workflow(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
		"metadata": map[string]any{"generateName": name + "-", "labels": map[string]any{"go": name, "workflows.argoproj.io/controller-instanceid": "nobody"}},
		"spec":     map[string]any{"entrypoint": "main", "suspend": true, "templates": []any{map[string]any{"name": "main", "container": map[string]any{"image": "alpine"}}}},
	}}
}

func checkWorkflow(ctx context.Context, e *env) error {
	client := e.dynamic.Resource(workflows).Namespace(e.namespace)
	made, err := client.Create(ctx, workflow("life"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := unstructured.SetNestedField(made.Object, "Running", "status", "phase"); err != nil {
		return err
	}
	_ = unstructured.SetNestedField(made.Object, int64(1), "status", "nodes", "n", "progress-count")
	unstructured.RemoveNestedField(made.Object, "status", "nodes")
	labels := made.GetLabels()
	labels["workflows.argoproj.io/phase"] = "Running"
	made.SetLabels(labels)
	running, err := client.Update(ctx, made, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	if _, err := client.Update(ctx, made, metav1.UpdateOptions{}); !apierrors.IsConflict(err) {
		return fmt.Errorf("a stale update went through: %w", err)
	}
	if _, err := client.Patch(ctx, made.GetName(), types.MergePatchType, []byte(`{"spec":{"shutdown":"Stop"},"metadata":{"annotations":{"a":"b"}}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	got, err := client.Get(ctx, made.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	shutdown, _, _ := unstructured.NestedString(got.Object, "spec", "shutdown")
	phase, _, _ := unstructured.NestedString(got.Object, "status", "phase")
	selected, err := client.List(ctx, metav1.ListOptions{LabelSelector: "workflows.argoproj.io/phase in (Running,Pending),!workflows.argoproj.io/completed,go=life"})
	if err != nil {
		return err
	}
	if err := first(want("shutdown", shutdown, "Stop"), want("phase", phase, "Running"), want("selected", len(selected.Items), 1),
		want("newer", got.GetResourceVersion() != running.GetResourceVersion(), true)); err != nil {
		return err
	}
	return client.Delete(ctx, made.GetName(), metav1.DeleteOptions{})
}

func checkTaskSet(ctx context.Context, e *env) error {
	sets := e.dynamic.Resource(workflowTaskSets).Namespace(e.namespace)
	set := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTaskSet", "metadata": map[string]any{"name": "agent"},
		"spec": map[string]any{"tasks": map[string]any{"n1": map[string]any{"name": "http", "http": map[string]any{"url": "http://localhost"}}}},
	}}
	if _, err := sets.Create(ctx, set, metav1.CreateOptions{}); err != nil {
		return err
	}
	defer func() { _ = sets.Delete(context.Background(), "agent", metav1.DeleteOptions{}) }()
	if _, err := sets.Patch(ctx, "agent", types.MergePatchType, []byte(`{"status":{"nodes":{"n1":{"phase":"Succeeded"}}}}`), metav1.PatchOptions{}, "status"); err != nil {
		return err
	}
	if _, err := sets.Patch(ctx, "agent", types.MergePatchType, []byte(`{"spec":{"tasks":{"n1":null,"n2":{"name":"http"}}},"status":{"nodes":null}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	got, err := sets.Get(ctx, "agent", metav1.GetOptions{})
	if err != nil {
		return err
	}
	phase, _, _ := unstructured.NestedString(got.Object, "status", "nodes", "n1", "phase")
	tasks, _, _ := unstructured.NestedMap(got.Object, "spec", "tasks")
	if err := first(want("status stays", phase, "Succeeded"), want("tasks", len(tasks), 1)); err != nil {
		return err
	}
	results := e.dynamic.Resource(taskResults).Namespace(e.namespace)
	result := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTaskResult",
		"metadata": map[string]any{"name": "node-1", "labels": map[string]any{"workflows.argoproj.io/workflow": "w", "workflows.argoproj.io/report-outputs-completed": "false"}},
		"outputs":  map[string]any{"result": "x", "exitCode": "0"},
	}}
	if _, err := results.Create(ctx, result, metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := results.Patch(ctx, "node-1", types.MergePatchType, []byte(`{"metadata":{"labels":{"workflows.argoproj.io/report-outputs-completed":"true"}}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	return results.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "workflows.argoproj.io/workflow=w"})
}

func checkClusterTemplates(ctx context.Context, e *env) error {
	_, err := e.dynamic.Resource(clusterTemplates).List(ctx, metav1.ListOptions{Limit: 1})
	return err
}

func checkConflict(ctx context.Context, e *env) error {
	client := e.dynamic.Resource(configMaps).Namespace(e.namespace)
	counter := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "counter"}, "data": map[string]any{"n": "0"}}}
	if _, err := client.Create(ctx, counter, metav1.CreateOptions{}); err != nil {
		return err
	}
	defer func() { _ = client.Delete(context.Background(), "counter", metav1.DeleteOptions{}) }()
	var group sync.WaitGroup
	failures := make(chan error, 8)
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 5 {
				backoff := retry.DefaultBackoff
				backoff.Steps, backoff.Duration = 50, time.Millisecond
				if err := retry.RetryOnConflict(backoff, func() error {
					got, err := client.Get(ctx, "counter", metav1.GetOptions{})
					if err != nil {
						return err
					}
					text, _, _ := unstructured.NestedString(got.Object, "data", "n")
					n := 0
					_, _ = fmt.Sscan(text, &n)
					_ = unstructured.SetNestedField(got.Object, fmt.Sprint(n+1), "data", "n")
					_, err = client.Update(ctx, got, metav1.UpdateOptions{})
					return err
				}); err != nil {
					failures <- err
					return
				}
			}
		}()
	}
	group.Wait()
	close(failures)
	if err := <-failures; err != nil {
		return err
	}
	got, err := client.Get(ctx, "counter", metav1.GetOptions{})
	if err != nil {
		return err
	}
	text, _, _ := unstructured.NestedString(got.Object, "data", "n")
	return want("sum", text, "40")
}

func checkErrors(ctx context.Context, e *env) error {
	maps := e.proto.CoreV1().ConfigMaps(e.namespace)
	_, missing := maps.Get(ctx, "missing", metav1.GetOptions{})
	if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "twice"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	defer func() { _ = maps.Delete(context.Background(), "twice", metav1.DeleteOptions{}) }()
	_, twice := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "twice"}}, metav1.CreateOptions{})
	_, invalid := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "Not A Name"}}, metav1.CreateOptions{})
	_, noNamespace := e.proto.CoreV1().ConfigMaps("nowhere").Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x"}}, metav1.CreateOptions{})
	_, selector := maps.List(ctx, metav1.ListOptions{LabelSelector: "a in ("})
	_, field := maps.List(ctx, metav1.ListOptions{FieldSelector: "data.k=v"})
	wrong := types.UID("wrong")
	precondition := maps.Delete(ctx, "twice", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &wrong}})
	_, gone := maps.Watch(ctx, metav1.ListOptions{ResourceVersion: "1", TimeoutSeconds: &[]int64{1}[0]})
	_ = gone // an old version may still be in the window
	return first(
		want("missing", apierrors.IsNotFound(missing), true), want("twice", apierrors.IsAlreadyExists(twice), true),
		want("invalid", apierrors.IsInvalid(invalid), true), want("no namespace", apierrors.IsNotFound(noNamespace), true),
		want("selector", apierrors.IsBadRequest(selector), true), want("field", apierrors.IsBadRequest(field), true),
		want("precondition", apierrors.IsConflict(precondition), true))
}

func checkPager(ctx context.Context, e *env) error {
	maps := e.proto.CoreV1().ConfigMaps(e.namespace)
	for i := range 23 {
		if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("page-%02d", i), Labels: map[string]string{"page": "yes"}}}, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	pages := 0
	list := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		pages++
		return maps.List(ctx, options)
	})
	list.PageSize = 5
	seen := 0
	if err := list.EachListItem(ctx, metav1.ListOptions{LabelSelector: "page=yes"}, func(runtime.Object) error { seen++; return nil }); err != nil {
		return err
	}
	return first(want("seen", seen, 23), want("pages", pages, 5))
}

func checkDeleteCollection(ctx context.Context, e *env) error {
	maps := e.proto.CoreV1().ConfigMaps(e.namespace)
	if err := maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "page=yes"}); err != nil {
		return err
	}
	left, err := maps.List(ctx, metav1.ListOptions{LabelSelector: "page=yes"})
	if err != nil {
		return err
	}
	return want("left", len(left.Items), 0)
}

func checkOwners(ctx context.Context, e *env) error {
	maps := e.proto.CoreV1().ConfigMaps(e.namespace)
	owner, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "owner", Finalizers: []string{"example.com/wait"}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	yes := true
	if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "owned", OwnerReferences: []metav1.OwnerReference{
		{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID, Controller: &yes, BlockOwnerDeletion: &yes}}}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	orphan := metav1.DeletePropagationBackground
	if err := maps.Delete(ctx, "owner", metav1.DeleteOptions{PropagationPolicy: &orphan}); err != nil {
		return err
	}
	marked, err := maps.Get(ctx, "owner", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if marked.DeletionTimestamp == nil {
		return errors.New("not marked for deletion")
	}
	if _, err := maps.Patch(ctx, "owner", types.JSONPatchType, []byte(`[{"op":"remove","path":"/metadata/finalizers/0"}]`), metav1.PatchOptions{}); err != nil {
		return err
	}
	if _, err := maps.Get(ctx, "owner", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("the owner stays: %w", err)
	}
	_ = maps.Delete(ctx, "owned", metav1.DeleteOptions{})
	return nil
}

func checkReviews(ctx context.Context, e *env) error {
	review, err := e.proto.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: e.namespace, Verb: "create", Group: "argoproj.io", Resource: "workflows"}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	rules, err := e.proto.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, &authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: e.namespace}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	other, err := e.proto.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{User: "nobody", ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: e.namespace, Verb: "get", Resource: "secrets"}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	who, err := e.proto.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return first(want("allowed", review.Status.Allowed, true), want("rules", len(rules.Status.ResourceRules) > 0, true),
		want("nobody", other.Status.Allowed, false), want("a name", who.Status.UserInfo.Username != "", true))
}

func checkToken(ctx context.Context, e *env) error {
	accounts := e.proto.CoreV1().ServiceAccounts(e.namespace)
	if _, err := accounts.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "go"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	seconds := int64(3600)
	made, err := accounts.CreateToken(ctx, "go", &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	review, err := e.proto.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: made.Status.Token}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return want("user", review.Status.User.Username, "system:serviceaccount:"+e.namespace+":go")
}
