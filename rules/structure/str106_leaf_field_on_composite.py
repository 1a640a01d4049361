"""STR106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule

# field -> the types that refuse it, and who takes it instead
REFUSED = {
    "timeout": (("steps", "dag", "suspend"), "set it on the templates that run pods; `activeDeadlineSeconds` of the spec limits the whole workflow"),
    "pendingTimeout": (("steps", "dag", "suspend"), "set it on the templates that run pods"),
    "activeDeadlineSeconds": (("steps", "dag"), "set it on the templates that run pods, or on the spec for the whole workflow"),
    "resourceClaims": (("steps", "dag", "suspend", "http", "plugin"), "set it on the templates that run pods"),
    "podResources": (("http", "plugin"), "remove it: these templates run in the agent's pod"),
}  # fmt: skip


@rule(
    "STR106",
    "leaf-field-on-composite",
    on="template",
    severity="error",
    keys=("timeout", "pendingTimeout", "activeDeadlineSeconds", "resourceClaims", "podResources"),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A field that only templates with a pod of their own have."""
    kind = template.type
    for field, (types, remedy) in REFUSED.items():
        if kind in types and template.get(field) not in (None, ""):
            yield Finding(
                template.key_span(field), f"`{field}` is not allowed on a `{kind}` template", help=remedy
            )
