"""What secrets the workflows of a tree need: `argorun secrets init|check [PATH…]`.

`init` writes `.argolint/secrets.env` with one line a name and key, to be filled in; what is there already is kept. `check` lists what
is missing, with the places that need it, and exits with 4 when something is.

examples:
  argorun secrets init
  argorun secrets check workflows/
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from executor.commands.run import add_secrets, secrets_given

HELP = "list the secrets that the workflows of a tree need, or write a file for their values"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun secrets`."""
    parser.add_argument("action", choices=["init", "check"])
    parser.add_argument(
        "paths", nargs="*", default=["."], metavar="PATH", help="files or directories (default: .)"
    )
    parser.add_argument(
        "--artifacts", choices=("local", "real"), default="local", help="real: credentials of stores too"
    )
    add_secrets(parser)


def run(args: argparse.Namespace) -> int:
    """Do it. Raises UserError."""
    needed, store = survey(args.paths, args.artifacts == "real")
    if args.action == "init":
        return _init(needed)
    return _check(needed, store, args)


def survey(paths: list[str], stores: bool) -> tuple[list[Any], Any]:
    """(what every manifest below the paths needs, an object store with the Secrets of the tree). Raises UserError."""
    from executor.local.documents import Tree, objects_in, project_root, read_text
    from executor.local.objects import ObjectStore
    from executor.local.secrets import Need, needs_of

    files = [Path(p) for p in paths]
    root = project_root(files[0])
    tree = Tree(root, files)
    kinds = ("Workflow", "CronWorkflow", "WorkflowTemplate", "ClusterWorkflowTemplate")
    inside = [f.resolve() for f in files]
    needed: list[Need] = []
    for file in files:
        if file.is_file():
            objects_in(str(file), read_text(file))  # says what is wrong with it
    for manifest in tree.objects(kinds):
        place = Path(manifest.path).resolve()
        if any(place == f or f in place.parents for f in inside):
            shown = os.path.relpath(manifest.path)
            needed += [
                n
                for n in needs_of(manifest.object.get("spec"), shown, stores=stores)
                if "{{" not in n.name + n.key
            ]
    store = ObjectStore()
    for manifest in tree.objects(("Secret",)):
        meta = manifest.object.get("metadata") or {}
        if isinstance(meta.get("name"), str) and store.get("v1", "Secret", "default", meta["name"]) is None:
            store.put({**manifest.object, "metadata": {**meta, "namespace": "default"}})
    return sorted(set(needed)), store


def _init(needed: list[Any]) -> int:
    from executor.local.rundir import write_atomically
    from executor.local.secrets import DEFAULT_FILE, read_file

    known = read_file(str(DEFAULT_FILE)) if DEFAULT_FILE.is_file() else {}
    wanted = sorted({(n.name, n.key) for n in needed if n.key} - set(known))
    whole = sorted({n.name for n in needed if not n.key} - {n.name for n in needed if n.key})
    lines = [f"{name}/{key}={value}" for (name, key), value in sorted(known.items())]
    lines += [f"{name}/{key}=" for name, key in wanted]
    lines += [f"# {name}/KEY=  (all of its keys are used)" for name in whole]
    DEFAULT_FILE.parent.mkdir(exist_ok=True)
    ignore = DEFAULT_FILE.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", encoding="utf-8")
    write_atomically(DEFAULT_FILE, "# NAME/KEY=VALUE, one a line\n" + "".join(f"{line}\n" for line in lines))
    DEFAULT_FILE.chmod(0o600)
    print(f"{DEFAULT_FILE}: {len(wanted)} to fill in, {len(known)} kept")
    return 0


def _check(needed: list[Any], store: Any, args: argparse.Namespace) -> int:
    from executor.local.secrets import CANNOT_RUN, missing, provide, report

    provide(store, ["default"], secrets_given(args), needed)
    lacking = missing(store, "default", needed)
    for line in report(lacking):
        print(line)
    pairs = len({(n.name, n.key) for n in needed})
    gone = len({(n.name, n.key) for n in lacking})
    print(f"{pairs} secrets are needed, {gone} are missing", file=sys.stderr)
    return CANNOT_RUN if gone else 0
