"""Print the embedded cluster's kubeconfig, or its path."""

from __future__ import annotations

import argparse

from argolint.errors import UserError
from executor.commands import clusterdir

HELP = "print the embedded cluster's kubeconfig"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun kubeconfig`."""
    parser.add_argument(
        "--data", metavar="DIR", help="the cluster's data directory (default: .argolint/cluster)"
    )
    parser.add_argument("--path", action="store_true", help="print where the file is, for KUBECONFIG")


def run(args: argparse.Namespace) -> int:
    """Print the file, which holds credentials."""
    data = clusterdir.data_dir(args.data)
    path = clusterdir.kubeconfig_path(data)
    try:
        text = path.read_text()
    except OSError as error:
        raise UserError(
            f"{path}: there is no kubeconfig yet ({error.strerror})",
            "start the cluster with `argorun up`",
            exit_code=1,
        ) from error
    print(path if args.path else text, end="\n" if args.path else "")
    return 0
