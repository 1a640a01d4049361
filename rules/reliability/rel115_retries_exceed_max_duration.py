"""REL115."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import budget, shown, strategies
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("REL115", "retries-exceed-max-duration", on="spec", severity="warning", fix="unsafe", keys=("backoff",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """The waits add up to more than `maxDuration`: the last retries never happen."""
    for strategy, label, _ in strategies(spec):
        found = budget(strategy)
        if found is None or found.fit >= found.limit:
            continue
        shape = ", ".join(shown(wait) for wait in found.waits[:6]) + (", …" if found.limit > 6 else "")
        needed = shown(sum(found.waits[: found.fit + 1]))
        yield Finding(
            strategy.mapping("backoff").value_span("maxDuration"),
            f"{'none' if found.fit == 0 else f'only {found.fit}'} of the {found.limit} retries of {label} fit in {shown(found.most)}, "
            f"even if every try fails at once: the waits are {shape}",
            help=f"retry {found.fit + 1} would start after {needed}; raise `maxDuration`, set `cap`, or lower `limit`",
            related=[(strategy.value_span("limit"), f"{found.limit} retries")],
            # What happens now, said as it is; whether more time or fewer tries were meant is not known.
            fix=replace(strategy.value_span("limit"), f'"{found.fit}"')
            if found.fit and not strategy.is_alias("limit") and "limit" not in strategy.map.merged
            else None,
        )
