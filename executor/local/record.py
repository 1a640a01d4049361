"""Mocks from a run that was: a local one, or `kubectl get workflow -o json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from executor.local.mocks import paths_of

Object = Mapping[str, Any]
_EXECUTED = ("Pod", "HTTP", "Suspend", "Plugin")


def recorded(workflow: Object, target: str) -> dict[str, Any]:
    """A test file with one case that answers as this run did and expects what it came to."""
    status = workflow.get("status") or {}
    nodes: Mapping[str, Object] = status.get("nodes") or {}
    mocks = []
    done: set[str] = set()
    retries = {
        child: node
        for node in nodes.values()
        if node.get("type") == "Retry"
        for child in node.get("children") or []
    }
    for identity, node in nodes.items():
        if node.get("type") not in _EXECUTED or identity in done:
            continue
        owner = retries.get(identity)
        if owner is not None and (node.get("nodeFlag") or {}).get("retried", True):
            tries = [i for i in owner.get("children") or [] if i in nodes]
            done.update(tries)
            answers = [_answer(nodes[i]) for i in tries]
            mocks.append({"match": {"node": _name(owner)}, "attempts": answers})
        else:
            mocks.append({"match": {"node": _name(node)}, **_answer(node)})
    spec = workflow.get("spec") or {}
    given = (spec.get("arguments") or {}).get("parameters") or []
    case: dict[str, Any] = {"name": f"as {(workflow.get('metadata') or {}).get('name', 'recorded')} ran"}
    parameters = {str(p.get("name")): str(p["value"]) for p in given if p.get("value") is not None}
    if parameters:
        case["parameters"] = parameters
    if mocks:
        case["mocks"] = mocks
    case["expect"] = {"phase": status.get("phase") or "Running", "nodes": _expected(nodes)}
    if not case["expect"]["nodes"]:
        del case["expect"]["nodes"]
    return {"workflow": target, "cases": [case]}


def _name(node: Object) -> str:
    name, dotted, display = paths_of(str(node["name"]), str(node.get("displayName") or node["name"]))
    chosen = dotted or display
    return chosen if chosen else name


def _expected(nodes: Mapping[str, Object]) -> dict[str, Any]:
    wanted = {}
    for node in nodes.values():
        inner = paths_of(str(node["name"]), "")[1]
        if inner and node.get("type") not in ("StepGroup",) and node.get("phase"):
            wanted[inner] = {"phase": node["phase"]}
    return wanted


def _answer(node: Object) -> dict[str, Any]:
    outputs = node.get("outputs") or {}
    answer: dict[str, Any] = {}
    parameters = {
        str(p["name"]): str(p["value"]) for p in outputs.get("parameters") or [] if p.get("value") is not None
    }
    if node.get("type") == "Suspend":
        if node.get("phase") in ("Failed", "Error"):
            return {"resume": {"phase": node["phase"]}}
        return {"resume": {"parameters": parameters} if parameters else {}}
    if node.get("phase") in ("Failed", "Error"):
        code = str(outputs.get("exitCode") or "")
        if code.isdigit() and code != "0" and node["phase"] == "Failed":
            answer["exitCode"] = int(code)
        else:
            answer["phase"] = node["phase"]
        if node.get("message") and "phase" in answer:
            answer["message"] = str(node["message"])
    if outputs.get("result") is not None:
        answer["result"] = str(outputs["result"])
    made: dict[str, Any] = {}
    if parameters:
        made["parameters"] = parameters
    artifacts = {}
    for artifact in outputs.get("artifacts") or []:
        location = {
            k: v
            for k, v in artifact.items()
            if k in ("s3", "gcs", "azure", "oss", "hdfs", "http", "artifactory", "plugin")
        }
        if str(artifact.get("name", "")).endswith("-logs") or not location:
            continue
        artifacts[str(artifact["name"])] = location
    if artifacts:
        made["artifacts"] = artifacts
    if made:
        answer["outputs"] = made
    return answer
