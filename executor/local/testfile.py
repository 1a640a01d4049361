"""Test files: read, checked against the published schema, every error with its line and column."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from argolint.errors import UserError
from argolint.text import SourceText
from argolint.yaml import parse, plain
from argolint.yaml.nodes import Map, Seq
from executor.local.documents import SKIPPED_DIRECTORIES, read_text

Where = tuple[str | int, ...]
SUFFIXES = (".test.yaml", ".test.yml")


class Suite(NamedTuple):
    """A test file's content, and where everything in it stands."""

    path: Path
    source: SourceText
    root: Any
    content: dict[str, Any]

    def place(self, where: Where, *, key: bool = False) -> str:
        """`file:line:column` of a value (or of its key), the nearest that exists."""
        line, column = self.source.line_col(_offset(self.root, where, key))
        return f"{self.path}:{line}:{column}"


def _offset(root: Any, where: Where, key: bool) -> int:
    node, at = root, 0
    for index, part in enumerate(where):
        last = index == len(where) - 1
        if isinstance(node, Map) and isinstance(part, str) and part in node.at:
            at = node.at[part][0 if key and last else 2]
            node = node[part]
        elif isinstance(node, Seq) and isinstance(part, int) and part < len(node.at):
            at = node.at[part][0]
            node = node[part]
        else:
            break
    return at


@cache
def validator() -> Any:
    """The schema's validator."""
    import jsonschema

    from argolint._data import data_dir

    schema = json.loads((data_dir("schemas") / "argorun-test.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)


def discover(paths: Sequence[str]) -> list[Path]:
    """The test files among files and below directories, sorted. Raises UserError."""
    found: list[Path] = []
    for word in paths:
        path = Path(word)
        if path.is_dir():
            for suffix in SUFFIXES:
                found += [p for p in path.rglob(f"*{suffix}") if not SKIPPED_DIRECTORIES & set(p.parts)]
        elif path.exists():
            found.append(path)
        else:
            raise UserError(f"there is no file {word}", "give test files (*.test.yaml) or directories")
    if not found:
        raise UserError(f"there are no test files (*.test.yaml) in {', '.join(paths)}")
    return sorted(dict.fromkeys(found))


def load(path: Path) -> Suite:
    """Read and check one file. Raises UserError that lists every problem with its position."""
    return load_text(path, read_text(path))


def load_text(path: Path, text: str) -> Suite:
    """Check a test file's text; `path` is where it stands. Raises UserError."""
    source = SourceText(text)
    stream = parse(text)
    documents = [d for d in stream.documents if d.root is not None or d.broken]
    broken = next((d for d in documents if d.broken), None)
    if broken is not None:
        problem = next((p for p in broken.problems if p.kind == "syntax"), broken.problems[0])
        line, column = source.line_col(problem.start)
        raise UserError(f"{path}:{line}:{column}: {problem.message}", "correct the YAML")
    if len(documents) != 1 or not isinstance(documents[0].root, Map):
        raise UserError(f"{path}:1:1: a test file is one mapping", "write workflow: and cases:")
    root = documents[0].root
    file = Suite(path, source, root, plain(root))
    problems = sorted(_problems(file))
    if problems:
        lines = [f"{path}:{line}:{column}: {message}" for line, column, message in problems]
        raise UserError("\n  ".join(lines), "schemas/argorun-test.json describes the format")
    return file


def _problems(file: Suite) -> Iterator[tuple[int, int, str]]:
    for error in validator().iter_errors(file.content):
        where = tuple(error.absolute_path)
        message = error.message
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            known = set(error.schema.get("properties") or {})
            for name in sorted(set(error.instance) - known):
                at = file.source.line_col(_offset(file.root, (*where, name), True))
                yield (*at, f"unknown key {name!r} (known: {', '.join(sorted(known))})")
            continue
        if error.validator in ("enum",):
            message = f"{error.instance!r} is not one of {', '.join(map(str, error.validator_value))}"
        elif error.validator == "required":
            message = f"{error.message.split(' is ')[0]} is missing"
        yield (*file.source.line_col(_offset(file.root, where, False)), message)
    names: dict[str, int] = {}
    cases = file.content.get("cases")
    for index, case in enumerate(cases if isinstance(cases, list) else []):
        name = case.get("name") if isinstance(case, dict) else None
        if isinstance(name, str) and names.setdefault(name, index) != index:
            at = file.source.line_col(_offset(file.root, ("cases", index, "name"), False))
            yield (*at, f"the case {name!r} is there twice")
