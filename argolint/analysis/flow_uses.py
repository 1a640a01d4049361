"""Who reads what: inputs and workflow parameters that some text uses, and outputs that may be absent."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from argolint.analysis.steps import SiblingUse, child, sibling_uses
from argolint.analysis.structure_graph import reachable
from argolint.analysis.variables import uses_in, uses_in_expression
from argolint.context import Context, Scalar, scalars_of
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.model.workflow import Step, Template, WorkflowSpec
from argolint.patterns import lazy


class Reads(NamedTuple):
    """What the texts of an object read. `inputs`: (path of the template, name) of input parameters; a template's path in
    `everything` means that it reads its inputs as a whole. `workflow` are names of workflow parameters, None when all are read at once.
    """

    inputs: set[tuple[str, str]]
    everything: set[str]
    workflow: set[str] | None


_last: list[tuple[Object, Reads]] = []


def reads(obj: Object, ctx: Context) -> Reads:
    """What the texts of a workflow object read, worked out once."""
    if not _last or _last[0][0] is not obj:
        _last[:] = [(obj, _reads(obj, ctx))]
    return _last[0][1]


def _reads(obj: Object, ctx: Context) -> Reads:
    inputs: set[tuple[str, str]] = set()
    everything: set[str] = set()
    names: set[str] = set()
    whole = False
    for template, text, bare in _texts(obj, ctx):
        uses = uses_in_expression(text) if bare else uses_in(text)
        for use in uses:
            if use.path[:2] == ("inputs", "parameters"):
                for owner in _around(template):
                    if len(use.path) < 3:
                        everything.add(owner)
                    else:
                        inputs.add((owner, use.path[2]))
            elif use.path[:2] == ("workflow", "parameters"):
                if len(use.path) < 3 or use.path[2] == "json":
                    whole = True
                names.add(use.path[2] if len(use.path) > 2 else "")
        if "workflow.parameters.{{" in text or "workflow.parameters[" in text:
            whole = True
        if "inputs.parameters.{{" in text or "inputs.parameters[" in text:
            everything.update(_around(template))
    return Reads(inputs, everything, None if whole else names)


def _texts(obj: Object, ctx: Context) -> Iterator[tuple[Template | None, str, bool]]:
    """(template, text, whether it is an expression without braces) of every text that may hold variables."""
    for scalar in scalars_of(obj, ctx.source, {}):
        yield scalar.template, scalar.value, False
    for spec in obj.workflow_specs:
        labels = spec.mapping("workflowMetadata").mapping("labelsFrom")
        for name in labels.map:
            yield None, labels.mapping(name).text("expression"), True
        for hook in spec.hooks:
            yield None, hook.text("expression"), True
        for template in spec.all_templates:
            for parameter in template.outputs.parameters:
                source = parameter.mapping("valueFrom")
                yield template, source.text("expression"), True
                yield template, source.text("parameter"), True
            for artifact in template.outputs.artifacts:
                yield template, artifact.text("fromExpression"), True
            for step in template.children:
                for artifact in step.arguments.artifacts:
                    yield template, artifact.text("fromExpression"), True
                for hook in step.hooks:
                    yield template, hook.text("expression"), True


def _around(template: Template | None) -> Iterator[str]:
    """The paths of a template and those it stands in; "" for the level of the spec, whose texts are filled in for any template."""
    if template is None:
        yield ""
    while template is not None:
        yield template.where
        template = template.step.template if template.step is not None else None


def workflow_reads(obj: Object, template: str, given: Collection[str] = ()) -> set[tuple[str, str]]:
    """What a template of an object, and those that it calls there, read in tags of the workflow and cannot do without.

    Pairs (parameters, labels or annotations; the name). `given` are the inputs that the caller passes: what stands in their
    defaults is not read.
    """
    found: set[tuple[str, str]] = set()
    for spec in obj.workflow_specs:
        called = reachable(spec, [template])
        for one in spec.templates:
            for text in _read_by(one, given, one.name == template) if one.name in called else ():
                for use in uses_in(text):
                    if not use.guarded and not use.in_expr and len(use.path) > 2 and use.root == "workflow":
                        if use.path[1] in _TRAVELLING and use.path[2:] != ("json",):
                            found.add((use.path[1], ".".join(use.path[2:])))
    return found


_TRAVELLING = frozenset({"parameters", "labels", "annotations"})


def _read_by(template: Template, given: Collection[str], is_callee: bool) -> Iterator[str]:
    """The strings of a template, without the defaults of inputs that are passed (or, further down, may be)."""
    for key, value in template.map.items():
        if key != "inputs":
            yield from _strings(value, 0)
    yield from _strings(template.inputs.get("artifacts"), 0)
    for item in template.inputs.parameters if is_callee else ():
        if item.name not in given:
            yield from _strings(item.map, 0)


def _strings(node: Any, depth: int) -> Iterator[str]:
    """The strings with tags below a node."""
    if isinstance(node, str):
        if "{{" in node:
            yield node
    elif isinstance(node, (dict, list)) and depth < 60:
        for value in node.values() if isinstance(node, dict) else node:
            yield from _strings(value, depth + 1)


class AbsentUse(NamedTuple):
    """A text that reads an output of a step that may have been skipped."""

    scalar: Scalar
    found: SiblingUse
    producer: Step
    name: str


def absent_uses(scalar: Scalar, kind: str) -> Iterator[AbsentUse]:
    """The unguarded uses of outputs (`kind` is parameters or artifacts, or result) of siblings with a `when`, where the reader runs all the same."""
    for found in sibling_uses(scalar):
        producer, reader = found.target, found.reader
        if (
            producer is None
            or found.use.guarded
            or found.own_hook
            or (found.use.in_expr and _chooses(scalar.value))
            or not producer.when
            or producer is reader
            or producer.loops
        ):
            continue
        if is_constant(producer.when) or (
            reader is not None and (reader.when or needs_success(reader, producer.name))
        ):
            continue
        rest = found.use.path[2:]
        if len(rest) > 1 and rest[0] == "outputs" and rest[1] == kind:
            yield AbsentUse(scalar, found, producer, rest[2] if len(rest) > 2 else "")


def is_constant(when: str) -> bool:
    """Whether a `when` has no tag in it."""
    return "{{" not in when


_TERNARY = lazy(r"\?(?![?.])[^?]*:")


def _chooses(text: str) -> bool:
    """Whether an expression reads one thing or another by a condition of its own: `a ? b : c`."""
    return _TERNARY.search(text) is not None


_SUCCEEDED = lazy(r"([A-Za-z0-9][-A-Za-z0-9]*)\.Succeeded\b")


def needs_success(reader: Step, producer: str) -> bool:
    """Whether a task only runs when another has succeeded, as far as `depends` of it and of the tasks before it says."""
    todo, seen = [reader], {reader.name}
    while todo:
        task = todo.pop()
        if "||" in task.depends:
            continue
        for name in _SUCCEEDED.findall(task.depends):
            if name == producer:
                return True
            before = child(reader.template, name) if name not in seen else None
            if before is not None:
                seen.add(name)
                todo.append(before)
    return False


def output_default(template: Template, name: str) -> Any:
    """The `valueFrom.default` of an output parameter; None when there is none."""
    parameter = template.outputs.parameter(name)
    return parameter.mapping("valueFrom").get("default") if parameter is not None else None


def looped_calls(spec: WorkflowSpec) -> set[str]:
    """The names of templates that a step with a loop calls."""
    found: set[str] = set()
    for template in spec.all_templates:
        for step in template.children:
            if step.loops and step.target is not None and step.target.local:
                found.add(step.target.local)
    return found


def key_of(artifact: View) -> tuple[View, str] | None:
    """(location, key name) of the object key that an artifact gives itself."""
    for kind, key in (("s3", "key"), ("gcs", "key"), ("oss", "key"), ("azure", "blob"), ("hdfs", "path")):
        location = artifact.mapping(kind)
        if location.text(key):
            return location, key
    return None
