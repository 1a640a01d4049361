"""The audit log: who asked for what, and what became of it, as JSON lines of `audit.k8s.io/v1` Events at level Metadata.

Each request is told once, when it is answered (stage ResponseComplete); what goes on (watches, followed logs, exec) also when it begins
(ResponseStarted). Bodies are never in it. Upstream: apiserver/pkg/apis/audit/v1/types.go, docs "Auditing".
"""

from __future__ import annotations

import logging
import os
import queue
import re
import threading
import uuid
from collections.abc import AsyncIterator, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

import orjson

from executor.cluster.auth import User
from executor.cluster.http import Request, Response, Send, Upgraded
from executor.cluster.rbac import Attributes

log = logging.getLogger("argorun.apiserver")

MAX_FILE: Final = 100 * 1024 * 1024
"""Bytes after which the file is put aside as FILE.1, in the place of the one before."""
_MAX_WAITING: Final = 100_000
_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")

Event = dict[str, Any]


class AuditLog:
    """Writes events to a file, on a thread of its own. Lines that a full disk or a slow one refuses are counted and left out."""

    def __init__(self, path: Path, limit: int = MAX_FILE) -> None:
        """The file is continued, and only its owner's. OSError when it cannot be written."""
        self._path = path
        self._limit = limit
        self._file = self._opened()
        self._waiting: queue.Queue[Event | None] = queue.Queue(_MAX_WAITING)
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def _opened(self) -> IO[bytes]:
        return open(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")

    def write(self, event: Event) -> None:
        """Write an event soon."""
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            self._lose(1, "more is asked for than can be written")

    def close(self) -> None:
        """Write what waits, and close the file."""
        self._waiting.put(None)
        self._thread.join(10)

    def _run(self) -> None:
        going = True
        while going:
            batch = [self._waiting.get()]
            with suppress(queue.Empty):
                while len(batch) < 1000:
                    batch.append(self._waiting.get_nowait())
            going = None not in batch
            lines = [orjson.dumps(event) for event in batch if event is not None]
            try:
                if lines:
                    self._append(b"\n".join(lines) + b"\n")
            except OSError as error:
                self._lose(len(lines), str(error))
        with suppress(OSError):
            self._file.close()

    def _append(self, text: bytes) -> None:
        if self._file.tell() + len(text) > self._limit and self._file.tell():
            self._file.close()
            os.replace(self._path, self._path.with_name(f"{self._path.name}.1"))
            self._file = self._opened()
        self._file.write(text)
        self._file.flush()

    def _lose(self, count: int, why: str) -> None:
        if not self._lost:
            log.error("%s: entries of the audit log are lost: %s", self._path, why)
        self._lost += count


class Audited:
    """One request on its way: what is known of it so far, told when it is answered."""

    def __init__(self, log: AuditLog, request: Request) -> None:
        given = request.headers.get("audit-id", "")
        self.id = given if _ID.fullmatch(given) else str(uuid.uuid4())
        self._log = log
        self._request = request
        self._received = now()
        self._accepted = False
        self.user: User | None = None
        """Who sent it."""
        self.acting: User | None = None
        """As whom, when that is somebody else."""
        self.wanted: Attributes | None = None
        """What it is about; None for a path that is no resource's."""

    def answered(self, response: Response) -> Response:
        """Tell of an answer, now or, if it goes on, at its beginning and its end; the response that is to be sent."""
        response.headers["audit-id"] = self.id
        if response.stream is not None:
            self._tell("ResponseStarted", response)
            response.stream = self._until_end(response, response.stream)
        elif response.upgrade is not None:
            self._tell("ResponseStarted", response)
            response.upgrade = self._until_closed(response, response.upgrade)
        else:
            self._tell("ResponseComplete", response)
        return response

    def accepting(self, send: Send) -> Send:
        """The `send` of a WebSocket, which tells of its beginning when it is accepted; `closed` tells of its end."""

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "websocket.accept":
                self._accepted = True
                self._tell("ResponseStarted", Response(101))
            await send(message)

        return sending

    def closed(self) -> None:
        """A WebSocket is over, whatever ended it; one that was refused is told of by `answered`."""
        if self._accepted:
            self._tell("ResponseComplete", Response(101))

    async def _until_end(self, response: Response, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            async for chunk in stream:
                yield chunk
        finally:
            self._tell("ResponseComplete", response)

    def _until_closed(self, response: Response, upgrade: Upgraded) -> Upgraded:
        async def serve(reader: Any, writer: Any) -> None:
            try:
                await upgrade(reader, writer)
            finally:
                self._tell("ResponseComplete", response)

        return serve

    def _tell(self, stage: str, response: Response) -> None:
        request, wanted = self._request, self.wanted
        target = request.path
        if request.raw_query:
            target += "?" + request.raw_query.decode("latin-1")
        event: Event = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": "Metadata",
            "auditID": self.id,
            "stage": stage,
            "requestURI": target,
            "verb": wanted.verb if wanted is not None else request.method.lower(),
            "user": _user(self.user),
        }
        if self.acting is not None and self.acting != self.user:
            event["impersonatedUser"] = _user(self.acting)
        if request.client:
            event["sourceIPs"] = [request.client]
        if request.headers.get("user-agent"):
            event["userAgent"] = request.headers["user-agent"]
        if wanted is not None and wanted.resource:
            event["objectRef"] = _reference(request.path, wanted, response)
        event["responseStatus"] = _status(response)
        event["requestReceivedTimestamp"] = self._received
        event["stageTimestamp"] = now()
        if response.code != 401:
            event["annotations"] = {
                "authorization.k8s.io/decision": "forbid" if response.code == 403 else "allow"
            }
        self._log.write(event)


def now() -> str:
    """The time with microseconds, as these events carry it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _user(user: User | None) -> dict[str, Any]:
    if user is None:  # credentials that are none
        return {}
    return {"username": user.name, **({"uid": user.uid} if user.uid else {}), "groups": list(user.groups)}


def _reference(path: str, wanted: Attributes, response: Response) -> dict[str, str]:
    """What the request is about; the name of what was created is in the answer only."""
    parts = [part for part in path.split("/") if part]
    version = parts[1] if parts[0] == "api" else parts[2]
    name = wanted.name
    if not name and response.code == 201 and not wanted.subresource:
        with suppress(orjson.JSONDecodeError, KeyError, TypeError):
            name = orjson.loads(response.body)["metadata"]["name"]
    found = {
        "resource": wanted.resource,
        "namespace": wanted.namespace,
        "name": name,
        "apiGroup": wanted.group,
        "apiVersion": version,
        "subresource": wanted.subresource,
    }
    return {key: value for key, value in found.items() if value}


def _status(response: Response) -> dict[str, Any]:
    status: dict[str, Any] = {"metadata": {}, "code": response.code}
    if response.code >= 400:
        status["status"] = "Failure"
        with suppress(orjson.JSONDecodeError):
            said = orjson.loads(response.body)
            if isinstance(said, dict):
                status |= {key: said[key] for key in ("message", "reason") if isinstance(said.get(key), str)}
    return status
