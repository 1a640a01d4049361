"""From a manifest to the Workflow that will run, as `argo submit` makes it."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from argolint.errors import UserError
from executor.engine.clock import format_time, parse_time
from executor.engine.variables import SCHEDULED_TIME

Object = dict[str, Any]
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # Kubernetes' letters for generated names
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


def timestamp() -> str:
    """Now, as Kubernetes writes times."""
    return format_time(datetime.now(UTC))


def moment_of(text: str | None, flag: str) -> datetime:
    """The time that a flag names; now without one. Raises UserError."""
    found = parse_time(text) if text else datetime.now(UTC)
    if found is None:
        raise UserError(f"{flag} {text}: not an RFC 3339 time", "write 2026-03-29T00:59:00Z")
    return found


def workflow_of(obj: Object, place: str, scheduled: datetime) -> Object:
    """The Workflow that running an object means: itself, or one made of a template's or a CronWorkflow's spec.

    `scheduled` is the time that a CronWorkflow is run for. Raises UserError for kinds that do not run.
    """
    kind = str(obj.get("kind") or "")
    meta = _metadata(obj, place)
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        raise UserError(
            f"{place}: {kind or 'a document without kind'} {meta.get('name', '')} has no spec",
            "write the spec as a mapping",
        )
    if kind == "Workflow":
        return dict(obj)
    if kind in ("WorkflowTemplate", "ClusterWorkflowTemplate"):
        reference: Object = {"name": meta.get("name")}
        if kind == "ClusterWorkflowTemplate":
            reference["clusterScope"] = True
        made: Object = {"workflowTemplateRef": reference}
    elif kind == "CronWorkflow":
        made = dict(_mapping(spec, "workflowSpec", f"{place}: spec"))
    else:
        raise UserError(
            f"{place}: a {kind or 'document without kind'} does not run",
            "give a Workflow, WorkflowTemplate or CronWorkflow",
        )
    metadata: Object = {"generateName": f"{meta.get('name') or meta.get('generateName') or 'workflow'}-"}
    if meta.get("namespace"):
        metadata["namespace"] = meta["namespace"]
    extra = _mapping(spec, "workflowMetadata", f"{place}: spec") if kind == "CronWorkflow" else {}
    for key in ("labels", "annotations"):
        if extra.get(key):
            metadata[key] = dict(_mapping(extra, key, f"{place}: spec.workflowMetadata"))
    if kind == "CronWorkflow":
        metadata.setdefault("labels", {})["workflows.argoproj.io/cron-workflow"] = meta.get("name", "")
        metadata.setdefault("annotations", {})[SCHEDULED_TIME] = format_time(scheduled)
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "spec": made}


def begun_at(workflow: Object, moment: datetime) -> Object:
    """A new Workflow as if it had been made at that time, and scheduled for it when a schedule makes it."""
    meta = {**workflow["metadata"], "creationTimestamp": format_time(moment)}
    if SCHEDULED_TIME in (meta.get("annotations") or {}):
        meta["annotations"] = {**meta["annotations"], SCHEDULED_TIME: format_time(moment)}
    return {**workflow, "metadata": meta}


def _mapping(obj: Object, key: str, place: str) -> Object:
    """A field that is a mapping, or nothing. Raises UserError."""
    value = obj.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UserError(f"{place}.{key} is not a mapping: {value!r:.80}", f"write {key} as a mapping")
    return value


def _metadata(obj: Object, place: str) -> Object:
    """`metadata`, its fields checked for their kinds. Raises UserError."""
    meta = obj.get("metadata") if obj.get("metadata") is not None else {}
    if not isinstance(meta, dict):
        raise UserError(f"{place}: metadata is not a mapping", "write metadata: {name: ...}")
    for key in ("name", "generateName", "namespace"):
        if meta.get(key) is not None and not isinstance(meta[key], str):
            raise UserError(f"{place}: metadata.{key} is not a string: {meta[key]!r}", "put it in quotes")
    for key in ("labels", "annotations"):
        values = meta.get(key)
        if values is not None and not (
            isinstance(values, dict) and all(isinstance(v, str) for v in values.values())
        ):
            raise UserError(
                f"{place}: metadata.{key} is not a mapping of strings", "put every value in quotes"
            )
    return meta


def with_identity(
    workflow: Object,
    *,
    name: str | None = None,
    generate_name: str | None = None,
    namespace: str | None = None,
) -> Object:
    """The Workflow with the name, uid, namespace and creation time that an API server would give it."""
    meta = dict(workflow.get("metadata") or {})
    if name:
        meta["name"] = name
        meta.pop("generateName", None)
    elif generate_name:
        meta.pop("name", None)
        meta["generateName"] = generate_name
    if not meta.get("name"):
        prefix = str(meta.get("generateName") or "workflow-")
        meta["name"] = prefix + "".join(random.choices(ALPHABET, k=5))
    if not _NAME.fullmatch(str(meta["name"])) or len(meta["name"]) > 253:
        raise UserError(
            f"{meta['name']!r} is not a name that Kubernetes takes",
            "use lower case letters, digits and dashes",
        )
    meta["namespace"] = namespace or meta.get("namespace") or "default"
    meta["uid"] = str(uuid.uuid4())
    meta["creationTimestamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    meta.setdefault("generation", 1)
    return {"apiVersion": workflow.get("apiVersion") or "argoproj.io/v1alpha1", **workflow, "metadata": meta}


def parse_parameters(pairs: Sequence[str], file_values: Mapping[str, Any] | None = None) -> dict[str, str]:
    """name -> value of a parameter file and then `-p name=value` words, which win. Raises UserError."""
    import json

    values: dict[str, str] = {}
    for name, value in (file_values or {}).items():
        if isinstance(value, str):
            values[str(name)] = value
        elif isinstance(value, bool) or value is None:
            values[str(name)] = json.dumps(value)
        else:
            values[str(name)] = json.dumps(value) if isinstance(value, (dict, list)) else str(value)
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UserError(f"-p {pair!r} is not NAME=VALUE", "write -p name=value")
        values[name] = value
    return values


def with_options(workflow: Object, parameters: Mapping[str, str], entrypoint: str | None) -> Object:
    """The Workflow with parameters and entrypoint overridden, as `argo submit -p … --entrypoint …` does it."""
    spec = dict(workflow.get("spec") or {})
    if entrypoint:
        spec["entrypoint"] = entrypoint
    if parameters:
        arguments = spec.get("arguments") or {}
        if not isinstance(arguments, dict) or not isinstance(arguments.get("parameters") or [], list):
            raise UserError("spec.arguments.parameters is not a list", "write it as a list of {name, value}")
        arguments = dict(arguments)
        kept = [
            dict(p)
            for p in arguments.get("parameters") or []
            if isinstance(p, dict) and p.get("name") not in parameters
        ]
        old = {p.get("name"): p for p in arguments.get("parameters") or [] if isinstance(p, dict)}
        given = [
            {
                **{k: v for k, v in (old.get(name) or {}).items() if k != "valueFrom"},
                "name": name,
                "value": value,
            }
            for name, value in parameters.items()
        ]
        arguments["parameters"] = given + kept
        spec["arguments"] = arguments
    return {**workflow, "spec": spec}
