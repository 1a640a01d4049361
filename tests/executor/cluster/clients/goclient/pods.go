package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/client-go/util/exec"
)

var podChecks = []check{
	{"exec over SPDY", func(ctx context.Context, e *env) error { return checkExec(ctx, e, spdyExecutor) }},
	{"exec over WebSocket", func(ctx context.Context, e *env) error { return checkExec(ctx, e, webSocketExecutor) }},
	{"exec with fallback", func(ctx context.Context, e *env) error { return checkExec(ctx, e, fallbackExecutor) }},
	{"exec over SPDY with a terminal", checkTerminal},
	{"exec in a container that is not there", checkNoContainer},
	{"a megabyte through exec", checkMegabyte},
	{"logs", checkLogs},
	{"port-forward over SPDY", func(ctx context.Context, e *env) error { return checkForward(ctx, e, false) }},
	{"port-forward over WebSocket", func(ctx context.Context, e *env) error { return checkForward(ctx, e, true) }},
}

type maker func(e *env, command []string, options corev1.PodExecOptions) (remotecommand.Executor, error)

func execURL(e *env, command []string, options corev1.PodExecOptions) *http.Request {
	options.Command = command
	url := e.json.CoreV1().RESTClient().Post().Resource("pods").Name(e.pod).Namespace(e.namespace).SubResource("exec").
		VersionedParams(&options, scheme.ParameterCodec).URL()
	return &http.Request{URL: url}
}

func spdyExecutor(e *env, command []string, options corev1.PodExecOptions) (remotecommand.Executor, error) {
	return remotecommand.NewSPDYExecutor(e.config, "POST", execURL(e, command, options).URL)
}

func webSocketExecutor(e *env, command []string, options corev1.PodExecOptions) (remotecommand.Executor, error) {
	return remotecommand.NewWebSocketExecutor(e.config, "GET", execURL(e, command, options).URL.String())
}

func fallbackExecutor(e *env, command []string, options corev1.PodExecOptions) (remotecommand.Executor, error) {
	one, err := webSocketExecutor(e, command, options)
	if err != nil {
		return nil, err
	}
	two, err := spdyExecutor(e, command, options)
	if err != nil {
		return nil, err
	}
	return remotecommand.NewFallbackExecutor(one, two, httpstream.IsUpgradeFailure)
}

func checkExec(ctx context.Context, e *env, make maker) error {
	run, err := make(e, []string{"sh", "-c", "cat; echo err >&2; exit 3"}, corev1.PodExecOptions{Container: "main", Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return err
	}
	var out, errs bytes.Buffer
	err = run.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: strings.NewReader("hello\n"), Stdout: &out, Stderr: &errs})
	var code exec.CodeExitError
	if !errors.As(err, &code) {
		return fmt.Errorf("not an exit code: %w", err)
	}
	if err := first(want("code", code.Code, 3), want("stdout", out.String(), "hello\n"), want("stderr", errs.String(), "err\n")); err != nil {
		return err
	}
	run, err = make(e, []string{"true"}, corev1.PodExecOptions{Container: "main", Stdout: true, Stderr: true})
	if err != nil {
		return err
	}
	return run.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &out, Stderr: &errs})
}

type sizes chan remotecommand.TerminalSize

func (s sizes) Next() *remotecommand.TerminalSize {
	size, open := <-s
	if !open {
		return nil
	}
	return &size
}

func checkTerminal(ctx context.Context, e *env) error {
	run, err := spdyExecutor(e, []string{"sh", "-c", "sleep 0.3; stty size"}, corev1.PodExecOptions{Container: "main", Stdin: true, Stdout: true, TTY: true})
	if err != nil {
		return err
	}
	queue := make(sizes, 1)
	queue <- remotecommand.TerminalSize{Width: 91, Height: 17}
	var out bytes.Buffer
	reader, writer := io.Pipe()
	defer writer.Close()
	err = run.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: reader, Stdout: &out, Tty: true, TerminalSizeQueue: queue})
	close(queue)
	if err != nil {
		return err
	}
	return want("size", strings.TrimSpace(out.String()), "17 91")
}

func checkNoContainer(ctx context.Context, e *env) error {
	for _, make := range []maker{spdyExecutor, webSocketExecutor} {
		run, err := make(e, []string{"true"}, corev1.PodExecOptions{Container: "nope", Stdout: true})
		if err != nil {
			return err
		}
		err = run.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: io.Discard})
		if err == nil || !strings.Contains(err.Error(), "container nope is not valid for pod") {
			return fmt.Errorf("said: %w", err)
		}
	}
	return nil
}

func checkMegabyte(ctx context.Context, e *env) error {
	data := bytes.Repeat([]byte("0123456789abcde\n"), 1<<16)
	for _, make := range []maker{spdyExecutor, webSocketExecutor} {
		run, err := make(e, []string{"cat"}, corev1.PodExecOptions{Container: "main", Stdin: true, Stdout: true})
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := run.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: bytes.NewReader(data), Stdout: &out}); err != nil {
			return err
		}
		if !bytes.Equal(out.Bytes(), data) {
			return fmt.Errorf("%d bytes came back", out.Len())
		}
	}
	return nil
}

func checkLogs(ctx context.Context, e *env) error {
	stream, err := e.json.CoreV1().Pods(e.namespace).GetLogs(e.pod, &corev1.PodLogOptions{Container: "main", Follow: true}).Stream(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	line, err := bufio.NewReader(stream).ReadString('\n')
	if err != nil {
		return err
	}
	return want("log", line, "started\n")
}

// checkForward answers one connection on this machine by way of the pod, whose network is this machine's in the embedded cluster.
func checkForward(ctx context.Context, e *env, webSocket bool) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				line, _ := bufio.NewReader(connection).ReadString('\n')
				_, _ = io.WriteString(connection, "you said "+line)
			}()
		}
	}()
	url := e.json.CoreV1().RESTClient().Post().Resource("pods").Name(e.pod).Namespace(e.namespace).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(e.config)
	if err != nil {
		return err
	}
	dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, "POST", url)
	if webSocket {
		dialer, err = portforward.NewSPDYOverWebsocketDialer(url, e.config)
		if err != nil {
			return err
		}
	}
	stop, ready := make(chan struct{}), make(chan struct{})
	defer close(stop)
	target := listener.Addr().(*net.TCPAddr).Port
	var errs bytes.Buffer
	forwarder, err := portforward.New(dialer, []string{fmt.Sprintf("0:%d", target)}, stop, ready, io.Discard, &errs)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-failed:
		return fmt.Errorf("not ready: %w", err)
	case <-ctx.Done():
		return errors.New("not ready in time")
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		return err
	}
	for i := range 3 {
		connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", ports[0].Local))
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(connection, "hello %d\n", i)
		answer, err := io.ReadAll(connection)
		if err != nil {
			return err
		}
		if err := want("answer", string(answer), fmt.Sprintf("you said hello %d\n", i)); err != nil {
			return err
		}
	}
	return want("errors", errs.String(), "")
}
