"""LNT101."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.diagnostic import Edit
from argolint.registry import codes_of
from argolint.rule import Finding, rule
from argolint.runner import SuppressionView
from argolint.yaml.edit import delete_lines, replace


@rule("LNT101", "unused-suppression", on="suppression", severity="warning", fix="safe")
def check(subject: SuppressionView, ctx: Context) -> Iterator[Finding]:
    """A suppression that suppresses nothing."""
    suppression = subject.suppression
    if not suppression.selectors:
        unused = [] if subject.used else [""]
    else:
        unused = [
            text for text in suppression.selectors if text not in subject.used and _decidable(subject, text)
        ]
    if not unused:
        return
    whole = len(unused) == max(len(suppression.selectors), 1)
    what = ", ".join(f"`{text}`" for text in unused if text)
    yield Finding(
        suppression.span,
        f"this suppression of {what} suppresses nothing" if what else "this suppression suppresses nothing",
        help="delete it" if whole else f"delete {what}",
        fix=_delete(subject, ctx) if whole else None,
    )


def _decidable(subject: SuppressionView, selector: str) -> bool:
    """Only rules that ran can be said to have found nothing."""
    return not codes_of(selector, subject.rules).isdisjoint(subject.enabled)


def _delete(subject: SuppressionView, ctx: Context) -> list[Edit]:
    start, end = subject.suppression.span[:2]
    if subject.suppression.form == "annotation":
        return []
    line = ctx.source.line_col(start)[0]
    line_start, _ = ctx.source.line_span(line)
    before = ctx.source.slice(line_start, start)
    if not before.strip():
        return delete_lines(ctx.source, start, end)
    return replace((start - (len(before) - len(before.rstrip())), end), "")
