"""Say what a synchronisation would change, what uses it, and when it would run; change nothing.

Exit code 0: no change; 2: changes; 1: an error, or the revision would be refused.

In the check of a pull request: `--snapshot FILE` plans with no access to the cluster, `--comment github` (or gitlab) keeps one
comment of the pull request up to date.
"""

from __future__ import annotations

import argparse
import sys

from argolint.errors import UserError
from reconciler.commands.options import add_common, add_preview, configuration, print_outcomes
from reconciler.config import Config
from reconciler.context import Outcome

HELP = "say what a synchronisation would change, and change nothing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync plan`."""
    add_common(parser, forms=("text", "json", "markdown", "sarif"))
    add_preview(parser)
    parser.add_argument(
        "--snapshot", metavar="FILE", help="plan against this file of `argosync snapshot`, not a cluster"
    )
    parser.add_argument("--out", metavar="FILE", help="save the plan for `argosync apply FILE`")
    parser.add_argument(
        "--comment",
        choices=("github", "gitlab"),
        help="write the plan into one comment of the pull request (of the CI job's variables)",
    )
    parser.add_argument("--pr", metavar="N", type=int, help="with --comment: the number of the pull request")


def run(args: argparse.Namespace) -> int:
    """Plan; 0, 1 or 2."""
    try:
        return _run(args)
    except UserError as error:
        # 2 means "changes" here, so whatever is wrong must be 1.
        error.exit_code = 1
        raise


def _run(args: argparse.Namespace) -> int:
    from reconciler.session import secrets_of

    config = configuration(args)
    if args.out and args.snapshot:
        raise UserError(
            "a plan from a snapshot cannot be applied", "drop --out, or plan against the cluster itself"
        )
    outcomes = _plans(config, args.snapshot)
    secrets = secrets_of(config)
    print_outcomes(outcomes, args.output, secrets)
    if args.out:
        _save(args.out, outcomes)
    if args.comment:
        _comment(args.comment, args.pr, outcomes, secrets)
    if not all(outcome.ok for outcome in outcomes):
        return 1
    return 2 if any(outcome.plan is not None and outcome.plan.changes for outcome in outcomes) else 0


def _plans(config: Config, snapshot: str | None) -> list[Outcome]:
    from typing import cast

    from argolint.kube import KubeClient
    from reconciler.cycle import preview
    from reconciler.session import open_context
    from reconciler.snapshot import SnapshotClient, load

    client = SnapshotClient(load(snapshot)) if snapshot else None
    outcomes = []
    for target in config.targets:
        context = open_context(config, target, looking=True, client=cast("KubeClient | None", client))
        if client is not None:
            # What is known of the cluster comes from the file alone.
            context.store.reset()
        outcome = preview(context)
        if client is not None:
            outcome.about = {**outcome.about, "snapshot": client.taken}
        outcomes.append(outcome)
    return outcomes


def _save(path: str, outcomes: list[Outcome]) -> None:
    from pathlib import Path

    from reconciler.artifact import document
    from reconciler.plan import utc_now
    from reconciler.render import as_dict
    from reconciler.state import write_json

    good = [o for o in outcomes if o.ok]
    if len(good) != len(outcomes):
        print(f"{path}: not written, since a revision is refused", file=sys.stderr)
        return
    made = document([as_dict(o) for o in good], {o.target: o.inputs for o in good}, utc_now().isoformat())
    write_json(Path(path), made)
    print(f"{path}: plan {made['hash'][:12]}; carry it out with `argosync apply {path}`", file=sys.stderr)


def _comment(kind: str, number: int | None, outcomes: list[Outcome], secrets: list[str]) -> None:
    from reconciler.forge import forge_of_job, keep_comment
    from reconciler.render import to_markdown
    from reconciler.text import redact

    forge = forge_of_job(kind, number)
    targets = ", ".join(sorted(o.target for o in outcomes))
    url = keep_comment(forge, targets, redact(to_markdown(outcomes), secrets))
    print(f"comment: {url}", file=sys.stderr)
