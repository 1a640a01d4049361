"""Reading Workflow manifests from files for `submit`. Pure but for reading the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from argolint.errors import UserError
from argolint.text import SourceText
from argolint.yaml.loader import parse
from argolint.yaml.nodes import plain

Obj = dict[str, Any]


def read_text(name: str) -> str:
    """The text of a file, or of standard input for `-`. Raises UserError."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise UserError(f"{name}: {error.strerror or error}", "name a file that can be read, or -") from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: not UTF-8 text (byte {error.start})") from error


def documents(name: str, text: str) -> Iterator[tuple[Obj, str]]:
    """Each object of a manifest with its place (`file:line`). Raises UserError for YAML that cannot be read."""
    stream = parse(text)
    source = SourceText(text)
    for problem in [*stream.problems, *(p for d in stream.documents for p in d.problems if d.broken)]:
        line, column = source.line_col(problem.start)
        raise UserError(
            f"{name}:{line}:{column}: {problem.message}", "see `argolint check` for the whole file"
        )
    for document in stream.documents:
        if document.root is None:
            continue
        line = source.line_col(document.start)[0]
        place = f"{name}:{line}"
        if not isinstance(document.root, dict):
            raise UserError(
                f"{place}: not a Kubernetes object", "a manifest is a mapping with apiVersion and kind"
            )
        yield plain(document.root), place


def workflows(files: Sequence[str]) -> list[tuple[Obj, str]]:
    """The Workflows of the files with their places. Raises UserError when there is anything else, or nothing."""
    out: list[tuple[Obj, str]] = []
    for name in files:
        for obj, place in documents(name, read_text(name)):
            kind = obj.get("kind")
            if kind != "Workflow" or not str(obj.get("apiVersion", "")).startswith("argoproj.io/"):
                raise UserError(
                    f"{place}: only a Workflow can be submitted, this is {kind or 'no object with a kind'}",
                    "create other objects with `kubectl apply`; run a template with --from wftmpl/NAME",
                )
            if not isinstance(obj.get("spec"), dict):
                raise UserError(f"{place}: the Workflow has no spec")
            if not isinstance(obj.setdefault("metadata", {}), dict):
                raise UserError(f"{place}: metadata must be a mapping")
            out.append((obj, place))
    if not out:
        raise UserError(f"no Workflow in {', '.join(files)}")
    return out


def pairs(values: Sequence[str], option: str) -> list[tuple[str, str]]:
    """`name=value` words as pairs. Raises UserError."""
    out = []
    for text in values:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UserError(f"{option} {text}: expected NAME=VALUE")
        out.append((name, value))
    return out


def parameter_file(name: str) -> list[tuple[str, str]]:
    """The parameters of a YAML or JSON file: a mapping of names to values. Raises UserError."""
    import json

    found = [obj for obj, _ in documents(name, read_text(name))]
    if len(found) != 1:
        raise UserError(f"{name}: expected one mapping of parameter names to values")
    return [
        (str(key), value if isinstance(value, str) else json.dumps(value)) for key, value in found[0].items()
    ]


def override_parameters(arguments: Mapping[str, Any] | None, overrides: Sequence[tuple[str, str]]) -> Obj:
    """`arguments` with parameters set from the command line; new ones are appended, as the argo CLI does."""
    given = dict(overrides)
    parameters: list[Obj] = []
    for parameter in (arguments or {}).get("parameters") or []:
        if parameter.get("name") in given:
            kept = {key: value for key, value in parameter.items() if key not in ("valueFrom", "default")}
            parameter = {**kept, "value": given.pop(parameter["name"])}
        parameters.append(parameter)
    parameters.extend({"name": name, "value": value} for name, value in given.items())
    return {**(arguments or {}), **({"parameters": parameters} if parameters else {})}
