"""The streams of argo-server: changes of workflows, and Events of a namespace.

A client that accepts `text/event-stream` gets server-sent events, any other a JSON object a line; each has its content in
`result`. Upstream: server/workflow/workflow_server.go (WatchWorkflows, WatchEvents).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from executor.cluster import lists
from executor.cluster.auth import User
from executor.cluster.http import Request, Response
from executor.cluster.rbac import Attributes, denial
from executor.cluster.status import forbidden, method_not_allowed, no_such_path
from executor.cluster.store import Entry
from executor.cluster.watch import Encode, Watch

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

ROOTS: Final = ("workflow-events", "cron-workflow-events", "stream")
_EVENTS: Final = "text/event-stream"


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


def _encoder(events: bool, whole: bool) -> Encode:
    """How an event of a watch is written: all of it, or (for Events) the object alone."""
    frame = b'data: {"result":%b}\n\n' if events else b'{"result":%b}\n'

    def encode(type: str, entry: Entry) -> bytes:
        if type == "BOOKMARK" or (not whole and type not in ("ADDED", "MODIFIED")):
            return b""
        return frame % (b'{"type":"%b","object":%b}' % (type.encode(), entry.raw) if whole else entry.raw)

    return encode


def respond(cluster: Cluster, request: Request, parts: list[str], user: User) -> Response:
    """Answer a request; `parts` is the path behind /api/v1. ApiStatus when it fails."""
    if request.method != "GET":
        raise method_not_allowed()
    whole = parts[0] != "stream"
    if whole:
        group, version, plural = "argoproj.io", "v1alpha1", "workflows"
        if parts[0].startswith("cron"):
            plural = "cronworkflows"
        namespace = parts[1] if len(parts) > 1 else ""
    else:
        group, version, plural = "", "v1", "events"
        namespace = parts[2] if len(parts) > 2 else ""
    resource = cluster.registry.find(group, version, plural)
    if resource is None or len(parts) > (2 if whole else 3) or (parts[1:2] != ["events"] and not whole):
        raise no_such_path()
    wanted = Attributes("watch", group, plural, "", namespace, "")
    if not cluster.authorizer.allowed(user, wanted):
        raise forbidden(plural, group, "", denial(user, wanted))
    prefix = "listOptions."
    query = {
        key.removeprefix(prefix): value for key, value in request.query.items() if key.startswith(prefix)
    }
    query.pop("allowWatchBookmarks", None)
    chosen = lists.selection(resource, namespace or None, query)
    events = wants_events(request)
    shared = f"argo-{plural}-{'events' if events else 'lines'}"
    watch = Watch(cluster.store, chosen, query, _encoder(events, whole), shared)
    kind = _EVENTS if events else "application/json"
    return Response(200, content_type=kind, stream=cluster.streamed(watch))
