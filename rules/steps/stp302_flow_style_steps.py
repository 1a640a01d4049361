"""STP302."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import block_steps
from argolint.context import Context
from argolint.model.workflow import Steps
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Seq


@rule("STP302", "flow-style-steps", on="steps", severity="info", default=False, fix="safe")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """Steps are written in brackets, where groups are hard to see."""
    raw = steps.raw
    if not isinstance(raw, Seq) or not raw:
        return
    if not raw.flow and not any(isinstance(group, Seq) and group.flow and group for group in raw):
        return
    yield Finding(
        steps.key,
        f"{steps.template.label} writes its steps in brackets",
        help="write a line for each step, with `- -` where a group begins",
        fix=block_steps(ctx.source, steps) or None,
    )
