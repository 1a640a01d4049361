"""A client of the Kubernetes API that speaks plain dicts.

Kubeconfig loading, credentials and TLS are the official `kubernetes` package's; requests go through its connection
pool. Objects are never turned into model classes: what the server said is what the caller gets.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from argolint.errors import UserError
from argolint.kube.kinds import KNOWN, Resource

Obj = dict[str, Any]

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

PAGE_SIZE = 500


class ApiError(Exception):
    """A reply of the API server that is not a success, or no reply at all (`status` 0).

    `reason` is the machine-readable reason of the Status object (NotFound, AlreadyExists, Conflict, Expired, ...), `body` that
    object when there was one, `retry_after` the server's wish in seconds.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        body: Obj | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.body = body or {}
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.message} ({self.status} {self.reason})" if self.status else self.message

    @property
    def not_found(self) -> bool:
        return self.status == 404

    @property
    def already_exists(self) -> bool:
        return self.status == 409 and self.reason == "AlreadyExists"

    @property
    def conflict(self) -> bool:
        return self.status == 409 and self.reason != "AlreadyExists"

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed later: no reply, 408, 429, 5xx."""
        return self.status in (0, 408, 429, 500, 502, 503, 504)


class WatchExpired(ApiError):
    """The resourceVersion of a watch is too old (410): list again."""


class Page(NamedTuple):
    """A list: its objects (each with apiVersion and kind filled in) and the resourceVersion to watch from."""

    items: list[Obj]
    resource_version: str


class KubeClient:
    """Requests to one API server. Thread-safe: the connection pool below is."""

    def __init__(self, configuration: Any, default_namespace: str = "default") -> None:
        from kubernetes.client.rest import RESTClientObject

        if not configuration.verify_ssl:
            # The kubeconfig says so itself (insecure-skip-tls-verify); a warning at each request would only bury the rest.
            import urllib3

            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._configuration = configuration
        self._pool = RESTClientObject(configuration).pool_manager
        self.server: str = configuration.host.rstrip("/")
        self.default_namespace = default_namespace
        self._discovered: dict[tuple[str, str], Resource] = dict(KNOWN)

    @classmethod
    def from_kubeconfig(
        cls, path: str | os.PathLike[str] | None = None, context: str | None = None
    ) -> KubeClient:
        """Connect as a kubeconfig says: `path`, else `$KUBECONFIG`, else ~/.kube/config, else the pod's own account.

        Raises UserError when there is none, or when it cannot be read.
        """
        from kubernetes import client

        config: Any = importlib.import_module("kubernetes.config")

        configuration = client.Configuration()
        # Retrying is the caller's decision: it knows whether a request may be repeated.
        configuration.retries = False
        configuration.connection_pool_maxsize = 32
        named = path is not None or bool(os.environ.get("KUBECONFIG"))
        where = os.fspath(path) if path is not None else os.environ.get("KUBECONFIG") or "~/.kube/config"
        if path is not None and not Path(where).is_file():
            raise UserError(
                f"kubeconfig {where}: no such file", "give the path of a kubeconfig with --kubeconfig"
            )
        if not named and not Path("~/.kube/config").expanduser().is_file():
            if os.environ.get("KUBERNETES_SERVICE_HOST"):
                config.load_incluster_config(client_configuration=configuration)
                namespace_file = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
                return cls(
                    configuration,
                    namespace_file.read_text().strip() if namespace_file.is_file() else "default",
                )
            raise UserError(
                "no kubeconfig: neither --kubeconfig, nor $KUBECONFIG, nor ~/.kube/config",
                "start an embedded cluster with `argorun up`, or name a kubeconfig",
            )
        try:
            config.load_kube_config(
                config_file=None if path is None else where,
                context=context,
                client_configuration=configuration,
                persist_config=False,
            )
            namespace = _context_namespace(config, None if path is None else where, context)
        except Exception as error:
            text = " ".join(str(error).split())
            raise UserError(f"kubeconfig {where}: {text}", "check it with `kubectl config view`") from error
        return cls(configuration, namespace)

    # --- requests ---------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        timeout: float = 60.0,
    ) -> Obj:
        """One request; the JSON reply. Raises ApiError for every failure."""
        response = self._send(method, path, query, body, content_type, timeout, accept="application/json")
        try:
            data = response.read()
        except Exception as error:
            raise ApiError(0, "ConnectionError", f"{self.server}: the connection broke: {error}") from error
        finally:
            response.release_conn()
        if response.status >= 400:
            raise _error(response, data)
        if not data:
            return {}
        try:
            parsed = json.loads(data)
        except ValueError as error:
            # A proxy or a login page in between: what the server did with the request is not known.
            message = f"{self.server}: the answer is not JSON; is a proxy in between?"
            raise ApiError(0, "BadReply", message) from error
        return parsed if isinstance(parsed, dict) else {"value": parsed}

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        body: Any,
        content_type: str,
        timeout: float | None,
        accept: str,
    ) -> Any:
        import urllib3

        url = self.server + path
        if query:
            pairs = [(k, _query_value(v)) for k, v in query.items() if v is not None]
            if pairs:
                url += ("&" if "?" in url else "?") + urlencode(pairs)
        headers = {"Accept": accept, "User-Agent": "argolint"}
        for auth in self._configuration.auth_settings().values():
            if auth["in"] == "header" and auth["value"]:
                headers[auth["key"]] = auth["value"]
        data = None
        if body is not None:
            data = json.dumps(body, separators=(",", ":")).encode()
            headers["Content-Type"] = content_type
        limits = urllib3.Timeout(connect=10.0, read=timeout)
        try:
            return self._pool.request(
                method, url, body=data, headers=headers, timeout=limits, preload_content=False, retries=False
            )
        except Exception as error:
            cause = str(error).rsplit(": ", 1)[-1] or type(error).__name__
            raise ApiError(
                0, type(error).__name__, f"cannot reach the Kubernetes API at {self.server}: {cause}"
            ) from error

    def get(self, resource: Resource, name: str, namespace: str = "") -> Obj:
        """One object; ApiError 404 when absent."""
        return self.request("GET", resource.path(namespace, name))

    def try_get(self, resource: Resource, name: str, namespace: str = "") -> Obj | None:
        """One object, or None when absent."""
        try:
            return self.get(resource, name, namespace)
        except ApiError as error:
            if error.not_found:
                return None
            raise

    def list(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        limit: int = PAGE_SIZE,
    ) -> Page:
        """All objects (an empty namespace means every namespace), fetched in pages of `limit`."""
        items: list[Obj] = []
        token: str | None = None
        while True:
            query = {
                "labelSelector": label_selector,
                "fieldSelector": field_selector,
                "limit": limit,
                "continue": token,
            }
            reply = self.request("GET", resource.path(namespace), query=query)
            for item in reply.get("items") or []:
                item.setdefault("apiVersion", resource.api_version)
                item.setdefault("kind", resource.kind)
                items.append(item)
            meta = reply.get("metadata") or {}
            token = meta.get("continue") or None
            if token is None:
                return Page(items, meta.get("resourceVersion", ""))

    def watch(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        resource_version: str = "",
        label_selector: str | None = None,
        field_selector: str | None = None,
        timeout_seconds: int = 300,
    ) -> Iterator[tuple[str, Obj]]:
        """Yield (type, object) from `resource_version` on until the server ends the watch; BOOKMARK events included.

        Raises WatchExpired when the version is too old, ApiError for other failures.
        """
        query = {
            "watch": True,
            "allowWatchBookmarks": True,
            "resourceVersion": resource_version or None,
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "timeoutSeconds": timeout_seconds,
        }
        path = resource.path(namespace)
        response = self._send("GET", path, query, None, "", timeout_seconds + 30.0, accept="application/json")
        try:
            if response.status >= 400:
                raise _error(response, response.read())
            for line in _lines(response):
                event = json.loads(line)
                obj = event.get("object") or {}
                if event.get("type") == "ERROR":
                    code = obj.get("code", 500)
                    kind = WatchExpired if code == 410 else ApiError
                    raise kind(code, obj.get("reason", ""), obj.get("message", "the watch failed"), obj)
                yield event["type"], obj
        except ApiError:
            raise
        except (ValueError, KeyError) as error:
            raise ApiError(
                0, "BadWatch", f"{self.server}{path}: an unreadable watch event: {error}"
            ) from error
        except Exception as error:
            raise ApiError(
                0, type(error).__name__, f"{self.server}{path}: the watch broke: {error}"
            ) from error
        finally:
            response.close()

    def create(
        self,
        resource: Resource,
        obj: Mapping[str, Any],
        namespace: str = "",
        *,
        dry_run: bool = False,
        field_manager: str | None = None,
    ) -> Obj:
        """POST an object; ApiError 409 AlreadyExists when its name is taken."""
        query = {"dryRun": "All" if dry_run else None, "fieldManager": field_manager}
        return self.request("POST", resource.path(namespace), query=query, body=obj)

    def replace(
        self,
        resource: Resource,
        obj: Mapping[str, Any],
        namespace: str = "",
        *,
        subresource: str = "",
        field_manager: str | None = None,
    ) -> Obj:
        """PUT an object; ApiError 409 Conflict when its resourceVersion is not the newest."""
        name = obj["metadata"]["name"]
        return self.request(
            "PUT",
            resource.path(namespace, name, subresource),
            query={"fieldManager": field_manager},
            body=obj,
        )

    def patch(
        self,
        resource: Resource,
        name: str,
        patch: Any,
        namespace: str = "",
        *,
        content_type: str = MERGE_PATCH,
        subresource: str = "",
        field_manager: str | None = None,
        dry_run: bool = False,
    ) -> Obj:
        """PATCH an object, by default with a JSON merge patch."""
        query = {"fieldManager": field_manager, "dryRun": "All" if dry_run else None}
        path = resource.path(namespace, name, subresource)
        return self.request("PATCH", path, query=query, body=patch, content_type=content_type)

    def apply(
        self,
        resource: Resource,
        obj: Mapping[str, Any],
        namespace: str = "",
        *,
        field_manager: str,
        force: bool = False,
        dry_run: bool = False,
        field_validation: str = "Strict",
    ) -> Obj:
        """Server-side apply; ApiError 409 Conflict with the causes in `body["details"]["causes"]`."""
        query = {
            "fieldManager": field_manager,
            "force": True if force else None,
            "dryRun": "All" if dry_run else None,
            "fieldValidation": field_validation,
        }
        path = resource.path(namespace, obj["metadata"]["name"])
        return self.request("PATCH", path, query=query, body=obj, content_type=APPLY_PATCH)

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str = "",
        *,
        propagation: str = "Background",
        uid: str | None = None,
        resource_version: str | None = None,
        grace_seconds: int | None = None,
    ) -> Obj:
        """DELETE an object; `uid` and `resource_version` are preconditions. ApiError 404 when absent."""
        body: Obj = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        preconditions = {
            k: v for k, v in (("uid", uid), ("resourceVersion", resource_version)) if v is not None
        }
        if preconditions:
            body["preconditions"] = preconditions
        return self.request("DELETE", resource.path(namespace, name), body=body)

    def delete_collection(self, resource: Resource, namespace: str, *, label_selector: str) -> Obj:
        """DELETE every object that the selector matches."""
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        return self.request(
            "DELETE", resource.path(namespace), query={"labelSelector": label_selector}, body=body
        )

    def stream_log(
        self,
        pod: str,
        namespace: str,
        *,
        container: str | None = None,
        follow: bool = False,
        timestamps: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
    ) -> Iterator[bytes]:
        """The lines of a container's log, without their newlines."""
        query = {
            "container": container,
            "follow": True if follow else None,
            "timestamps": True if timestamps else None,
            "tailLines": tail_lines,
            "sinceSeconds": since_seconds,
        }
        path = KNOWN[("v1", "Pod")].path(namespace, pod, "log")
        response = self._send("GET", path, query, None, "", None if follow else 60.0, accept="*/*")
        try:
            if response.status >= 400:
                raise _error(response, response.read())
            yield from _lines(response)
        finally:
            response.close()

    # --- discovery --------------------------------------------------------------------------------

    def resource(self, api_version: str, kind: str) -> Resource:
        """How a kind is addressed: from the table of known kinds, else by asking the server.

        Raises ApiError 404 with a message naming the kind when the server does not serve it.
        """
        found = self._discovered.get((api_version, kind))
        if found is not None:
            return found
        base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        group, _, version = api_version.rpartition("/")
        try:
            reply = self.request("GET", base)
        except ApiError as error:
            if not error.not_found:
                raise
            reply = {}
        for entry in reply.get("resources") or []:
            if "/" not in entry["name"]:
                resource = Resource(group, version, entry["name"], entry["kind"], entry["namespaced"])
                self._discovered[(api_version, entry["kind"])] = resource
        found = self._discovered.get((api_version, kind))
        if found is None:
            raise ApiError(404, "NotFound", f"{self.server} serves no kind {kind} in {api_version}")
        return found

    def resource_of(self, obj: Mapping[str, Any]) -> Resource:
        """How the kind of an object is addressed."""
        return self.resource(obj["apiVersion"], obj["kind"])

    def version(self) -> Obj:
        """The server's /version; also the cheapest way to see whether it answers."""
        return self.request("GET", "/version", timeout=5.0)


def _context_namespace(config: Any, config_file: str | None, context: str | None) -> str:
    contexts, active = config.list_kube_config_contexts(config_file=config_file)
    chosen = next((c for c in contexts if c["name"] == context), active) if context else active
    return str((chosen.get("context") or {}).get("namespace") or "default")


def _query_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _lines(response: Any) -> Iterator[bytes]:
    """Split a streamed body into lines, yielding each as soon as it is complete."""
    buffer = bytearray()
    # read1 hands over what has arrived; `stream` would wait for a whole chunk of its size on a plain socket.
    while True:
        chunk = response.read1(65536)
        if not chunk:
            break
        buffer += chunk
        while (cut := buffer.find(b"\n")) >= 0:
            line = bytes(buffer[:cut])
            del buffer[: cut + 1]
            if line:
                yield line
    if buffer:
        yield bytes(buffer)


def _error(response: Any, data: bytes) -> ApiError:
    text = data.decode("utf-8", "replace").strip()
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    header = response.headers.get("Retry-After")
    retry_after = float(header) if header and header.isdigit() else None
    if isinstance(body, dict) and body.get("kind") == "Status":
        kind = WatchExpired if response.status == 410 else ApiError
        message = body.get("message") or text
        return kind(response.status, body.get("reason") or "", message, body, retry_after)
    return ApiError(
        response.status, response.reason or "", text[:500] or f"HTTP {response.status}", None, retry_after
    )
