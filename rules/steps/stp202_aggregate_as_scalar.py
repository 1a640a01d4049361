"""STP202."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.steps import reads_of
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_LIST = lazy(r"[\[\]]")


@rule(
    "STP202",
    "aggregate-as-scalar",
    on="template",
    types=("steps", "dag"),
    severity="warning",
    keys=("withItems", "withParam", "withSequence"),
)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """The outputs of a looped step are a JSON list; here one is used as a single value."""
    if not any(step.loops for step in template.children):
        return
    for read in reads_of(template, ctx):
        target = read.target
        if target is None or target is read.reader or not target.loops or read.use.in_expr:
            continue
        if read.key not in ("when", "withSequence") or read.use.path[2:3] != ("outputs",):
            continue
        rest = read.scalar.value[: read.use.start] + read.scalar.value[read.use.end :]
        if _LIST.search(rest) or "=~" in rest or " in " in rest:
            continue
        yield Finding(
            read.span,
            f"`{target.name}` is a loop, so `{read.use.text}` is a JSON list of all its results, not one value",
            help="move the condition into the loop's own template, or index the list in an expression: `{{=fromJSON(…)[0]}}`",
            related=[(target.key_span(target.loops[0]), "the loop is here")],
        )
