"""`POST /api/v1/events/{namespace}/{discriminator}` of argo-server: a webhook goes to the WorkflowEventBindings of its namespace.

A binding whose selector holds submits a workflow of its template. Who posts needs the rights for that: to list bindings, to get the
template and to create workflows. Upstream: server/event/event_server.go, server/event/dispatch/operation.go.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any, Final

from executor.cluster import crud
from executor.cluster.argorights import authorize
from executor.cluster.auth import User
from executor.cluster.crud import Call
from executor.cluster.http import Request, Response, json_response, parse_json
from executor.cluster.status import ApiStatus, internal, method_not_allowed, no_such_path, not_found

if TYPE_CHECKING:
    from executor.cluster.state import Cluster
    from executor.events.binding import Bound

ROOT: Final = "events"
_GROUP: Final = "argoproj.io"
_VERSION: Final = "v1alpha1"
_BINDING_LABEL: Final = "workflows.argoproj.io/workflow-event-binding"

Obj = dict[str, Any]


def is_event_path(method: str, parts: list[str]) -> bool:
    """Whether a request is an event for bindings; `/api/v1/events` itself is Kubernetes' list of Events."""
    return method == "POST" and parts[:1] == [ROOT] and 2 <= len(parts) <= 3


async def respond(cluster: Cluster, request: Request, parts: list[str], user: User) -> Response:
    """Answer a request; `parts` is the path behind /api/v1. ApiStatus when it fails."""
    if request.method != "POST":
        raise method_not_allowed()
    namespace, discriminator = parts[1], parts[2] if len(parts) > 2 else ""
    authorize(cluster, user, "list", "workfloweventbindings", namespace)
    payload = parse_json(request.body) if request.body.strip() else None
    bindings = [entry.obj for entry in cluster.store.items(f"workfloweventbindings.{_GROUP}", namespace)]
    outcomes = await asyncio.to_thread(
        _evaluate, bindings, namespace, discriminator, payload, request.headers
    )
    problems = []
    for binding, bound in zip(bindings, outcomes, strict=True):
        try:
            if bound.problem:
                raise internal(bound.problem)
            if bound.workflow is not None:
                _submit(cluster, user, namespace, bound)
        except ApiStatus as failure:
            problems.append(failure.message)
            _record(cluster, binding, f"failed to dispatch event: {failure.message}")
    await cluster.store.settled()
    if problems:
        raise internal(f"failed to dispatch event: [{' '.join(problems)}]")
    return json_response(200, {})


def _evaluate(
    bindings: list[Any], namespace: str, discriminator: str, payload: Any, headers: Any
) -> list[Bound]:
    """What each binding makes of the event."""
    from executor.events import binding

    env = binding.environment(namespace, discriminator, payload, headers)
    return [binding.submit(one, env) for one in bindings]


def _submit(cluster: Cluster, user: User, namespace: str, bound: Bound) -> None:
    """Create the workflow of a binding that was meant. ApiStatus when that fails."""
    workflow = bound.workflow
    assert workflow is not None
    reference = workflow["spec"].get("workflowTemplateRef") or {}
    plural = "clusterworkflowtemplates" if reference.get("clusterScope") else "workflowtemplates"
    home, name = "" if reference.get("clusterScope") else namespace, str(reference.get("name") or "")
    authorize(cluster, user, "get", plural, home, name)
    if cluster.store.get(f"{plural}.{_GROUP}", home, name) is None:
        raise not_found(plural, _GROUP, name)
    authorize(cluster, user, "create", "workflows", namespace)
    resource = cluster.registry.find(_GROUP, _VERSION, "workflows")
    if resource is None:
        raise no_such_path()
    data = workflow["metadata"]
    data["labels"] = {**(data.get("labels") or {}), _BINDING_LABEL: bound.name}
    crud.create(cluster.writer, Call(resource, namespace, user=user, manager="argo-server"), workflow)


def _record(cluster: Cluster, binding: Obj, message: str) -> None:
    """A Warning Event about a binding that failed."""
    resource = cluster.registry.find("", "v1", "events")
    assert resource is not None
    data, now = binding["metadata"], cluster.now()
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{data['name']}.{secrets.token_hex(8)}", "namespace": data["namespace"]},
        "involvedObject": {
            "apiVersion": f"{_GROUP}/{_VERSION}",
            "kind": "WorkflowEventBinding",
            **{field: data[field] for field in ("name", "namespace", "uid", "resourceVersion")},
        },
        "type": "Warning",
        "reason": "WorkflowEventBindingError",
        "message": message[:1024],
        "source": {"component": "argo-server"},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    crud.create(cluster.writer, Call(resource, data["namespace"], manager="argo-server"), event)
