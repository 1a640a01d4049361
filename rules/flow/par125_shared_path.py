"""PAR125."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("PAR125", "shared-path", on="template", severity="warning", keys=("path",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Two outputs, or two inputs, lie at the same path."""
    if not ("inputs" in template or "outputs" in template):
        return
    groups: list[list[tuple[View, str]]] = [
        [(item, item.name) for item in template.outputs.artifacts],
        [(item.mapping("valueFrom"), item.name) for item in template.outputs.parameters],
    ]
    if template.type != "container":  # there a collision of inputs is refused, by a rule of its own
        groups.append([(item, item.name) for item in template.inputs.artifacts])
    for places in groups:
        seen: dict[tuple[str, str], tuple[View, str]] = {}
        for view, name in places:
            path = view.text("path")
            if not path or "{{" in path:
                continue
            first = seen.setdefault((path.rstrip("/"), packing(view)), (view, name))
            if first[0] is not view:
                yield Finding(
                    view.value_span("path"),
                    f"`{name}` and `{first[1]}` have the same path",
                    help="give each a path of its own",
                    related=[(first[0].value_span("path"), "the first")],
                )


def packing(view: View) -> str:
    """How an artifact is packed: the same file may be stored in two ways."""
    return ",".join(view.mapping("archive").map)
