"""A template with its arguments put in (upstream: workflow/common/util.go ProcessArgs)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine import gojson
from executor.engine.faults import TemplateFault, WorkflowFault
from executor.engine.run import Run
from executor.engine.substitute import substitute
from executor.engine.variables import config_map_value, scalar_text, with_globals

LOCATIONS = ("artifactory", "azure", "git", "gcs", "hdfs", "http", "oss", "raw", "s3", "plugin")
_PARAMETER_FIELDS = ("name", "default", "value", "valueFrom", "globalName", "enum", "description")
_KEYS = {"s3": "key", "gcs": "key", "oss": "key", "azure": "blob", "hdfs": "path", "plugin": "key"}


def process_inputs(
    run: Run, template: Mapping[str, Any], arguments: Mapping[str, Any], local: Mapping[str, str]
) -> dict[str, Any]:
    """The template with its inputs set from `arguments` and its tags replaced as far as they are known.

    `local` are variables of this node alone (`pod.name`, `node.name`, `steps.name`). TemplateFault if an input
    is missing.
    """
    processed = dict(template)
    declared = template.get("inputs") or {}
    inputs: dict[str, Any] = {}
    if declared.get("parameters"):
        inputs["parameters"] = [_parameter(run, p, arguments) for p in declared["parameters"]]
    if declared.get("artifacts"):
        inputs["artifacts"] = [_artifact(a, arguments) for a in declared["artifacts"]]
    if inputs:
        processed["inputs"] = inputs
    processed = substitute(processed, with_globals(run, local))
    inputs = processed.get("inputs") or {}
    env = with_globals(run, local, input_variables(inputs), _path_variables(processed))
    # Values are final here: a tag inside a value is data, and stays.
    body = {name: part for name, part in processed.items() if name != "inputs"}
    result: dict[str, Any] = dict(substitute(body, env))
    if "inputs" in processed:
        result["inputs"] = {**inputs}
        if inputs.get("artifacts"):
            result["inputs"]["artifacts"] = substitute(inputs["artifacts"], env)
    return result


def input_variables(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """`inputs.*` of a template whose inputs are set."""
    env: dict[str, Any] = {}
    parameters = inputs.get("parameters") or []
    for parameter in parameters:
        if parameter.get("value") is not None:
            env[f"inputs.parameters.{parameter['name']}"] = scalar_text(parameter["value"])
    env["inputs.parameters"] = gojson.marshal([_as_go(p) for p in parameters])
    for artifact in inputs.get("artifacts") or ():
        if artifact.get("path"):
            env[f"inputs.artifacts.{artifact['name']}.path"] = str(artifact["path"])
    return env


def _as_go(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter with its fields in the order of upstream's type, its values as text."""
    texts = {k: scalar_text(parameter[k]) for k in ("default", "value") if parameter.get(k) is not None}
    whole = {**parameter, **texts}
    return {field: whole[field] for field in _PARAMETER_FIELDS if whole.get(field) is not None}


def _path_variables(template: Mapping[str, Any]) -> dict[str, str]:
    outputs = template.get("outputs") or {}
    env: dict[str, str] = {}
    for artifact in outputs.get("artifacts") or ():
        if artifact.get("path"):
            env[f"outputs.artifacts.{artifact.get('name')}.path"] = str(artifact["path"])
    for parameter in outputs.get("parameters") or ():
        path = (parameter.get("valueFrom") or {}).get("path")
        if path:
            env[f"outputs.parameters.{parameter.get('name')}.path"] = str(path)
    return env


def named(items: Any, name: Any) -> Mapping[str, Any] | None:
    """The item of a list of named things, or None."""
    for item in items or ():
        if item.get("name") == name:
            return item  # type: ignore[no-any-return]
    return None


def _parameter(run: Run, declared: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    name = declared.get("name")
    parameter = dict(declared)
    if parameter.get("value") is None and parameter.get("default") is not None:
        parameter["value"] = parameter["default"]
    given = named(arguments.get("parameters"), name)
    if given is not None:
        if given.get("value") is not None:
            parameter["value"] = given["value"]
            parameter.pop("valueFrom", None)
        elif given.get("valueFrom") is not None:
            parameter["valueFrom"] = given["valueFrom"]
            parameter.pop("value", None)
    source = parameter.get("valueFrom") or {}
    if source.get("configMapKeyRef"):
        reference = substitute(source["configMapKeyRef"], run.globals)
        try:
            parameter["value"] = config_map_value(run, reference)
        except WorkflowFault as error:
            if source.get("default") is None:
                raise TemplateFault(
                    f"unable to retrieve inputs.parameters.{name} from ConfigMap: {error}"
                ) from None
            parameter["value"] = source["default"]
    if parameter.get("value") is None:
        if "supplied" in source:
            return parameter
        raise TemplateFault(f"inputs.parameters.{name} was not supplied")
    parameter["value"] = scalar_text(parameter["value"])
    return parameter


def has_location(artifact: Mapping[str, Any]) -> bool:
    """Whether an artifact says where it is (a key within the repository is enough)."""
    for kind in LOCATIONS:
        location = artifact.get(kind)
        if location is not None and (kind not in _KEYS or location.get(_KEYS[kind])):
            return True
    return False


def location_key(artifact: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """The (type, key field, key) of an artifact that has one."""
    for kind in LOCATIONS:
        location = artifact.get(kind)
        if location is not None and kind in _KEYS:
            return kind, _KEYS[kind], str(location.get(_KEYS[kind]) or "")
        if location is not None and kind in ("artifactory", "http"):
            return kind, "url", str(location.get("url") or "")
    return None


def _artifact(declared: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    name = declared.get("name")
    given = named(arguments.get("artifacts"), name)
    optional = bool(declared.get("optional"))
    if given is None or not (has_location(given) or given.get("from") or given.get("fromExpression")):
        if given is None and not optional and not has_location(declared):
            raise TemplateFault(f"inputs.artifacts.{name} was not supplied")
        if given is None or optional:
            return dict(declared)
        raise TemplateFault(f"inputs.artifacts.{name} missing location information")
    artifact = {k: v for k, v in given.items() if k not in ("path", "mode", "recurseMode")}
    artifact.update({k: declared[k] for k in ("name", "path", "mode", "recurseMode") if k in declared})
    if optional:
        artifact["optional"] = True
    return artifact
