"""The global variables: `workflow.*` (upstream: operator.go setGlobalParameters)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from executor.engine import gojson, rules
from executor.engine.clock import format_time, parse_time
from executor.engine.faults import WorkflowFault
from executor.engine.run import Run
from executor.engine.substitute import to_json

SCHEDULED_TIME = "workflows.argoproj.io/scheduled-time"
_FORMATS = "aAbBcdHIjmMpSUwxXyYzZ"


def scalar_text(value: Any) -> str:
    """A parameter's value as the text that is inserted: JSON for maps and lists, no exponent, true/false."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, float):
        return gojson.format_plain(value)
    if isinstance(value, int):
        return str(value)
    return to_json(value)


def static_globals(run: Run) -> dict[str, Any]:
    """The variables that do not change while a workflow runs (labels and annotations excepted)."""
    spec, metadata = run.spec, run.metadata
    env: dict[str, Any] = {
        "workflow.name": run.name,
        "workflow.namespace": run.namespace,
        "workflow.serviceAccountName": str(spec.get("serviceAccountName") or ""),
        "workflow.uid": run.uid,
    }
    if rules.has_main_entrypoint(run):
        env["workflow.mainEntrypoint"] = str(spec.get("entrypoint") or "")
    if spec.get("priority") is not None:
        env["workflow.priority"] = scalar_text(spec["priority"])
    created = parse_time(metadata.get("creationTimestamp")) or run.now
    env.update(_creation(created))
    if SCHEDULED_TIME in run.annotations:
        env["workflow.scheduledTime"] = run.annotations[SCHEDULED_TIME]
    _parameters(run, env)
    _label_globals(run, env)
    return env


def _creation(created: datetime) -> dict[str, str]:
    created = created.astimezone(UTC)
    key = "workflow.creationTimestamp"
    env = {
        key: format_time(created),
        f"{key}.s": str(int(created.timestamp())),
        f"{key}.RFC3339": format_time(created),
    }
    for letter in _FORMATS:
        env.setdefault(f"{key}.{letter}", created.strftime(f"%{letter}"))
    return env


def _parameters(run: Run, env: dict[str, Any]) -> None:
    arguments = run.spec.get("arguments") or {}
    listed = []
    for parameter in arguments.get("parameters") or ():
        name = parameter.get("name")
        value = parameter.get("value")
        source = parameter.get("valueFrom") or {}
        if value is None and source.get("configMapKeyRef"):
            try:
                value = config_map_value(run, source["configMapKeyRef"])
            except WorkflowFault as error:
                if source.get("default") is None:
                    raise WorkflowFault(f"failed to set global parameters: {error}", "Failed") from None
                value = source["default"]
        if value is None:
            value = parameter.get("default")
        if value is None:
            if source.get("supplied") is not None or source.get("default") is not None:
                value = source.get("default", "")
            else:
                continue
        text = scalar_text(value)
        env[f"workflow.parameters.{name}"] = text
        listed.append({"name": name, "value": text})
    env["workflow.parameters"] = env["workflow.parameters.json"] = gojson.marshal(listed)


def _label_globals(run: Run, env: dict[str, Any]) -> None:
    for kind, values in (("labels", run.labels), ("annotations", run.annotations)):
        for name, value in values.items():
            env[f"workflow.{kind}.{name}"] = str(value)
        text = gojson.marshal({k: str(v) for k, v in sorted(values.items())})
        env[f"workflow.{kind}"] = env[f"workflow.{kind}.json"] = text


def config_map_value(run: Run, reference: Mapping[str, Any]) -> str:
    """The value of a `configMapKeyRef`; WorkflowFault if there is none."""
    name, key = str(reference.get("name") or ""), str(reference.get("key") or "")
    found = run.context.config_maps.get((run.namespace, name))
    if found is None:
        raise WorkflowFault(f'configmap "{name}" not found')
    labels = (found.get("metadata") or {}).get("labels") or {}
    if labels.get("workflows.argoproj.io/configmap-type") != "Parameter":
        raise WorkflowFault(
            f'ConfigMap \'{name}\' needs to have the label "workflows.argoproj.io/configmap-type": "Parameter" to load parameters'
        )
    data = found.get("data") or {}
    if key not in data:
        raise WorkflowFault(f"ConfigMap '{name}' does not have the key '{key}'")
    return str(data[key])


def refresh_globals(run: Run) -> None:
    """Set `run.globals` from the static part, global outputs, and the pass's status and duration."""
    memory = run.memory
    inputs = (run.spec.get("arguments"), run.labels, run.annotations, run.status.get("outputs"))
    if memory.static_globals is None or memory.inputs != inputs:
        env = static_globals(run)
        add_output_globals(env, run.status.get("outputs") or {})
        memory.static_globals, memory.inputs = env, inputs
        memory.globals_version += 1
        memory.idle.clear()
    run.globals = dict(memory.static_globals)
    run.globals["workflow.status"] = run.phase or "Running"
    started = parse_time(run.status.get("startedAt"))
    run.globals["workflow.duration"] = f"{(run.now - started).total_seconds() if started else 0.0:.6f}"


def add_output_globals(env: dict[str, Any], outputs: Mapping[str, Any]) -> None:
    """`workflow.outputs.*` of the workflow's global outputs."""
    for parameter in outputs.get("parameters") or ():
        if parameter.get("value") is not None:
            env[f"workflow.outputs.parameters.{parameter['name']}"] = scalar_text(parameter["value"])


def substitution_globals(run: Run) -> Mapping[str, Any]:
    """The variables for a substitution made in this pass."""
    return run.globals


def with_globals(run: Run, *more: Mapping[str, Any]) -> dict[str, Any]:
    """The globals and more specific variables, the latter winning."""
    env = dict(run.globals)
    for extra in more:
        env.update(extra)
    return env
