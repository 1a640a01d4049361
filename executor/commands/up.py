"""Start the embedded cluster: a Kubernetes API, the workflow and cron controllers, and a kubelet.

The API listens on the loopback interface only. Everything is kept in the data directory, so a cluster that was
stopped, or killed, goes on where it was.

examples:
  argorun up --detach
  argorun up --detach --sync argosync.yaml
  argorun up --no-controller --audit-log audit.jsonl
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from argolint.errors import UserError
from executor.commands import clusterdir
from executor.commands.kubelet import configured_images
from executor.commands.supervisor import Component, Supervisor

HELP = "start the embedded cluster and its controllers"
READY_TIMEOUT = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun up`."""
    parser.add_argument(
        "--data", metavar="DIR", help="where the cluster keeps everything (default: .argolint/cluster)"
    )
    parser.add_argument(
        "--kubeconfig", metavar="FILE", help="write the kubeconfig here (default: DIR/kubeconfig)"
    )
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="port of the API (default: a free one, kept)"
    )
    parser.add_argument("--detach", action="store_true", help="return when the cluster is ready")
    parser.add_argument(
        "--sync", metavar="CONFIG", help="also run `argosync run --config CONFIG` against the cluster"
    )
    parser.add_argument(
        "-n",
        "--namespace",
        default="",
        metavar="NS",
        help="make this namespace and let the kubeconfig name it",
    )
    parser.add_argument(
        "--runtime",
        default="",
        metavar="R",
        help="how the kubelet runs containers: auto, process or container",
    )
    parser.add_argument("--max-pods", type=int, default=0, metavar="N", help="pods that run at the same time")
    parser.add_argument(
        "--crds",
        choices=("minimal", "full"),
        default="",
        help="schemas of Argo's kinds: minimal takes any spec, full validates as upstream's full CRDs do (default: kept)",
    )
    parser.add_argument(
        "--no-controller",
        action="store_true",
        help="leave workflows and crons to another controller, such as upstream's; the API and the kubelet run",
    )
    parser.add_argument(
        "--audit-log",
        default="",
        metavar="FILE",
        help="write who asked the API for what to this file, a JSON line each",
    )
    parser.add_argument(
        "--config", metavar="FILE", help="use the image rules (local.images) of this .argolint.yaml"
    )


def run(args: argparse.Namespace) -> int:
    """Supervise in the foreground until ^C, or with --detach in the background."""
    data = clusterdir.data_dir(args.data)
    if not 0 <= args.port <= 65535:
        raise UserError(f"--port {args.port}: not a port number", "use a number from 1 to 65535")
    configured_images(getattr(args, "config", None))  # what is wrong with it is said now
    sync = None
    if args.sync:
        sync = Path(args.sync).expanduser().absolute()
        if not sync.is_file():
            raise UserError(f"--sync {args.sync}: no such file", "name the argosync configuration to follow")
    clusterdir.prepare(data)
    kubeconfig = Path(args.kubeconfig).expanduser().absolute() if args.kubeconfig else data / "kubeconfig"
    if not kubeconfig.parent.is_dir():
        raise UserError(f"--kubeconfig {kubeconfig}: its directory does not exist", "make it first")
    if args.audit_log and not Path(args.audit_log).expanduser().absolute().parent.is_dir():
        raise UserError(f"--audit-log {args.audit_log}: its directory does not exist", "make it first")
    if args.detach:
        return _detached(data, kubeconfig, sync, args)
    handle = clusterdir.lock(data)
    try:
        return _supervise(data, kubeconfig, sync, args, ready=lambda: _say(next_steps(data, kubeconfig)))
    finally:
        os.close(handle)


def components(data: Path, kubeconfig: Path, sync: Path | None, args: argparse.Namespace) -> list[Component]:
    """The processes of a cluster, in the order in which they are started."""
    argorun = [sys.executable, "-m", "executor"]
    api = [*argorun, "apiserver", "--data", str(data), "--kubeconfig", str(kubeconfig)]
    api += ["--port", str(args.port)]
    if args.crds:
        api += ["--crds", args.crds]
    if args.audit_log:
        api += ["--audit-log", str(Path(args.audit_log).expanduser().absolute())]
    common = ["--kubeconfig", str(kubeconfig), "--wait", "60"]
    controller = [
        *argorun,
        "controller",
        *common,
        "--local-images",
        "--ready-file",
        str(data / "ready" / "controller"),
    ]
    kubelet = [
        *argorun,
        "kubelet",
        *common,
        "--data",
        str(data),
        "--ready-file",
        str(data / "ready" / "kubelet"),
    ]
    if args.runtime:
        kubelet += ["--runtime", args.runtime]
    if args.max_pods:
        kubelet += ["--max-pods", str(args.max_pods)]
    if getattr(args, "config", None):
        settings = ["--config", str(Path(args.config).expanduser().absolute())]
        kubelet += settings
        controller += settings
    out = [
        Component("apiserver", api, ready=False),
        *([] if args.no_controller else [Component("controller", controller)]),
        Component("kubelet", kubelet),
    ]
    if sync is not None:
        follow = [sys.executable, "-m", "reconciler", "run", "--config", str(sync)]
        out.append(
            Component("argosync", [*follow, "--kubeconfig", str(kubeconfig)], ready=False, after_ready=True)
        )
    return out


def next_steps(data: Path, kubeconfig: Path) -> str:
    """What to print when the cluster is ready."""
    down = "argorun down" if data == clusterdir.DEFAULT_DATA.absolute() else f"argorun down --data {data}"
    return (
        f"the cluster is ready (data in {data})\n\n"
        f"  export KUBECONFIG={kubeconfig}\n"
        "  kubectl get wf -A\n"
        "  argorun submit FILE --watch\n"
        f"  {down}"
    )


def _supervise(
    data: Path, kubeconfig: Path, sync: Path | None, args: argparse.Namespace, ready: Callable[[], None]
) -> int:
    def on_ready() -> None:
        if args.namespace:
            use_namespace(kubeconfig, args.namespace)
        ready()

    if not args.port:
        args.port = kept_port(data)
    processes = components(data, kubeconfig, sync, args)
    return Supervisor(data, processes, kubeconfig=kubeconfig, on_ready=on_ready, log=_say).run()


def kept_port(data: Path) -> int:
    """The port of the last run if it is still free, else a free one; remembered.

    A server that is started again must be where its clients look for it.
    """
    note = data / "port"
    try:
        last = int(note.read_text())
    except (OSError, ValueError):
        last = 0
    for wanted in (last, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except (OSError, OverflowError):
                continue
            port = int(probe.getsockname()[1])
        clusterdir.write_atomic(note, str(port))
        return port
    raise UserError("no TCP port is free on 127.0.0.1", exit_code=1)


def use_namespace(kubeconfig: Path, namespace: str) -> None:
    """Make a namespace and let the kubeconfig name it. UserError when the API refuses it."""
    import yaml

    from argolint.kube import ApiError, KubeClient, resource_for

    try:
        client = KubeClient.from_kubeconfig(kubeconfig)
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        client.create(resource_for("Namespace"), manifest)
    except ApiError as error:
        if not error.already_exists:
            raise UserError(f"--namespace {namespace}: {error.message}", exit_code=1) from error
    document = yaml.safe_load(kubeconfig.read_text())
    for entry in document.get("contexts") or []:
        entry["context"]["namespace"] = namespace
    clusterdir.write_atomic(kubeconfig, yaml.safe_dump(document))


def _say(text: str) -> None:
    print(text, flush=True)


def _detached(data: Path, kubeconfig: Path, sync: Path | None, args: argparse.Namespace) -> int:
    """Fork a supervisor into a session of its own and wait until it says that it is ready."""
    # Taken by this process so that the refusal is printed here; the lock belongs to the open file, which the child keeps.
    handle = clusterdir.lock(data)
    log_path = data / "logs" / "supervisor.log"
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(reader)
            os.setsid()
            _redirect(log_path)

            def ready() -> None:
                os.write(writer, b"ready")
                os.close(writer)

            status = _supervise(data, kubeconfig, sync, args, ready=ready)
        except UserError as error:
            print(f"error: {error}", flush=True)
            os.write(writer, str(error).encode())
        finally:
            os._exit(status)
    os.close(writer)
    os.close(handle)
    answer = _read_answer(reader, READY_TIMEOUT)
    if answer == b"ready":
        _say(next_steps(data, kubeconfig))
        return 0
    try:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass
    if answer:
        raise UserError(answer.decode("utf-8", "replace"), exit_code=1)
    raise UserError(
        f"the cluster did not get ready in {READY_TIMEOUT:.0f} s: {_reason(data)}",
        f"see {data / 'logs'}",
        exit_code=1,
    )


def _read_answer(reader: int, timeout: float) -> bytes:
    import select

    with os.fdopen(reader, "rb") as pipe:
        found, _, _ = select.select([pipe], [], [], timeout)
        return os.read(pipe.fileno(), 4096) if found else b""


def _redirect(log_path: Path) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(null)
    os.close(log)


def _reason(data: Path) -> str:
    """The last line that a component printed before it gave up: the likeliest cause."""
    for name in ("apiserver", "controller", "kubelet", "supervisor"):
        try:
            lines = (data / "logs" / f"{name}.log").read_text(errors="replace").splitlines()
        except OSError:
            continue
        said = [line for line in lines[-20:] if line.strip() and not line.startswith("---")]
        problems = [line for line in said if "error" in line.lower()]
        if problems:
            return f"{name}: {problems[-1].strip()}"
    return "no component said why"
