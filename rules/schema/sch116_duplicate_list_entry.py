"""SCH116."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule

# List -> the field by which the API server tells entries apart.
KEYS = {
    "env": "name",
    "volumes": "name",
    "sidecars": "name",
    "initContainers": "name",
}


@rule(
    "SCH116",
    "duplicate-list-entry",
    on="spec",
    severity="error",
    keys=("env", "volumes", "sidecars", "initContainers"),
)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Two entries of a list have the same key."""
    yield from doubles(spec, "volumes")
    for template in spec.all_templates:
        for field in ("volumes", "sidecars", "initContainers"):
            yield from doubles(template, field)
        for _, container in template.containers:
            yield from doubles(container, "env")


def doubles(view: View, field: str) -> Iterator[Finding]:
    """Later entries whose key an earlier one has."""
    key = KEYS[field]
    seen: dict[str, View] = {}
    for entry in view.items(field):
        value = entry.text(key)
        if not value or "{{" in value:
            continue
        first = seen.setdefault(value, entry)
        if first is not entry:
            yield Finding(
                entry.value_span(key),
                f"`{field}` has two entries with {key} `{value}`",
                help="the API server refuses the pod, or keeps the last one"
                if field != "env"
                else "the last one wins",
                related=[(first.value_span(key), "first here")],
                severity="warning" if field == "env" else None,
            )
