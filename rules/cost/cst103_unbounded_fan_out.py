"""CST103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.cost import fan_out
from argolint.context import Context
from argolint.model.workflow import Step
from argolint.rule import Finding, rule
from argolint.yaml.edit import add_key


@rule(
    "CST103",
    "unbounded-fan-out",
    on="step",
    severity="warning",
    fix="unsafe",
    options={"fan-out-limit": 100},
    keys=("withItems", "withSequence"),
)
def check(step: Step, ctx: Context) -> Iterator[Finding]:
    """A large loop without `parallelism` starts all its pods at once."""
    if "withItems" not in step and "withSequence" not in step:
        return
    limit, times = ctx.option("fan-out-limit"), fan_out(step)
    template = step.template
    if times is None or not isinstance(limit, int) or times <= limit:
        return
    if template.get("parallelism") is not None or template.spec.get("parallelism") is not None:
        return
    key = step.loops[0]
    yield Finding(
        step.key_span(key),
        f"{step.label} runs {times} times at once: neither {template.label} nor the spec has `parallelism`",
        help="set `parallelism` on the template, or in the spec",
        fix=None
        if template.map.merged
        else add_key(ctx.source, template.map, "parallelism", "10", after="name"),
    )
