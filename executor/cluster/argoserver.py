"""The part of the argo-server REST API that Hera and scripts use, as another way to the same objects.

Upstream: Argo Workflows docs, REST API (`/api/v1/workflows/{namespace}` and its kin). Every request is the Kubernetes request
that it stands for, with that one's authorization.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from argolint import __version__
from executor.cluster import (
    argoactions,
    argoarchive,
    argoevents,
    argolimits,
    argologs,
    argorights,
    argostreams,
    argosubmit,
    argovalidate,
    crud,
    lists,
    subresources,
)
from executor.cluster.argofields import fields_of
from executor.cluster.auth import User
from executor.cluster.crud import Call
from executor.cluster.http import Request, Response, json_response, object_body, parse_json
from executor.cluster.kinds import Resource
from executor.cluster.status import (
    ApiStatus,
    bad_request,
    method_not_allowed,
    no_such_path,
)
from executor.engine import size

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

_GROUP: Final = "argoproj.io"
_VERSION: Final = "v1alpha1"
_CODES: Final = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 422: 3, 504: 4}


class Collection(NamedTuple):
    """A collection of the REST API: the resource behind it and the field of a body that holds the object."""

    plural: str
    field: str
    namespaced: bool = True


COLLECTIONS: Final[Mapping[str, Collection]] = {
    "workflows": Collection("workflows", "workflow"),
    "workflow-templates": Collection("workflowtemplates", "template"),
    "cron-workflows": Collection("cronworkflows", "cronWorkflow"),
    "cluster-workflow-templates": Collection("clusterworkflowtemplates", "template", False),
    "workflow-event-bindings": Collection("workfloweventbindings", "workflowEventBinding"),
    "event-sources": Collection("eventsources", "eventSource"),
    "sensors": Collection("sensors", "sensor"),
}


_OTHERS: Final = frozenset(
    ("info", "version", "userinfo", "tracking", argolimits.ROOT, *argoarchive.ROOTS, *argostreams.ROOTS)
)


def is_argo_path(method: str, path: str) -> bool:
    """Whether a request belongs to this API and not to Kubernetes' own /api/v1."""
    parts = path.strip("/").split("/")
    if parts[:2] != ["api", "v1"] or len(parts) < 3:
        return False
    return parts[2] in COLLECTIONS or parts[2] in _OTHERS or argoevents.is_event_path(method, parts[2:])


def failure(status: ApiStatus) -> Response:
    """A failure as argo-server words it: a gRPC code and the message."""
    code = 400 if status.code == 422 else status.code
    return json_response(
        code, {"code": _CODES.get(status.code, 13), "message": status.message, "error": status.message}
    )


class _Context(NamedTuple):
    cluster: Cluster
    request: Request
    user: User
    resource: Resource
    collection: Collection
    namespace: str
    name: str
    body: dict[str, Any]

    def authorize(self, verb: str, resource: str = "", group: str = _GROUP, subresource: str = "") -> None:
        """ApiStatus 403 unless the user may do the Kubernetes request behind this one."""
        plural = resource or self.resource.plural
        argorights.authorize(
            self.cluster, self.user, verb, plural, self.namespace, self.name, group, subresource
        )

    def call(self, name: str = "") -> Call:
        """A write of the object."""
        dry_run = argosubmit.is_dry_run(self.body)
        return Call(
            self.resource,
            self.namespace,
            name or self.name,
            user=self.user,
            manager="argo-server",
            dry_run=dry_run,
        )

    def object(self) -> dict[str, Any]:
        """The object that the body holds."""
        found = self.body.get(self.collection.field)
        if not isinstance(found, dict):
            raise bad_request(f"{self.collection.field}: the body names no object")
        if not isinstance(found.get("metadata"), dict | None):
            raise bad_request(f"{self.collection.field}.metadata: must be an object")
        found["metadata"] = found.get("metadata") or {}
        found.setdefault("apiVersion", f"{_GROUP}/{_VERSION}")
        found.setdefault("kind", self.resource.kind)
        if self.resource.namespaced:
            found["metadata"].setdefault("namespace", self.namespace)
        return found


async def respond(cluster: Cluster, request: Request, path: str, user: User) -> Response:
    """Answer a request for a path of this API. ApiStatus when it fails."""
    parts = path.strip("/").split("/")[2:]
    if parts[0] == "info":
        return json_response(
            200, {"managedNamespace": "", "links": [], "columns": [], "modals": {}, "navColor": ""}
        )
    if parts[0] == "version":
        empty = dict.fromkeys(
            ("buildDate", "compiler", "gitCommit", "gitTag", "gitTreeState", "goVersion"), ""
        )
        return json_response(200, {**empty, "version": f"argolint-{__version__}", "platform": "linux/amd64"})
    if parts[0] == "userinfo":
        return json_response(200, {"subject": user.name, "groups": list(user.groups), "issuer": "argolint"})
    if parts[0] == "tracking":
        return json_response(200, {})
    if parts[0] in argoarchive.ROOTS:
        return await argoarchive.respond(cluster, request, parts, user)
    if parts[0] in argostreams.ROOTS:
        return argostreams.respond(cluster, request, parts, user)
    if parts[0] == argolimits.ROOT:
        return await argolimits.respond(cluster, request, parts, user)
    if parts[0] == argoevents.ROOT:
        return await argoevents.respond(cluster, request, parts, user)
    collection = COLLECTIONS[parts[0]]
    resource = cluster.registry.find(_GROUP, _VERSION, collection.plural)
    if resource is None:
        raise no_such_path()
    namespace = parts[1] if collection.namespaced and len(parts) > 1 else ""
    rest = parts[2:] if collection.namespaced else parts[1:]
    body = object_body(parse_json(request.body)) if request.body.strip() else {}
    name = rest[0] if rest else ""
    context = _Context(cluster, request, user, resource, collection, namespace, name, body)
    if name == argostreams.LATEST and collection.plural == "workflows":
        context._replace(name="").authorize("list")
        context = context._replace(name=argostreams.latest(cluster, namespace))
    if name in ("lint", "submit") and len(rest) == 1 and request.method == "POST":
        return await (_lint(context) if name == "lint" else _submit(context._replace(name="")))
    if len(rest) <= 1:
        handler = (_ONE if name else _ALL).get(request.method)
        if handler is None:
            raise method_not_allowed()
        return await handler(context)
    if rest[-1] == "log" and request.method == "GET" and collection.plural == "workflows":
        return _log(context, rest[1] if len(rest) == 3 else request.query.get("podName", ""))
    action = _ACTIONS.get((collection.plural, rest[1]))
    if action is None or len(rest) != 2:
        raise no_such_path()
    if request.method != "PUT":
        raise method_not_allowed()
    return await action(context, rest[1])


async def _list(context: _Context) -> Response:
    context.authorize("list")
    prefix = "listOptions."
    query = {
        key.removeprefix(prefix): value
        for key, value in context.request.query.items()
        if key.startswith(prefix)
    }
    namespace = context.namespace or None if context.resource.namespaced else None
    chosen = lists.selection(context.resource, namespace, query)
    found = lists.page(context.cluster.store, chosen, query)
    await context.cluster.store.settled()
    wanted = fields_of(context.request.query.get("fields", ""))
    body = lists.body(context.resource, found)
    return Response(200, body) if wanted.everything else json_response(200, wanted.clean(orjson.loads(body)))


async def _create(context: _Context) -> Response:
    context.authorize("create")
    obj = context.object()
    if context.collection.plural == "workflows":
        await _validate(context, obj)
    return await _answer(context, crud.create(context.cluster.writer, context.call(), obj), 200)


async def _validate(context: _Context, workflow: dict[str, Any]) -> None:
    """ApiStatus for a workflow that no controller would begin with."""
    await asyncio.to_thread(argovalidate.check, context.cluster.store, workflow, context.namespace)


async def _get(context: _Context) -> Response:
    context.authorize("get")
    workflows = context.collection.plural == "workflows"
    wanted = fields_of(context.request.query.get("fields", ""))
    if workflows and context.cluster.store.get(*context.call().stored_at) is None:
        archived = context.cluster.archive.named(context.namespace, context.name)
        if archived is not None:
            return json_response(200, wanted.clean(archived))
    entry = crud.require(context.cluster.writer, context.call())
    await context.cluster.store.settled(entry.rv)
    if workflows and "compressedNodes" in (entry.obj.get("status") or {}):
        return json_response(200, wanted.clean(size.hydrate(entry.obj)))
    return Response(200, entry.raw) if wanted.everything else json_response(200, wanted.clean(entry.obj))


async def _put(context: _Context) -> Response:
    context.authorize("update")
    return await _answer(context, crud.update(context.cluster.writer, context.call(), context.object()), 200)


async def _delete(context: _Context) -> Response:
    context.authorize("delete")
    prefix = "deleteOptions."
    query = context.request.query
    given = {key.removeprefix(prefix): value for key, value in query.items() if key.startswith(prefix)}
    if query.get("force") in ("true", "1") or context.body.get("force") is True:
        context.authorize("update")
        crud.patch(context.cluster.writer, context.call(), _without_finalizers)
    options = crud.delete_options(object_body(context.body.get("deleteOptions") or {}), given)
    crud.delete(context.cluster.writer, context.call(), options)
    await context.cluster.store.settled()
    return json_response(200, {})


def _without_finalizers(obj: dict[str, Any]) -> dict[str, Any]:
    obj["metadata"].pop("finalizers", None)
    return obj


async def _answer(context: _Context, outcome: crud.Outcome, code: int) -> Response:
    await context.cluster.store.settled()
    return json_response(code, outcome.obj)


_Handler = Callable[[_Context], Awaitable[Response]]
_ALL: Final[Mapping[str, _Handler]] = {"GET": _list, "POST": _create}
_ONE: Final[Mapping[str, _Handler]] = {"GET": _get, "PUT": _put, "DELETE": _delete}


async def _lint(context: _Context) -> Response:
    """The object itself when the linter finds no error in it, else 400 with the errors."""
    context.authorize("get" if context.resource.namespaced else "list")
    obj = context.object()
    obj["metadata"].setdefault("namespace", context.namespace)
    errors = await asyncio.to_thread(_lint_errors, orjson.dumps(obj).decode())
    if errors:
        raise bad_request("; ".join(errors))
    return json_response(200, obj)


def _lint_errors(text: str) -> list[str]:
    from argolint.api import Source, check

    return [
        f"{item.code}: {item.message}"
        for item in check([Source("manifest.yaml", text)]).findings
        if item.severity == "error"
    ]


async def _submit(context: _Context) -> Response:
    """A Workflow from a template or a CronWorkflow, with the options of `argo submit --from`."""
    context.authorize("create")
    source = argosubmit.source_of(str(context.body.get("resourceKind") or ""))
    name = str(context.body.get("resourceName") or "")
    resource = context.cluster.registry.find(_GROUP, _VERSION, source.plural)
    if resource is None:
        raise no_such_path()
    namespace = context.namespace if resource.namespaced else ""
    context._replace(resource=resource, namespace=namespace, name=name).authorize("get")
    found = crud.require(context.cluster.writer, Call(resource, namespace, name))
    obj = argosubmit.submitted(found.copy(), source, argosubmit.part(context.body, "submitOptions"))
    await _validate(context, obj)
    return await _answer(context, crud.create(context.cluster.writer, context.call(), obj), 200)


# ---- actions


async def _act(context: _Context, action: str) -> Response:
    """An action on a workflow: the stored object as the engine's operation leaves it."""
    if action == "resubmit":
        context.authorize("get")
        context._replace(name="").authorize("create")
        old = crud.require(context.cluster.writer, context.call()).copy()
        fresh = argoactions.resubmitted(old, context.body)
        call = context._replace(name="").call()
        return await _answer(context, crud.create(context.cluster.writer, call, fresh), 200)
    context.authorize("update")
    pods: tuple[str, ...] = ()

    def apply(obj: dict[str, Any]) -> dict[str, Any]:
        nonlocal pods
        changed = argoactions.changed(action, obj, context.body)
        pods = changed.pods
        if pods:
            context._replace(name="").authorize("delete", "pods", "")
        return changed.obj

    outcome = crud.patch(context.cluster.writer, context.call(), apply)
    if not context.call().dry_run:
        _delete_pods(context, pods)
    return await _answer(context, outcome, 200)


def _delete_pods(context: _Context, names: tuple[str, ...]) -> None:
    resource = context.cluster.registry.find("", "v1", "pods")
    assert resource is not None
    for name in names:
        try:
            crud.delete(context.cluster.writer, Call(resource, context.namespace, name), crud.DeleteOptions())
        except ApiStatus as failure:
            if failure.code != 404:
                raise


async def _suspend_cron(context: _Context, action: str) -> Response:
    context.authorize("update")

    def apply(obj: dict[str, Any]) -> dict[str, Any]:
        obj["spec"]["suspend"] = action == "suspend"
        return obj

    return await _answer(context, crud.patch(context.cluster.writer, context.call(), apply), 200)


_Action = Callable[[_Context, str], Awaitable[Response]]
_ACTIONS: Final[Mapping[tuple[str, str], _Action]] = {
    **{("workflows", name): _act for name in (*argoactions.CHANGES, "resubmit")},
    ("cronworkflows", "suspend"): _suspend_cron,
    ("cronworkflows", "resume"): _suspend_cron,
}


# ---- logs


def _log(context: _Context, pod: str) -> Response:
    """The logs of a workflow's pods, or of one, a JSON object a line."""
    context.authorize("get", "pods", "", "log")
    cluster, prefix = context.cluster, "logOptions."
    crud.require(cluster.writer, context.call())
    query = context.request.query
    chosen = {key.removeprefix(prefix): value for key, value in query.items() if key.startswith(prefix)}
    want = argologs.wanted(context.namespace, context.name, pod, query, subresources.log_options(chosen))
    follow = chosen.get("follow") in ("true", "1")
    lines = (argologs.follow if follow else argologs.snapshot)(cluster, want)
    return argostreams.streamed(context.request, lines)
