"""STP111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import is_daemon_address, reads_of, regrouped
from argolint.context import Context
from argolint.model.workflow import Steps
from argolint.rule import Finding, rule


@rule("STP111", "same-group-reference", on="steps", severity="error", fix="unsafe")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """A step reads an output of a step that runs beside it: the output does not exist yet, and the workflow hangs."""
    reads = reads_of(steps.template, ctx)
    for read in reads:
        reader, target = read.reader, read.target
        if target is None or target is reader or target.group != reader.group or is_daemon_address(read):
            continue
        if read.own_hook and read.use.path[2:] == ("status",) and read.scalar.key != "expression":
            continue
        yield Finding(
            read.span,
            f"{reader.label} reads `{read.use.text}`, but `{target.name}` runs beside it, in the same group",
            help=f"start a new group: `- - name: {reader.name or '…'}` runs after `{target.name}` has ended",
            related=[(target.name_span, f"`{target.name}` is in the same group")],
            fix=regrouped(ctx.source, read, reads) or None,
        )
