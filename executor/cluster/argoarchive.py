"""`/api/v1/archived-workflows` of argo-server: workflows that have ended, also those that were deleted since.

Upstream: server/workflowarchive/archived_workflow_server.go. What one may see follows from one's rights to `workflows`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from executor.cluster import argoactions, argorights, crud
from executor.cluster.archive import STATUS_LABEL, Query
from executor.cluster.auth import User
from executor.cluster.crud import Call
from executor.cluster.http import Request, Response, json_response, object_body, parse_json
from executor.cluster.selectors import label_matcher
from executor.cluster.status import ApiStatus, bad_request, method_not_allowed, not_found

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

ROOTS: Final = ("archived-workflows", "archived-workflows-label-keys", "archived-workflows-label-values")
_GROUP: Final = "argoproj.io"
_FIELD: Final = re.compile(r"(metadata\.name|metadata\.namespace|spec\.startedAt|ext\.\w+)(==|=|!=|<|>)(.*)")


def authorize(cluster: Cluster, user: User, verb: str, namespace: str, name: str = "") -> None:
    """ApiStatus 403 unless the user may do this to workflows."""
    argorights.authorize(cluster, user, verb, "workflows", namespace, name)


async def respond(cluster: Cluster, request: Request, parts: list[str], user: User) -> Response:
    """Answer a request; `parts` is the path behind /api/v1. ApiStatus when it fails."""
    if parts[0] != ROOTS[0]:
        if request.method != "GET":
            raise method_not_allowed()
        return await _labels(cluster, request, parts[0] == ROOTS[1], user)
    if len(parts) == 1:
        if request.method != "GET":
            raise method_not_allowed()
        return await _list(cluster, request, user)
    workflow = cluster.archive.get(parts[1])
    if workflow is None:
        raise not_found("workflows", _GROUP, parts[1])
    namespace, name = workflow["metadata"]["namespace"], workflow["metadata"]["name"]
    if len(parts) == 2 and request.method == "GET":
        authorize(cluster, user, "get", namespace, name)
        return json_response(200, workflow)
    if len(parts) == 2 and request.method == "DELETE":
        authorize(cluster, user, "delete", namespace, name)
        cluster.archive.delete(parts[1])
        return json_response(200, {})
    if len(parts) == 3 and parts[2] in ("retry", "resubmit") and request.method == "PUT":
        body = object_body(parse_json(request.body)) if request.body.strip() else {}
        return await _again(cluster, user, parts[2], workflow, body)
    raise method_not_allowed()


def query_of(request: Request) -> tuple[Query, bool]:
    """What a list request asks for, and whether it wants to know how many are left. ApiStatus 400."""
    given = request.query
    found = {
        "namespace": given.get("namespace", ""),
        "prefix": given.get("namePrefix", ""),
    }
    if given.get("nameFilter") == "Contains":
        found["contains"], found["prefix"] = found["prefix"], ""
    counts = False
    for term in filter(None, given.get("listOptions.fieldSelector", "").split(",")):
        match = _FIELD.fullmatch(term.strip())
        if match is None:
            raise bad_request(f"unsupported requirement {term}")
        field, operator, value = match.groups()
        if field == "spec.startedAt":
            found["started_after" if operator == ">" else "started_before"] = value
        elif field == "ext.showRemainingItemCount":
            counts = value == "true"
        elif field.startswith("metadata.") and operator in ("=", "=="):
            found[field.removeprefix("metadata.")] = value
    return Query(labels=label_matcher(given.get("listOptions.labelSelector", "")), **found), counts


async def _list(cluster: Cluster, request: Request, user: User) -> Response:
    query, counts = query_of(request)
    authorize(cluster, user, "list", query.namespace)
    limit, offset = (_number(request.query, f"listOptions.{key}") for key in ("limit", "continue"))
    shown, total = await asyncio.to_thread(cluster.archive.select, query, offset, limit)
    data: dict[str, Any] = {}
    if limit and total > offset + limit:
        data["continue"] = str(offset + limit)
    if counts:
        data["remainingItemCount"] = max(0, total - offset - len(shown))
    return json_response(
        200, {"apiVersion": f"{_GROUP}/v1alpha1", "kind": "WorkflowList", "metadata": data, "items": shown}
    )


def _number(query: Mapping[str, str], key: str) -> int:
    text = query.get(key) or "0"
    if not text.isdecimal() or len(text) > 9:
        raise bad_request(f"{key}: {text!r} is not a number")
    return int(text)


async def _labels(cluster: Cluster, request: Request, keys: bool, user: User) -> Response:
    """The keys of labels in the archive, or the values of the one that the selector names."""
    namespace = request.query.get("namespace", "")
    authorize(cluster, user, "list", namespace)
    wanted = request.query.get("listOptions.labelSelector", "")
    found: set[str] = set()
    summaries, _ = await asyncio.to_thread(cluster.archive.select, Query(namespace))
    for summary in summaries:
        labels = summary["metadata"].get("labels") or {}
        found.update(labels if keys else [labels[wanted]] if wanted in labels else [])
    return json_response(200, {"items": sorted(found)})


async def _again(
    cluster: Cluster, user: User, action: str, workflow: dict[str, Any], body: Mapping[str, Any]
) -> Response:
    """Make a workflow of the archive run again: as a new one (resubmit), or from where it failed (retry)."""
    resource = cluster.registry.find(_GROUP, "v1alpha1", "workflows")
    assert resource is not None
    namespace, name = workflow["metadata"]["namespace"], workflow["metadata"]["name"]
    authorize(cluster, user, "get", namespace, name)
    authorize(cluster, user, "create", namespace)
    call = Call(resource, namespace, user=user, manager="argo-server")
    workflow["metadata"]["labels"].pop(STATUS_LABEL, None)
    if action == "resubmit":
        made = crud.create(cluster.writer, call, argoactions.resubmitted(workflow, body))
    else:
        if cluster.store.get(resource.storage, namespace, name) is not None:
            raise ApiStatus(409, "AlreadyExists", f"workflow {name} is still in the cluster: retry that one")
        again = argoactions.changed("retry", workflow, body).obj
        for owned in (
            "uid",
            "resourceVersion",
            "creationTimestamp",
            "generation",
            "managedFields",
            "selfLink",
        ):
            again["metadata"].pop(owned, None)
        made = crud.create(cluster.writer, call, again)
    await cluster.store.settled()
    return json_response(200, made.obj)
