"""STR115."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("STR115", "missing-manifest", on="template", severity="error", types=("resource",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A resource template says what to do and not to what."""
    body = template.body
    if body.get("manifest") not in (None, "") or body.get("manifestFrom") is not None:
        return
    action = body.text("action")
    if action in ("get", "delete"):
        if body.sequence("flags") or "{{" in action:
            return
        message = (
            f"action `{action}` of {template.label} has neither a manifest nor `flags` that name an object"
        )
        help = "add a `manifest`, or `flags` such as [configmap, settings]"
    elif action in ("create", "apply", "replace", "patch") or "{{" in action:
        message = f"action `{action}` of {template.label} has no manifest"
        help = "add `manifest` or `manifestFrom`"
    else:
        return
    yield Finding(body.value_span("action"), message, help=help)
