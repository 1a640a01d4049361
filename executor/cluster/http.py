"""Requests and answers: the little HTTP that the API needs on top of ASGI."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
import yaml

from executor.cluster.status import ApiStatus, bad_request, unsupported_media_type
from executor.cluster.strict import repeated_in_json, repeated_in_yaml

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Upgraded = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Serves a connection that speaks another protocol from here on, until it ends."""

MAX_BODY: Final = 3 * 1024 * 1024
"""Bytes of a request's body: upstream's limit (apiserver: MaxRequestBodyBytes)."""
MAX_DEPTH: Final = 200
"""Levels of nesting of a body. What walks over objects recurses."""
_MAX_YAML: Final = 1024 * 1024
"""Bytes of a body in YAML, which is a hundred times as slow to read as JSON."""
_MAX_NODES: Final = 1_000_000
"""Values of a YAML body once its aliases are written out."""
SEPARATOR: Final = "\n"
"""Between the values of a header that is there several times and whose values are not joined by commas."""
JSON: Final = "application/json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """YAML 1.1 as Go's library reads it: a plain y or n is a boolean, which PyYAML takes for text.

    `repeated` are the lines, from 0, where a key is there again.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self.repeated: list[tuple[int, str]] = []

    def construct_yaml_bool(self, node: Any) -> bool:
        return bool(self.bool_values[self.construct_scalar(node).lower()])

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    self.repeated.append((key.start_mark.line, key.value))
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.bool_values = {**_Base.bool_values, "y": True, "n": False}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^[yYnN]$"), list("yYnN"))
_Loader.add_constructor("tag:yaml.org,2002:bool", _Loader.construct_yaml_bool)


@dataclass(slots=True)
class Request:
    """One HTTP request, its body still in bytes."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    peer: Mapping[str, Any] | None = None
    """The client's TLS certificate, as `ssl` describes it, when it showed one."""
    secure: bool = True
    """Whether it came over TLS."""
    warnings: list[str] = field(default_factory=list)
    raw_query: bytes = b""
    """The query as it came, for parameters that may be there several times."""
    client: str = ""
    """The address that it came from."""
    audited: Any = None
    """What the audit log is told of it, if there is one."""

    @property
    def content_type(self) -> str:
        """The media type of the body, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Response:
    """An answer with a body, or with `stream`, chunks that are sent as they come."""

    __slots__ = ("body", "code", "content_type", "headers", "stream", "upgrade")

    def __init__(
        self,
        code: int,
        body: bytes = b"",
        content_type: str = JSON,
        *,
        stream: AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        upgrade: Upgraded | None = None,
    ) -> None:
        """`upgrade` goes with code 101: what the connection is for afterwards."""
        self.code = code
        self.body = body
        self.content_type = content_type
        self.stream = stream
        self.headers = dict(headers or {})
        self.upgrade = upgrade


def json_response(code: int, obj: Any) -> Response:
    """An object as JSON."""
    return Response(code, orjson.dumps(obj))


def failure_response(failure: ApiStatus) -> Response:
    """A failure as a Status object."""
    return Response(failure.code, orjson.dumps(failure.body()), headers=failure.headers)


def request_of(scope: Scope) -> Request:
    """The request of an ASGI scope (of a WebSocket), without its body."""
    headers: dict[str, str] = {}
    for raw, value in scope["headers"]:
        name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
        headers[name] = f"{headers[name]}{SEPARATOR}{text}" if name in headers else text
    query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))
    return Request(
        scope.get("method", "GET"),
        scope["path"],
        query,
        headers,
        peer=(scope.get("state") or {}).get("peer"),
        secure=scope.get("scheme") in ("wss", "https"),
        raw_query=scope.get("query_string", b""),
        client=str((scope.get("client") or ("",))[0]),
    )


def too_large(limit: int = MAX_BODY) -> ApiStatus:
    """413: a body, or an object, of more bytes than `limit`."""
    return ApiStatus(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def parse_body(
    request: Request,
    decode_protobuf: Callable[[bytes], Any] | None = None,
    repeated: list[str] | None = None,
) -> Any:
    """The body as data: JSON, YAML or protobuf by its Content-Type. ApiStatus 400 or 415.

    What a strict reader says of fields that are in it several times is added to `repeated`.
    """
    kind = request.content_type
    if kind == PROTOBUF:
        if decode_protobuf is None:
            raise unsupported_media_type([JSON, YAML])
        decoded = decode_protobuf(request.body)
        check_depth(decoded)
        return decoded
    if kind in (YAML, "application/apply-patch+yaml"):
        return parse_yaml(request.body, repeated)
    if kind in ("", JSON, "text/plain") or kind.endswith("+json"):
        data = parse_json(request.body)
        if repeated is not None:
            repeated += repeated_in_json(request.body, data)
        return data
    raise unsupported_media_type([JSON, YAML, PROTOBUF])


def parse_json(body: bytes) -> Any:
    """JSON as data. ApiStatus 400."""
    try:
        return _shallow(orjson.loads(body), body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"error decoding the body: it is not JSON: {error}") from error


def _shallow(data: Any, body: bytes) -> Any:
    """The data of a body, if it is not nested too deeply. ApiStatus 400."""
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        check_depth(data)
    return data


def check_depth(data: Any) -> None:
    """ApiStatus 400 when data is nested more than MAX_DEPTH deep."""
    level = [data]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below += item.values()
            elif isinstance(item, list):
                below += item
        if not below:
            return
        level = below
    if any(isinstance(item, dict | list) for item in level):
        raise bad_request(f"error decoding the body: it is nested more than {MAX_DEPTH} levels deep")


def parse_yaml(body: bytes, repeated: list[str] | None = None) -> Any:
    """YAML (or JSON) as data, with keys and scalars as JSON has them. ApiStatus 400.

    What is in it several times is added to `repeated`, in the words of the Go library.
    """
    try:
        data = _shallow(orjson.loads(body), body)
        if repeated is None or len(body) > _MAX_YAML or not repeated_in_json(body, data):
            return data
    except orjson.JSONDecodeError:
        pass
    if len(body) > _MAX_YAML:
        raise too_large(_MAX_YAML)
    try:
        _check_yaml(body)
        loader = _Loader(body)
        try:
            data = loader.get_single_data()
        finally:
            loader.dispose()
        if repeated is not None:
            repeated += repeated_in_yaml(loader.repeated)
        if b"*" in body and _written_out(data, {}) > _MAX_NODES:
            raise bad_request("error decoding the body: its aliases make too much of it")
        # A Go client writes YAML by way of JSON, so whatever YAML knows beyond it (dates, …) goes back to text.
        return orjson.loads(orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS))
    except (yaml.YAMLError, orjson.JSONEncodeError, RecursionError, ValueError) as error:
        raise bad_request(f"error decoding the body: it is not YAML: {error}") from error


def _check_yaml(body: bytes) -> None:
    """ApiStatus 400 when YAML is nested too deeply: the loader's C code would run out of stack."""
    depth = 0
    for event in yaml.parse(body, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise bad_request(f"error decoding the body: it is nested more than {MAX_DEPTH} levels deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _written_out(value: Any, known: dict[int, int]) -> int:
    """How many values there are when every alias is written out. ValueError when one contains itself."""
    if not isinstance(value, dict | list):
        return 1
    size = known.get(id(value))
    if size is None:
        known[id(value)] = -1
        items = value.values() if isinstance(value, dict) else value
        size = known[id(value)] = 1 + sum(_written_out(item, known) for item in items)
    if size < 0:
        raise ValueError("an alias contains itself")
    return size


def object_body(data: Any) -> dict[str, Any]:
    """A body that must be an object."""
    if not isinstance(data, dict):
        raise bad_request("the body of the request is not an object")
    return data


def warning_header(text: str) -> str:
    """A `Warning` header as RFC 7234 words it; clients print its text."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'299 - "{quoted}"'
