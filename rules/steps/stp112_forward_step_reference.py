"""STP112."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import reads_of
from argolint.context import Context
from argolint.model.workflow import Steps
from argolint.rule import Finding, rule


@rule("STP112", "forward-step-reference", on="steps", severity="error")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """A step reads an output of a step of a later group."""
    for read in reads_of(steps.template, ctx):
        reader, target = read.reader, read.target
        if target is None or target.group <= reader.group:
            continue
        yield Finding(
            read.span,
            f"{reader.label} reads `{read.use.text}`, but `{target.name}` runs later",
            help=f"move `{target.name}` into a group above, or {reader.label} into one below it",
            related=[(target.name_span, f"`{target.name}` is in group {target.group + 1}")],
        )
