"""What users do to a workflow from outside: stop, terminate, suspend, resume, set outputs.

Pure: each takes a Workflow object and gives a new one; the next `advance` acts on it. `retry` and `resubmit` are in
`executor.engine.rerun`. Errors are UserError. (Upstream: workflow/util/util.go.)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from argolint.errors import UserError
from executor.engine import phases, size
from executor.engine.clock import format_time
from executor.engine.faults import TemplateFault
from executor.engine.outputs import with_globals_of
from executor.engine.types.suspend import with_defaults

Workflow = Mapping[str, Any]
Node = Mapping[str, Any]


def stop(workflow: Workflow, *, now: datetime, selector: str = "", message: str = "") -> dict[str, Any]:
    """End the workflow, exit handlers still run. With a selector, fail the matching suspend nodes instead."""
    if selector:
        return _change_suspended(workflow, selector, now, lambda node: {"phase": phases.FAILED}, message)
    return _with_spec(_unfinished(workflow, "shutdown"), shutdown="Stop")


def terminate(workflow: Workflow) -> dict[str, Any]:
    """End the workflow at once; exit handlers do not run."""
    return _with_spec(_unfinished(workflow, "shutdown"), shutdown="Terminate")


def suspend(workflow: Workflow) -> dict[str, Any]:
    """Start nothing new until resumed; what runs goes on."""
    if (workflow.get("spec") or {}).get("suspend") is True:
        raise UserError("the workflow is already suspended", "resume it first")
    return _with_spec(_unfinished(workflow, "suspend"), suspend=True)


def resume(workflow: Workflow, *, now: datetime, selector: str = "", by: str = "") -> dict[str, Any]:
    """Lift a suspension, and let every active suspend node succeed; with a selector only the matching ones.

    Supplied outputs that nobody set get their default; UserError if one has none. `by` names who did it.
    """
    message = f"Resumed by: {by}" if by else ""
    if selector:
        return _change_suspended(workflow, selector, now, lambda node: {"phase": phases.SUCCEEDED}, message)
    _unfinished(workflow, "resume")
    spec = {k: v for k, v in (workflow.get("spec") or {}).items() if k != "suspend"}
    resumed = {**workflow, "spec": spec}
    return _change_nodes(resumed, _is_suspended, now, _succeed, message)


def set_outputs(
    workflow: Workflow,
    selector: str,
    *,
    now: datetime,
    parameters: Mapping[str, str] | None = None,
    phase: str = "",
    message: str = "",
) -> dict[str, Any]:
    """Set supplied output parameters, the message or the phase of the suspend nodes that match."""

    def change(node: Node) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if parameters:
            fields["outputs"] = _supply(node, parameters)
        if phase:
            if phase not in phases.PHASES:
                raise UserError(
                    f"{phase} is not a node phase", f"use one of {', '.join(sorted(phases.PHASES))}"
                )
            fields["phase"] = phase
        return fields

    return _change_suspended(workflow, selector, now, change, message)


def matches(node: Node, selector: str) -> bool:
    """Whether a node-field-selector (`displayName=x,phase!=Failed`) holds of a node. UserError if it cannot be read."""
    for part in filter(None, (p.strip() for p in selector.split(","))):
        for operator in ("!=", "==", "="):
            if operator in part:
                field, wanted = part.split(operator, 1)
                break
        else:
            raise UserError(
                f"node field selector {part!r} has no operator", "write field=value or field!=value"
            )
        if (_field(node, field.strip()) == wanted.strip()) == (operator == "!="):
            return False
    return True


def _field(node: Node, field: str) -> str:
    if field in ("displayName", "templateName", "phase", "name", "id"):
        return str(node.get(field) or "")
    if field.startswith("templateRef."):
        return str((node.get("templateRef") or {}).get(field.removeprefix("templateRef.")) or "")
    parts = field.split(".")
    if len(parts) >= 3 and parts[:2] == ["inputs", "parameters"]:
        name = ".".join(parts[2:]).removesuffix(".value")
        for parameter in (node.get("inputs") or {}).get("parameters") or ():
            if parameter.get("name") == name:
                return str(parameter.get("value"))
        return ""
    raise UserError(
        f"node field selector {field!r} is not known",
        "use displayName, templateName, templateRef.name, templateRef.template, phase, name, id or inputs.parameters.NAME.value",
    )


def _unfinished(workflow: Workflow, verb: str) -> Workflow:
    if phases.workflow_completed(workflow):
        metadata = workflow.get("metadata") or {}
        name, namespace = json.dumps(metadata.get("name")), json.dumps(metadata.get("namespace") or "")
        raise UserError(
            f"cannot {verb} a completed workflow: workflow: {name}, namespace: {namespace}",
            "retry or resubmit it",
        )
    return workflow


def _with_spec(workflow: Workflow, **fields: Any) -> dict[str, Any]:
    return {**workflow, "spec": {**(workflow.get("spec") or {}), **fields}}


def _is_suspended(node: Node) -> bool:
    return node.get("type") == "Suspend" and node.get("phase") == phases.RUNNING


def _succeed(node: Node) -> dict[str, Any]:
    try:
        outputs = with_defaults(node)
    except TemplateFault as fault:
        raise UserError(
            f"{node.get('name')}: {fault}", "set it with `argorun node set`, or give it a default"
        ) from None
    return {"phase": phases.SUCCEEDED, **({"outputs": outputs} if outputs else {})}


def _supply(node: Node, parameters: Mapping[str, str]) -> dict[str, Any]:
    outputs = dict(node.get("outputs") or {})
    if not outputs.get("parameters"):
        raise UserError(
            "cannot set output parameters because node is not expecting any raw parameters",
            f"declare outputs of {node.get('name')} with valueFrom: {{supplied: {{}}}}",
        )
    left = dict(parameters)
    renewed = []
    for parameter in outputs.get("parameters") or ():
        name = str(parameter.get("name"))
        if name in left:
            if "supplied" not in (parameter.get("valueFrom") or {}):
                raise UserError(
                    f"output parameter {name} of {node.get('name')} is not supplied from outside or already set"
                )
            parameter = {**{k: v for k, v in parameter.items() if k != "valueFrom"}, "value": left.pop(name)}
        renewed.append(parameter)
    if left:
        wrong = sorted(left)[0]
        raise UserError(
            f"node is not expecting output parameter '{wrong}'", _expected(node, outputs["parameters"])
        )
    outputs["parameters"] = renewed
    return outputs


def _expected(node: Node, parameters: Sequence[Mapping[str, Any]]) -> str:
    return f"{node.get('name')} has {', '.join(str(p.get('name')) for p in parameters)}"


def _change_suspended(
    workflow: Workflow,
    selector: str,
    now: datetime,
    change: Callable[[Node], Mapping[str, Any]],
    message: str,
) -> dict[str, Any]:
    _unfinished(workflow, "change a node of")

    def chosen(node: Node) -> bool:
        return _is_suspended(node) and matches(node, selector)

    return _change_nodes(workflow, chosen, now, change, message, must=selector)


def _change_nodes(
    workflow: Workflow,
    chosen: Callable[[Node], bool],
    now: datetime,
    change: Callable[[Node], Mapping[str, Any]],
    message: str,
    *,
    must: str = "",
) -> dict[str, Any]:
    hydrated = size.hydrate(workflow)
    status = dict(hydrated.get("status") or {})
    nodes = dict(status.get("nodes") or {})
    found = False
    for identity, node in nodes.items():
        if not chosen(node):
            continue
        found = True
        renewed = {**node, **change(node)}
        if message:
            renewed["message"] = (
                f"{node['message']}; {message}"
                if node.get("message") and message.startswith("Resumed")
                else message
            )
        if renewed.get("phase") in phases.COMPLETED or renewed.get("phase") in phases.PASSED_OVER:
            renewed["finishedAt"] = format_time(now)
        nodes[identity] = renewed
        globals_ = with_globals_of(status.get("outputs") or {}, renewed.get("outputs") or {})
        if globals_:
            status["outputs"] = globals_
    if must and not found:
        raise UserError(
            f"currently, set only targets suspend nodes: no suspend nodes matching nodeFieldSelector: {must}",
            "see the tree for the nodes that wait",
        )
    if found:
        status["nodes"] = nodes
        return {**hydrated, "status": status}
    return dict(workflow)
