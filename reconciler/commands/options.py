"""The options that the verbs share, and the configuration that they mean."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from argolint.errors import UserError
from reconciler.config import Config, load, looking_at, shorthand, with_overrides
from reconciler.context import Outcome
from reconciler.text import redact

DEFAULT_CONFIG = "argosync.yaml"


def add_common(
    parser: argparse.ArgumentParser,
    *,
    output: bool = True,
    forms: tuple[str, ...] = ("text", "json", "markdown"),
) -> None:
    """The configuration, or a repository in its place; the cluster; the form of the output."""
    parser.add_argument("--config", metavar="FILE", help=f"configuration file (default: {DEFAULT_CONFIG})")
    parser.add_argument(
        "--repo", metavar="URL", help="instead of a configuration: a repository, or a plain folder"
    )
    parser.add_argument("--path", metavar="P", help="with --repo: the folder inside the repository")
    parser.add_argument(
        "--ref",
        metavar="R",
        help="branch, tag, full ref or commit (with --repo, or to plan another one; default: its HEAD)",
    )
    parser.add_argument(
        "--namespace", "-n", metavar="NS", help="with --repo: the namespace of objects that name none"
    )
    parser.add_argument("--prune", action="store_true", help="with --repo: delete what is no longer in Git")
    parser.add_argument(
        "--state", metavar="DIR", help="with --repo: the state directory (default: .argolint/sync)"
    )
    parser.add_argument("--kubeconfig", metavar="FILE", help="kubeconfig, for every target")
    parser.add_argument("--target", metavar="NAME", help="only this target")
    if output:
        parser.add_argument(
            "-o",
            "--output",
            choices=forms,
            default="text",
            help="form of the output (default: text)",
        )


def add_preview(parser: argparse.ArgumentParser) -> None:
    """What to look at instead of what the source names now: for pull requests."""
    parser.add_argument(
        "--from",
        dest="source_from",
        metavar="DIR",
        help="with --config: the files of this folder in place of the source",
    )


def configuration(args: argparse.Namespace) -> Config:
    """The configuration that the options mean. Raises UserError."""
    if args.repo:
        if args.config:
            raise UserError("--config and --repo exclude each other", "give one of them")
        config = shorthand(args.repo, args.path, args.ref, args.namespace, args.prune, args.state)
    else:
        preview = hasattr(args, "source_from")
        names = ["path", "namespace", "prune", "state"] + ([] if preview else ["ref"])
        extra = [f"--{name}" for name in names if getattr(args, name)]
        if extra:
            raise UserError(f"{extra[0]} needs --repo", "put it into the configuration file, or use --repo")
        config = load(args.config or DEFAULT_CONFIG)
        if preview:
            config = looking_at(config, args.ref, args.source_from)
    return with_overrides(config, args.kubeconfig, args.target)


def print_outcomes(outcomes: list[Outcome], form: str, secrets: list[str]) -> None:
    """Print outcomes to stdout."""
    from reconciler.render import to_json, to_markdown, to_text
    from reconciler.sarif import to_sarif

    forms: dict[str, Callable[[], str]] = {
        "json": lambda: to_json(outcomes),
        "markdown": lambda: to_markdown(outcomes),
        "sarif": lambda: to_sarif(outcomes),
        "text": lambda: "\n".join(to_text(outcome) for outcome in outcomes),
    }
    text = redact(forms[form](), secrets)
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
