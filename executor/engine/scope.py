"""What steps and tasks may refer to: `steps.N.*`, `tasks.N.*` (upstream: scope.go, operator.go buildLocalScope)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from executor.engine import gojson, names, phases, rules
from executor.engine.faults import TemplateFault
from executor.engine.inputs import LOCATIONS, location_key
from executor.engine.resolve import Base, resolve
from executor.engine.run import Node, Run
from executor.engine.substitute import evaluate, substitute
from executor.engine.variables import scalar_text, with_globals

_PURE = re.compile(r"^\{\{([^{}=][^{}]*)\}\}$")


class Scope:
    """Variables by name (None: an output without a value) and artifacts by name."""

    __slots__ = ("artifacts", "variables")

    def __init__(self) -> None:
        self.variables: dict[str, Any] = {}
        self.artifacts: dict[str, Mapping[str, Any]] = {}

    def copy(self) -> Scope:
        """An independent scope with the same content."""
        other = Scope()
        other.variables.update(self.variables)
        other.artifacts.update(self.artifacts)
        return other


def new_scope(template: Mapping[str, Any], run: Run) -> Scope:
    """The scope at the start of a steps or dag template: its inputs and the workflow's outputs (upstream: createScope)."""
    scope = Scope()
    inputs = template.get("inputs") or {}
    for parameter in inputs.get("parameters") or ():
        scope.variables[f"inputs.parameters.{parameter.get('name')}"] = parameter.get("value")
    for artifact in inputs.get("artifacts") or ():
        scope.artifacts[f"inputs.artifacts.{artifact.get('name')}"] = artifact
    for artifact in (run.status.get("outputs") or {}).get("artifacts") or ():
        scope.artifacts[f"workflow.outputs.artifacts.{artifact.get('name')}"] = artifact
    for artifact in (run.spec.get("arguments") or {}).get("artifacts") or ():
        scope.artifacts.setdefault(f"workflow.artifacts.{artifact.get('name')}", artifact)
    return scope


def last_attempt(run: Run, node: Mapping[str, Any]) -> Node | None:
    """The last attempt of a Retry node; hooks among its children do not count."""
    for identity in reversed(node.get("children") or ()):
        child = run.nodes.get(identity)
        if child is not None and not is_hook(child):
            return child
    return None


def is_hook(node: Mapping[str, Any]) -> bool:
    """Whether the node is a lifecycle hook or exit handler."""
    return bool((node.get("nodeFlag") or {}).get("hooked"))


def add_node(run: Run, scope: Scope, prefix: str, node: Mapping[str, Any], base: Base) -> None:
    """Put what is known of a step or task into the scope, under `steps.N` or `tasks.N`."""
    origin = node
    if node.get("type") == "Retry":
        node = last_attempt(run, node) or node
    variables = scope.variables
    variables[f"{prefix}.id"] = node["id"]
    for field in ("startedAt", "finishedAt"):
        if node.get(field):
            variables[f"{prefix}.{field}"] = node[field]
    if node.get("podIP"):
        variables[f"{prefix}.ip"] = node["podIP"]
    if node.get("phase"):
        variables[f"{prefix}.status"] = node["phase"]
    if node.get("hostNodeName"):
        variables[f"{prefix}.hostNodeName"] = node["hostNodeName"]
    if origin.get("phase") in phases.PASSED_OVER and rules.absent_outputs_resolve(run):
        _absent_outputs(run, scope, prefix, origin, base)
    outputs = node.get("outputs") or origin.get("outputs") or {}
    add_outputs(scope, prefix, outputs)


def add_outputs(scope: Scope, prefix: str, outputs: Mapping[str, Any]) -> None:
    """Put a node's outputs into the scope."""
    variables = scope.variables
    if outputs.get("result") is not None:
        variables[f"{prefix}.outputs.result"] = scalar_text(outputs["result"])
    if outputs.get("exitCode") is not None:
        variables[f"{prefix}.exitCode"] = str(outputs["exitCode"])
    for parameter in outputs.get("parameters") or ():
        if parameter.get("value") is not None:
            variables[f"{prefix}.outputs.parameters.{parameter['name']}"] = scalar_text(parameter["value"])
    for artifact in outputs.get("artifacts") or ():
        scope.artifacts[f"{prefix}.outputs.artifacts.{artifact['name']}"] = artifact


def _absent_outputs(run: Run, scope: Scope, prefix: str, node: Mapping[str, Any], base: Base) -> None:
    """A skipped step's declared outputs: their default, or a null that may not be inserted."""
    holder = {"template": node.get("templateName"), "templateRef": node.get("templateRef")}
    try:
        template = resolve(run, base, holder).template
    except TemplateFault:
        return
    outputs = template.get("outputs") or {}
    for parameter in outputs.get("parameters") or ():
        default = (parameter.get("valueFrom") or {}).get("default")
        key = f"{prefix}.outputs.parameters.{parameter.get('name')}"
        scope.variables[key] = None if default is None else scalar_text(default)
    if prefix.startswith("steps."):
        for artifact in outputs.get("artifacts") or ():
            key = f"{prefix}.outputs.artifacts.{artifact.get('name')}"
            scope.artifacts[key] = {"name": artifact.get("name")}


def add_aggregate(scope: Scope, prefix: str, children: Iterable[Mapping[str, Any]]) -> None:
    """The outputs of a loop as JSON lists, in the order of the items; only what succeeded counts.

    TemplateFault if a result is not JSON.
    """
    succeeded = [
        child
        for child in children
        if child.get("phase") == phases.SUCCEEDED
        and not is_hook(child)
        and not (child.get("nodeFlag") or {}).get("retried")
    ]
    succeeded.sort(key=lambda child: names.item_index(child["name"]))
    results: list[str] = []
    maps: list[dict[str, str]] = []
    by_name: dict[str, list[str]] = {}
    for child in succeeded:
        outputs = child.get("outputs") or {}
        if outputs.get("parameters"):
            values = {p["name"]: scalar_text(p.get("value")) for p in outputs["parameters"]}
            maps.append(values)
            for name, value in values.items():
                by_name.setdefault(name, []).append(value)
        if outputs.get("result") is not None:
            results.append(_json_result(str(outputs["result"])))
    variables = scope.variables
    variables[f"{prefix}.outputs.result"] = f"[{','.join(results)}]"
    variables[f"{prefix}.outputs.parameters"] = gojson.marshal([dict(sorted(m.items())) for m in maps])
    for name, values_of in by_name.items():
        variables[f"{prefix}.outputs.parameters.{name}"] = _joined(values_of)


def _json_result(text: str) -> str:
    try:
        gojson.decode(text)
    except ValueError:
        raise TemplateFault(
            f"output result of a loop must be JSON to be aggregated, but it is {text[:60]!r}"
        ) from None
    return gojson.compact(text)


def _joined(values: list[str]) -> str:
    """The values as a JSON list: of strings, unless every one of them is itself a JSON list or object."""
    parsed = []
    for value in values:
        try:
            item = gojson.decode(value)
        except ValueError:
            return gojson.marshal(values)
        if not isinstance(item, (list, dict)):
            return gojson.marshal(values)
        parsed.append(item)
    return gojson.marshal_any(parsed)


def drop_absent(arguments: Mapping[str, Any], scope: Scope) -> Mapping[str, Any]:
    """Arguments without those whose value is nothing but a reference to an output that has no value."""
    parameters = arguments.get("parameters")
    if not parameters:
        return arguments
    kept = []
    for parameter in parameters:
        value = parameter.get("value")
        found = _PURE.match(value) if isinstance(value, str) else None
        name = found.group(1).strip() if found else ""
        if name and name in scope.variables and scope.variables[name] is None:
            rest = {k: v for k, v in parameter.items() if k != "value"}
            kept.append(rest)
        else:
            kept.append(parameter)
    return {**arguments, "parameters": kept}


def resolve_artifacts(run: Run, arguments: Mapping[str, Any], scope: Scope) -> Mapping[str, Any]:
    """Arguments whose artifacts' `from` and `fromExpression` are replaced by the artifacts they mean."""
    artifacts = arguments.get("artifacts")
    if not artifacts:
        return arguments
    resolved = []
    for artifact in artifacts:
        if not artifact.get("from") and not artifact.get("fromExpression"):
            resolved.append(artifact)
            continue
        try:
            found = resolve_artifact(run, artifact, scope)
        except TemplateFault as error:
            if artifact.get("optional"):
                continue
            raise TemplateFault(f"unable to resolve references: {error}") from None
        resolved.append({**found, "name": artifact.get("name")})
    return {**arguments, "artifacts": resolved}


def resolve_artifact(run: Run, artifact: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The artifact that `from` or `fromExpression` means, with `subPath` joined to its key."""
    if artifact.get("from"):
        reference = str(artifact["from"]).strip()
        pure = _PURE.match(reference)
        name = pure.group(1).strip() if pure else reference
        found = scope.artifacts.get(name)
        if found is None:
            raise TemplateFault(f"Unable to resolve: {{{{{name}}}}}")
    else:
        env: dict[str, Any] = with_globals(run, scope.variables, scope.artifacts)
        value = evaluate(str(artifact["fromExpression"]), env)
        if not isinstance(value, Mapping):
            raise TemplateFault(f"fromExpression did not give an artifact: {artifact['fromExpression']}")
        found = value
    result = dict(found)
    sub_path = artifact.get("subPath")
    if sub_path:
        sub_path = substitute(str(sub_path), with_globals(run, scope.variables))
        key = location_key(result)
        if key is None:
            raise TemplateFault(f"artifact {artifact.get('name')} has no key to join its subPath to")
        kind, field, present = key
        result[kind] = {**result[kind], field: f"{present.rstrip('/')}/{sub_path.lstrip('/')}"}
    return result


def is_empty(artifact: Mapping[str, Any]) -> bool:
    """Whether an artifact says nothing about where it is."""
    return not any(kind in artifact for kind in LOCATIONS)
