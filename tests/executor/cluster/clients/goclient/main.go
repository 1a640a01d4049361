// Command goclients does to a Kubernetes API what a workflow controller written with client-go does, one check after the
// other, and prints a JSON line for each: {"check": ..., "ok": ..., "detail": ...}.
//
//	goclients KUBECONFIG NAMESPACE [POD]
//
// With the name of a running pod (container "main" with sh and cat) it also enters the pod, reads its log and forwards a port.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const patience = 20 * time.Second

// env is what every check is given.
type env struct {
	config    *rest.Config
	json      kubernetes.Interface
	proto     kubernetes.Interface
	dynamic   dynamic.Interface
	metadata  metadata.Interface
	namespace string
	pod       string
}

type check struct {
	name string
	run  func(ctx context.Context, e *env) error
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: goclients KUBECONFIG NAMESPACE [POD]")
		os.Exit(2)
	}
	e, err := connect(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	checks := slices.Concat(objectChecks, informerChecks, controllerChecks)
	if len(os.Args) > 3 {
		e.pod = os.Args[3]
		checks = slices.Concat(checks, podChecks, executorChecks, commandChecks)
	}
	only := os.Getenv("ONLY")
	failed := 0
	out := json.NewEncoder(os.Stdout)
	for _, c := range checks {
		if only != "" && !strings.Contains(c.name, only) {
			continue
		}
		begin := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		err := guarded(ctx, c, e)
		cancel()
		detail := ""
		if err != nil {
			failed++
			detail = err.Error()
		}
		_ = out.Encode(map[string]any{"check": c.name, "ok": err == nil, "detail": detail, "ms": time.Since(begin).Milliseconds()})
	}
	if failed > 0 {
		os.Exit(1)
	}
}

// guarded runs a check; a check that does not come back in time or panics has failed.
func guarded(ctx context.Context, c check, e *env) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("panic: %v", r)
			}
		}()
		done <- c.run(ctx, e)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		select {
		case err := <-done:
			return err
		case <-time.After(2 * time.Second):
			return fmt.Errorf("no end after %s", patience)
		}
	}
}

func connect(kubeconfig, namespace string) (*env, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 500, 1000
	plain, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	typed := rest.CopyConfig(config)
	typed.ContentType = "application/vnd.kubernetes.protobuf"
	typed.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	proto, err := kubernetes.NewForConfig(typed)
	if err != nil {
		return nil, err
	}
	dyn, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	meta, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &env{config: config, json: plain, proto: proto, dynamic: dyn, metadata: meta, namespace: namespace}, nil
}

// until polls a condition until it holds or the context ends.
func until(ctx context.Context, what string, holds func() (bool, error)) error {
	for {
		ok, err := holds()
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: not in time", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func want(what string, got, expected any) error {
	if fmt.Sprint(got) != fmt.Sprint(expected) {
		return fmt.Errorf("%s: got %v, want %v", what, got, expected)
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
