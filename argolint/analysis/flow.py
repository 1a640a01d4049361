"""What a step calls: the callee's signature, in the same spec or in another file, and what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from argolint.model.view import Span, View
from argolint.model.workflow import Parameter, Ports, Reference, Step, Template, WorkflowSpec
from argolint.project.facts import ObjectFact, PortFact, TemplateFact
from argolint.project.index import Index, is_literal
from argolint.yaml.nodes import Map

# Template types whose outputs have a `result`, with the exit code beside it.
RESULT_TYPES = frozenset({"container", "containerSet", "script", "http", "data", "plugin"})
LOCATIONS = (
    "artifactory", "azure", "gcs", "git", "hdfs", "http", "oss", "plugin", "raw", "s3",
)  # fmt: skip


class Callee(NamedTuple):
    """A template as its caller sees it. Ports are by name; `path` is the file it stands in, "" for the same one.

    `has_result`: it gives `outputs.result`; `daemon`: it may be a daemon; `template` is the view of it when it is in the same spec.
    """

    label: str
    type: str
    inputs: dict[str, PortFact]
    artifacts: dict[str, PortFact]
    outputs: dict[str, PortFact]
    output_artifacts: dict[str, PortFact]
    has_result: bool
    daemon: bool
    path: str
    template: Template | None


_last: list[tuple[WorkflowSpec, dict[int, Callee]]] = []


def callee_of(step: Step, index: Index | None, namespace: str = "") -> Callee | None:
    """What a step or task runs; None when that is not known: it is elsewhere, has a tag for a name, or does not exist."""
    inline = step.inline
    if inline is not None:
        return signature(inline)
    target = step.target
    return target_of(target, step.template.spec, index, namespace) if target is not None else None


def target_of(ref: Reference, spec: WorkflowSpec, index: Index | None, namespace: str = "") -> Callee | None:
    """What a reference names, as `callee_of`."""
    if ref.local:
        found = spec.template_named(ref.local) if is_literal(ref.local) else None
        return signature(found) if found is not None else None
    if index is None or not is_literal(ref.object_name) or not is_literal(ref.template_name):
        return None
    there = index.template(ref, namespace)
    return _from_fact(*there) if there is not None else None


def signature(template: Template) -> Callee:
    """The signature of a template at hand, `templateDefaults` of its spec merged in."""
    spec = template.spec
    if not _last or _last[0][0] is not spec:
        _last[:] = [(spec, {})]
    known = _last[0][1]
    found = known.get(id(template.map))
    if found is None:
        found = known[id(template.map)] = _signature(template)
    return found


def _signature(template: Template) -> Callee:
    defaults = template.spec.template_defaults
    inputs, outputs = template.inputs, template.outputs
    parameters = {item.name: _parameter(item) for item in inputs.parameters if item.name}
    artifacts = {item.name: _artifact(item) for item in inputs.artifacts if item.name}
    out = {item.name: _parameter(item) for item in outputs.parameters if item.name}
    out_artifacts = {item.name: _artifact(item) for item in outputs.artifacts if item.name}
    if defaults is not None:
        _merge(parameters, (_parameter(item) for item in defaults.inputs.parameters))
        _merge(artifacts, (_artifact(item) for item in defaults.inputs.artifacts))
        _merge(out, (_parameter(item) for item in defaults.outputs.parameters))
        _merge(out_artifacts, (_artifact(item) for item in defaults.outputs.artifacts))
    kind = template.type
    result = kind in RESULT_TYPES
    if kind == "containerSet":
        result = any(one.text("name") == "main" for one in template.body.items("containers"))
    return Callee(
        template.label, kind, parameters, artifacts, out, out_artifacts, result, template.get("daemon") not in (None, False),
        "", template,
    )  # fmt: skip


def _merge(own: dict[str, PortFact], defaults: Iterable[PortFact]) -> None:
    for port in defaults:
        if not port.name:
            continue
        mine = own.setdefault(port.name, port)
        if mine.required and not port.required:
            own[port.name] = mine._replace(required=False, value=port.value)


def _parameter(item: Parameter) -> PortFact:
    span = item.name_span
    value = item.get("value", item.get("default"))
    constant = None if value is None or isinstance(value, (dict, list)) else as_text(value)
    return PortFact(item.name, not item.has_value, constant, span.start, span.end)


def _artifact(item: Parameter) -> PortFact:
    span = item.name_span
    required = item.get("optional") is not True and not has_location(item)
    return PortFact(item.name, required, None, span.start, span.end)


def _from_fact(owner: ObjectFact, fact: TemplateFact) -> Callee:
    return Callee(
        f"template `{fact.name}` of {owner.kind} `{owner.name}`",
        fact.type,
        {port.name: port for port in fact.inputs},
        {port.name: port for port in fact.input_artifacts},
        {port.name: port for port in fact.outputs},
        {port.name: port for port in fact.output_artifacts},
        fact.has_result or fact.type == "plugin",
        True,
        owner.path,
        None,
    )


def as_text(value: Any) -> str:
    """A scalar as Argo turns it into a parameter's string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def has_location(artifact: View) -> bool:
    """Whether an artifact says by itself where its content is."""
    return any(isinstance(artifact.get(key), Map) for key in LOCATIONS)


class Call(NamedTuple):
    """A call with its arguments. `at` is where the callee is named, `what` how to speak of the caller."""

    callee: Callee
    arguments: Ports
    at: Span
    what: str
    step: Step | None
    how: str


_last_calls: list[tuple[WorkflowSpec, Index | None, str, list[Call]]] = []


def calls(spec: WorkflowSpec, index: Index | None, namespace: str = "") -> list[Call]:
    """The calls of steps, tasks and hooks whose callee is known. The entrypoint and `spec.onExit` are not among them."""
    for seen, used, where, known in _last_calls:
        if seen is spec and used is index and where == namespace:
            return known
    if _last_calls and _last_calls[0][0] is not spec:
        _last_calls.clear()
    del _last_calls[:-1]
    found = list(_calls(spec, index, namespace))
    _last_calls.append((spec, index, namespace, found))
    return found


def _calls(spec: WorkflowSpec, index: Index | None, namespace: str) -> Iterator[Call]:
    for ref in spec.references():
        if ref.how not in ("template", "templateRef", "hook"):
            continue
        callee = target_of(ref, spec, index, namespace)
        if callee is not None:
            what = ref.step.label if ref.how != "hook" and ref.step is not None else "the hook"
            arguments = Ports(ref.get("arguments"), ref.path_of("arguments"))
            at = ref.name_span if ref.local else ref.template_span
            yield Call(callee, arguments, at, what, ref.step, ref.how)
    for template in spec.all_templates:
        for step in template.children:
            inline = step.inline
            if inline is not None and step.target is None:
                at = step.key_span("inline")
                yield Call(signature(inline), step.arguments, at, step.label, step, "inline")


def merged_arguments(
    spec: WorkflowSpec, index: Index | None, namespace: str = ""
) -> dict[str, str | None] | None:
    """Name -> constant value of the workflow's parameters, those of the object that `workflowTemplateRef` names included.

    None when that object is not known.
    """
    found: dict[str, str | None] = {}
    ref = spec.workflow_template_ref
    if ref is not None:
        owners = index.referred(ref, namespace) if index is not None else []
        if not owners:
            return None
        for owner in owners:
            for port in owner.data.get("arguments", ()):
                found[port[0]] = port[2]
    for item in spec.arguments.parameters:
        if item.name:
            found[item.name] = _parameter(item).value
    return found
