"""STP110."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Step, Template
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace, scalar


@rule("STP110", "duplicate-step-name", on="template", types=("steps", "dag"), severity="error", fix="unsafe")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Two steps (of any group) or two tasks of a template have one name."""
    first: dict[str, Step] = {}
    taken = {step.name for step in template.children}
    numbers: dict[str, int] = {}
    for step in template.children:
        if not step.name:
            continue
        before = first.setdefault(step.name, step)
        if before is not step:
            yield Finding(
                step.name_span,
                f"{step.label} is defined twice in {template.label}",
                help="names are unique over all groups of a template, since `steps.NAME` must mean one of them",
                related=[(before.name_span, "first defined here")],
                fix=None
                if step.is_alias("name")
                else replace(step.name_span, scalar(free_name(step.name, taken, numbers))),
            )


def free_name(name: str, taken: set[str], numbers: dict[str, int]) -> str:
    """A name like the given one that is not among the taken, and is from now on; `numbers` has the last number of each name."""
    number = numbers.get(name, 1) + 1
    while f"{name}-{number}" in taken:
        number += 1
    numbers[name] = number
    taken.add(f"{name}-{number}")
    return f"{name}-{number}"
