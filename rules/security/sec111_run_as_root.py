"""SEC111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "SEC111",
    "run-as-root",
    on="template",
    severity="warning",
    default=False,
    types=(
        "container",
        "script",
        "containerSet",
    ),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Nothing keeps a container from running as root."""
    spec = template.spec
    defaults = spec.template_defaults
    pods = [
        view.mapping("securityContext")
        for view in (template, spec, *([defaults] if defaults is not None else []))
    ]
    if any(
        view.get("runAsNonRoot") is True or (isinstance(view.get("runAsUser"), int) and view.get("runAsUser"))
        for view in pods
    ):
        return
    if spec.workflow_template_ref is not None or "podSpecPatch" in template or "podSpecPatch" in spec:
        return
    for role, container in template.containers:
        context = container.mapping("securityContext")
        if role == "main" and context.get("runAsNonRoot") is not True and not context.get("runAsUser"):
            yield Finding(
                container.key_span("image"),
                f"nothing keeps {template.label} from running as root",
                help="set `securityContext: {runAsNonRoot: true, runAsUser: 8737}` in the spec",
            )
