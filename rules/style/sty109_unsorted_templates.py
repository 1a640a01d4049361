"""STY109."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("STY109", "unsorted-templates", on="spec", severity="info", default=False)
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A template stands before the first one that calls it."""
    place = {template.name: number for number, template in enumerate(spec.templates)}
    first: dict[str, int] = {}
    for number, template in enumerate(spec.templates):
        for step in template.children:
            target = step.target
            if target is not None and target.local in place and place[target.local] != number:
                first.setdefault(target.local, number)
    entry = place.get(spec.entrypoint)
    if entry:
        yield Finding(
            spec.templates[entry].name_span,
            f"the entrypoint `{spec.entrypoint}` is not the first template",
            help="put it first",
        )
    for name, caller in first.items():
        if place[name] < caller and name != spec.entrypoint:
            yield Finding(
                spec.templates[place[name]].name_span,
                f"template `{name}` stands before `{spec.templates[caller].name}`, which calls it",
                help="callers first: one reads from the whole to the parts",
            )
