"""Show the audit log, or check that nobody has changed it: `argosync audit show`, `argosync audit verify`.

Exit code of verify: 0 when every chain holds, 1 when one is broken.
"""

from __future__ import annotations

import argparse
import json

from argolint.clikit import EXIT_OK
from reconciler.commands.options import add_common, configuration

HELP = "show or verify the audit log"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync audit`."""
    parser.add_argument("action", choices=("show", "verify"))
    add_common(parser, output=False)


def run(args: argparse.Namespace) -> int:
    """Show or verify; 0 or 1."""
    from reconciler.audit import verify
    from reconciler.state import Store
    from reconciler.text import clean

    config = configuration(args)
    fine = True
    for target in config.targets:
        store = Store(config.state, target.name)
        if args.action == "show":
            for line in _lines(store.audit.path):
                print(f"{target.name}: {clean(line)}")
            continue
        known = store.data.get("audit")
        found = verify(store.audit.path, (known[0], known[1]) if known else None)
        fine = fine and not found.problem
        torn = "; the last line is cut off, as a crash leaves it" if found.torn else ""
        word = f"BROKEN: {found.problem}" if found.problem else "the chain holds"
        print(f"{target.name}: {found.records} records, {word}{torn}")
    return EXIT_OK if fine else 1


def _lines(path: object) -> list[str]:
    from pathlib import Path

    assert isinstance(path, Path)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    out = []
    for line in text.splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            out.append(line)
            continue
        rest = {k: v for k, v in record.items() if k not in ("number", "time", "event", "previous", "hash")}
        words = " ".join(f"{k}={v}" for k, v in rest.items())
        out.append(f"{record.get('number')} {record.get('time')} {record.get('event')} {words}")
    return out
