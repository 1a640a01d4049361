"""PAR111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.flow import callee_of
from argolint.analysis.steps import sibling_uses
from argolint.context import Context, Scalar
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule(
    "PAR111",
    "scalar-from-loop",
    on="scalar",
    severity="warning",
    keys=("withItems", "withParam", "withSequence"),
)
def check(scalar: Scalar, ctx: Context) -> Iterator[Finding]:
    """The outputs of a loop, which are a list, are passed to a template that takes them for one value."""
    if scalar.key != "value" or scalar.step is None or not scalar.value.startswith("{{"):
        return
    callee = callee_of(scalar.step, None)
    name = scalar.parent.get("name") if isinstance(scalar.parent, dict) else None
    if callee is None or callee.template is None or not isinstance(name, str):
        return
    for found in sibling_uses(scalar):
        target, rest = found.target, found.use.path[2:]
        if target is None or not target.loops or found.use.in_expr or rest[:1] != ("outputs",):
            continue
        if (found.use.start, found.use.end) != (2, len(scalar.value) - 2) or len(rest) < 2:
            continue
        where = single(callee.template, name)
        if where:
            yield Finding(
                scalar.part(found.use.start, found.use.end),
                f"`{found.use.text}` is a JSON list with a value for each item of the loop `{target.name}`, and {callee.label} takes it for one value: in {where}",
                help="take one out with an expression, or loop over it with `withParam`",
                related=[(target.name_span, "the loop")],
            )


def single(template: Template, name: str) -> str:
    """Where a template uses an input as a number, a name or a side of a comparison; "" when it may do with a list."""
    tag = f"inputs.parameters.{name}"
    for key in ("activeDeadlineSeconds", "timeout", "priorityClassName", "serviceAccountName"):
        if tag in template.text(key):
            return f"`{key}`"
    for _, container in template.containers:
        if tag in container.text("image"):
            return "an `image`"
    for step in template.children:
        sequence = step.mapping("withSequence")
        if any(tag in sequence.text(key) for key in ("count", "start", "end")):
            return f"`withSequence` of {step.label}"
        if tag in step.when and not any(word in step.when for word in ("=~", "[", " in ")):
            return f"`when` of {step.label}"
    return ""
