"""STY108."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.index import is_literal
from argolint.rule import Finding, rule


@rule("STY108", "file-name", on="object", severity="info", default=False)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The only object of a file is called otherwise than the file."""
    if obj.embedded or len(ctx.file.documents) != 1 or not obj.is_workflow_kind or obj.where:
        return
    stem = posixpath.basename(ctx.path.replace("\\", "/")).partition(".")[0]
    name = (obj.name or obj.generate_name).strip("-")
    if not is_literal(name) or stem in ("", "-", "<stdin>") or name in stem or stem in name:
        return
    yield Finding(
        obj.name_span,
        f"the file is called `{stem}`, the {obj.kind} in it `{name}`",
        help=f"call the file `{name}.yaml`",
    )
