"""SEC141."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security, taint
from argolint.context import Context, Scalar
from argolint.diagnostic import Edit
from argolint.model.workflow import Step
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.edit import quote, replace


@rule(
    "SEC141",
    "condition-injection",
    on="step",
    severity="warning",
    fix="unsafe",
    cross_file=True,
    keys=("when",),
)
def check(step: Step, ctx: Context) -> Iterator[Finding]:
    """The text of an event is pasted into a condition before it is read."""
    if "{{" not in step.when:
        return
    scalar = ctx.scalar(step, "when")
    if scalar is None:
        return
    for danger in security.dangers(scalar, step.template.spec, step.template, ctx, taint.SENDER):
        use = danger.use
        if use.in_expr:
            continue
        yield Finding(
            scalar.part(use.start, use.end),
            f"`{use.text}` is pasted into this condition: an event that holds a quote and `||` decides it",
            help="write the condition as an expression: `{{=" + use.text + " == '…'}}`",
            related=danger.taint.path,
            fix=as_expression(scalar),
        )


_COMPARISON = lazy(
    r"""\s*(['"]?)\{\{\s*(inputs|workflow)\.parameters\.([\w-]+)\s*\}\}\1\s*(==|!=)\s*(['"]?)([\w./ -]+?)\5\s*"""
)


def as_expression(when: Scalar) -> list[Edit] | None:
    """The comparison of a parameter with a text as an expression, which reads the parameter as a value; None for anything else."""
    match = _COMPARISON.fullmatch(when.value)
    if match is None or match[6].strip() in ("true", "false"):
        return None
    _, root, name, operator, _, text = match.groups()
    member = f".{name}" if "-" not in name else f"['{name}']"
    return replace(when.span, quote(f"{{{{={root}.parameters{member} {operator} '{text}'}}}}"))
