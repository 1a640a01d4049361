"""EXP151."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.language.check import is_constant
from argolint.language.errors import LanguageError
from argolint.language.expr import parse
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("EXP151", "constant-condition", on="spec", severity="info", default=False, keys=("expression",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A condition asks nothing."""
    conditions: list[tuple[View, str]] = []
    for holder in (spec, *spec.all_templates):
        conditions.append((holder.mapping("retryStrategy"), "expression"))
    for view in (spec, *(step for template in spec.all_templates for step in template.children)):
        hooks = view.mapping("hooks")
        conditions += [(hooks.mapping(name), "expression") for name in hooks.map]
    for view, key in conditions:
        text = view.text(key)
        if text in ("", "true", "false") or "{{" in text:
            continue
        try:
            constant = is_constant(parse(text))
        except LanguageError:
            continue
        if constant:
            yield Finding(view.value_span(key), f"`{text}` is the same at every look")
