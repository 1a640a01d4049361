"""STR103."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("STR103", "several-template-types", on="template", severity="error")
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A template has two types."""
    types = sorted(
        (key for key in template.types if template.get(key) is not None),
        key=lambda key: template.key_span(key).start,
    )
    if len(types) < 2:
        return
    yield Finding(
        template.key_span(types[1]),
        f"{template.label} is {' and '.join(f'`{key}`' for key in types)} at once",
        help="make it one of them, and a template of its own out of the other",
        related=[(template.key_span(types[0]), "the first")],
    )
