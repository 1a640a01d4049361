"""Outputs of steps and dag templates, and the workflow's global outputs (upstream: operator.go, scope.go)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.engine.faults import TemplateFault
from executor.engine.run import Run
from executor.engine.scope import Scope, is_empty, resolve_artifact
from executor.engine.substitute import evaluate, substitute
from executor.engine.variables import add_output_globals, scalar_text, with_globals


def template_outputs(run: Run, template: Mapping[str, Any], scope: Scope) -> dict[str, Any] | None:
    """The outputs of a steps or dag template from its children's; None if it declares none."""
    declared = template.get("outputs") or {}
    outputs: dict[str, Any] = {}
    parameters = [_parameter(run, p, scope) for p in declared.get("parameters") or ()]
    if parameters:
        outputs["parameters"] = parameters
    artifacts = []
    for artifact in declared.get("artifacts") or ():
        try:
            found = resolve_artifact(run, artifact, scope)
        except TemplateFault as error:
            if artifact.get("optional"):
                continue
            raise TemplateFault(
                f"failed to resolve output artifact {artifact.get('name')}: {error}"
            ) from None
        if is_empty(found) and artifact.get("optional"):
            continue
        found["name"] = artifact.get("name")
        if artifact.get("globalName"):
            found["globalName"] = artifact["globalName"]
        else:
            found.pop("globalName", None)
        artifacts.append(found)
    if artifacts:
        outputs["artifacts"] = artifacts
    return outputs or None


def _parameter(run: Run, declared: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    name, source = declared.get("name"), declared.get("valueFrom")
    if source is None:
        raise TemplateFault("output parameters must have a valueFrom specified")
    try:
        value = _value(run, source, scope)
    except TemplateFault:
        if source.get("default") is None:
            raise
        value = source["default"]
    if value is None:
        if source.get("default") is None:
            raise TemplateFault(f"failed to get a value for the output parameter {name}")
        value = source["default"]
    result = {k: v for k, v in declared.items() if k != "valueFrom"}
    result["value"] = scalar_text(value)
    return result


def _value(run: Run, source: Mapping[str, Any], scope: Scope) -> Any:
    if source.get("expression"):
        env: dict[str, Any] = with_globals(run, scope.variables)
        return evaluate(str(source["expression"]), env)
    if not source.get("parameter"):
        raise TemplateFault("output parameters must have a valueFrom of parameter or expression")
    reference = str(source["parameter"]).strip()
    env = with_globals(run, scope.variables)
    if reference.startswith("{{="):
        return substitute(reference, env, unresolved=False)
    if reference.startswith("{{") and reference.endswith("}}"):
        reference = reference[2:-2].strip()
    if reference not in env:
        raise TemplateFault(f"Unable to resolve: {{{{{reference}}}}}")
    return env[reference]


def add_globals(run: Run, outputs: Mapping[str, Any] | None) -> None:
    """Outputs with a globalName become the workflow's; the last writer of a name wins."""
    present = run.status.get("outputs") or {}
    renewed = with_globals_of(present, outputs or {})
    if renewed == present:
        return
    run.set_status("outputs", renewed)
    add_output_globals(run.globals, run.status["outputs"])
    run.memory.globals_version += 1
    run.memory.idle.clear()


def with_globals_of(present: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The workflow's outputs with those outputs of a node that have a globalName and a value, in the place of older ones."""
    found = dict(present)
    for kind in ("parameters", "artifacts"):
        for item in outputs.get(kind) or ():
            wanted = _as_global(kind, item) if item.get("globalName") else None
            if wanted is None:
                continue
            known = found.get(kind) or []
            at = next((n for n, p in enumerate(known) if p.get("name") == wanted["name"]), len(known))
            found[kind] = [*known[:at], wanted, *known[at + 1 :]]
    return found


def _as_global(kind: str, item: Mapping[str, Any]) -> dict[str, Any] | None:
    if kind == "parameters":
        if item.get("value") is None:
            return None
        return {"name": item["globalName"], "value": scalar_text(item["value"])}
    if is_empty(item):
        return None
    wanted = {k: v for k, v in item.items() if k not in ("globalName", "path")}
    return {**wanted, "name": item["globalName"]}
