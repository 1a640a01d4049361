"""Manifests from files, and what a run may refer to in the rest of the tree."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from argolint.errors import UserError

Object = dict[str, Any]

ROOT_MARKS = (".argolint.yaml", "argolint.toml", ".argolint.toml", ".git")
SKIPPED_DIRECTORIES = frozenset(
    {".git", ".argolint", ".venv", "venv", "node_modules", "__pycache__", ".terraform"}
)
MANIFEST_SUFFIXES = (".yaml", ".yml", ".json")
MAX_FILES = 20_000
MAX_SIZE = 4 * 1024 * 1024  # bytes: more than the API would take anyway
# What a run looks up by name: a file that mentions none of these has nothing for us.
REFERABLE = ("WorkflowTemplate", "ClusterWorkflowTemplate", "ConfigMap", "Secret")
RUNNABLE = {
    "workflow": "Workflow",
    "wf": "Workflow",
    "workflowtemplate": "WorkflowTemplate",
    "wftmpl": "WorkflowTemplate",
    "clusterworkflowtemplate": "ClusterWorkflowTemplate",
    "cwft": "ClusterWorkflowTemplate",
    "cwftmpl": "ClusterWorkflowTemplate",
    "cronworkflow": "CronWorkflow",
    "cron": "CronWorkflow",
    "cwf": "CronWorkflow",
}


class Manifest(NamedTuple):
    """An object and the file it came from."""

    path: str
    object: Object


def read_text(path: Path) -> str:
    """A manifest file's text. Raises UserError."""
    try:
        if path.stat().st_size > MAX_SIZE:
            raise UserError(
                f"{path} is larger than {MAX_SIZE // (1024 * 1024)} MiB",
                "a manifest of that size would not fit a cluster",
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not UTF-8 text", "save it as UTF-8") from None
    except FileNotFoundError:
        raise UserError(f"there is no file {path}", "give the path of a manifest, or KIND/NAME") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None


def objects_in(path: str, text: str) -> list[Object]:
    """The objects of a text, `List` kinds opened. Raises UserError with the place of a syntax error, or for a template.

    A text is taken for a Helm or Jinja template by what `argolint` takes for one (YML206).
    """
    from argolint.context import read
    from argolint.yaml import plain

    file = read(path, text)
    if file.unrendered:
        raise UserError(
            f"{path} is a Helm or Jinja template, which has to be rendered first",
            "use what it renders to: `helm template … | argorun simulate -` (`run` reads `-`, too), or save that to a file",
        )
    found: list[Object] = []
    for document in file.documents:
        if document.broken:
            problem = next((p for p in document.problems if p.kind == "syntax"), document.problems[0])
            line, column = file.source.line_col(problem.start)
            raise UserError(f"{path}:{line}:{column}: {problem.message}", "correct the YAML")
        if isinstance(document.root, dict):
            root = plain(document.root)
            items = root.get("items") if str(root.get("kind", "")).endswith("List") else None
            found += [item for item in items if isinstance(item, dict)] if isinstance(items, list) else [root]
    return found


def project_root(start: Path) -> Path:
    """The nearest directory above `start` that holds a configuration or a Git repository; else `start`'s own."""
    here = start if start.is_dir() else start.parent
    here = here.resolve()
    for folder in (here, *here.parents):
        if any((folder / mark).exists() for mark in ROOT_MARKS):
            return folder
    return here


def manifest_files(root: Path) -> Iterator[Path]:
    """The YAML and JSON files below `root`, in order of their paths. Raises UserError past MAX_FILES."""
    seen = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_DIRECTORIES)
        for name in sorted(names):
            if name.endswith(MANIFEST_SUFFIXES):
                seen += 1
                if seen > MAX_FILES:
                    raise UserError(
                        f"{root} has more than {MAX_FILES} manifest files", "run in a smaller directory"
                    )
                yield Path(folder) / name


class Tree:
    """What the tree around the files has by kind and name. It is read when something is first looked up."""

    def __init__(self, root: Path, near: Sequence[Path] = ()) -> None:
        self.root = root
        self._near = [path.resolve().parent for path in near]
        self._given: list[Manifest] = []
        self._found: list[Manifest] | None = None
        self.unreadable: list[str] = []

    def add(self, manifests: Sequence[Manifest]) -> None:
        """Objects of the files that were given: they come first."""
        self._given += manifests

    def objects(self, kinds: Sequence[str] = REFERABLE) -> list[Manifest]:
        """All objects of these kinds: the given files' first, then the nearest files'."""
        if self._found is None:
            self._found = self._scan()
        return [m for m in [*self._given, *self._found] if m.object.get("kind") in kinds]

    def _scan(self) -> list[Manifest]:
        given = {os.path.realpath(m.path) for m in self._given}
        found: list[Manifest] = []
        for path in manifest_files(self.root):
            if str(path) in given:
                continue
            try:
                text = read_text(path)
                if any(kind in text for kind in (*REFERABLE, "CronWorkflow", "kind: Workflow")):
                    found += [Manifest(str(path), obj) for obj in objects_in(str(path), text)]
            except UserError:
                # A broken neighbour must not stop a run that does not need it; a failed lookup names it.
                self.unreadable.append(str(path))
        return sorted(found, key=lambda m: self._distance(Path(m.path)))

    def _distance(self, path: Path) -> int:
        def steps(near: Path) -> int:
            return len(Path(os.path.relpath(path.parent, near)).parts)

        return min((steps(near) for near in self._near), default=0)


def name_of(obj: Object) -> str:
    """metadata.name, or ""."""
    meta = obj.get("metadata")
    return str(meta.get("name") or "") if isinstance(meta, dict) else ""


def parse_reference(word: str) -> tuple[str, str] | None:
    """(kind, name) of `KIND/NAME` in any of the spellings that kubectl and argo take, or None."""
    kind, slash, name = word.partition("/")
    full = RUNNABLE.get(kind.lower()) or RUNNABLE.get(kind.lower().removesuffix("s"))
    return (full, name) if slash and full and name and not os.path.exists(word) else None
