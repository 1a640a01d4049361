"""STY106."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.rule import Finding, rule
from argolint.yaml.edit import delete_key

# What upstream takes when the field is absent.
CRON: dict[str, Any] = {
    "concurrencyPolicy": "Allow", "suspend": False, "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
}  # fmt: skip
SPEC: dict[str, Any] = {"hostNetwork": False, "suspend": False}
TEMPLATE: dict[str, Any] = {"daemon": False}
DAG: dict[str, Any] = {"failFast": True}


@rule("STY106", "redundant-default", on="object", severity="info", default=False, fix="safe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A field that says what is so anyway."""
    holders: list[tuple[View, dict[str, Any]]] = []
    if obj.kind == "CronWorkflow" and obj.is_workflow_kind:
        holders.append((obj.spec, CRON))
    for spec in obj.workflow_specs:
        holders.append((spec, SPEC))
        overridden = spec.template_defaults is not None
        for template in spec.all_templates:
            holders += [] if overridden else [(template, TEMPLATE), (template.mapping("dag"), DAG)]
    for view, defaults in holders:
        for key, default in defaults.items():
            value = view.get(key, default)
            if key in view and value == default and type(value) is type(default):
                yield Finding(
                    view.key_span(key),
                    f"`{key}: {str(value).lower() if isinstance(value, bool) else value}` is the default",
                    help="leave it out",
                    fix=delete_key(ctx.source, view.map, key)
                    if key not in view.map.merged and len(view.map) > 1
                    else None,
                )
