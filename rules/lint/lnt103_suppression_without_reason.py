"""LNT103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.rule import Finding, rule
from argolint.runner import SuppressionView


@rule("LNT103", "suppression-without-reason", on="suppression", severity="info", default=False)
def check(subject: SuppressionView, ctx: Context) -> Iterator[Finding]:
    """A suppression that does not say why."""
    if not subject.suppression.reason:
        yield Finding(
            subject.suppression.span,
            "this suppression does not say why",
            help="write the reason behind the bracket: `# argolint: ignore[CODE] because …`",
        )
