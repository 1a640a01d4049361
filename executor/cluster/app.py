"""The API server as an ASGI application."""

from __future__ import annotations

import logging
from typing import Any

import orjson

from executor.cluster import argoartifacts, argoserver, discovery, openapiv2, podstreams, rest
from executor.cluster.audit import Audited
from executor.cluster.auth import ANONYMOUS, User
from executor.cluster.http import (
    Receive,
    Request,
    Response,
    Scope,
    Send,
    failure_response,
    json_response,
    request_of,
)
from executor.cluster.impersonation import impersonation
from executor.cluster.rbac import Attributes, denial
from executor.cluster.routes import STREAMS, Target, target_of, verb_of, wanted_of, wanted_of_unknown
from executor.cluster.state import Cluster
from executor.cluster.status import (
    ApiStatus,
    bad_request,
    forbidden,
    internal,
    method_not_allowed,
    no_such_path,
    not_found,
    unauthorized,
)
from executor.cluster.store import Entry

log = logging.getLogger("argorun.apiserver")

_VERSION = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.0+argolint",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


class App:
    """Serves a Cluster that has been opened."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point of WebSockets; other requests come by `answer`."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """exec, attach and port-forward; anything that stands in the way is answered as a Status."""
        await receive()
        request = request_of(scope)
        audited = None
        if self.cluster.audit is not None:
            request.audited = audited = Audited(self.cluster.audit, request)
            send = audited.accepting(send)
        try:
            target, entry = self._streamed(request)
            await podstreams.over_websocket(self.cluster, scope, receive, send, target, entry)
        except ApiStatus as failure:
            if audited is not None:
                audited.answered(failure_response(failure))
            await _refuse_upgrade(scope, send, failure)
        finally:
            if audited is not None:
                audited.closed()

    def _streamed(self, request: Request) -> tuple[Target, Entry]:
        """The pod that an allowed WebSocket is about. ApiStatus otherwise."""
        user = self._user_of(request)
        target = target_of(self.cluster.registry, request.path)
        if target.resource.storage != "pods" or target.subresource not in STREAMS:
            raise no_such_path()
        wanted = Attributes("create", "", "pods", target.subresource, target.namespace or "", target.name)
        if request.audited is not None:
            request.audited.wanted = wanted
        self._authorize(user, wanted, "pods", target.name)
        entry = self.cluster.store.get("pods", target.namespace or "", target.name)
        if entry is None:
            raise not_found("pods", "", target.name)
        return target, entry

    async def answer(self, request: Request) -> Response:
        """The answer to a request, whatever becomes of it."""
        if self.cluster.audit is None:
            return await self._answered(request)
        request.audited = audited = Audited(self.cluster.audit, request)
        return audited.answered(await self._answered(request))

    async def _answered(self, request: Request) -> Response:
        try:
            return await self.respond(request)
        except ApiStatus as failure:
            return failure_response(failure)
        except RecursionError:
            return failure_response(bad_request("the request is nested too deeply"))
        except OSError as error:
            return failure_response(internal(str(error)))
        except Exception as error:
            log.exception("%s %s", request.method, request.path)
            return failure_response(internal(f"{type(error).__name__}: {error}"))

    async def respond(self, request: Request) -> Response:
        """The answer to a request."""
        path = request.path.rstrip("/") or "/"
        if request.method not in _METHODS:
            raise method_not_allowed()
        user = self._user_of(request)
        if request.method in ("GET", "HEAD"):
            if path in ("/healthz", "/livez", "/readyz"):
                return Response(200, b"ok", "text/plain")
            if path == "/version":
                return json_response(200, _VERSION)
        return await self._identified(request, path, user)

    def _user_of(self, request: Request) -> User:
        """As whom a request is made. ApiStatus 401 or 403."""
        user = self.cluster.auth.user_of(request)
        if request.audited is None:
            return self._acting_as(request, user)
        request.audited.user = user
        request.audited.acting = acting = self._acting_as(request, user)
        return acting

    def _acting_as(self, request: Request, user: User) -> User:
        """The user that the request is made as: another one, when it asks for that and may."""
        asked = impersonation(request.headers)
        if asked is None:
            return user
        for need in asked.needs:
            self._authorize(user, need, need.resource, need.name)
        return asked.user

    def _authorize(self, user: User, wanted: Attributes, plural: str, name: str) -> None:
        """ApiStatus 403 when the user may not do this."""
        if not self.cluster.authorizer.allowed(user, wanted):
            why = denial(user, wanted)
            if wanted.path:
                raise ApiStatus(403, "Forbidden", f"forbidden: {why}")
            raise forbidden(plural, wanted.group, name, why)

    async def _identified(self, request: Request, path: str, user: User) -> Response:
        argo = argoserver.is_argo_path(request.method, path)
        if user == ANONYMOUS and (argo or argoartifacts.is_artifact_path(path)):
            raise unauthorized()  # argo-server knows nobody without a token
        if argoartifacts.is_artifact_path(path):
            return await argoartifacts.respond(self.cluster, request, path, user)
        if argo:
            try:
                return await argoserver.respond(self.cluster, request, path, user)
            except ApiStatus as status:
                return argoserver.failure(status)
        if not path.startswith(("/api/", "/apis/")) or path.count("/") <= (
            2 if path.startswith("/api/") else 3
        ):
            verb = "get" if request.method == "HEAD" else request.method.lower()
            self._authorize(user, Attributes(verb, path=path), "", "")
            if verb != "get":
                raise method_not_allowed()
            return self._nonresource(request, path)
        try:
            target = target_of(self.cluster.registry, path)
        except ApiStatus:
            # Who may not do it does not learn whether there is such a thing.
            wanted = wanted_of_unknown(path, request.method)
            if request.audited is not None:
                request.audited.wanted = wanted
            self._authorize(user, wanted, wanted.resource, wanted.name)
            raise
        watching = target.watch or request.query.get("watch") in ("true", "1", "True")
        verb = verb_of(request.method, target, watching)
        if not verb:
            raise method_not_allowed()
        wanted = wanted_of(target, verb, request.query)
        if request.audited is not None:
            request.audited.wanted = wanted
        self._authorize(user, wanted, target.resource.plural, target.name)
        return await rest.handle(self.cluster, request, target, verb, user)

    def _nonresource(self, request: Request, path: str) -> Response:
        cluster, accept = self.cluster, request.headers.get("accept", "")
        parts = [part for part in path.split("/") if part]
        if parts[:2] == ["openapi", "v3"]:
            return self._openapi(parts[2:])
        if path == "/openapi/v2":
            if openapiv2.ACCEPT not in accept:
                raise ApiStatus(
                    406, "NotAcceptable", "OpenAPI v2 is served as protobuf only: use /openapi/v3"
                )
            return Response(200, openapiv2.document(cluster.registry), openapiv2.CONTENT_TYPE)
        if path in ("/api", "/apis"):
            if "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" in accept:
                response = json_response(200, discovery.aggregated(cluster.registry, path == "/api"))
                response.content_type = discovery.AGGREGATED
                return response
            core = discovery.api_versions(cluster.address)
            return json_response(200, core if path == "/api" else discovery.groups(cluster.registry))
        found: Any = None
        if parts[0] == "api" and len(parts) == 2:
            found = discovery.resources(cluster.registry, "", parts[1])
        elif parts[0] == "apis" and len(parts) == 2:
            found = discovery.group(cluster.registry, parts[1])
        elif parts[0] == "apis" and len(parts) == 3:
            found = discovery.resources(cluster.registry, parts[1], parts[2])
        if found is None:
            raise no_such_path()
        return json_response(200, found)

    def _openapi(self, parts: list[str]) -> Response:
        documents = self.cluster.openapi
        if not parts:
            return json_response(200, documents.index())
        content = None
        if parts[0] == "api" and len(parts) == 2:
            content = documents.document("", parts[1])
        elif parts[0] == "apis" and len(parts) == 3:
            content = documents.document(parts[1], parts[2])
        if content is None:
            raise no_such_path()
        return Response(200, content)


async def _refuse_upgrade(scope: Scope, send: Send, failure: ApiStatus) -> None:
    """Answer an upgrade with a Status where the server can, else by closing."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008})
        return
    body = orjson.dumps(failure.body())
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "websocket.http.response.start", "status": failure.code, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
