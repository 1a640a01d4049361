"""STR131."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.index import is_placeholder
from argolint.rule import Finding, rule


@rule(
    "STR131",
    "invalid-deadline",
    on="object",
    severity="error",
    keys=("activeDeadlineSeconds", "startingDeadlineSeconds"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A number of seconds that is none, or negative."""
    for spec in obj.workflow_specs:
        for template in spec.all_templates:
            value = template.get("activeDeadlineSeconds")
            if value is None or template.type in ("steps", "dag"):
                continue
            if isinstance(value, str) and (
                "{{" in value or is_placeholder(value) or (value.isascii() and value.isdigit())
            ):
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                if isinstance(value, (int, str)):
                    yield Finding(
                        template.value_span("activeDeadlineSeconds"),
                        f"`{value}` is not a number of seconds",
                        help="write a whole number above 0, or a tag",
                    )
    if obj.kind == "CronWorkflow":
        seconds = obj.spec.get("startingDeadlineSeconds")
        if isinstance(seconds, int) and not isinstance(seconds, bool) and seconds < 0:
            yield Finding(
                obj.spec.value_span("startingDeadlineSeconds"),
                "`startingDeadlineSeconds` is negative",
                help="write how late a run may begin, in seconds",
            )
