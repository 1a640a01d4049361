"""REL122."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.reliability import whole
from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("REL122", "no-room-to-run", on="spec", severity="error", keys=("parallelism", "activeDeadlineSeconds"))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A parallelism or deadline of 0: nothing can run."""
    parallelism = spec.get("parallelism")
    number = whole(parallelism) if isinstance(parallelism, int) else None
    if number is not None and number <= 0:
        yield Finding(
            spec.value_span("parallelism"),
            f"`parallelism: {number}` of the spec lets no pod start: the workflow waits for ever",
            help="give the number of pods that may run at once, or delete the field",
        )
    for key, value in (("activeDeadlineSeconds", spec.get("activeDeadlineSeconds")),):
        if isinstance(value, int) and not isinstance(value, bool) and value <= 0:
            yield Finding(
                spec.value_span(key),
                f"`{key}: {value}` is over before anything has started",
                help="give it the seconds that a good run needs at most",
            )
