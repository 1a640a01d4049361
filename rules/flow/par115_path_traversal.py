"""PAR115."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("PAR115", "path-traversal", on="template", severity="error", keys=("artifacts",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """The path of an artifact climbs out of its folder."""
    if not ("inputs" in template or "outputs" in template):
        return
    for artifact in (*template.inputs.artifacts, *template.outputs.artifacts):
        path = artifact.text("path")
        if ".." in path and escapes(path):
            yield Finding(
                artifact.value_span("path"),
                f"the path of artifact `{artifact.name}` leads out of its folder",
                help="write the path without `..`",
            )


def escapes(path: str) -> bool:
    """Whether a path with `..` ends outside what stands before the first of them."""
    if "/../" not in path and not path.endswith("/.."):
        return False
    base = posixpath.normpath(path.split("/..", 1)[0] or "/")
    clean = posixpath.normpath(path)
    return not (clean == base or clean.startswith(base.rstrip("/") + "/"))
