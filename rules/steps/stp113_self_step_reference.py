"""STP113."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import reads_of
from argolint.context import Context
from argolint.model.workflow import Steps
from argolint.rule import Finding, rule


@rule("STP113", "self-step-reference", on="steps", severity="error")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """A step reads its own outputs before it has run."""
    for read in reads_of(steps.template, ctx):
        if read.target is read.reader and not read.own_hook:
            yield Finding(
                read.span,
                f"{read.reader.label} reads its own `{read.use.text}`, which exists only when it has ended",
                help="only the step's own hooks may read that; inside its template, name the output without `steps.`",
            )
