"""STR109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("STR109", "reserved-container-name", on="template", severity="error", keys=("sidecars", "containerSet"))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A container has a name that Argo's own containers have."""
    if not ("sidecars" in template or "containerSet" in template):
        return
    own = {"wait"} | ({"supervisor"} if ctx.argo_version >= (4, 1) else set())
    for role, container in template.containers:
        name = container.text("name")
        taken = name in own or name.startswith("artifact-plugin-")
        if role not in ("containerSet", "sidecar"):
            continue
        if taken or (role == "sidecar" and name == "main"):
            yield Finding(
                container.value_span("name"),
                f"`{name}` is the name of a container that Argo adds to the pod"
                if taken
                else "`main` is the name of the template's own container",
                help="rename it",
            )
