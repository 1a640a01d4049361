"""STP104."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import steps_from_mapping
from argolint.context import Context
from argolint.model.workflow import Steps
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map


@rule("STP104", "steps-as-mapping", on="steps", severity="error", fix="unsafe")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """`steps` is a mapping of names to steps where a list of groups belongs."""
    raw = steps.raw
    if not isinstance(raw, Map) or not raw or "tasks" in raw:
        return
    yield Finding(
        steps.key,
        f"`steps` of {steps.template.label} is a mapping; it is a list of groups, each a list of steps",
        help="write `- - name: NAME` for each step instead of `NAME:`",
        fix=steps_from_mapping(ctx.source, raw) or None,
    )
