"""STR110."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Template
from argolint.rule import Finding, rule


@rule("STR110", "container-set-without-main", on="template", severity="error", types=("containerSet",))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """A container set with inputs or outputs has no container called main, or has no containers at all."""
    containers = template.body.items("containers")
    if not containers:
        yield Finding(
            template.key_span("containerSet"),
            f"the container set of {template.label} has no containers",
            help="add `containers`",
        )
        return
    if any(one.text("name") == "main" for one in containers):
        return
    ports = (
        (template.inputs, "artifacts", "inputs"), (template.outputs, "parameters", "outputs"), (template.outputs, "artifacts", "outputs"),
    )  # fmt: skip
    for view, key, side in ports:
        if view.sequence(key):
            yield Finding(
                template.key_span("containerSet"),
                f"the container set of {template.label} has {side} and no container `main` that takes or gives them",
                help="call the container that reads and writes them `main`",
                related=[(view.key_span(key), side)],
            )
            return
