"""PAR106."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from argolint.analysis import flow
from argolint.context import Context
from argolint.model.workflow import Parameter, WorkflowSpec
from argolint.project.index import did_you_mean, suggest
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace, scalar


@rule("PAR106", "value-not-in-enum", on="spec", severity="error", fix="unsafe", keys=("enum",))
def check(spec: WorkflowSpec, ctx: Context) -> Iterator[Finding]:
    """A value that is not one of the parameter's `enum`."""
    places: list[tuple[Parameter, str | None]] = [(item, None) for item in spec.arguments.parameters]
    for template in spec.all_templates:
        places += [(item, "warning") for item in template.inputs.parameters]
        for step in template.children:
            places += [(item, None) for item in step.arguments.parameters]
    for item, severity in places:
        if "enum" in item:
            for key in ("value", "default") if severity else ("value",):
                yield from one(item, key, allowed(item), severity, item)
    for call in flow.calls(spec, None):
        if call.callee.template is None:
            continue
        for item in call.arguments.parameters:
            declared = call.callee.template.inputs.parameter(item.name)
            if declared is not None and "enum" in declared and "enum" not in item:
                yield from one(item, "value", allowed(declared), "warning", declared)


def allowed(item: Parameter) -> list[str]:
    """The values of an `enum`, as text."""
    return [flow.as_text(value) for value in item.sequence("enum") if not isinstance(value, (dict, list))]


def one(
    item: Parameter, key: str, values: list[str], severity: Any, declared: Parameter
) -> Iterator[Finding]:
    """The finding about one value, if it is none of `values`."""
    value = item.get(key)
    if value is None or isinstance(value, (dict, list)) or not values or any("{{" in one for one in values):
        return
    text = flow.as_text(value)
    if "{{" in text or text in values:
        return
    near = suggest(text, values)
    yield Finding(
        item.value_span(key),
        f"`{text}` is not one of the values of `{item.name}`",
        help=did_you_mean(text, values),
        related=[(declared.key_span("enum"), "the values there are")],
        severity=severity,
        fix=replace(item.value_span(key), scalar(near)) if near and not item.is_alias(key) else None,
    )
