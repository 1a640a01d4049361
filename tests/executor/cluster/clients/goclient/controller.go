package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	authorizationv1 "k8s.io/api/authorization/v1"
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
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	apiwatch "k8s.io/client-go/tools/watch"
	"k8s.io/client-go/util/retry"
)

// The checks of this file are the requests of Argo's workflow controller in their order: what it reads when it starts, its
// informers, and what it does with a workflow until that is gone. instance keeps other controllers away from the workflows.
const (
	instance  = "go-controller"
	labels    = "workflows.argoproj.io/"
	selectNow = labels + "controller-instanceid=" + instance
)

var (
	gcTasks       = argo("workflowartifactgctasks")
	templates     = argo("workflowtemplates")
	cronWorkflows = argo("cronworkflows")
)

func argo(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: plural}
}

var controllerChecks = []check{
	{"controller: configuration", checkConfiguration},
	{"controller: the config map watcher", checkConfigWatcher},
	{"controller: may it read cluster templates", checkMayRead},
	{"controller: all informers at once", checkAllInformers},
	{"controller: a workflow as a typed client writes it", checkTypedWorkflow},
	{"controller: an update that came too late", checkReapplied},
	{"controller: status of a megabyte", checkLargeStatus},
	{"controller: a finalizer of pods", checkPodFinalizer},
	{"controller: task results of the wait container", checkTaskResult},
	{"controller: task set of the agent", checkAgentTaskSet},
	{"controller: artifact GC tasks", checkArtifactTasks},
	{"controller: memoization and semaphores", checkConfigMaps},
	{"controller: claims and budgets", checkClaims},
	{"controller: the token secret of an account", checkTokenSecret},
	{"controller: crons and their workflows", checkCron},
	{"controller: pages while things change", checkPages},
	{"controller: versions of lists and watches", checkVersions},
	{"controller: a workflow that is deleted takes its pods along", checkTTL},
}

// merged is the text of a merge patch.
func merged(format string, values ...any) []byte { return []byte(fmt.Sprintf(format, values...)) }

func (e *env) argo(r schema.GroupVersionResource) dynamic.ResourceInterface {
	return e.dynamic.Resource(r).Namespace(e.namespace)
}

// typed is the REST client under Argo's generated clients: plain JSON.
func (e *env) typed() (rest.Interface, error) {
	config := rest.CopyConfig(e.config)
	config.APIPath = "/apis"
	config.GroupVersion = &schema.GroupVersion{Group: "argoproj.io", Version: "v1alpha1"}
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	config.ContentType = "application/json"
	return rest.RESTClientFor(config)
}

func checkConfiguration(ctx context.Context, e *env) error {
	maps := e.json.CoreV1().ConfigMaps(e.namespace)
	if _, err := maps.Get(ctx, "controller-config", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("no configuration: %w", err)
	}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "controller-config"}, Data: map[string]string{"config": "parallelism: 5\n"}}
	if _, err := maps.Create(ctx, config, metav1.CreateOptions{}); err != nil {
		return err
	}
	found, err := maps.Get(ctx, "controller-config", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return want("config", found.Data["config"], "parallelism: 5\n")
}

// checkConfigWatcher watches from no version at all, as often as the stream ends: everything that is there is told as added.
func checkConfigWatcher(ctx context.Context, e *env) error {
	maps := e.json.CoreV1().ConfigMaps(e.namespace)
	watcher, err := apiwatch.NewRetryWatcherWithContext(ctx, "1", &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, _ metav1.ListOptions) (watch.Interface, error) {
			return maps.Watch(ctx, metav1.ListOptions{})
		},
	})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	told := func(kind watch.EventType, value string) error {
		for {
			select {
			case event, open := <-watcher.ResultChan():
				if !open {
					return errors.New("the watch has ended")
				}
				found, ok := event.Object.(*corev1.ConfigMap)
				if !ok {
					return fmt.Errorf("an event with a %T", event.Object)
				}
				if found.Name == "controller-config" && found.Data["config"] == value {
					return want("event", event.Type, kind)
				}
			case <-ctx.Done():
				return fmt.Errorf("%q was not told", value)
			}
		}
	}
	if err := told(watch.Added, "parallelism: 5\n"); err != nil {
		return err
	}
	if _, err := maps.Patch(ctx, "controller-config", types.MergePatchType, merged(`{"data":{"config":"parallelism: 6\n"}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	return told(watch.Modified, "parallelism: 6\n")
}

func checkMayRead(ctx context.Context, e *env) error {
	for _, verb := range []string{"get", "list", "watch"} {
		review, err := e.json.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: e.namespace, Verb: verb, Group: "argoproj.io", Resource: "clusterworkflowtemplates"}},
		}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		if err := want(verb, review.Status.Allowed, true); err != nil {
			return err
		}
	}
	return nil
}

// podLists lists as the pod controller does: in pages of its own, and what it returns has no version; the reflector then
// watches from "".
func podLists(e *env) *cache.ListWatch {
	pods := e.json.CoreV1().Pods(e.namespace)
	selector := labels + "completed=false," + labels + "workflow," + selectNow
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.LabelSelector, options.Limit = selector, 500
			all := &corev1.PodList{}
			for {
				page, err := pods.List(ctx, options)
				if err != nil {
					return nil, err
				}
				all.Items = append(all.Items, page.Items...)
				if page.Continue == "" {
					return all, nil
				}
				options.Continue = page.Continue
			}
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.Watch, options.LabelSelector = true, selector
			return pods.Watch(ctx, options)
		},
	}
}

func dynamicLists(e *env, r schema.GroupVersionResource, selector string) *cache.ListWatch {
	client := dynamic.ResourceInterface(e.dynamic.Resource(r))
	if r.Resource != "clusterworkflowtemplates" {
		client = e.argo(r)
	}
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			options.LabelSelector, options.ResourceVersion = selector, ""
			return client.List(ctx, options)
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.LabelSelector, options.Watch = selector, true
			return client.Watch(ctx, options)
		},
	}
}

func checkAllInformers(ctx context.Context, e *env) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	pods := cache.NewSharedIndexInformer(podLists(e), &corev1.Pod{}, 0, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	informers := []cache.SharedIndexInformer{
		pods,
		coreinformers.NewFilteredConfigMapInformer(e.json, e.namespace, 0, cache.Indexers{}, func(options *metav1.ListOptions) {
			options.LabelSelector = labels + "configmap-type"
		}),
		coreinformers.NewNamespaceInformer(e.json, 0, cache.Indexers{}),
	}
	for r, selector := range map[schema.GroupVersionResource]string{
		workflows: selectNow, templates: "", clusterTemplates: "", gcTasks: selectNow, workflowTaskSets: selectNow,
		taskResults: labels + "workflow," + selectNow, cronWorkflows: selectNow,
	} {
		informers = append(informers, cache.NewSharedIndexInformer(dynamicLists(e, r, selector), &unstructured.Unstructured{}, 0, cache.Indexers{}))
	}
	// Those of no controller, as an installation without an instance ID asks for them.
	informers = append(informers, cache.NewSharedIndexInformer(dynamicLists(e, workflows, "!"+labels+"controller-instanceid"), &unstructured.Unstructured{}, 0, cache.Indexers{}))
	var group sync.WaitGroup
	synced := []cache.InformerSynced{}
	for _, informer := range informers {
		synced = append(synced, informer.HasSynced)
		group.Add(1)
		go func() {
			defer group.Done()
			informer.RunWithContext(ctx)
		}()
	}
	defer group.Wait()
	defer stop()
	if !cache.WaitForCacheSync(ctx.Done(), synced...) {
		return errors.New("not all caches were filled in time")
	}
	var seen counts
	if _, err := pods.AddEventHandler(seen.handler()); err != nil {
		return err
	}
	made, err := e.json.CoreV1().Pods(e.namespace).Create(ctx, quietPod("informed-of", nil), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := until(ctx, "the pod", seen.are(1, 0, 0)); err != nil {
		return err
	}
	// A pod that is done with leaves the selection.
	if _, err := e.json.CoreV1().Pods(e.namespace).Patch(ctx, made.Name, types.MergePatchType, merged(`{"metadata":{"labels":{"%scompleted":"true"}}}`, labels), metav1.PatchOptions{}); err != nil {
		return err
	}
	if err := until(ctx, "the pod is done with", seen.are(1, 0, 1)); err != nil {
		return err
	}
	return e.json.CoreV1().Pods(e.namespace).Delete(ctx, made.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)})
}

// quietPod is a pod of a workflow that nobody runs.
func quietPod(name string, finalizers []string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Finalizers: finalizers, Labels: map[string]string{
			labels + "workflow": "wf", labels + "completed": "false", labels + "controller-instanceid": instance}},
		Spec: corev1.PodSpec{NodeName: "elsewhere", RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{
			{Name: "wait", Image: "argoexec"}, {Name: "main", Image: "alpine"}, {Name: "sidecar", Image: "alpine"}}},
	}
}

// checkTypedWorkflow sends what Go makes of a Workflow: times that are null, structs that are empty.
func checkTypedWorkflow(ctx context.Context, e *env) error {
	client, err := e.typed()
	if err != nil {
		return err
	}
	body := merged(`{"kind":"Workflow","apiVersion":"argoproj.io/v1alpha1","metadata":{"generateName":"typed-","namespace":%q,"creationTimestamp":null,
		"labels":{"%scontroller-instanceid":%q}},"spec":{"templates":[{"name":"main","inputs":{},"outputs":{},"metadata":{},
		"container":{"name":"","image":"alpine","command":["true"],"resources":{}}}],"entrypoint":"main","arguments":{}},
		"status":{"startedAt":null,"finishedAt":null}}`, e.namespace, labels, instance)
	post := func(dryRun bool) (map[string]any, error) {
		request := client.Post().Namespace(e.namespace).Resource("workflows").SetHeader("Content-Type", "application/json").Body(body)
		if dryRun {
			request = request.Param("dryRun", "All")
		}
		raw, err := request.DoRaw(ctx)
		if err != nil {
			return nil, err
		}
		found := map[string]any{}
		return found, json.Unmarshal(raw, &found)
	}
	if _, err := post(true); err != nil {
		return fmt.Errorf("dry run: %w", err)
	}
	made, err := post(false)
	if err != nil {
		return err
	}
	object := unstructured.Unstructured{Object: made}
	if stamp := object.GetCreationTimestamp(); stamp.IsZero() || !strings.HasPrefix(object.GetName(), "typed-") {
		return fmt.Errorf("made: %v", object.Object["metadata"])
	}
	// As the controller takes it up: phase, labels and nodes in one update, the creation time as it was read.
	_ = unstructured.SetNestedField(object.Object, "Running", "status", "phase")
	_ = unstructured.SetNestedField(object.Object, nil, "status", "finishedAt")
	_ = unstructured.SetNestedField(object.Object, map[string]any{object.GetName(): map[string]any{
		"id": object.GetName(), "name": object.GetName(), "type": "Pod", "phase": "Pending", "startedAt": "2026-01-02T03:04:05Z", "finishedAt": nil, "progress": "0/1"}}, "status", "nodes")
	object.SetLabels(map[string]string{labels + "controller-instanceid": instance, labels + "phase": "Running"})
	changed, err := e.argo(workflows).Update(ctx, &object, metav1.UpdateOptions{})
	if err != nil {
		return fmt.Errorf("update: %w", err)
	}
	running, err := e.argo(workflows).List(ctx, metav1.ListOptions{LabelSelector: selectNow + "," + labels + "phase=Running"})
	if err != nil {
		return err
	}
	if err := first(want("running", len(running.Items), 1), want("created", changed.GetCreationTimestamp(), object.GetCreationTimestamp())); err != nil {
		return err
	}
	background := metav1.DeletePropagationBackground
	return e.argo(workflows).Delete(ctx, object.GetName(), metav1.DeleteOptions{PropagationPolicy: &background})
}

func ours(name string) *unstructured.Unstructured {
	found := workflow(name)
	found.SetLabels(map[string]string{"go": name, labels + "controller-instanceid": instance})
	return found
}

// checkReapplied updates from an old state: 409, then the change on top of the latest.
func checkReapplied(ctx context.Context, e *env) error {
	client := e.argo(workflows)
	made, err := client.Create(ctx, ours("late"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer func() { _ = client.Delete(context.Background(), made.GetName(), metav1.DeleteOptions{}) }()
	if _, err := client.Patch(ctx, made.GetName(), types.MergePatchType, merged(`{"spec":{"suspend":true}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	if _, err := client.Patch(ctx, made.GetName(), types.MergePatchType, merged(`{"spec":{"suspend":null,"shutdown":"Stop"}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	tries := 0
	if err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		tries++
		_ = unstructured.SetNestedField(made.Object, "Failed", "status", "phase")
		_, err := client.Update(ctx, made, metav1.UpdateOptions{})
		if apierrors.IsConflict(err) {
			latest, getErr := client.Get(ctx, made.GetName(), metav1.GetOptions{})
			if getErr != nil {
				return getErr
			}
			made = latest
		}
		return err
	}); err != nil {
		return err
	}
	got, err := client.Get(ctx, made.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	shutdown, _, _ := unstructured.NestedString(got.Object, "spec", "shutdown")
	phase, _, _ := unstructured.NestedString(got.Object, "status", "phase")
	_, suspended, _ := unstructured.NestedBool(got.Object, "spec", "suspend")
	return first(want("tries", tries, 2), want("shutdown", shutdown, "Stop"), want("phase", phase, "Failed"), want("suspended", suspended, false))
}

// checkLargeStatus keeps compressed nodes of a megabyte, the most that the controller writes.
func checkLargeStatus(ctx context.Context, e *env) error {
	client := e.argo(workflows)
	made, err := client.Create(ctx, ours("large"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer func() { _ = client.Delete(context.Background(), made.GetName(), metav1.DeleteOptions{}) }()
	watcher, err := client.Watch(ctx, metav1.ListOptions{ResourceVersion: made.GetResourceVersion(), FieldSelector: "metadata.name=" + made.GetName()})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	_ = unstructured.SetNestedField(made.Object, strings.Repeat("H4sIAAAA", 1<<17), "status", "compressedNodes")
	changed, err := client.Update(ctx, made, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	select {
	case event := <-watcher.ResultChan():
		object, ok := event.Object.(*unstructured.Unstructured)
		if !ok {
			return fmt.Errorf("event: %v %T", event.Type, event.Object)
		}
		nodes, _, _ := unstructured.NestedString(object.Object, "status", "compressedNodes")
		if err := want("bytes told", len(nodes), 1<<20); err != nil {
			return err
		}
	case <-ctx.Done():
		return errors.New("the change was not told")
	}
	_ = unstructured.SetNestedField(changed.Object, strings.Repeat("H4sIAAAA", 1<<19), "status", "compressedNodes")
	if _, err := client.Update(ctx, changed, metav1.UpdateOptions{}); !apierrors.IsRequestEntityTooLargeError(err) {
		return fmt.Errorf("four megabytes: %w", err)
	}
	got, err := client.Get(ctx, made.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	nodes, _, _ := unstructured.NestedString(got.Object, "status", "compressedNodes")
	return want("bytes kept", len(nodes), 1<<20)
}

// checkPodFinalizer captures the status of a pod before it may go.
func checkPodFinalizer(ctx context.Context, e *env) error {
	pods := e.json.CoreV1().Pods(e.namespace)
	made, err := pods.Create(ctx, quietPod("kept", []string{labels + "status", "example.com/other"}), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	stale := merged(`{"metadata":{"finalizers":["example.com/other"],"resourceVersion":%q}}`, made.ResourceVersion)
	if _, err := pods.Patch(ctx, made.Name, types.MergePatchType, merged(`{"metadata":{"labels":{"a":"b"}}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	if _, err := pods.Patch(ctx, made.Name, types.MergePatchType, stale, metav1.PatchOptions{}); !apierrors.IsConflict(err) {
		return fmt.Errorf("a stale patch: %w", err)
	}
	background := metav1.DeletePropagationBackground
	if err := pods.Delete(ctx, made.Name, metav1.DeleteOptions{PropagationPolicy: &background, GracePeriodSeconds: new(int64)}); err != nil {
		return err
	}
	going, err := pods.Get(ctx, made.Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("gone in spite of finalizers: %w", err)
	}
	if err := want("going", going.DeletionTimestamp != nil, true); err != nil {
		return err
	}
	patch := merged(`{"metadata":{"finalizers":["example.com/other"],"resourceVersion":%q,"labels":{"%scompleted":"true"}}}`, going.ResourceVersion, labels)
	left, err := pods.Patch(ctx, made.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	if err := want("finalizers", left.Finalizers, "[example.com/other]"); err != nil {
		return err
	}
	if _, err := pods.Patch(ctx, made.Name, types.StrategicMergePatchType, merged(`{"metadata":{"$deleteFromPrimitiveList/finalizers":["example.com/other"]}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	return until(ctx, "the pod is gone", func() (bool, error) {
		_, err := pods.Get(ctx, made.Name, metav1.GetOptions{})
		return apierrors.IsNotFound(err), nil
	})
}

// checkTaskResult creates the result of a node, and patches it when it is there already.
func checkTaskResult(ctx context.Context, e *env) error {
	results := e.argo(taskResults)
	result := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTaskResult",
		"metadata": map[string]any{"name": "node-1", "creationTimestamp": nil, "labels": map[string]any{
			labels + "workflow": "wf", labels + "report-outputs-completed": "false", labels + "controller-instanceid": instance}},
	}}
	made, err := results.Create(ctx, result, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if _, err := results.Create(ctx, result, metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("created twice: %w", err)
	}
	// The whole struct is marshalled, so a time that is not set comes as null; the server keeps its own.
	patched, err := results.Patch(ctx, "node-1", types.MergePatchType, merged(`{"metadata":{"creationTimestamp":null},"outputs":{"result":"x","exitCode":"0"},"progress":"1/1"}`), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	done, err := results.Patch(ctx, "node-1", types.MergePatchType, merged(`{"metadata":{"creationTimestamp":null,"labels":{"%sreport-outputs-completed":"true"}}}`, labels), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	text, _, _ := unstructured.NestedString(done.Object, "outputs", "result")
	if err := first(want("created", patched.GetCreationTimestamp(), made.GetCreationTimestamp()), want("result", text, "x"), want("labels", len(done.GetLabels()), 3)); err != nil {
		return err
	}
	if err := results.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: labels + "workflow=wf"}); err != nil {
		return err
	}
	_, err = results.Get(ctx, "node-1", metav1.GetOptions{})
	return want("gone", apierrors.IsNotFound(err), true)
}

// checkAgentTaskSet lets the controller write tasks, and the agent watch them and report on the status.
func checkAgentTaskSet(ctx context.Context, e *env) error {
	sets := e.argo(workflowTaskSets)
	watcher, err := sets.Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=tasks"})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	if _, err := sets.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTaskSet",
		"metadata": map[string]any{"name": "tasks", "labels": map[string]any{labels + "controller-instanceid": instance}},
		"spec":     map[string]any{"tasks": map[string]any{"n1": map[string]any{"name": "a"}, "n2": map[string]any{"name": "b"}}},
	}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := sets.Patch(ctx, "tasks", types.MergePatchType, merged(`{"status":{"nodes":{"n1":{"phase":"Succeeded","outputs":{"result":"{}"}}}}}`), metav1.PatchOptions{}, "status"); err != nil {
		return err
	}
	// The controller takes what it has read: from the tasks, and from the status.
	if _, err := sets.Patch(ctx, "tasks", types.MergePatchType, merged(`{"spec":{"tasks":{"n1":null}}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	if _, err := sets.Patch(ctx, "tasks", types.MergePatchType, merged(`{"status":{"nodes":{"n1":null}}}`), metav1.PatchOptions{}, "status"); err != nil {
		return err
	}
	if _, err := sets.Patch(ctx, "tasks", types.MergePatchType, merged(`{"metadata":{"labels":{"%scompleted":"true"}}}`, labels), metav1.PatchOptions{}); err != nil {
		return err
	}
	seen := []string{}
	for range 5 {
		select {
		case event := <-watcher.ResultChan():
			object, ok := event.Object.(*unstructured.Unstructured)
			if !ok {
				return fmt.Errorf("event: %v %T", event.Type, event.Object)
			}
			tasks, _, _ := unstructured.NestedMap(object.Object, "spec", "tasks")
			nodes, _, _ := unstructured.NestedMap(object.Object, "status", "nodes")
			seen = append(seen, fmt.Sprint(event.Type, len(tasks), len(nodes), object.GetLabels()[labels+"completed"]))
		case <-ctx.Done():
			return fmt.Errorf("only %v were told", seen)
		}
	}
	return first(want("told", seen, "[ADDED2 0 MODIFIED2 1 MODIFIED1 1 MODIFIED1 0 MODIFIED1 0true]"), sets.Delete(ctx, "tasks", metav1.DeleteOptions{}))
}

func checkArtifactTasks(ctx context.Context, e *env) error {
	tasks := e.argo(gcTasks)
	if _, err := tasks.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowArtifactGCTask",
		"metadata": map[string]any{"name": "wf-artgc-wfcomp-1-0", "labels": map[string]any{labels + "artifact-gc-pod": "1"}},
		"spec":     map[string]any{"artifactsByNode": map[string]any{"n": map[string]any{"artifacts": map[string]any{"a": map[string]any{"name": "a", "s3": map[string]any{"key": "k"}}}}}},
	}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := tasks.Patch(ctx, "wf-artgc-wfcomp-1-0", types.MergePatchType, merged(`{"status":{"artifactResultsByNode":{"n":{"artifactResults":{"a":{"name":"a","success":true}}}}}}`), metav1.PatchOptions{}, "status"); err != nil {
		return err
	}
	found, err := tasks.List(ctx, metav1.ListOptions{LabelSelector: labels + "artifact-gc-pod = 1"})
	if err != nil || len(found.Items) != 1 {
		return fmt.Errorf("by label: %w", err)
	}
	success, _, _ := unstructured.NestedBool(found.Items[0].Object, "status", "artifactResultsByNode", "n", "artifactResults", "a", "success")
	return first(want("success", success, true), tasks.Delete(ctx, "wf-artgc-wfcomp-1-0", metav1.DeleteOptions{}))
}

// checkConfigMaps keeps a memoized result as the controller does: read, create without data, update.
func checkConfigMaps(ctx context.Context, e *env) error {
	maps := e.json.CoreV1().ConfigMaps(e.namespace)
	memo, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "memo"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	memo.Labels = map[string]string{labels + "configmap-type": "Cache"}
	memo.Data = map[string]string{"key": `{"nodeID":"n","outputs":{"result":"x"},"creationTimestamp":"2026-01-02T03:04:05Z"}`}
	if _, err := maps.Update(ctx, memo, metav1.UpdateOptions{}); err != nil {
		return err
	}
	found, err := maps.List(ctx, metav1.ListOptions{LabelSelector: labels + "configmap-type"})
	if err != nil {
		return err
	}
	if err := first(want("caches", len(found.Items), 1), want("entry", found.Items[0].Data["key"], memo.Data["key"])); err != nil {
		return err
	}
	return maps.Delete(ctx, "memo", metav1.DeleteOptions{})
}

func checkClaims(ctx context.Context, e *env) error {
	owner := *metav1.NewControllerRef(&metav1.ObjectMeta{Name: "wf", UID: "00000000-0000-0000-0000-000000000000"}, schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "Workflow"})
	made, err := e.argo(workflows).Create(ctx, ours("claims"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	owner.Name, owner.UID = made.GetName(), made.GetUID()
	claims := e.json.CoreV1().PersistentVolumeClaims(e.namespace)
	claim, err := claims.Create(ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "wf-work", OwnerReferences: []metav1.OwnerReference{owner}, Labels: map[string]string{labels + "workflow": made.GetName()}},
		Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if _, err := claims.Create(ctx, &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "wf-work"}, Spec: claim.Spec}, metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("claimed twice: %w", err)
	}
	budgets := e.json.PolicyV1().PodDisruptionBudgets(e.namespace)
	one := intstr.FromInt32(1)
	budget, err := budgets.Create(ctx, &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: made.GetName(), Labels: map[string]string{labels + "workflow": made.GetName()}, OwnerReferences: []metav1.OwnerReference{owner}},
		Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: &one, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{labels + "workflow": made.GetName()}}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := first(want("budget", budget.Spec.MinAvailable, "1"), budgets.Delete(ctx, budget.Name, metav1.DeleteOptions{})); err != nil {
		return err
	}
	if err := budgets.Delete(ctx, budget.Name, metav1.DeleteOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleted twice: %w", err)
	}
	if err := claims.Delete(ctx, "wf-work", metav1.DeleteOptions{}); err != nil {
		return err
	}
	if e.pod == "" {
		return nil // a bare kube-apiserver leaves the finalizer of claims to a controller
	}
	return first(until(ctx, "the claim is gone", func() (bool, error) {
		_, err := claims.Get(ctx, "wf-work", metav1.GetOptions{})
		return apierrors.IsNotFound(err), nil
	}), e.argo(workflows).Delete(ctx, made.GetName(), metav1.DeleteOptions{}))
}

// checkTokenSecret is how agents, plugins and people get a token that stays: a Secret that the cluster fills.
func checkTokenSecret(ctx context.Context, e *env) error {
	if e.pod == "" {
		return nil // a bare kube-apiserver fills no Secrets
	}
	accounts, secrets := e.json.CoreV1().ServiceAccounts(e.namespace), e.json.CoreV1().Secrets(e.namespace)
	if _, err := accounts.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "agent"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "agent.service-account-token", Annotations: map[string]string{corev1.ServiceAccountNameKey: "agent"}},
		Type:       corev1.SecretTypeServiceAccountToken,
	}, metav1.CreateOptions{}); err != nil {
		return err
	}
	var found *corev1.Secret
	if err := until(ctx, "the token", func() (bool, error) {
		var err error
		found, err = secrets.Get(ctx, "agent.service-account-token", metav1.GetOptions{})
		return err == nil && len(found.Data["token"]) > 0, err
	}); err != nil {
		return err
	}
	if err := first(want("namespace", string(found.Data["namespace"]), e.namespace), want("a certificate", len(found.Data["ca.crt"]) > 0, true)); err != nil {
		return err
	}
	if _, err := e.json.RbacV1().RoleBindings(e.namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "agent"}, RoleRef: rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "view"},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: "agent", Namespace: e.namespace}},
	}, metav1.CreateOptions{}); err != nil {
		return err
	}
	config := rest.AnonymousClientConfig(e.config)
	config.BearerToken = string(found.Data["token"])
	agent, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	if _, err := agent.CoreV1().ConfigMaps(e.namespace).List(ctx, metav1.ListOptions{}); err != nil {
		return fmt.Errorf("with the token: %w", err)
	}
	_, err = agent.CoreV1().Secrets(e.namespace).List(ctx, metav1.ListOptions{})
	return want("secrets are forbidden", apierrors.IsForbidden(err), true)
}

func checkCron(ctx context.Context, e *env) error {
	crons := e.argo(cronWorkflows)
	cron := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow",
		"metadata": map[string]any{"name": "nightly", "labels": map[string]any{labels + "controller-instanceid": instance}},
		"spec":     map[string]any{"schedules": []any{"0 3 * * *"}, "suspend": true, "workflowSpec": ours("x").Object["spec"]},
	}}
	made, err := crons.Create(ctx, cron, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	child := ours("nightly")
	child.SetName("nightly-1767322800")
	child.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(made, schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "CronWorkflow"})})
	child.SetLabels(map[string]string{labels + "cron-workflow": "nightly", labels + "controller-instanceid": instance})
	if _, err := e.argo(workflows).Create(ctx, child, metav1.CreateOptions{}); err != nil {
		return err
	}
	if _, err := e.argo(workflows).Create(ctx, child, metav1.CreateOptions{}); !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("run twice: %w", err)
	}
	patch := merged(`{"status":{"active":[{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","name":"nightly-1767322800"}],"lastScheduledTime":"2026-01-02T03:00:00Z","conditions":null},"metadata":{"annotations":{"%slast-used-schedule":"0 3 * * *"}}}`, labels)
	if _, err := crons.Patch(ctx, "nightly", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		return err
	}
	found, err := e.argo(workflows).List(ctx, metav1.ListOptions{LabelSelector: labels + "cron-workflow," + selectNow})
	if err != nil {
		return err
	}
	if err := want("of the cron", len(found.Items), 1); err != nil {
		return err
	}
	if err := crons.Delete(ctx, "nightly", metav1.DeleteOptions{}); err != nil {
		return err
	}
	return e.argo(workflows).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: labels + "cron-workflow"})
}

// checkPages reads a list in pages while objects come and go: each page is of the state that the first one saw.
func checkPages(ctx context.Context, e *env) error {
	maps := e.json.CoreV1().ConfigMaps(e.namespace)
	for i := range 7 {
		if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("paged-%d", i), Labels: map[string]string{"paged": ""}}}, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	options := metav1.ListOptions{LabelSelector: "paged", Limit: 3}
	names := []string{}
	for page := 0; ; page++ {
		list, err := maps.List(ctx, options)
		if err != nil {
			return err
		}
		for _, item := range list.Items {
			names = append(names, item.Name)
		}
		if options.Continue = list.Continue; list.Continue == "" {
			break
		}
		if page == 0 {
			if err := first(maps.Delete(ctx, "paged-6", metav1.DeleteOptions{}), maps.Delete(ctx, "paged-4", metav1.DeleteOptions{})); err != nil {
				return err
			}
		}
	}
	if err := want("names", names, "[paged-0 paged-1 paged-2 paged-3 paged-4 paged-5 paged-6]"); err != nil {
		return err
	}
	return maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "paged"})
}

func checkVersions(ctx context.Context, e *env) error {
	maps := e.json.CoreV1().ConfigMaps(e.namespace)
	now, err := maps.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, options := range []metav1.ListOptions{
		{ResourceVersion: "0", Limit: 2},
		{ResourceVersion: "0", ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan},
		{ResourceVersion: now.ResourceVersion, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan},
		{ResourceVersion: now.ResourceVersion, ResourceVersionMatch: metav1.ResourceVersionMatchExact, Limit: 1},
	} {
		if _, err := maps.List(ctx, options); err != nil {
			return fmt.Errorf("%+v: %w", options, err)
		}
	}
	seconds := int64(1)
	watcher, err := maps.Watch(ctx, metav1.ListOptions{ResourceVersion: now.ResourceVersion, TimeoutSeconds: &seconds, AllowWatchBookmarks: true})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for {
		select {
		case event, open := <-watcher.ResultChan():
			if !open {
				return nil
			}
			if event.Type != watch.Bookmark {
				return fmt.Errorf("an event: %v", event.Type)
			}
		case <-ctx.Done():
			return errors.New("the watch did not end")
		}
	}
}

func checkTTL(ctx context.Context, e *env) error {
	if e.pod == "" {
		return nil // a bare kube-apiserver collects no garbage
	}
	made, err := e.argo(workflows).Create(ctx, ours("gone"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	pod := quietPod("gone-pod", nil)
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(made, schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "Workflow"})}
	pod.Spec.NodeName = ""
	pod.Spec.NodeSelector = map[string]string{"nowhere": "true"}
	if _, err := e.json.CoreV1().Pods(e.namespace).Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return err
	}
	background := metav1.DeletePropagationBackground
	if err := e.argo(workflows).Delete(ctx, made.GetName(), metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
		return err
	}
	return until(ctx, "the pod is gone", func() (bool, error) {
		_, err := e.json.CoreV1().Pods(e.namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		return apierrors.IsNotFound(err), nil
	})
}
