"""Say what writing a CronWorkflow now would do: whether it starts a run at once, what it would replace, and the next three times.

Exit code 0: no run; 2: a run would start, or may; 1: an error.
"""

from __future__ import annotations

import argparse
import json

from reconciler.commands.options import add_common, configuration

HELP = "say what a manifest would do if it were written now"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync predict`."""
    add_common(parser)
    parser.add_argument("files", nargs="+", metavar="FILE", help="manifests with CronWorkflows")


def run(args: argparse.Namespace) -> int:
    """Predict; 0, 1 or 2."""
    from argolint.errors import UserError

    try:
        return _run(args)
    except UserError as error:
        error.exit_code = 1
        raise


def _run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from argolint.errors import UserError
    from reconciler.build import build
    from reconciler.plan import utc_now
    from reconciler.predict import predict
    from reconciler.session import open_context
    from reconciler.text import clean

    config = configuration(args)
    if len(config.targets) != 1:
        raise UserError("which target?", f"name one with --target: {', '.join(t.name for t in config.targets)}")  # fmt: skip
    texts = []
    for name in args.files:
        try:
            texts.append((name, Path(name).read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise UserError(f"{name}: {reason}", "name a readable manifest") from error
    context = open_context(config, config.targets[0], looking=True)
    made = build(texts, context.target, context.namespace)
    crons = [d for d in made.objects if d.key.kind == "CronWorkflow"]
    if not crons:
        told = f": {made.findings[0].message}" if made.findings else ""
        raise UserError(f"there is no CronWorkflow in {', '.join(args.files)}{told}", "name its file")
    found = []
    for desired in crons:
        live = context.client.try_get(desired.key.resource, desired.key.name, desired.key.namespace)
        found.append((desired, predict(live, desired.object, utc_now())))
    if args.output == "json":
        items = [{"object": str(d.key), "file": d.path, "line": d.line, **p._asdict()} for d, p in found]
        print(json.dumps({"version": 1, "predictions": items}, indent=2))
    else:
        for desired, prediction in found:
            word = (
                "no run now"
                if not prediction.runs_now
                else "RUNS NOW"
                if prediction.certain
                else "MAY RUN NOW"
            )
            print(
                f"{desired.key}  {clean(desired.path)}:{desired.line}\n  {word}: {clean(prediction.reason)}"
            )
            if prediction.kills:
                print(f"  replaces: {clean(', '.join(prediction.kills))}")
            print(f"  next: {', '.join(prediction.fires) or 'never'}")
    return 2 if any(p.runs_now for _, p in found) else 0
