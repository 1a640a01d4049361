"""The options that the verbs share, and the configuration that they mean."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

from argolint.errors import UserError
from reconciler.config import Config, load, looking_at, shorthand, with_overrides
from reconciler.context import Context, Outcome
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


def add_reason(parser: argparse.ArgumentParser, end: str, shown_by: str) -> None:
    """Why a person holds something back, and for how long; `end` is the verb that ends it."""
    parser.add_argument("--reason", required=True, metavar="TEXT", help=f"why; shown by {shown_by}")
    parser.add_argument(
        "--for", dest="duration", metavar="D", help=f"how long (such as 4h); without it until `{end}`"
    )


def duration_of(text: str, flag: str, least: float = 0.001) -> float:
    """A duration that was typed, in seconds; UserError names the flag for anything but one of at least `least` seconds."""
    from reconciler.opsconfig import is_duration, seconds

    if not is_duration(text) or seconds(text) < least:
        more = " of a second or more" if least >= 1 else ""
        raise UserError(f"{flag} {text!r} is not a duration{more}", "write 30s, 5m or 4h")
    return seconds(text)


def until(text: str | None, now: datetime) -> str:
    """When `--for` is over, as ISO 8601; empty without it."""
    return (now + timedelta(seconds=duration_of(text, "--for"))).isoformat() if text else ""


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


def synchronise_unless_suspended(context: Context, *, ok: bool) -> Outcome:
    """Take the pending requests and synchronise; an outcome `Suspended`, `ok` as given, where somebody suspended the target."""
    from reconciler import requests
    from reconciler.cycle import synchronise

    requests.take(context.store, context.log)
    why = requests.suspension(context.store.data, context.now())
    if not why:
        return synchronise(context)
    name, message = context.target.name, f"suspended by {why.get('by', '?')}: {why.get('reason', '')}"
    return Outcome(name, ok, "Suspended", message, f"argosync resume --target {name}")


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
