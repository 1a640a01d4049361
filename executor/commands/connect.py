"""Reaching a cluster from the command line: which kubeconfig, which namespace, and errors that a person can read."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from argolint.errors import UserError
from argolint.kube import ApiError, KubeClient
from executor.commands import clusterdir


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every command that talks to a cluster."""
    parser.add_argument(
        "--kubeconfig",
        metavar="FILE",
        help="the cluster (default: $KUBECONFIG, the embedded cluster of this directory, ~/.kube/config)",
    )
    parser.add_argument("--context", metavar="NAME", help="context of the kubeconfig")
    parser.add_argument("-n", "--namespace", metavar="NS", help="namespace (default: that of the context)")


def connect(args: argparse.Namespace) -> tuple[KubeClient, str]:
    """A client, and the namespace to work in. Raises UserError when there is no usable kubeconfig."""
    client = KubeClient.from_kubeconfig(chosen_kubeconfig(args.kubeconfig), args.context)
    return client, args.namespace or client.default_namespace


def chosen_kubeconfig(named: str | None) -> str | None:
    """The kubeconfig that was named; else the one of the embedded cluster that runs here, unless $KUBECONFIG is set."""
    if named:
        return str(Path(named).expanduser())
    listed = os.environ.get("KUBECONFIG", "")
    if listed:
        # One file is named outright, so that it being absent is said; a list is merged by the official client.
        return None if os.pathsep in listed else listed
    data = clusterdir.data_dir(None)
    path = clusterdir.kubeconfig_path(data)
    return str(path) if clusterdir.is_locked(data) and path.is_file() else None


@contextlib.contextmanager
def api_errors(what: str = "") -> Iterator[None]:
    """Turn what an API server says into one clear message. `what` begins it, where given."""
    try:
        yield
    except ApiError as error:
        lead = f"{what}: " if what else ""
        raise UserError(f"{lead}{error.message}", remedy(error), exit_code=1) from error


def remedy(error: ApiError) -> str:
    """What to do about a failed request."""
    if error.status == 0:
        return "is the cluster running? start the embedded one with `argorun up`, or name another with --kubeconfig"
    if error.status == 401:
        return "the credentials in the kubeconfig are not (or no longer) accepted by this cluster"
    if error.status == 403:
        return "ask for a Role that allows it, or use other credentials (--kubeconfig, --context)"
    if (
        error.status == 404 and "page not found" in error.message
    ) or "could not find the requested resource" in error.message:
        return "does this cluster have the Argo Workflows CRDs?"
    return ""


def wait_for_api(
    kubeconfig: str | None, context: str | None, seconds: float, stop: threading.Event
) -> KubeClient:
    """A client of an API that answers, waiting up to `seconds` for it. Raises ApiError or UserError when it does not.

    The kubeconfig is read again each time: an embedded cluster that starts may write a new one.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            client = KubeClient.from_kubeconfig(chosen_kubeconfig(kubeconfig), context)
            client.version()
            return client
        except (UserError, ApiError) as error:
            fatal = isinstance(error, ApiError) and error.status in (401, 403) and seconds == 0
            if fatal or stop.is_set() or time.monotonic() >= end:
                raise
        stop.wait(0.1)


def is_terminal() -> bool:
    """Whether standard output is a terminal that understands escape sequences."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


def wants_color(choice: str = "auto") -> bool:
    """Whether to color: `--color`, else NO_COLOR, else a terminal."""
    if choice in ("always", "never"):
        return choice == "always"
    return is_terminal() and not os.environ.get("NO_COLOR")
