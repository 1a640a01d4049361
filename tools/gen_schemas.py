"""Regenerate `schemas/*.json` from the schemas and CRDs that upstream publishes.

    python -m tools.gen_schemas [--upstream DIR] [--check]

`DIR` holds `schemas-upstream/*.json` and `crds-upstream/full/*.yaml`; by default the folder `shared` beside
this checkout. `--check` writes nothing and exits 1 when a file would change.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from tools import gen_schemas_argo as argo
from tools import gen_schemas_common as common
from tools import gen_schemas_crds as crds

OUTPUTS: dict[str, Callable[[Path], bytes]] = {
    "argo-workflows.json": lambda upstream: common.one_per_line(argo.workflows(upstream)),
    "argo-events.json": lambda upstream: common.one_per_line(argo.events(upstream)),
    "k8s-core.json": lambda upstream: common.one_per_line(argo.core(upstream)),
    "crds.json": lambda upstream: common.compact(crds.minimal(upstream / "crds-upstream" / "full")),
    "crds-full.json": lambda upstream: common.one_per_line(crds.full(upstream / "crds-upstream" / "full")),
}


def generate(upstream: Path) -> dict[str, bytes]:
    """File name in `schemas/` → its content, made from the files in `upstream`."""
    return {name: make(upstream) for name, make in OUTPUTS.items()}


def main(argv: list[str] | None = None) -> int:
    """Write the files, or compare them with what is there; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--upstream", type=Path, default=common.SHARED, metavar="DIR")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    args = parser.parse_args(argv)
    if not (args.upstream / "schemas-upstream").is_dir():
        print(f"{args.upstream} has no schemas-upstream; give it with --upstream", file=sys.stderr)
        return 2
    stale = []
    for name, content in generate(args.upstream).items():
        target = common.SCHEMAS / name
        if target.is_file() and target.read_bytes() == content:
            continue
        stale.append(name)
        if not args.check:
            target.write_bytes(content)
    print(f"{'stale' if args.check else 'written'}: {', '.join(stale) or 'nothing'}")
    return 1 if args.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
