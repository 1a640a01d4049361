"""Run the workflow controller and the CronWorkflow controller against a Kubernetes API, until SIGTERM or ^C.

It needs list, watch, get, create, update, patch and delete of Argo's kinds, pods, ConfigMaps and Events, as
upstream's controller does. Of several for the same workflows one acts, elected by a Lease, and the others stand by.

examples:
  argorun controller --kubeconfig ~/.kube/config
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from argolint.errors import UserError
from executor.commands.connect import api_errors, wait_for_api

if TYPE_CHECKING:
    from argolint.kube import KubeClient
    from executor.controller.leader import Elector
    from executor.controller.settings import Options

HELP = "run the workflow controller against any cluster"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun controller`."""
    parser.add_argument(
        "--kubeconfig", metavar="FILE", help="the cluster (default: $KUBECONFIG, ~/.kube/config)"
    )
    parser.add_argument("--context", metavar="NAME", help="context of the kubeconfig")
    parser.add_argument(
        "-n", "--namespace", default="all", metavar="NS", help="namespace to look after, or all (default)"
    )
    parser.add_argument("--workers", type=int, default=4, metavar="N", help="workflows worked on at once")
    parser.add_argument("--executor-image", metavar="IMG", help="argoexec image of the pods")
    parser.add_argument(
        "--instance-id", default="", metavar="ID", help="only objects labelled with this controller instance"
    )
    parser.add_argument(
        "--controller-namespace", default="argo", metavar="NS", help="where the controller's ConfigMaps are"
    )
    parser.add_argument(
        "--argo-version",
        default="4.1",
        metavar="V",
        help="follow the rules of this Argo release (3.4 to 4.1)",
    )
    parser.add_argument("--no-cron", action="store_true", help="leave CronWorkflows to another controller")
    parser.add_argument(
        "--wait", type=float, default=0.0, metavar="S", help="wait so long for the API to answer"
    )
    parser.add_argument(
        "--local-images",
        action="store_true",
        help="pods run by `argorun kubelet`: know images by the toolchains of this machine",
    )
    parser.add_argument(
        "--config", metavar="FILE", help="with --local-images: the image rules of this .argolint.yaml too"
    )
    parser.add_argument(
        "--no-leader-elect", action="store_true", help="act without a lease: there is no other controller"
    )
    parser.add_argument(
        "--lease-duration",
        type=float,
        default=10.0,
        metavar="S",
        help="a leader that is silent for so long is replaced",
    )
    parser.add_argument(
        "--metrics-port", type=int, metavar="PORT", help="serve Prometheus metrics at /metrics of this port"
    )
    parser.add_argument(
        "--metrics-address",
        default="127.0.0.1",
        metavar="IP",
        help="where to serve them (default: this machine only)",
    )
    parser.add_argument("--ready-file", metavar="FILE", help="write the process id here when it works")


def run(args: argparse.Namespace) -> int:
    """Work until told to stop."""
    from executor.commands.kubelet import configured_images
    from executor.controller.settings import DEFAULT_EXECUTOR_IMAGE, Options

    if not 1 <= args.lease_duration <= 3600:
        raise UserError(f"--lease-duration {args.lease_duration:g}: give a number of seconds from 1 to 3600")
    if args.metrics_port is not None and not 1 <= args.metrics_port <= 65535:
        raise UserError(f"--metrics-port {args.metrics_port}: give a port from 1 to 65535")
    if args.workers < 1:
        raise UserError(f"--workers {args.workers}: at least one is needed")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with api_errors():
        client = wait_for_api(args.kubeconfig, args.context, args.wait, stop)
        if stop.is_set():
            return 0
        options = Options(
            namespace="" if args.namespace == "all" else args.namespace,
            controller_namespace=args.controller_namespace,
            workers=args.workers,
            executor_image=args.executor_image or DEFAULT_EXECUTOR_IMAGE,
            instance_id=args.instance_id,
            rules_version=args.argo_version,
            local_images=args.local_images,
            image_settings=configured_images(args.config),
        )
        elector = None if args.no_leader_elect else make_elector(client, options, args.lease_duration)
        if elector is not None:
            if not elector.acquire(stop):
                return 0
            client = elector.fenced(client)
        try:
            work(client, options, args, stop, elector.lost if elector is not None else threading.Event())
        finally:
            if elector is not None:
                lost = elector.lost.is_set()
                elector.release()
    return 1 if elector is not None and lost else 0


def work(
    client: KubeClient,
    options: Options,
    args: argparse.Namespace,
    stop: threading.Event,
    lost: threading.Event,
) -> None:
    """Run the controllers until `stop`, or until leadership is `lost`."""
    from executor.controller.controller import Controller
    from executor.controller.metrics import serve
    from executor.cron.controller import CronController

    controller = Controller(client, options)
    controller.start()
    stop_metrics = None
    if args.metrics_port is not None:
        stop_metrics = serve(
            args.metrics_port, args.metrics_address, lambda: controller.collect_metrics(not lost.is_set())
        )
    cron = None
    if not args.no_cron:
        cron = CronController(
            client,
            namespace=options.namespace,
            instance_id=controller.view.instance_id,
            rules_version=options.rules_version,
        )
        cron.start()
    announce(args.ready_file)
    while not stop.is_set() and not lost.is_set():
        stop.wait(0.2)
    if stop_metrics is not None:
        stop_metrics()
    if cron is not None:
        cron.stop()
    controller.stop()


def make_elector(client: KubeClient, options: Options, duration: float) -> Elector:
    """The election that a controller with these options takes part in."""
    from argolint.kube import resource_for
    from executor.controller.leader import Elector, lease_name
    from executor.controller.settings import CONFIG_MAP, read_config

    found = client.try_get(resource_for("ConfigMap"), CONFIG_MAP, options.controller_namespace)
    instance_id = options.instance_id or read_config(found).instance_id
    return Elector(
        client,
        options.controller_namespace,
        lease_name(instance_id, options.namespace),
        duration=duration,
        log=lambda line: print(line, file=sys.stderr, flush=True),
    )


def announce(path: str | None) -> None:
    """Say that this process works, to whoever waits for the file."""
    if path:
        from pathlib import Path

        from executor.commands.clusterdir import write_atomic

        write_atomic(Path(path), str(os.getpid()))
