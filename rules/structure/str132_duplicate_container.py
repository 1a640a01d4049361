"""STR132."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("STR132", "duplicate-container", on="template", severity="error", keys=("containerSet",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Two containers of a container set have the same name."""
    if template.type != "containerSet":
        return
    seen: dict[str, View] = {}
    for role, container in template.containers:
        name = container.text("name")
        if not name or role not in ("containerSet", "sidecar"):
            continue
        first = seen.setdefault(name, container)
        if first is not container:
            yield Finding(
                container.value_span("name"),
                f"there are two containers `{name}` in {template.label}",
                help="rename one",
                related=[(first.value_span("name"), "the first")],
            )
