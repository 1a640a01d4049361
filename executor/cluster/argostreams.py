"""The streams of argo-server: changes of workflows, crons, sensors and event sources, and Events of a namespace.

A client that accepts `text/event-stream` gets server-sent events, any other a JSON object a line; each has its content in
`result`. Upstream: server/workflow/workflow_server.go (WatchWorkflows, WatchEvents).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

import orjson

from executor.cluster import argosensorlogs, lists
from executor.cluster.argofields import Fields, fields_of
from executor.cluster.argorights import authorize
from executor.cluster.auth import User
from executor.cluster.http import Request, Response
from executor.cluster.status import method_not_allowed, no_such_path, not_found
from executor.cluster.store import Entry
from executor.cluster.watch import Encode, Watch

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

ROOTS: Final = ("workflow-events", "cron-workflow-events", "stream")
LATEST: Final = "@latest"
"""The name that stands for the workflow that was created last."""
_EVENTS: Final = "text/event-stream"
_BY_NAME: Final = "metadata.name="
_WORKFLOWS: Final = "workflows.argoproj.io"


def wants_events(request: Request) -> bool:
    """Whether the client would rather have server-sent events."""
    return _EVENTS in request.headers.get("accept", "")


async def as_events(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Lines of JSON as server-sent events."""
    async for chunk in lines:
        yield b"".join(b"data: %b\n\n" % line for line in chunk.split(b"\n") if line)


def streamed(request: Request, lines: AsyncIterator[bytes]) -> Response:
    """A stream of JSON lines, in the form that the client accepts."""
    if wants_events(request):
        return Response(200, content_type=_EVENTS, stream=as_events(lines))
    return Response(200, stream=lines)


def _encoder(events: bool, whole: bool, wanted: Fields) -> Encode:
    """How an event of a watch is written: all of it, or (for Events) the object alone."""
    frame = b'data: {"result":%b}\n\n' if events else b'{"result":%b}\n'

    def encode(type: str, entry: Entry) -> bytes:
        if type == "BOOKMARK" or (not whole and type not in ("ADDED", "MODIFIED")):
            return b""
        raw = entry.raw if wanted.everything else orjson.dumps(wanted.clean(entry.obj))
        return frame % (b'{"type":"%b","object":%b}' % (type.encode(), raw) if whole else raw)

    return encode


_OF_WORKFLOWS: Final = {"workflow-events": "workflows", "cron-workflow-events": "cronworkflows"}
_STREAMS: Final = {"events": "events", "sensors": "sensors", "event-sources": "eventsources"}


def respond(cluster: Cluster, request: Request, parts: list[str], user: User) -> Response:
    """Answer a request; `parts` is the path behind /api/v1. ApiStatus when it fails."""
    if request.method != "GET":
        raise method_not_allowed()
    plural = _OF_WORKFLOWS.get(parts[0]) or _STREAMS.get(parts[1] if len(parts) > 1 else "")
    rest = parts[1:] if parts[0] in _OF_WORKFLOWS else parts[2:]
    if plural is None or len(rest) > 2 or (len(rest) == 2 and rest[1] != "logs"):
        raise no_such_path()
    namespace = rest[0] if rest else ""
    if len(rest) == 2:
        if plural not in argosensorlogs.KINDS:
            raise no_such_path()
        return streamed(request, argosensorlogs.lines(cluster, request, plural, namespace, user))
    core = plural == "events"
    group, version = ("", "v1") if core else ("argoproj.io", "v1alpha1")
    resource = cluster.registry.find(group, version, plural)
    if resource is None:
        raise no_such_path()
    authorize(cluster, user, "watch", plural, namespace, group=group)
    prefix = "listOptions."
    query = {
        key.removeprefix(prefix): value for key, value in request.query.items() if key.startswith(prefix)
    }
    query.pop("allowWatchBookmarks", None)
    if plural == "workflows":
        _require_named(cluster, namespace, query, user)
    chosen = lists.selection(resource, namespace or None, query)
    events = wants_events(request)
    wanted = fields_of(request.query.get("fields", ""), "result.object.")
    shared = f"argo-{plural}-{'events' if events else 'lines'}" if wanted.everything else ""
    watch = Watch(cluster.store, chosen, query, _encoder(events, not core, wanted), shared)
    kind = _EVENTS if events else "application/json"
    return Response(200, content_type=kind, stream=cluster.streamed(watch))


def _require_named(cluster: Cluster, namespace: str, query: dict[str, str], user: User) -> None:
    """A watch of one workflow needs that there is one, and may name it `@latest`. ApiStatus 404."""
    selector = query.get("fieldSelector") or ""
    if not selector.startswith(_BY_NAME) or "," in selector:
        return
    name = selector.removeprefix(_BY_NAME)
    if name == LATEST:
        authorize(cluster, user, "list", "workflows", namespace)
        name = latest(cluster, namespace)
        query["fieldSelector"] = f"{_BY_NAME}{name}"
    if cluster.store.get(_WORKFLOWS, namespace, name) is None:
        raise not_found("workflows", "argoproj.io", name)


def latest(cluster: Cluster, namespace: str) -> str:
    """The name of the workflow that was created last. ApiStatus 404 when there is none."""
    found = cluster.store.items(_WORKFLOWS, namespace)
    made = [
        (entry.obj["metadata"]["creationTimestamp"], entry.rv, entry.obj["metadata"]["name"])
        for entry in found
    ]
    if not made:
        raise not_found("workflows", "argoproj.io", LATEST)
    return str(max(made)[2])
