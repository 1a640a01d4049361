"""`argorun run -w`: run again when a file changes; steps whose pod is what it was keep their outputs."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from argolint.errors import UserError
from executor.local.documents import manifest_files, parse_reference, project_root

PAUSE = 0.5  # seconds between two looks at the files


def fingerprint(pod: dict[str, Any]) -> str:
    """What decides whether a pod would do the same again: its containers and template, not where its outputs go."""
    from executor.engine.simulate import template_of

    try:
        template = {k: v for k, v in template_of(pod).items() if k != "archiveLocation"}
    except (KeyError, IndexError, ValueError):
        template = {}
    containers = [
        {**c, "env": [e for e in c.get("env") or [] if not str(e.get("name", "")).startswith("ARGO_")]}
        for c in pod["spec"].get("containers") or []
        if c.get("name") != "wait"
    ]
    volumes = [v for v in pod["spec"].get("volumes") or [] if "emptyDir" not in v]
    return hashlib.sha256(json.dumps([template, containers, volumes], sort_keys=True).encode()).hexdigest()


def _stamp(args: argparse.Namespace) -> tuple[tuple[str, int, int], ...]:
    """Names, times and sizes of the manifests of the project."""
    files = [Path(w) for w in args.targets if w != "-" and not parse_reference(w)]
    root = project_root(files[0] if files else Path.cwd())
    found = []
    for path in {*manifest_files(root), *(f.resolve() for f in files)}:
        try:
            status = os.stat(path)
        except OSError:
            continue
        found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(sorted(found))


def follow(args: argparse.Namespace, run_once: Callable[..., int]) -> int:
    """Run, wait for a change, run again, until interrupted. Returns the last exit code. Raises UserError."""
    if "-" in args.targets:
        raise UserError("-w needs files to watch", "give the path of the manifest")
    kept: dict[str, Any] = {}
    code = 0
    while True:
        seen = _stamp(args)
        try:
            code = run_once(args, reuse=kept)
        except UserError as error:
            print(f"argorun: error: {error}", file=sys.stderr)
            code = error.exit_code
        if code == 130:
            return code
        print("watching for changes; ^C ends it", file=sys.stderr, flush=True)
        try:
            while _stamp(args) == seen:
                time.sleep(PAUSE)
        except KeyboardInterrupt:
            return code
