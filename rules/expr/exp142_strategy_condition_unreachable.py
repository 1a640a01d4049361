"""EXP142."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.language.errors import LanguageError
from argolint.language.selectors import parse
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("EXP142", "strategy-condition-unreachable", on="template", severity="warning", types=("resource",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """The conditions for success and failure of a resource hold at the same time."""
    body = template.body
    success, failure = body.text("successCondition"), body.text("failureCondition")
    if not success or not failure or "{{" in success + failure:
        return
    try:
        good, bad = parse(success), parse(failure)
    except LanguageError:
        return  # EXP140
    keys = {(one.key, one.operator, one.values) for one in good}
    shared = [one for one in bad if (one.key, one.operator, one.values) in keys]
    if shared and (len(good) == 1 or len(shared) == len(good)):
        yield Finding(
            body.value_span("failureCondition"),
            "whenever the resource succeeds by its condition, it fails by this one, which is looked at first",
            related=[(body.value_span("successCondition"), "the condition for success")],
        )
