"""Serve the embedded Kubernetes API in the foreground, until SIGTERM or ^C."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from argolint.clikit import EXIT_OK
from argolint.errors import UserError
from executor.commands.arguments import add_data

HELP = "serve the embedded Kubernetes API"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argorun apiserver`."""
    add_data(parser)
    parser.add_argument("--port", type=int, default=0, metavar="N", help="TCP port (default: 0, a free one)")
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDR", help="address to listen on (default: %(default)s)"
    )
    parser.add_argument(
        "--kubeconfig",
        type=Path,
        metavar="FILE",
        help="where to write the administrator's kubeconfig (default: DIR/kubeconfig)",
    )
    parser.add_argument(
        "--insecure", action="store_true", help="plain HTTP on loopback, everyone is the administrator"
    )
    parser.add_argument(
        "--synchronous",
        choices=("normal", "full"),
        default="normal",
        help="normal survives the death of the process, full also a power cut (default: %(default)s)",
    )
    parser.add_argument(
        "--crds",
        choices=("minimal", "full"),
        default="",
        help="schemas of Argo's kinds: minimal takes any spec, full validates and prunes as upstream's full CRDs do"
        " (default: as the folder has it, minimal in a new one)",
    )
    parser.add_argument(
        "--audit-log",
        type=Path,
        metavar="FILE",
        help="write who asked for what to this file, a JSON line each (audit.k8s.io/v1, level Metadata)",
    )
    parser.add_argument(
        "--event-ttl",
        type=int,
        default=3600,
        metavar="SECONDS",
        help="how long Events are kept after they were last written (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Serve; 0 after a clean stop."""
    try:
        from executor.cluster.server import serve
    except ImportError as error:
        raise UserError(
            f"the embedded cluster needs a library that is not installed: {error.name}",
            "Install it with: pip install 'argolint[run]'",
        ) from error
    if args.event_ttl < 1:
        raise UserError(
            f"--event-ttl {args.event_ttl}: Events are kept for a second at least",
            "Name a number of seconds.",
        )
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    kubeconfig = args.kubeconfig or args.data / "kubeconfig"

    def ready(url: str) -> None:
        print(f"Kubernetes API at {url}, kubeconfig in {kubeconfig}", flush=True)

    try:
        serve(
            args.data,
            host=args.host,
            port=args.port,
            kubeconfig=kubeconfig,
            insecure=args.insecure,
            synchronous=args.synchronous,
            crds=args.crds,
            event_ttl=args.event_ttl,
            audit_log=args.audit_log,
            ready=ready,
        )
    except KeyboardInterrupt:
        pass
    except OSError as error:
        raise UserError(
            f"{args.data}: {error.strerror or error}", "Check the folder given by --data."
        ) from error
    return EXIT_OK
