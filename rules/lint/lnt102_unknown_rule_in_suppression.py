"""LNT102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.project.index import suggest
from argolint.registry import codes_of
from argolint.rule import Finding, rule
from argolint.runner import INTERNAL_CODE, SuppressionView


@rule("LNT102", "unknown-rule-in-suppression", on="suppression", severity="warning")
def check(subject: SuppressionView, ctx: Context) -> Iterator[Finding]:
    """A suppression names a rule that does not exist."""
    for selector in subject.suppression.selectors:
        if selector == INTERNAL_CODE or codes_of(selector, subject.rules):
            continue
        names = [*subject.rules, *(item.name for item in subject.rules.values())]
        near = suggest(selector, names)
        yield Finding(
            subject.suppression.span,
            f"no rule is called `{selector}`; this suppresses nothing",
            help=f"did you mean `{near}`?" if near else "`argolint rules` lists the codes and names",
        )
