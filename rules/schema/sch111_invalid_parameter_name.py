"""SCH111."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.patterns import lazy
from argolint.rule import Finding, rule

NAME = lazy(r"[-a-zA-Z0-9_]+")


@rule("SCH111", "invalid-parameter-name", on="spec", severity="error", keys=("parameters", "artifacts"))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A name of a parameter or artifact that Argo does not take."""
    ports = [spec.mapping("arguments")]
    for template in spec.all_templates:
        ports += [template.mapping("inputs"), template.mapping("outputs")]
        ports += [step.mapping("arguments") for step in template.children]
    for port in ports:
        yield from named(port, "parameters", "parameter")
        yield from named(port, "artifacts", "artifact")


def named(port: View, field: str, what: str) -> Iterator[Finding]:
    """The findings about the names of one list."""
    for entry in port.items(field):
        name = entry.text("name")
        if name and "{{" not in name and not NAME.fullmatch(name):
            yield Finding(
                entry.value_span("name"),
                f"`{name}` is not a name for {'an' if what == 'artifact' else 'a'} {what}",
                help="letters, digits, `_` and `-`; tags address it by this name, and a dot ends a part of a tag",
            )
        exported = entry.text("globalName")
        if exported and "{{" not in exported and not NAME.fullmatch(exported):
            yield Finding(
                entry.value_span("globalName"),
                f"`{exported}` is not a name for an exported {what}",
                help="letters, digits, `_` and `-`",
            )
