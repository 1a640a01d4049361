package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
)

// The checks of this file create pods as Argo's workflow controller writes them, which run argoexec's part in the cluster.

var executorChecks = []check{
	{"executor: a step reports its outputs", checkStep},
	{"executor: a step is told to stop", func(ctx context.Context, e *env) error {
		return checkSignal(ctx, e, "/var/run/argo/argoexec", "kill", "15", "1")
	}},
	{"executor: a sidecar is told to stop", func(ctx context.Context, e *env) error {
		return checkSignal(ctx, e, "/bin/sh", "-c", "kill -15 1")
	}},
	{"executor: the agent makes HTTP requests", checkAgentPod},
	{"executor: artifacts are deleted", checkCollector},
}

const executorImage = "quay.io/argoproj/argoexec:v4.0.0"

func emissary(words ...string) []string {
	return append([]string{"/var/run/argo/argoexec", "emissary", "--loglevel", "info", "--log-format", "text", "--"}, words...)
}

// stepPod is the pod of a step, with the containers init, wait and main.
func stepPod(e *env, name string, template map[string]any, owner *unstructured.Unstructured, command ...string) *corev1.Pod {
	text, _ := json.Marshal(template)
	field := func(path string) *corev1.EnvVarSource {
		return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: path}}
	}
	environment := []corev1.EnvVar{
		{Name: "ARGO_POD_NAME", ValueFrom: field("metadata.name")}, {Name: "ARGO_POD_UID", ValueFrom: field("metadata.uid")},
		{Name: "GODEBUG", Value: "x509ignoreCN=0"}, {Name: "ARGO_WORKFLOW_NAME", Value: owner.GetName()}, {Name: "ARGO_WORKFLOW_UID", Value: string(owner.GetUID())},
		{Name: "ARGO_CONTAINER_NAME", Value: "main"}, {Name: "ARGO_TEMPLATE", Value: string(text)}, {Name: "ARGO_NODE_ID", Value: name},
		{Name: "ARGO_INCLUDE_SCRIPT_OUTPUT", Value: "true"}, {Name: "ARGO_DEADLINE", Value: "0001-01-01T00:00:00Z"},
		{Name: "ARGO_PROGRESS_FILE", Value: "/var/run/argo/progress"}, {Name: "ARGO_PROGRESS_PATCH_TICK_DURATION", Value: "1m0s"}, {Name: "ARGO_PROGRESS_FILE_TICK_DURATION", Value: "3s"},
	}
	shared := corev1.VolumeMount{Name: "var-run-argo", MountPath: "/var/run/argo"}
	tmp := corev1.VolumeMount{Name: "tmp-dir-argo", MountPath: "/tmp", SubPath: "0"}
	container := func(name, image string, command []string, mounts ...corev1.VolumeMount) corev1.Container {
		return corev1.Container{Name: name, Image: image, Command: command, Env: environment, VolumeMounts: mounts}
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{labels + "workflow": owner.GetName(), labels + "completed": "false", labels + "controller-instanceid": instance},
			Annotations:     map[string]string{labels + "node-name": name, labels + "node-id": name, "kubectl.kubernetes.io/default-container": "main"},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(owner, schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "Workflow"})}},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever, TerminationGracePeriodSeconds: &[]int64{2}[0],
			Volumes: []corev1.Volume{
				{Name: "var-run-argo", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
				{Name: "tmp-dir-argo", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			},
			InitContainers: []corev1.Container{container("init", executorImage, []string{"argoexec", "init", "--loglevel", "info", "--log-format", "text"}, shared)},
			Containers: []corev1.Container{
				container("wait", executorImage, []string{"argoexec", "wait", "--loglevel", "info", "--log-format", "text"}, tmp, shared),
				container("main", "busybox", emissary(command...), shared),
			},
		},
	}
}

// follow waits for a phase of a pod, with the informer of the controller.
func (e *env) phase(ctx context.Context, name string, wanted ...corev1.PodPhase) (*corev1.Pod, error) {
	var found *corev1.Pod
	err := until(ctx, fmt.Sprintf("%s %v", name, wanted), func() (bool, error) {
		var err error
		if found, err = e.json.CoreV1().Pods(e.namespace).Get(ctx, name, metav1.GetOptions{}); err != nil {
			return false, err
		}
		for _, phase := range wanted {
			if found.Status.Phase == phase {
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil && found != nil {
		err = fmt.Errorf("%w; status %+v", err, found.Status)
	}
	return found, err
}

func checkStep(ctx context.Context, e *env) error {
	owner, err := e.argo(workflows).Create(ctx, ours("step"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	template := map[string]any{"name": "main", "inputs": map[string]any{}, "metadata": map[string]any{},
		"outputs":   map[string]any{"parameters": []any{map[string]any{"name": "p", "valueFrom": map[string]any{"path": "/tmp/p"}}}},
		"container": map[string]any{"name": "", "image": "busybox", "command": []any{"sh", "-c"}, "resources": map[string]any{}}}
	pod := stepPod(e, owner.GetName()+"-step", template, owner, "sh", "-c", "echo hello; echo one > /tmp/p")
	if _, err := e.json.CoreV1().Pods(e.namespace).Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return err
	}
	ended, err := e.phase(ctx, pod.Name, corev1.PodSucceeded, corev1.PodFailed)
	if err != nil {
		return err
	}
	result, err := e.argo(taskResults).Get(ctx, pod.Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("task result: %w", err)
	}
	text, _, _ := unstructured.NestedString(result.Object, "outputs", "result")
	parameters, _, _ := unstructured.NestedSlice(result.Object, "outputs", "parameters")
	if len(parameters) != 1 {
		return fmt.Errorf("outputs: %v", result.Object["outputs"])
	}
	states := []string{}
	for _, status := range ended.Status.ContainerStatuses {
		if status.State.Terminated == nil {
			return fmt.Errorf("container %s: %+v", status.Name, status.State)
		}
		states = append(states, fmt.Sprint(status.Name, status.State.Terminated.ExitCode))
	}
	if err := first(want("phase", ended.Status.Phase, "Succeeded"), want("states", states, "[wait0 main0]"), want("init", len(ended.Status.InitContainerStatuses), 1),
		want("result", text, "hello"), want("parameter", parameters[0].(map[string]any)["value"], "one"),
		want("of workflow", result.GetLabels()[labels+"workflow"], owner.GetName()), want("complete", result.GetLabels()[labels+"report-outputs-completed"], "true"),
		want("ip", ended.Status.PodIP != "", true), want("started", ended.Status.StartTime != nil, true)); err != nil {
		return err
	}
	background := metav1.DeletePropagationBackground
	if err := e.argo(workflows).Delete(ctx, owner.GetName(), metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
		return err
	}
	return until(ctx, "the pod is collected", func() (bool, error) {
		_, err := e.json.CoreV1().Pods(e.namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		return apierrors.IsNotFound(err), nil
	})
}

// checkSignal enters main and sends it SIGTERM, as the controller does to end a step.
func checkSignal(ctx context.Context, e *env, command ...string) error {
	owner, err := e.argo(workflows).Create(ctx, ours("signal"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer func() { _ = e.argo(workflows).Delete(context.Background(), owner.GetName(), metav1.DeleteOptions{}) }()
	template := map[string]any{"name": "main", "inputs": map[string]any{}, "outputs": map[string]any{}, "container": map[string]any{"image": "busybox"}}
	pod := stepPod(e, owner.GetName()+"-signal", template, owner, "sh", "-c", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done")
	pods := e.json.CoreV1().Pods(e.namespace)
	if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := until(ctx, "ready", func() (bool, error) {
		text, _ := pods.GetLogs(pod.Name, &corev1.PodLogOptions{Container: "main"}).DoRaw(ctx)
		return strings.Contains(string(text), "ready"), nil
	}); err != nil {
		return err
	}
	url := e.json.CoreV1().RESTClient().Post().Resource("pods").Name(pod.Name).Namespace(e.namespace).SubResource("exec").
		Param("container", "main").VersionedParams(&corev1.PodExecOptions{Container: "main", Command: command, Stdout: true, Stderr: true}, scheme.ParameterCodec).URL()
	run, err := remotecommand.NewSPDYExecutor(e.config, "POST", url)
	if err != nil {
		return err
	}
	var out, errs bytes.Buffer
	if err := run.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &errs}); err != nil {
		return fmt.Errorf("exec: %w: %s%s", err, out.String(), errs.String())
	}
	ended, err := e.phase(ctx, pod.Name, corev1.PodSucceeded, corev1.PodFailed)
	if err != nil {
		return err
	}
	for _, status := range ended.Status.ContainerStatuses {
		if status.Name == "main" {
			return want("exit code", status.State.Terminated.ExitCode, 7)
		}
	}
	return errors.New("main has no status")
}

// checkAgentPod runs the agent of a workflow against a server on this machine, whose network is the pods'.
func checkAgentPod(ctx context.Context, e *env) error {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.Path, r.Header.Get("X-Word"))
	}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server.Listener = listener
	server.Start()
	defer server.Close()
	owner, err := e.argo(workflows).Create(ctx, ours("agent"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	reference := *metav1.NewControllerRef(owner, schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "Workflow"})
	task := func(request map[string]any) any {
		return map[string]any{"name": "http", "inputs": map[string]any{}, "outputs": map[string]any{}, "http": request}
	}
	set := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTaskSet", "metadata": map[string]any{"name": owner.GetName()},
		"spec": map[string]any{"tasks": map[string]any{
			"n1": task(map[string]any{"url": server.URL + "/good", "headers": []any{map[string]any{"name": "X-Word", "value": "word"}}}),
			"n2": task(map[string]any{"url": server.URL + "/bad", "method": "POST"}),
			"n3": task(map[string]any{"url": server.URL + "/bad", "successCondition": "response.statusCode == 418"}),
		}},
	}}
	set.SetOwnerReferences([]metav1.OwnerReference{reference})
	if _, err := e.argo(workflowTaskSets).Create(ctx, set, metav1.CreateOptions{}); err != nil {
		return err
	}
	shared := corev1.VolumeMount{Name: "var-run-argo", MountPath: "/var/run/argo"}
	container := func(name string) corev1.Container {
		return corev1.Container{Name: name, Image: executorImage, Command: []string{"argoexec"}, Args: []string{"agent", name, "--loglevel", "info"}, VolumeMounts: []corev1.VolumeMount{shared},
			Env: []corev1.EnvVar{{Name: "ARGO_WORKFLOW_NAME", Value: owner.GetName()}, {Name: "ARGO_WORKFLOW_UID", Value: string(owner.GetUID())}, {Name: "ARGO_AGENT_PATCH_RATE", Value: "100ms"},
				{Name: "ARGO_PLUGIN_ADDRESSES", Value: "[]"}, {Name: "ARGO_PLUGIN_NAMES", Value: "[]"}}}
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: owner.GetName() + "-1340600742-agent", OwnerReferences: []metav1.OwnerReference{reference},
			Labels: map[string]string{labels + "workflow": owner.GetName(), labels + "completed": "false", labels + "component": "agent", labels + "controller-instanceid": instance}},
		Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyOnFailure, AutomountServiceAccountToken: &[]bool{false}[0],
			Volumes:        []corev1.Volume{{Name: "var-run-argo", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
			InitContainers: []corev1.Container{container("init")}, Containers: []corev1.Container{container("main")}},
	}
	if _, err := e.json.CoreV1().Pods(e.namespace).Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return err
	}
	results := map[string]string{}
	if err := until(ctx, "three results", func() (bool, error) {
		found, err := e.argo(workflowTaskSets).Get(ctx, owner.GetName(), metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		nodes, _, _ := unstructured.NestedMap(found.Object, "status", "nodes")
		for id, node := range nodes {
			phase, _, _ := unstructured.NestedString(node.(map[string]any), "phase")
			message, _, _ := unstructured.NestedString(node.(map[string]any), "message")
			body, _, _ := unstructured.NestedString(node.(map[string]any), "outputs", "result")
			results[id] = phase + " | " + message + " | " + body
		}
		return len(nodes) == 3, nil
	}); err != nil {
		return err
	}
	if err := first(want("n1", results["n1"], "Succeeded |  | GET /good word"), want("n2", results["n2"], "Failed | received non-2xx response code: 418 | POST /bad "),
		want("n3", results["n3"], "Succeeded |  | GET /bad ")); err != nil {
		return err
	}
	// The agent goes on until the controller says that the workflow has ended.
	if _, err := e.phase(ctx, pod.Name, corev1.PodRunning); err != nil {
		return err
	}
	if _, err := e.argo(workflowTaskSets).Patch(ctx, owner.GetName(), "application/merge-patch+json", merged(`{"metadata":{"labels":{"%scompleted":"true"}}}`, labels), metav1.PatchOptions{}); err != nil {
		return err
	}
	if _, err := e.phase(ctx, pod.Name, corev1.PodSucceeded); err != nil {
		return err
	}
	return e.argo(workflows).Delete(ctx, owner.GetName(), metav1.DeleteOptions{})
}

// checkCollector deletes artifacts that are not there, which is no failure.
func checkCollector(ctx context.Context, e *env) error {
	task := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowArtifactGCTask",
		"metadata": map[string]any{"name": "wf-artgc-wfdel-2-0", "labels": map[string]any{labels + "artifact-gc-pod": "2166136261"}},
		"spec":     map[string]any{"artifactsByNode": map[string]any{"n": map[string]any{"artifacts": map[string]any{"a": map[string]any{"name": "a", "s3": map[string]any{"key": "nothing/here.tgz"}}}}}},
	}}
	made, err := e.argo(gcTasks).Create(ctx, task, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "wf-artgc-wfdel-2", Labels: map[string]string{labels + "workflow": "wf", labels + "component": "artifact-gc", labels + "completed": "false"},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(made, schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "WorkflowArtifactGCTask"})}},
		Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "main", Image: executorImage,
			Args: []string{"artifact", "delete", "--loglevel", "info"}, Env: []corev1.EnvVar{{Name: "ARGO_ARTIFACT_POD_NAME", Value: "2166136261"}}}}},
	}
	if _, err := e.json.CoreV1().Pods(e.namespace).Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := e.phase(ctx, pod.Name, corev1.PodSucceeded, corev1.PodFailed); err != nil {
		return err
	}
	found, err := e.argo(gcTasks).Get(ctx, made.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	success, _, _ := unstructured.NestedBool(found.Object, "status", "artifactResultsByNode", "n", "artifactResults", "a", "success")
	return first(want("deleted", success, true), e.argo(gcTasks).Delete(ctx, made.GetName(), metav1.DeleteOptions{}))
}
