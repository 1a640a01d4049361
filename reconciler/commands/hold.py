"""Keep an object as it is whatever Git says, or a field of it at a value, until a time or `argosync release`.

`argosync hold CronWorkflow/argo/nightly --field spec.suspend=true --for 4h --reason "INC-42"` keeps a CronWorkflow suspended.
When the hold ends, Git counts again; `argosync plan` says whether that starts a run.
"""

from __future__ import annotations

import argparse

from argolint.clikit import EXIT_OK
from reconciler.commands.options import add_common, add_reason, configuration, until

HELP = "keep an object as it is, or a field at a value, for a while"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync hold`."""
    add_common(parser, output=False)
    parser.add_argument("object", metavar="OBJECT", help="KIND/NAME or KIND/NAMESPACE/NAME")
    parser.add_argument("--field", action="append", default=[], metavar="PATH=VALUE", help="such as spec.suspend=true; without it the whole object is left alone")  # fmt: skip
    add_reason(parser, "release", "status and plan")


def run(args: argparse.Namespace) -> int:
    """Hold; 0."""
    from datetime import UTC, datetime

    from argolint.errors import UserError
    from reconciler.holds import Hold, field_of
    from reconciler.requests import ask, author, with_pending
    from reconciler.state import Store

    config = configuration(args)
    now = datetime.now(UTC)
    hold = Hold(
        dict(map(field_of, args.field)), args.reason, author(), now.isoformat(), until(args.duration, now)
    )
    held = 0
    for target in config.targets:
        store = Store(config.state, target.name)
        names = [str(key) for key in store.inventory if means(args.object, str(key))]
        if names:
            current = with_pending(store).get("holds") or {}
            ask(store, "holds", {**current, **{name: hold._asdict() for name in names}})
        for name in names:
            held += 1
            print(f"{target.name}: {name}: {hold.text}")
    if not held:
        raise UserError(f"no target manages {args.object}", "see `argosync get objects`", exit_code=1)
    return EXIT_OK


def means(wanted: str, name: str) -> bool:
    """Whether KIND/NAME or KIND/NAMESPACE/NAME means the object that is written `Kind namespace/name`."""
    kind, _, place = name.partition(" ")
    parts = wanted.split("/")
    return parts[0].lower() == kind.lower() and "/".join(parts[1:]) in (place, place.rsplit("/", 1)[-1])
