"""REL111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("REL111", "endless-suspend", on="template", severity="info", default=False, types=("suspend",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A suspend without a duration waits for somebody, for ever."""
    if template.body.get("duration") is None and template.spec.get("activeDeadlineSeconds") is None:
        yield Finding(
            template.key_span("suspend"),
            f"{template.label} waits until somebody resumes it",
            help="set `duration`, or `activeDeadlineSeconds` of the spec",
        )
