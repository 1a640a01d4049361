"""STP115."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.concurrent import called
from argolint.analysis.steps import is_gate, split_group
from argolint.context import Context
from argolint.model.workflow import Step, Steps
from argolint.rule import Finding, rule


@rule("STP115", "gate-beside-its-target", on="steps", severity="warning", fix="unsafe", cross_file=True)
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """An approval stands in the same group as the work it should gate, which does not wait for it."""
    for group in steps.groups:
        gates = [step for step in group if gated(step, ctx)] if len(group) > 1 else []
        if not gates or len(gates) == len(group):
            continue
        gate = gates[0]
        work = next(step for step in group if step not in gates)
        first = min(step.index for step in group if step not in gates)
        fix = (
            split_group(ctx.source, group[gate.index + 1])
            if gate.index < first and gate.index + 1 < len(group)
            else None
        )
        yield Finding(
            gate.name_span,
            f"{gate.label} waits for somebody, but `{work.name}` runs beside it and does not wait",
            help=f"start a new group for what must wait: `- - name: {work.name or '…'}`",
            related=[(work.name_span, f"`{work.name}` starts at once")],
            fix=fix or None,
        )


def gated(step: Step, ctx: Context) -> bool:
    """Whether a step waits for a person."""
    found = called(step, ctx, "suspend")
    return found is not None and is_gate(found.template)
