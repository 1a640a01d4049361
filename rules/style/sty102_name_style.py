"""STY102."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.project.index import is_literal
from argolint.rule import Finding, rule

_KEBAB = lazy(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_WORDS = lazy(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@rule("STY102", "name-style", on="template", severity="info", default=False)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Names of templates, steps and tasks that are not kebab-case."""
    names = [(template.name, template.name_span, "template")] if template.step is None else []
    names += [(step.name, step.name_span, step.kind) for step in template.children]
    for name, span, what in names:
        if is_literal(name) and not _KEBAB.match(name):
            yield Finding(span, f"{what} name `{name}` is not kebab-case", help=f"call it `{kebab(name)}`")


def kebab(name: str) -> str:
    """`buildImage` -> `build-image`."""
    return "-".join(word.lower() for word in _WORDS.findall(name)) or name.lower()
