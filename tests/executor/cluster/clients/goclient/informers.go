package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"
)

var informerChecks = []check{
	{"informers: dynamic with a label selector", checkDynamicInformer},
	{"informers: typed protobuf", checkTypedInformer},
	{"informers: metadata only", checkMetadataInformer},
	{"informers: config map by name", checkNamedInformer},
	{"informers: a thousand objects", checkManyObjects},
	{"leader election", checkLeaderElection},
	{"events: core recorder with aggregation", checkEvents},
	{"events: events.k8s.io recorder", checkNewEvents},
}

// counts are the events that an informer has told.
type counts struct{ added, updated, deleted atomic.Int64 }

func (c *counts) handler() cache.ResourceEventHandlerFuncs {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { c.added.Add(1) },
		UpdateFunc: func(any, any) { c.updated.Add(1) },
		DeleteFunc: func(any) { c.deleted.Add(1) },
	}
}

func (c *counts) are(added, updated, deleted int64) func() (bool, error) {
	return func() (bool, error) {
		return c.added.Load() == added && c.updated.Load() == updated && c.deleted.Load() == deleted, nil
	}
}

func (c *counts) String() string {
	return fmt.Sprint(c.added.Load(), " added, ", c.updated.Load(), " updated, ", c.deleted.Load(), " deleted")
}

func synced(ctx context.Context, informer cache.SharedIndexInformer) error {
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return errors.New("the cache was not filled in time")
	}
	return nil
}

func checkDynamicInformer(ctx context.Context, e *env) error {
	client := e.dynamic.Resource(workflows).Namespace(e.namespace)
	before, err := client.Create(ctx, workflow("informed"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(e.dynamic, 0, e.namespace, func(options *metav1.ListOptions) {
		options.LabelSelector = "go=informed,workflows.argoproj.io/completed!=true"
	})
	informer := factory.ForResource(workflows).Informer()
	var seen counts
	if _, err := informer.AddEventHandler(seen.handler()); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	if err := synced(ctx, informer); err != nil {
		return err
	}
	if err := until(ctx, "the first", seen.are(1, 0, 0)); err != nil {
		return err
	}
	other, err := client.Create(ctx, workflow("informed"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := until(ctx, "the second", seen.are(2, 0, 0)); err != nil {
		return err
	}
	if _, err := client.Patch(ctx, other.GetName(), types.MergePatchType, []byte(`{"status":{"phase":"Running"}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	if err := until(ctx, "a change", seen.are(2, 1, 0)); err != nil {
		return err
	}
	// What leaves the selection counts as deleted.
	if _, err := client.Patch(ctx, other.GetName(), types.MergePatchType, []byte(`{"metadata":{"labels":{"workflows.argoproj.io/completed":"true"}}}`), metav1.PatchOptions{}); err != nil {
		return err
	}
	if err := until(ctx, "left the selection", seen.are(2, 1, 1)); err != nil {
		return fmt.Errorf("%w (%s)", err, &seen)
	}
	if err := client.Delete(ctx, before.GetName(), metav1.DeleteOptions{}); err != nil {
		return err
	}
	return until(ctx, "the end", seen.are(2, 1, 2))
}

func checkTypedInformer(ctx context.Context, e *env) error {
	factory := informers.NewSharedInformerFactoryWithOptions(e.proto, 0, informers.WithNamespace(e.namespace), informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		options.LabelSelector = "go=pods"
	}))
	informer := factory.Core().V1().Pods().Informer()
	if err := informer.AddIndexers(cache.Indexers{"node": func(obj any) ([]string, error) {
		return []string{obj.(*corev1.Pod).Spec.NodeName}, nil
	}}); err != nil {
		return err
	}
	var seen counts
	if _, err := informer.AddEventHandler(seen.handler()); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	if err := synced(ctx, informer); err != nil {
		return err
	}
	pods := e.proto.CoreV1().Pods(e.namespace)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "informed", Labels: map[string]string{"go": "pods"}},
		Spec: corev1.PodSpec{NodeName: "elsewhere", Containers: []corev1.Container{{Name: "main", Image: "alpine"}}}}
	if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := until(ctx, "added", seen.are(1, 0, 0)); err != nil {
		return err
	}
	found, err := informer.GetIndexer().ByIndex("node", "elsewhere")
	if err != nil || len(found) != 1 {
		return fmt.Errorf("by node: %d %w", len(found), err)
	}
	zero := int64(0)
	if err := pods.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &zero}); err != nil {
		return err
	}
	return until(ctx, "deleted", func() (bool, error) { return seen.deleted.Load() == 1, nil })
}

func checkMetadataInformer(ctx context.Context, e *env) error {
	factory := metadatainformer.NewFilteredSharedInformerFactory(e.metadata, 0, e.namespace, nil)
	informer := factory.ForResource(workflows).Informer()
	var seen counts
	if _, err := informer.AddEventHandler(seen.handler()); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	if err := synced(ctx, informer); err != nil {
		return err
	}
	base := seen.added.Load()
	client := e.dynamic.Resource(workflows).Namespace(e.namespace)
	made, err := client.Create(ctx, workflow("metadata"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := until(ctx, "added", func() (bool, error) { return seen.added.Load() > base, nil }); err != nil {
		return err
	}
	object, exists, err := informer.GetStore().GetByKey(e.namespace + "/" + made.GetName())
	if err != nil || !exists {
		return fmt.Errorf("in the store: %v %w", exists, err)
	}
	partial, ok := object.(*metav1.PartialObjectMetadata)
	if !ok {
		return fmt.Errorf("it is a %T", object)
	}
	one, err := e.metadata.Resource(workflows).Namespace(e.namespace).Get(ctx, made.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	patched, err := e.metadata.Resource(workflows).Namespace(e.namespace).Patch(ctx, made.GetName(), types.MergePatchType, []byte(`{"metadata":{"labels":{"p":"q"}}}`), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	return first(want("uid", partial.UID, made.GetUID()), want("name", one.Name, made.GetName()), want("label", patched.Labels["p"], "q"),
		e.metadata.Resource(workflows).Namespace(e.namespace).Delete(ctx, made.GetName(), metav1.DeleteOptions{}))
}

func checkNamedInformer(ctx context.Context, e *env) error {
	name := "workflow-controller-configmap"
	factory := informers.NewSharedInformerFactoryWithOptions(e.json, 0, informers.WithNamespace(e.namespace), informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		options.FieldSelector = "metadata.name=" + name
	}))
	informer := factory.Core().V1().ConfigMaps().Informer()
	var seen counts
	if _, err := informer.AddEventHandler(seen.handler()); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	if err := synced(ctx, informer); err != nil {
		return err
	}
	maps := e.json.CoreV1().ConfigMaps(e.namespace)
	for _, each := range []string{"another", name} {
		if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: each}}, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	if err := until(ctx, "added", seen.are(1, 0, 0)); err != nil {
		return err
	}
	if err := maps.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
		return err
	}
	return until(ctx, "deleted", seen.are(1, 0, 1))
}

func checkManyObjects(ctx context.Context, e *env) error {
	const total = 1000
	maps := e.proto.CoreV1().ConfigMaps(e.namespace)
	factory := informers.NewSharedInformerFactoryWithOptions(e.proto, 0, informers.WithNamespace(e.namespace), informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		options.LabelSelector = "many"
	}))
	informer := factory.Core().V1().ConfigMaps().Informer()
	var seen counts
	if _, err := informer.AddEventHandler(seen.handler()); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	var group sync.WaitGroup
	for worker := range 10 {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range total / 10 {
				_, _ = maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("many-%d-%d", worker, i), Labels: map[string]string{"many": ""}}}, metav1.CreateOptions{})
			}
		}()
	}
	group.Wait()
	if err := until(ctx, "all are seen", seen.are(total, 0, 0)); err != nil {
		return fmt.Errorf("%w (%s)", err, &seen)
	}
	if err := maps.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "many"}); err != nil {
		return err
	}
	return until(ctx, "all are gone", seen.are(total, 0, total))
}

func checkLeaderElection(ctx context.Context, e *env) error {
	var leaders atomic.Int64
	var most atomic.Int64
	elected := make(chan string, 4)
	elect := func(ctx context.Context, identity string) {
		lock, err := resourcelock.New(resourcelock.LeasesResourceLock, e.namespace, "go-controller", e.proto.CoreV1(), e.proto.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: identity})
		if err != nil {
			elected <- err.Error()
			return
		}
		leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
			Lock: lock, ReleaseOnCancel: true, LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 100 * time.Millisecond,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(ctx context.Context) {
					if now := leaders.Add(1); now > most.Load() {
						most.Store(now)
					}
					elected <- identity
					<-ctx.Done()
					leaders.Add(-1)
				},
				OnStoppedLeading: func() {},
			},
		})
	}
	one, stopOne := context.WithCancel(ctx)
	two, stopTwo := context.WithCancel(ctx)
	defer stopTwo()
	go elect(one, "one")
	if who := <-elected; who != "one" {
		stopOne()
		return fmt.Errorf("elected %s", who)
	}
	go elect(two, "two")
	time.Sleep(300 * time.Millisecond)
	stopOne()
	select {
	case who := <-elected:
		lease, err := e.proto.CoordinationV1().Leases(e.namespace).Get(ctx, "go-controller", metav1.GetOptions{})
		if err != nil {
			return err
		}
		return first(want("elected", who, "two"), want("holder", *lease.Spec.HolderIdentity, "two"), want("transitions", *lease.Spec.LeaseTransitions, 1))
	case <-ctx.Done():
		return errors.New("nobody took over")
	}
}

func checkEvents(ctx context.Context, e *env) error {
	about, err := e.proto.CoreV1().ConfigMaps(e.namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "eventful"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	broadcaster := record.NewBroadcaster()
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: e.proto.CoreV1().Events(e.namespace)})
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "workflow-controller"})
	for range 3 { // the same thrice: the second and third are patches that count
		recorder.Event(about, corev1.EventTypeNormal, "WorkflowRunning", "Workflow Running")
	}
	recorder.AnnotatedEventf(about, map[string]string{"workflows.argoproj.io/node-name": "n"}, corev1.EventTypeWarning, "WorkflowNodeFailed", "Failed node %s", "n")
	return until(ctx, "the events", func() (bool, error) {
		found, err := e.proto.CoreV1().Events(e.namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=eventful,involvedObject.kind=ConfigMap"})
		if err != nil {
			return false, err
		}
		counted := map[string]int32{}
		for _, item := range found.Items {
			counted[item.Reason] = item.Count
		}
		return counted["WorkflowRunning"] == 3 && counted["WorkflowNodeFailed"] == 1, nil
	})
}

func checkNewEvents(ctx context.Context, e *env) error {
	about, err := e.proto.CoreV1().ConfigMaps(e.namespace).Get(ctx, "eventful", metav1.GetOptions{})
	if err != nil {
		return err
	}
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: e.proto.EventsV1()})
	defer broadcaster.Shutdown()
	broadcaster.StartRecordingToSink(ctx.Done())
	recorder := broadcaster.NewRecorder(scheme.Scheme, "go-controller")
	recorder.Eventf(about, nil, corev1.EventTypeNormal, "Noted", "Note", "note %d", 1)
	var found *eventsv1.EventList
	return until(ctx, "the event", func() (bool, error) {
		found, err = e.proto.EventsV1().Events(e.namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=Noted"})
		if err != nil {
			return false, err
		}
		return len(found.Items) == 1 && found.Items[0].Note == "note 1" && found.Items[0].Regarding.Name == "eventful", nil
	})
}
