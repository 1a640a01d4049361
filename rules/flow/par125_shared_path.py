"""PAR125."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("PAR125", "shared-path", on="template", severity="warning")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Two outputs, or two inputs, lie at the same path."""
    if not ("inputs" in template or "outputs" in template):
        return
    outputs: list[tuple[View, str]] = [(item, item.name) for item in template.outputs.artifacts]
    outputs += [(item.mapping("valueFrom"), item.name) for item in template.outputs.parameters]
    inputs: list[tuple[View, str]] = [(item, item.name) for item in template.inputs.artifacts]
    if template.type == "container":
        inputs = []  # a collision of inputs that Argo refuses
    for places in (outputs, inputs):
        seen: dict[str, tuple[View, str]] = {}
        for view, name in places:
            path = view.text("path")
            if not path or "{{" in path:
                continue
            first = seen.setdefault(path.rstrip("/"), (view, name))
            if first[0] is not view:
                yield Finding(
                    view.value_span("path"),
                    f"`{name}` and `{first[1]}` have the same path",
                    help="give each a path of its own",
                    related=[(first[0].value_span("path"), "the first")],
                )
