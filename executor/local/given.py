"""Files of this machine as input artifacts of a run (`-a NAME=PATH`), and a run's output artifacts as files (`--output-dir`)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from argolint.errors import UserError

Object = dict[str, Any]
BUCKET = "local"
FOLDER = "given"


def parse(words: Sequence[str]) -> dict[str, Path]:
    """`NAME=PATH` words. Raises UserError."""
    found = {}
    for word in words:
        name, equals, path = word.partition("=")
        if not name or not equals or not path:
            raise UserError(f"-a {word!r} is not NAME=PATH", "write -a dataset=./data.csv")
        if not Path(path).exists():
            raise UserError(f"-a {name}: there is no file {path}", "give a file or a directory")
        found[name] = Path(path)
    return found


def _digest(path: Path) -> str:
    """What tells the content of a file or directory apart from another's."""
    import hashlib

    found = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        found.update(os.fsencode(file.relative_to(path.parent)) + b"\0")
        with open(file, "rb") as stream:
            found.update(hashlib.file_digest(stream, "sha256").digest())
    return found.hexdigest()[:20]


def artifact(name: str, path: Path) -> Object:
    """The argument that stands for a file: a key in the run's content store."""
    key = f"{FOLDER}/{_digest(path)}/{path.resolve().name}"
    return {"name": name, "s3": {"bucket": BUCKET, "endpoint": BUCKET, "key": key}, "archive": {"none": {}}}


def with_artifacts(workflow: Object, given: Mapping[str, Path]) -> Object:
    """The Workflow with these files as its input artifacts. Raises UserError."""
    if not given:
        return workflow
    spec = dict(workflow.get("spec") or {})
    arguments = spec.get("arguments") or {}
    if not isinstance(arguments, dict) or not isinstance(arguments.get("artifacts") or [], list):
        raise UserError("spec.arguments.artifacts is not a list", "write it as a list of artifacts")
    kept = [
        a for a in arguments.get("artifacts") or [] if not (isinstance(a, dict) and a.get("name") in given)
    ]
    made = [artifact(name, path) for name, path in given.items()]
    return {**workflow, "spec": {**spec, "arguments": {**arguments, "artifacts": [*kept, *made]}}}


def store(given: Mapping[str, Path], artifacts: Path) -> None:
    """Put the files where a run finds them. Raises UserError."""
    from executor.artifacts.disk import DiskStore
    from executor.artifacts.locations import store_key

    for name, path in given.items():
        try:
            DiskStore(artifacts).put_file(store_key("s3", BUCKET, artifact(name, path)["s3"]["key"]), path)
        except OSError as error:
            raise UserError(f"-a {name}: {path} cannot be copied: {error.strerror}") from None


def copy_outputs(run: Any, target: Path) -> list[Path]:
    """Copy the output artifacts of a run's nodes to `target/NODE/ARTIFACT`, unpacked; the paths. Raises UserError."""
    from executor.local.inspect import artifacts, copy_artifact

    return [
        copy_artifact(found, target) for found in artifacts(run) if found.direction == "out" and found.path
    ]
