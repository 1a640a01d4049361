"""STR102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.structure import STEP_FIELDS
from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("STR102", "untyped-template", on="template", severity="error")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A template says nothing about what it does."""
    types = [key for key in template.types if template.get(key) is not None]
    if types:
        return
    if STEP_FIELDS & template.map.keys():
        yield Finding(
            template.name_span if template.name else template.head,
            f"{template.label} has the fields of a step, and stands among the templates",
            help="move it under `steps` of a template, as `- - name:`, or under the `tasks` of a `dag`",
        )
        return
    empty = next((key for key in template.types if key == "suspend"), "")
    yield Finding(
        template.key_span("suspend") if empty else template.name_span if template.name else template.head,
        f"{template.label} has no type",
        help="write `suspend: {}`: an empty value counts as absent"
        if empty
        else "give it a `container`, `script`, `steps`, `dag`, `resource`, `suspend`, `http`, `data`, `containerSet` or `plugin`",
    )
