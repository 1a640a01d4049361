"""PAR108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.workflow import Parameter, Template, WorkflowSpec
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map

SOURCES = ("path", "jqFilter", "jsonPath", "parameter", "expression", "supplied")
# template type -> the sources one of which its outputs must have
TAKES = {
    "container": ("path",), "containerSet": ("path",), "script": ("path",),
    "resource": ("jsonPath", "jqFilter"), "steps": ("parameter", "expression"), "dag": ("parameter", "expression"),
}  # fmt: skip


@rule("PAR108", "output-source-mismatch", on="spec", severity="error", keys=("outputs", "valueFrom"))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A parameter takes its value from where there is none."""
    for template in spec.all_templates:
        for parameter in template.outputs.parameters:
            yield from output(template, parameter)
        for step in template.children:
            for argument in step.arguments.parameters:
                yield from argued(argument)
    for argument in spec.arguments.parameters:
        yield from argued(argument)


def output(template: Template, parameter: Parameter) -> Iterator[Finding]:
    """An output parameter of a template."""
    source, name = parameter.mapping("valueFrom"), parameter.name
    takes = TAKES.get(template.type, ())
    given = [key for key in SOURCES if source.get(key) not in (None, "")]
    want = " or ".join(f"`{key}`" for key in takes) or "a source"
    at = parameter.key_span("valueFrom")
    if parameter.get("value") is not None:
        if parameter.get("valueFrom") is not None:
            yield Finding(at, f"output `{name}` has both `value` and `valueFrom`", help="keep one")
        elif template.type in ("steps", "dag"):
            yield Finding(
                parameter.key_span("value"),
                f"output `{name}` of a `{template.type}` template needs `valueFrom`",
                help=f"write `valueFrom` with {want}",
            )
    elif not isinstance(parameter.get("valueFrom"), Map):
        yield Finding(
            parameter.name_span if name else parameter.head,
            f"output `{name}` has neither `valueFrom` nor `value`",
            help=f"write `valueFrom` with {want}",
        )
    elif not given:
        yield Finding(at, f"output `{name}` comes from nowhere", help=f"write `valueFrom` with {want}")
    elif len(given) > 1:
        yield Finding(
            source.key_span(given[1]),
            f"output `{name}` comes from {' and '.join(f'`{key}`' for key in given)} at once",
            help="keep one",
        )
    elif takes and given[0] not in takes and given[0] != "supplied":
        yield Finding(
            source.key_span(given[0]),
            f"an output of a `{template.type}` template comes from {want}, not from `{given[0]}`",
            help=f"write {want}",
        )


def argued(argument: Parameter) -> Iterator[Finding]:
    """An argument with `valueFrom`."""
    if not isinstance(argument.get("valueFrom"), Map):
        return
    source = argument.mapping("valueFrom")
    wrong = [
        key for key in ("path", "jsonPath", "parameter", "expression") if source.get(key) not in (None, "")
    ]
    if wrong or not any(source.get(key) is not None for key in ("configMapKeyRef", "event", "supplied")):
        yield Finding(
            source.key_span(wrong[0]) if wrong else argument.key_span("valueFrom"),
            f"argument `{argument.name}` cannot come from `{wrong[0]}`"
            if wrong
            else f"argument `{argument.name}` comes from nowhere",
            help="an argument takes `configMapKeyRef` or `supplied`; outputs of steps are written as tags in `value`",
        )
