"""Run the pods of an embedded cluster on this machine, until SIGTERM or ^C."""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from argolint.errors import UserError
from executor.commands import clusterdir
from executor.commands.connect import api_errors, wait_for_api
from executor.commands.controller import announce

HELP = "run the pods of an embedded cluster on this machine"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun kubelet`."""
    parser.add_argument("--kubeconfig", metavar="FILE", help="the cluster (default: DIR/kubeconfig)")
    parser.add_argument(
        "--data", metavar="DIR", help="the cluster's data directory (default: .argolint/cluster)"
    )
    parser.add_argument("--node-name", default="argorun", metavar="NAME", help="name of this node")
    parser.add_argument(
        "--max-pods", type=int, default=64, metavar="N", help="pods that run at the same time"
    )
    parser.add_argument(
        "--runtime", default="auto", metavar="R", help="how containers run: auto, process or container"
    )
    parser.add_argument(
        "--wait", type=float, default=0.0, metavar="S", help="wait so long for the API to answer"
    )
    parser.add_argument(
        "--config", metavar="FILE", help="use the image rules (local.images) of this .argolint.yaml"
    )
    parser.add_argument("--ready-file", metavar="FILE", help="write the process id here when it works")


def run(args: argparse.Namespace) -> int:
    """Work until told to stop."""
    from executor.artifacts.disk import DiskStore
    from executor.cluster.kubelet import Kubelet, ca_of
    from executor.cluster.kubelet_resources import resource_clients
    from executor.runtimes.images import image_map
    from executor.runtimes.probe import choose

    if args.max_pods < 1:
        raise UserError(f"--max-pods {args.max_pods}: at least one is needed")
    images = image_map(configured_images(args.config))
    data = clusterdir.data_dir(args.data)
    clusterdir.prepare(data)
    handle = _lock(data)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        choice = choose(args.runtime)
        print(f"containers: {choice.why}", flush=True)
        kubeconfig = args.kubeconfig or str(data / "kubeconfig")
        with api_errors():
            client = wait_for_api(kubeconfig, None, args.wait, stop)
            if stop.is_set():
                return 0
            kubelet = Kubelet(
                client,
                data,
                choice.runtime,
                DiskStore(data / "artifacts"),
                node=args.node_name,
                max_pods=args.max_pods,
                ca=ca_of(client),
                make_resource_client=resource_clients(client),
                images=images,
            )
            kubelet.start()
            announce(args.ready_file)
            stop.wait()
            kubelet.stop()
    finally:
        os.close(handle)
    return 0


def configured_images(config: str | None) -> Mapping[str, Any]:
    """`local.images` of a configuration file; nothing without one. Raises UserError."""
    if config is None:
        return {}
    from pathlib import Path

    from executor.local.settings import load_file

    if not Path(config).is_file():
        raise UserError(f"--config {config}: there is no such file", "name the project's .argolint.yaml")
    return load_file(Path(config)).images


def _lock(data: Path) -> Any:
    handle = os.open(data / "kubelet.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise UserError(
            f"{data}: a kubelet already runs here",
            "see `argorun status`, or choose another --data DIR",
            exit_code=1,
        ) from error
    return handle
