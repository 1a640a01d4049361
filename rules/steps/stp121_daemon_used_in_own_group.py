"""STP121."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import is_daemon_address, reads_of, regrouped
from argolint.context import Context
from argolint.model.workflow import Steps
from argolint.rule import Finding, rule


@rule("STP121", "daemon-used-in-own-group", on="steps", severity="error", fix="unsafe")
def check(steps: Steps, ctx: Context) -> Iterator[Finding]:
    """A step asks for the address of a daemon that is started beside it."""
    reads = reads_of(steps.template, ctx)
    for read in reads:
        reader, target = read.reader, read.target
        if target is None or target is reader or target.group != reader.group or not is_daemon_address(read):
            continue
        yield Finding(
            read.span,
            f"{reader.label} asks for the address of the daemon `{target.name}`, which starts beside it, in the same group",
            help=f"start a new group: `- - name: {reader.name or '…'}` runs once the daemon is ready",
            related=[(target.name_span, f"`{target.name}` is in the same group")],
            fix=regrouped(ctx.source, read, reads) or None,
        )
