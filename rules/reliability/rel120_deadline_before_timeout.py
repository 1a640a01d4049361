"""REL120."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import seconds, shown
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("REL120", "deadline-before-timeout", on="template", severity="warning", keys=("activeDeadlineSeconds",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A template may run longer than its workflow."""
    whole_run = template.spec.get("activeDeadlineSeconds")
    if not isinstance(whole_run, int) or isinstance(whole_run, bool) or whole_run <= 0:
        return
    for key in ("activeDeadlineSeconds", "timeout", "pendingTimeout"):
        own = seconds(template.get(key)) if key in template else None
        if own is not None and own > whole_run:
            yield Finding(
                template.value_span(key),
                f"{template.label} may take {shown(own)}, but the workflow ends after {shown(whole_run)}: this never counts",
                help="raise `activeDeadlineSeconds` of the spec, or lower this",
                related=[(template.spec.value_span("activeDeadlineSeconds"), "the workflow's deadline")],
            )
