"""SEC155."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.podsecurity import level_of
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("SEC155", "pod-security-level", on="spec", severity="info", default=False)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """Says which Pod Security Standard the pods of a spec need."""
    if not spec.templates:
        return
    level, asked, missing = level_of(spec)
    if level == "restricted":
        return
    why = ", ".join(dict.fromkeys(one.what for one in asked)) or f"they lack {', '.join(missing)}"
    yield Finding(
        asked[0].at if asked else spec.key_span("templates"),
        f"the pods need the Pod Security Standard `{level}`: {why}",
        help=f"`restricted` would need {', '.join(missing)} as well"
        if asked and missing
        else "set it for the spec or the containers",
        related=[(one.at, one.what) for one in asked[1:4]],
    )
