"""Where a node's template stands in the manifests, as `path:line`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from argolint.errors import UserError
from executor.local.documents import read_text

if TYPE_CHECKING:
    from executor.local.session import Input

TEMPLATE_KINDS = ("WorkflowTemplate", "ClusterWorkflowTemplate")


def template_place(node: Mapping[str, Any], inputs: Input) -> str:
    """`path:line` of the template that a node ran, the path relative to here; "" when it is in no file."""
    reference = node.get("templateRef") or {}
    wanted = str(reference.get("template") or node.get("templateName") or "")
    scope, _, owner = str(node.get("templateScope") or "local/").partition("/")
    if reference:
        scope, owner = "namespaced", str(reference.get("name") or "")
    if not wanted:
        return ""
    for path, text in _texts(inputs, owner if scope != "local" else ""):
        line = _line(path, text, wanted, owner if scope != "local" else "")
        if line:
            return f"{_shown(path)}:{line}"
    return ""


def _texts(inputs: Input, owner: str) -> Iterator[tuple[str, str]]:
    """The files that may have it: of the object that is named, else those that were run, then all templates of the tree."""
    known = dict(inputs.files)
    yield from () if owner else inputs.files
    for manifest in inputs.tree.objects(TEMPLATE_KINDS):
        name = str((manifest.object.get("metadata") or {}).get("name") or "")
        if owner in ("", name):
            try:
                text = known.get(manifest.path)
                yield manifest.path, read_text(Path(manifest.path)) if text is None else text
            except UserError:
                continue


def _line(path: str, text: str, wanted: str, owner: str) -> int:
    """The line of a template's name; 0 when it is not there."""
    from argolint.context import read

    file = read(path, text)
    for obj in (obj for group in file.objects for obj in group):
        if owner and obj.name != owner:
            continue
        for spec in obj.workflow_specs:
            for template in spec.all_templates:
                if template.name == wanted:
                    return int(file.source.line_col(template.name_span.start)[0])
    return 0


def _shown(path: str) -> str:
    if path.startswith("<"):
        return path
    try:
        near = os.path.relpath(path)
    except (OSError, ValueError):
        return path
    return path if near.startswith("../..") else near
