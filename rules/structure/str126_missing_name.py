"""STR126."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import View
from argolint.model.workflow import WorkflowSpec
from argolint.rule import Finding, rule


@rule("STR126", "missing-name", on="spec", severity="error")
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A template, step, task, container, parameter or artifact has no name."""
    text = ctx.source.text
    ports = [spec.mapping("arguments")] if '""' in text or "''" in text else []
    for template in spec.all_templates:
        if ports:
            ports += [template.inputs, template.outputs, *(step.arguments for step in template.children)]
        if template.step is None:
            yield from named(template, "template")
        for step in template.children:
            yield from named(step, step.kind)
        for role in ("initContainers", "sidecars"):
            for one in template.items(role):
                if one.get("name") == "":
                    yield from named(one, "container")
        if template.type == "containerSet":
            for one in template.body.items("containers"):
                yield from named(one, "container")
    for port in ports:
        yield from unnamed(port)


def named(view: View, what: str) -> Iterator[Finding]:
    """The finding about a view without a name."""
    if view.get("name") in (None, ""):
        yield Finding(view.key_span("name"), f"this {what} has no name", help="give it a `name`")


def unnamed(ports: View) -> Iterator[Finding]:
    """The parameters and artifacts whose name is empty; that a name is required is in the schema."""
    for field, what in (("parameters", "parameter"), ("artifacts", "artifact")):
        for one in ports.items(field):
            if one.get("name") == "":
                yield from named(one, what)
