"""PAR116."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("PAR116", "relative-artifact-path", on="template", severity="warning", keys=("path",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """The path of an artifact or output is not absolute."""
    if not ("inputs" in template or "outputs" in template):
        return
    places: list[tuple[View, str]] = [
        (item, item.name) for item in (*template.inputs.artifacts, *template.outputs.artifacts)
    ]
    places += [(item.mapping("valueFrom"), item.name) for item in template.outputs.parameters]
    for view, name in places:
        path = view.text("path")
        if path and path[0] not in "/{" and ":" not in path:
            yield Finding(
                view.value_span("path"), f"the path of `{name}` is not absolute", help="begin it with `/`"
            )
