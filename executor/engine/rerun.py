"""Running a workflow that has ended again: retry keeps what succeeded, resubmit starts anew.

Pure, as `executor.engine.operations`. (Upstream: workflow/util/util.go FormulateRetryWorkflow, FormulateResubmitWorkflow.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from argolint.errors import UserError
from executor.engine import names, phases, size
from executor.engine.clock import format_time
from executor.engine.operations import matches

PREFIX = "workflows.argoproj.io/"
CARRIED = "original pod: "  # what a node of a memoized resubmission says, which hangs on nothing yet
_EXECUTED = frozenset({"Pod", "Container", "HTTP", "Plugin"})
_RUN_AGAIN = _EXECUTED | {"Suspend"}
_GROUPS = frozenset({"Steps", "StepGroup", "DAG", "TaskGroup"})
Node = dict[str, Any]


class Retried(NamedTuple):
    """A workflow that will run again, and the pods that must be deleted before."""

    workflow: dict[str, Any]
    pods: tuple[str, ...]


def retry(
    workflow: Mapping[str, Any],
    *,
    now: datetime,
    restart_successful: bool = False,
    selector: str = "",
    parameters: Mapping[str, str] | None = None,
) -> Retried:
    """The workflow set back to where it failed. UserError if it did not fail (and nothing successful is chosen)."""
    phase = str((workflow.get("status") or {}).get("phase") or "")
    if phase not in phases.FAILURES and not (phase == phases.SUCCEEDED and restart_successful and selector):
        raise UserError(
            f"workflow must be Failed/Error to retry, it is {phase or 'not started'}",
            "to run successful nodes again, give restart-successful and a node field selector",
        )
    hydrated = size.hydrate(workflow)
    status = {
        k: v for k, v in (hydrated.get("status") or {}).items()
        if k not in ("message", "finishedAt", "persistentVolumeClaims", "phase", "outputs" if restart_successful else "")
    }  # fmt: skip
    nodes: dict[str, Node] = dict(status.get("nodes") or {})
    conditions = [c for c in status.get("conditions") or () if c.get("type") != "Completed"]
    status["conditions"] = [*conditions, {"type": "Completed", "status": "False"}]
    status["startedAt"], status["phase"] = format_time(now), ""
    name = str((hydrated.get("metadata") or {}).get("name"))
    kept, pods = _reset(hydrated, name, nodes, now, selector if restart_successful else "", bool(parameters))
    status["nodes"] = kept
    spec = {k: v for k, v in (hydrated.get("spec") or {}).items() if k not in ("shutdown", "suspend")}
    if spec.get("activeDeadlineSeconds") == 0:
        del spec["activeDeadlineSeconds"]
    if parameters:
        spec["arguments"] = _with_parameters(spec.get("arguments") or {}, parameters)
        stored = status.get("storedWorkflowTemplateSpec")
        if stored:
            status["storedWorkflowTemplateSpec"] = {
                **stored, "arguments": _with_parameters(stored.get("arguments") or {}, parameters)
            }  # fmt: skip
    stored = status.get("storedWorkflowTemplateSpec")
    if stored and ("shutdown" in stored or "suspend" in stored):
        status["storedWorkflowTemplateSpec"] = {
            k: v for k, v in stored.items() if k not in ("shutdown", "suspend")
        }
    metadata = dict(hydrated.get("metadata") or {})
    metadata["labels"] = {
        k: v
        for k, v in (metadata.get("labels") or {}).items()
        if k not in (f"{PREFIX}completed", f"{PREFIX}workflow-archiving-status", f"{PREFIX}phase")
    }
    return Retried({**hydrated, "metadata": metadata, "spec": spec, "status": status}, pods)


def _with_parameters(arguments: Mapping[str, Any], overrides: Mapping[str, str]) -> dict[str, Any]:
    left = dict(overrides)
    renewed = []
    for parameter in arguments.get("parameters") or ():
        name = str(parameter.get("name"))
        renewed.append({"name": name, "value": left.pop(name)} if name in left else parameter)
    renewed += [{"name": name, "value": value} for name, value in left.items()]
    return {**arguments, "parameters": renewed}


def _reset(
    workflow: Mapping[str, Any],
    name: str,
    nodes: dict[str, Node],
    now: datetime,
    selector: str,
    reparametrised: bool,
) -> tuple[dict[str, Node], tuple[str, ...]]:
    parents: dict[str, list[str]] = {}
    for identity, node in nodes.items():
        for child in node.get("children") or ():
            parents.setdefault(child, []).append(identity)
    exits = {i for i, n in nodes.items() if n["name"].startswith(names.exit_name(name))}
    wanted = _to_delete(nodes, parents, selector) - exits
    deleted: set[str] = set()
    reset: set[str] = set()
    for identity in _breadth_first(nodes, name):
        if identity in wanted and identity not in deleted:
            _delete_with_descendants(nodes, parents, identity, deleted, reset)
    if reparametrised:
        for identity in list(reset):
            if nodes[identity].get("type") in ("TaskGroup", "StepGroup"):
                for child in nodes[identity].get("children") or ():
                    if child in nodes:
                        deleted |= _descendants(nodes, child)
    deleted |= exits
    reset -= deleted
    version = ((workflow.get("metadata") or {}).get("annotations") or {}).get(
        names.POD_NAME_ANNOTATION
    ) or "v2"
    pods = tuple(
        _pod_name(name, nodes[i], version) for i in nodes if i in deleted and nodes[i].get("type") == "Pod"
    )
    return {i: _kept(n, i in reset, deleted, now) for i, n in nodes.items() if i not in deleted}, pods


def _pod_name(workflow: str, node: Node, version: str) -> str:
    template = (node.get("templateRef") or {}).get("template") or node.get("templateName") or ""
    return names.pod_name(workflow, node["name"], template, node["id"], version)


def _to_delete(nodes: Mapping[str, Node], parents: Mapping[str, list[str]], selector: str) -> set[str]:
    chosen = {i for i, n in nodes.items() if selector and matches(n, selector)}
    found = set(chosen)
    for identity, node in nodes.items():
        if node.get("type") not in _RUN_AGAIN and not (_failed_alone(node) and identity in parents):
            continue
        judged = node
        if (node.get("nodeFlag") or {}).get("retried"):
            judged = next(
                (nodes[p] for p in parents.get(identity, ()) if nodes[p].get("type") == "Retry"), node
            )
        if not phases.failed(judged) or (judged is node and not phases.failed(node)):
            continue
        later = _descendants(nodes, identity) - {identity} - chosen
        if any(
            nodes[i].get("phase") == phases.SUCCEEDED and nodes[i].get("type") in _EXECUTED for i in later
        ):
            continue
        found.add(identity)
    return found


def _failed_alone(node: Node) -> bool:
    """A step that could not be begun, a group whose loop could not be unrolled."""
    return phases.failed(node) and not node.get("children")


def _breadth_first(nodes: Mapping[str, Node], root: str) -> list[str]:
    order: dict[str, None] = {}
    queue = deque([root])
    while queue:
        identity = queue.popleft()
        if identity in order or identity not in nodes:
            continue
        order[identity] = None
        queue.extend(nodes[identity].get("children") or ())
    for identity in nodes:
        order.setdefault(identity)
    return list(order)


def _descendants(nodes: Mapping[str, Node], identity: str) -> set[str]:
    found: set[str] = set()
    stack = [identity]
    while stack:
        current = stack.pop()
        if current in found or current not in nodes:
            continue
        found.add(current)
        stack.extend(nodes[current].get("children") or ())
    return found


def _delete_with_descendants(
    nodes: Mapping[str, Node],
    parents: Mapping[str, list[str]],
    identity: str,
    deleted: set[str],
    reset: set[str],
) -> None:
    node = nodes[identity]
    if node.get("type") == "Container":
        owner = node.get("boundaryID") or ""
        if owner in nodes:
            identity, node = owner, nodes[owner]
            deleted.update(
                i for i, n in nodes.items() if n.get("boundaryID") == owner and n.get("type") == "Container"
            )
    for parent in parents.get(identity, ()):
        if nodes[parent].get("type") == "Retry":
            for attempt in nodes[parent].get("children") or ():
                deleted |= _descendants(nodes, attempt)
            reset.add(parent)
            _reset_upwards(nodes, parents, parent, reset)
    deleted |= _descendants(nodes, identity)
    _reset_upwards(nodes, parents, identity, reset)


def _reset_upwards(
    nodes: Mapping[str, Node], parents: Mapping[str, list[str]], identity: str, reset: set[str]
) -> None:
    """The groups around a node, up to the root, run again."""
    stack = [identity]
    seen: set[str] = set()
    while stack:
        current = stack.pop()
        if current in seen or current not in nodes:
            continue
        seen.add(current)
        around = [
            p for p in parents.get(current, ()) if nodes[p].get("type") in ("TaskGroup", "StepGroup", "Retry")
        ]
        boundary = nodes[current].get("boundaryID")
        if boundary and boundary in nodes:
            around.append(boundary)
        for group in around:
            if nodes[group].get("type") in _GROUPS or nodes[group].get("type") == "Retry":
                reset.add(group)
                stack.append(group)


def _kept(node: Node, is_reset: bool, deleted: set[str], now: datetime) -> Node:
    renewed = dict(node)
    for field in ("children", "outboundNodes"):
        if field in renewed:
            left = [i for i in renewed[field] if i not in deleted]
            if left:
                renewed[field] = left
            else:
                del renewed[field]
    if is_reset:
        if renewed.get("phase") != phases.SKIPPED:
            renewed["phase"] = phases.RUNNING
        renewed.pop("message", None)
        if renewed.get("type") not in ("Suspend",):
            renewed.pop("outputs", None)
        renewed["startedAt"], renewed["finishedAt"] = format_time(now), None
    return renewed


def resubmit(
    workflow: Mapping[str, Any],
    *,
    memoized: bool = False,
    parameters: Mapping[str, str] | None = None,
    suffix: str = "",
    name: str = "",
) -> dict[str, Any]:
    """A new Workflow like this one. `memoized` (only after a failure) keeps what succeeded; it needs a `name`, or a `suffix` for
    one, five random characters of a-z0-9: the ids of nodes come of it. Otherwise the name is left to generateName.
    """
    old = workflow.get("metadata") or {}
    old_name = str(old.get("name") or "")
    generate = str(old.get("generateName") or f"{old_name}-")
    phase = str((workflow.get("status") or {}).get("phase") or "")
    dropped = {f"{PREFIX}phase", f"{PREFIX}completed", f"{PREFIX}workflow-archiving-status"}
    labels = {
        k: v
        for k, v in (old.get("labels") or {}).items()
        if k not in dropped and not k.startswith(f"{PREFIX}creator")
    }
    labels[f"{PREFIX}resubmitted-from-workflow"] = old_name
    metadata: dict[str, Any] = {"generateName": generate, "labels": labels}
    for field in ("namespace", "annotations", "ownerReferences"):
        if old.get(field):
            metadata[field] = old[field]
    spec = {k: v for k, v in (workflow.get("spec") or {}).items() if k not in ("shutdown", "suspend")}
    if parameters:
        spec["arguments"] = _with_parameters(spec.get("arguments") or {}, parameters)
    fresh: dict[str, Any] = {
        "apiVersion": workflow.get("apiVersion") or "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": metadata,
        "spec": spec,
    }
    if not memoized:
        return fresh
    if phase not in phases.FAILURES:
        raise UserError(
            "workflow must be Failed/Error to resubmit in memoized mode", "resubmit it without memoized"
        )
    name = name or f"{generate}{suffix}"
    metadata["name"] = name
    status: dict[str, Any] = {"nodes": _carried_nodes(size.hydrate(workflow), old_name, name)}
    for field in ("storedTemplates", "storedWorkflowTemplateSpec"):
        if (workflow.get("status") or {}).get(field):
            status[field] = workflow["status"][field]
    status["phase"] = ""
    fresh["status"] = status
    return fresh


def _carried_nodes(workflow: Mapping[str, Any], old: str, new: str) -> dict[str, Node]:
    nodes: dict[str, Node] = (workflow.get("status") or {}).get("nodes") or {}
    mapping: dict[str, str] = {}
    for identity, node in nodes.items():
        renamed = new + node["name"][len(old) :] if node["name"].startswith(old) else node["name"]
        mapping[identity] = names.node_id(new, renamed)
    carried: dict[str, Node] = {}
    for identity, node in nodes.items():
        if node["name"].startswith(names.exit_name(old)):
            continue
        if node.get("phase") in phases.PASSED_OVER and not any(
            nodes[i].get("phase") == phases.SUCCEEDED for i in _descendants(nodes, identity) - {identity}
        ):
            continue
        # Only a finished pod's outputs are worth keeping: everything else is found again by walking.
        if node.get("type") != "Pod" or node.get("phase") != phases.SUCCEEDED:
            continue
        renewed = {**node, "id": mapping[identity], "name": new + node["name"][len(old) :]}
        if renewed.get("boundaryID"):
            renewed["boundaryID"] = mapping.get(renewed["boundaryID"], renewed["boundaryID"])
        if renewed["displayName"] == old:
            renewed["displayName"] = new
        for field in ("children", "outboundNodes"):
            renewed.pop(field, None)
        renewed.update(type="Skipped", phase=phases.SKIPPED, message=f"{CARRIED}{identity}")
        carried[mapping[identity]] = renewed
    return carried
