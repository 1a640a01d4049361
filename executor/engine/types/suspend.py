"""suspend templates (upstream: operator.go executeSuspend)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from executor.engine import phases
from executor.engine.clock import later, parse_duration, parse_time
from executor.engine.create import new_node
from executor.engine.faults import TemplateFault
from executor.engine.outputs import add_globals
from executor.engine.run import Node, Run
from executor.engine.types import Call


def execute(run: Run, call: Call) -> Node:
    """Wait until somebody resumes the node or its duration is over."""
    identity = run.id_of(call.name)
    node = run.nodes.get(identity)
    if node is None:
        node = new_node(
            run, call.name, "Suspend", phases.PENDING, holder=call.holder, base=call.base, boundary=call.boundary,
            flag=call.flag, inputs=_with_enums(call.inputs),
        )  # fmt: skip
        outputs = _supplied_outputs(call.template)
        if outputs:
            run.put(identity, outputs=outputs)
    if phases.fulfilled(node):
        return node
    node = run.mark(identity, phases.RUNNING)
    duration = (call.template.get("suspend") or {}).get("duration")
    if duration in (None, ""):
        return node
    try:
        seconds = parse_duration(duration)
    except ValueError as error:
        raise TemplateFault(str(error)) from None
    until = later(parse_time(node.get("startedAt")) or run.now, seconds)
    if run.now < until:
        run.wake(until)
        run.restless = True
        return node
    outputs = with_defaults(node)
    run.put(identity, outputs=outputs or None)
    add_globals(run, outputs)
    return run.mark(identity, phases.SUCCEEDED)


def with_defaults(node: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs of a suspend node with defaults for what nobody supplied. TemplateFault if one has none."""
    outputs = dict(node.get("outputs") or {})
    parameters = []
    for parameter in outputs.get("parameters") or ():
        source = parameter.get("valueFrom") or {}
        if parameter.get("value") is None and "supplied" in source:
            default = source.get("default", parameter.get("default"))
            if default is None:
                raise TemplateFault(
                    f"raw output parameter '{parameter.get('name')}' has not been set and does not have a default value"
                )
            parameter = {k: v for k, v in parameter.items() if k != "valueFrom"}
            parameter["value"] = default
        parameters.append(parameter)
    if parameters:
        outputs["parameters"] = parameters
    return outputs


def _supplied_outputs(template: Mapping[str, Any]) -> dict[str, Any]:
    declared = (template.get("outputs") or {}).get("parameters") or ()
    inputs = {p.get("name"): p for p in (template.get("inputs") or {}).get("parameters") or ()}
    parameters = []
    for parameter in declared:
        source = dict(parameter.get("valueFrom") or {})
        if "supplied" in source and source.get("default") is None:
            default = (inputs.get(parameter.get("name")) or {}).get("default")
            if default is not None:
                source["default"] = default
        parameters.append({**parameter, "valueFrom": source} if source else dict(parameter))
    return {"parameters": parameters} if parameters else {}


def _with_enums(inputs: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """An input whose value is a JSON object with an `enum` offers that list to the person who resumes."""
    if not inputs or not inputs.get("parameters"):
        return inputs
    parameters = []
    for parameter in inputs["parameters"]:
        try:
            value = json.loads(str(parameter.get("value")))
        except ValueError:
            value = None
        if isinstance(value, dict) and isinstance(value.get("enum"), list):
            parameter = {**parameter, "enum": value["enum"]}
            if value.get("default") is not None:
                parameter["default"] = value["default"]
        parameters.append(parameter)
    return {**inputs, "parameters": parameters}
