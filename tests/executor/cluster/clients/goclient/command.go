package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/util/retry"
)

// The checks of this file are the requests of the argo command line without an argo-server, on workflows that the cluster's own
// controller runs.
var commandChecks = []check{
	{"argo: submit, watch, get", checkSubmit},
	{"argo: submit --dry-run and --server-dry-run", checkDryRun},
	{"argo: templates, submit --from", checkTemplates},
	{"argo: list", checkListCommand},
	{"argo: logs, with and without --follow", checkWorkflowLogs},
	{"argo: suspend, resume, node set", checkSuspend},
	{"argo: stop, terminate", checkStop},
	{"argo: retry, resubmit", checkRetry},
	{"argo: cron create, suspend, resume, delete", checkCronCommand},
	{"argo: delete --all, --force", checkDeleteCommand},
}

func submitted(name, command string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
		"metadata": map[string]any{"generateName": name + "-", "labels": map[string]any{"cli": name}},
		"spec": map[string]any{"entrypoint": "main", "arguments": map[string]any{}, "templates": []any{map[string]any{
			"name": "main", "container": map[string]any{"image": "busybox", "command": []any{"sh", "-c", command}}}}},
	}}
}

func phaseOf(object *unstructured.Unstructured) string {
	phase, _, _ := unstructured.NestedString(object.Object, "status", "phase")
	return phase
}

// watched follows a workflow by its name from "any version" until it has ended, as `argo watch` and `argo wait` do.
func (e *env) watched(ctx context.Context, name string) (*unstructured.Unstructured, error) {
	for {
		watcher, err := e.argo(workflows).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name, ResourceVersion: "0"})
		if err != nil {
			return nil, err
		}
		for event := range watcher.ResultChan() {
			object, ok := event.Object.(*unstructured.Unstructured)
			if !ok {
				return nil, apierrors.FromObject(event.Object)
			}
			if finished, _, _ := unstructured.NestedString(object.Object, "status", "finishedAt"); finished != "" {
				watcher.Stop()
				return object, nil
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

func (e *env) submit(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	return e.argo(workflows).Create(ctx, object, metav1.CreateOptions{})
}

func (e *env) run(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	made, err := e.submit(ctx, object)
	if err != nil {
		return nil, err
	}
	return e.watched(ctx, made.GetName())
}

func checkSubmit(ctx context.Context, e *env) error {
	if err := checkMayRead(ctx, e); err != nil { // asked before each command
		return err
	}
	ended, err := e.run(ctx, submitted("submit", "echo one"))
	if err != nil {
		return err
	}
	got, err := e.argo(workflows).Get(ctx, ended.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	nodes, _, _ := unstructured.NestedMap(got.Object, "status", "nodes")
	return first(want("phase", phaseOf(got), "Succeeded"), want("nodes", len(nodes), 1), want("completed", got.GetLabels()[labels+"completed"], "true"))
}

func checkDryRun(ctx context.Context, e *env) error {
	client, err := e.typed()
	if err != nil {
		return err
	}
	body, err := json.Marshal(submitted("dry", "true").Object)
	if err != nil {
		return err
	}
	raw, err := client.Post().Namespace(e.namespace).Resource("workflows").SetHeader("Content-Type", "application/json").Body(body).Param("dryRun", "All").DoRaw(ctx)
	if err != nil {
		return err
	}
	var found metav1.PartialObjectMetadata
	if err := json.Unmarshal(raw, &found); err != nil {
		return err
	}
	left, err := e.argo(workflows).List(ctx, metav1.ListOptions{LabelSelector: "cli=dry"})
	if err != nil {
		return err
	}
	return first(want("named", strings.HasPrefix(found.Name, "dry-"), true), want("created", found.CreationTimestamp.IsZero(), false), want("kept", len(left.Items), 0))
}

func checkTemplates(ctx context.Context, e *env) error {
	template := submitted("template", "echo {{workflow.parameters.word}}")
	template.SetKind("WorkflowTemplate")
	template.SetName("greet")
	template.SetGenerateName("")
	_ = unstructured.SetNestedSlice(template.Object, []any{map[string]any{"name": "word", "value": "hello"}}, "spec", "arguments", "parameters")
	made, err := e.argo(templates).Create(ctx, template, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if _, err := e.argo(templates).Get(ctx, "missing", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("a template that is missing: %w", err)
	}
	// `argo template update` reads the version first.
	made.SetLabels(map[string]string{"changed": "yes"})
	if _, err := e.argo(templates).Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	from := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
		"metadata": map[string]any{"generateName": "greet-", "labels": map[string]any{"cli": "from", labels + "workflow-template": "greet", labels + "submit-from": "workflowtemplate"}},
		"spec":     map[string]any{"workflowTemplateRef": map[string]any{"name": "greet"}, "arguments": map[string]any{"parameters": []any{map[string]any{"name": "word", "value": "bye"}}}},
	}}
	ended, err := e.run(ctx, from)
	if err != nil {
		return err
	}
	list, err := e.argo(templates).List(ctx, metav1.ListOptions{LabelSelector: "changed=yes"})
	if err != nil {
		return err
	}
	stored, _, _ := unstructured.NestedString(ended.Object, "status", "storedWorkflowTemplateSpec", "entrypoint")
	return first(want("phase", phaseOf(ended), "Succeeded"), want("stored", stored, "main"), want("templates", len(list.Items), 1), e.argo(templates).Delete(ctx, "greet", metav1.DeleteOptions{}))
}

func checkListCommand(ctx context.Context, e *env) error {
	for range 3 {
		if _, err := e.run(ctx, submitted("list", "true")); err != nil {
			return err
		}
	}
	for selector, count := range map[string]int{
		"cli=list," + labels + "phase in (Succeeded,Failed)": 3, "cli=list," + labels + "completed=true": 3, "cli=list," + labels + "completed!=true": 0,
		"cli=list," + labels + "resubmitted-from-workflow": 0, "cli in (list),!other": 3,
	} {
		names := []string{}
		options := metav1.ListOptions{LabelSelector: selector, Limit: 2}
		for {
			page, err := e.argo(workflows).List(ctx, options)
			if err != nil {
				return fmt.Errorf("%s: %w", selector, err)
			}
			for _, item := range page.Items {
				names = append(names, item.GetName())
			}
			if options.Continue = page.GetContinue(); options.Continue == "" {
				break
			}
		}
		if err := want(selector, len(names), count); err != nil {
			return err
		}
	}
	everywhere, err := e.dynamic.Resource(workflows).List(ctx, metav1.ListOptions{FieldSelector: "metadata.namespace=" + e.namespace, LabelSelector: "cli=list"})
	if err != nil {
		return err
	}
	return want("everywhere", len(everywhere.Items), 3)
}

// workflowLogs is what `argo logs` does: a watch of the workflow's pods without a version, then a list, and each log with times.
func (e *env) workflowLogs(ctx context.Context, name string, follow bool, grep string) ([]string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pods := e.json.CoreV1().Pods(e.namespace)
	options := metav1.ListOptions{LabelSelector: labels + "workflow=" + name}
	watcher, err := pods.Watch(ctx, options)
	if err != nil {
		return nil, err
	}
	defer watcher.Stop()
	type line struct {
		when time.Time
		text string
	}
	lines, streams, streaming := make(chan line), 0, map[types.UID]bool{}
	done := make(chan error)
	pattern := regexp.MustCompile(grep)
	stream := func(pod *corev1.Pod) {
		if pod.Status.Phase == corev1.PodPending || streaming[pod.UID] {
			return
		}
		streaming[pod.UID] = true
		streams++
		go func() {
			body, err := pods.GetLogs(pod.Name, &corev1.PodLogOptions{Container: "main", Follow: follow, Timestamps: true}).Stream(ctx)
			if err != nil {
				done <- err
				return
			}
			scanner := bufio.NewScanner(body)
			for scanner.Scan() {
				parts := strings.SplitN(scanner.Text(), " ", 2)
				when, err := time.Parse(time.RFC3339, parts[0])
				if err != nil || len(parts) != 2 {
					done <- fmt.Errorf("the line %q: %w", scanner.Text(), err)
					return
				}
				if pattern.MatchString(parts[1]) {
					lines <- line{when, parts[1]}
				}
			}
			done <- scanner.Err()
		}()
	}
	list, err := pods.List(ctx, options)
	if err != nil {
		return nil, err
	}
	for _, pod := range list.Items {
		stream(&pod)
	}
	ended := make(chan error, 1)
	if follow {
		go func() {
			_, err := e.watched(ctx, name)
			ended <- err
		}()
	} else {
		ended <- nil
	}
	over := false
	found := []line{}
	for !over || streams > 0 {
		select {
		case one := <-lines:
			found = append(found, one)
		case err := <-done:
			if streams--; err != nil {
				return nil, err
			}
		case err := <-ended:
			if over = true; err != nil {
				return nil, err
			}
		case event := <-watcher.ResultChan():
			if pod, ok := event.Object.(*corev1.Pod); ok && event.Type != watch.Deleted && pod.Status.Phase == corev1.PodRunning {
				stream(pod)
			}
		case <-ctx.Done():
			return nil, errors.New("the log did not end")
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].when.Before(found[j].when) })
	texts := []string{}
	for _, one := range found {
		texts = append(texts, one.text)
	}
	return texts, nil
}

func checkWorkflowLogs(ctx context.Context, e *env) error {
	made, err := e.submit(ctx, submitted("logs", "echo one; echo; sleep 0.5; echo two; printf three"))
	if err != nil {
		return err
	}
	if err := until(ctx, "the pod runs", func() (bool, error) {
		list, err := e.json.CoreV1().Pods(e.namespace).List(ctx, metav1.ListOptions{LabelSelector: labels + "workflow=" + made.GetName()})
		return err == nil && len(list.Items) == 1 && list.Items[0].Status.Phase != corev1.PodPending, err
	}); err != nil {
		return err
	}
	followed, err := e.workflowLogs(ctx, made.GetName(), true, "")
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	whole, err := e.workflowLogs(ctx, made.GetName(), false, "")
	if err != nil {
		return err
	}
	some, err := e.workflowLogs(ctx, made.GetName(), false, "^t")
	if err != nil {
		return err
	}
	return first(want("followed", strings.Join(followed, "|"), "one||two|three"), want("whole", strings.Join(whole, "|"), "one||two|three"), want("grep", strings.Join(some, "|"), "two|three"))
}

func checkSuspend(ctx context.Context, e *env) error {
	object := submitted("suspend", "true")
	_ = unstructured.SetNestedSlice(object.Object, []any{
		map[string]any{"name": "main", "steps": []any{[]any{map[string]any{"name": "approve", "template": "approve"}}}},
		map[string]any{"name": "approve", "suspend": map[string]any{}, "outputs": map[string]any{"parameters": []any{map[string]any{"name": "who", "valueFrom": map[string]any{"supplied": map[string]any{}}}}}},
	}, "spec", "templates")
	made, err := e.submit(ctx, object)
	if err != nil {
		return err
	}
	var node string
	suspended := func(object *unstructured.Unstructured) bool {
		nodes, _, _ := unstructured.NestedMap(object.Object, "status", "nodes")
		for id, found := range nodes {
			kind, _, _ := unstructured.NestedString(found.(map[string]any), "type")
			phase, _, _ := unstructured.NestedString(found.(map[string]any), "phase")
			if kind == "Suspend" && phase == "Running" {
				node = id
				return true
			}
		}
		return false
	}
	if err := until(ctx, "it waits", func() (bool, error) {
		got, err := e.argo(workflows).Get(ctx, made.GetName(), metav1.GetOptions{})
		return err == nil && suspended(got), err
	}); err != nil {
		return err
	}
	// Both read, change the whole object and update it, again when somebody else was faster.
	change := func(change func(object *unstructured.Unstructured)) error {
		return retry.RetryOnConflict(retry.DefaultRetry, func() error {
			got, err := e.argo(workflows).Get(ctx, made.GetName(), metav1.GetOptions{})
			if err != nil {
				return err
			}
			change(got)
			_, err = e.argo(workflows).Update(ctx, got, metav1.UpdateOptions{})
			return err
		})
	}
	if err := change(func(object *unstructured.Unstructured) {
		_ = unstructured.SetNestedField(object.Object, true, "spec", "suspend")
	}); err != nil {
		return err
	}
	if err := change(func(object *unstructured.Unstructured) {
		_ = unstructured.SetNestedSlice(object.Object, []any{map[string]any{"name": "who", "value": "me", "valueFrom": map[string]any{"supplied": map[string]any{}}}}, "status", "nodes", node, "outputs", "parameters")
		_ = unstructured.SetNestedField(object.Object, "Succeeded", "status", "nodes", node, "phase")
		_ = unstructured.SetNestedField(object.Object, time.Now().UTC().Format(time.RFC3339), "status", "nodes", node, "finishedAt")
		unstructured.RemoveNestedField(object.Object, "spec", "suspend")
	}); err != nil {
		return err
	}
	ended, err := e.watched(ctx, made.GetName())
	if err != nil {
		return err
	}
	return want("phase", phaseOf(ended), "Succeeded")
}

func checkStop(ctx context.Context, e *env) error {
	for _, strategy := range []string{"Stop", "Terminate"} {
		made, err := e.submit(ctx, submitted("stop", "sleep 60"))
		if err != nil {
			return err
		}
		if err := until(ctx, "it runs", func() (bool, error) {
			got, err := e.argo(workflows).Get(ctx, made.GetName(), metav1.GetOptions{})
			return err == nil && phaseOf(got) == "Running", err
		}); err != nil {
			return err
		}
		if _, err := e.argo(workflows).Patch(ctx, made.GetName(), types.MergePatchType, merged(`{"spec":{"shutdown":%q}}`, strategy), metav1.PatchOptions{}); err != nil {
			return err
		}
		ended, err := e.watched(ctx, made.GetName())
		if err != nil {
			return fmt.Errorf("%s: %w", strategy, err)
		}
		if err := want(strategy, phaseOf(ended), "Failed"); err != nil {
			return err
		}
	}
	return nil
}

func checkRetry(ctx context.Context, e *env) error {
	ended, err := e.run(ctx, submitted("retry", "exit 3"))
	if err != nil {
		return err
	}
	nodes, _, _ := unstructured.NestedMap(ended.Object, "status", "nodes")
	for name := range nodes { // a workflow of one pod: the node's id is the pod's name
		if err := e.json.CoreV1().Pods(e.namespace).Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	again := ended.DeepCopy()
	kept := again.GetLabels()
	delete(kept, labels+"completed")
	kept[labels+"phase"] = "Running"
	again.SetLabels(kept)
	_ = unstructured.SetNestedMap(again.Object, map[string]any{}, "status", "nodes")
	_ = unstructured.SetNestedField(again.Object, "Running", "status", "phase")
	_ = unstructured.SetNestedField(again.Object, nil, "status", "finishedAt")
	unstructured.RemoveNestedField(again.Object, "status", "message")
	if _, err := e.argo(workflows).Update(ctx, again, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("retry: %w", err)
	}
	if ended, err = e.watched(ctx, again.GetName()); err != nil {
		return fmt.Errorf("retried: %w", err)
	}
	if err := want("retried", phaseOf(ended), "Failed"); err != nil {
		return err
	}
	fresh := submitted("retry", "exit 0")
	fresh.SetLabels(map[string]string{"cli": "retry", labels + "resubmitted-from-workflow": ended.GetName()})
	if ended, err = e.run(ctx, fresh); err != nil {
		return err
	}
	return want("resubmitted", phaseOf(ended), "Succeeded")
}

func checkCronCommand(ctx context.Context, e *env) error {
	crons := e.argo(cronWorkflows)
	made, err := crons.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "metadata": map[string]any{"generateName": "rare-", "labels": map[string]any{"cli": "cron"}},
		"spec": map[string]any{"schedules": []any{"0 0 29 2 *"}, "workflowSpec": submitted("cron", "true").Object["spec"]},
	}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	for _, suspend := range []bool{true, false} {
		if _, err := crons.Patch(ctx, made.GetName(), types.MergePatchType, merged(`{"spec":{"suspend":%v}}`, suspend), metav1.PatchOptions{}); err != nil {
			return err
		}
		got, err := crons.Get(ctx, made.GetName(), metav1.GetOptions{})
		if err != nil {
			return err
		}
		found, _, _ := unstructured.NestedBool(got.Object, "spec", "suspend")
		if err := want("suspended", found, suspend); err != nil {
			return err
		}
	}
	// `argo cron update` keeps the version that it read.
	latest, err := crons.Get(ctx, made.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	made.SetResourceVersion(latest.GetResourceVersion())
	if _, err := crons.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	return crons.Delete(ctx, made.GetName(), metav1.DeleteOptions{})
}

func checkDeleteCommand(ctx context.Context, e *env) error {
	stuck := submitted("delete", "true")
	stuck.SetFinalizers([]string{"example.com/never"})
	if _, err := e.submit(ctx, stuck); err != nil {
		return err
	}
	list, err := e.argo(workflows).List(ctx, metav1.ListOptions{LabelSelector: "cli"})
	if err != nil {
		return err
	}
	background := metav1.DeletePropagationBackground
	for _, item := range list.Items {
		if _, err := e.argo(workflows).Patch(ctx, item.GetName(), types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{}); err != nil {
			return err
		}
		if err := e.argo(workflows).Delete(ctx, item.GetName(), metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
			return err
		}
	}
	return until(ctx, "all are gone, with their pods", func() (bool, error) {
		left, err := e.argo(workflows).List(ctx, metav1.ListOptions{LabelSelector: "cli"})
		if err != nil || len(left.Items) > 0 {
			return false, err
		}
		pods, err := e.json.CoreV1().Pods(e.namespace).List(ctx, metav1.ListOptions{LabelSelector: labels + "workflow," + "!" + labels + "controller-instanceid"})
		return err == nil && len(pods.Items) == 0, err
	})
}
