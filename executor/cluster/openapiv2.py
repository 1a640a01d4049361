"""OpenAPI v2, as far as kubectl still asks for it: whether the server checks fields itself.

kubectl looks that up here for a `kind: List` before it sends the items. It reads protobuf only (gnostic's
openapiv2.proto), and of the document only the group, version, kind and query parameters of each PATCH.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import orjson

from executor.cluster.kinds import Registry, Resource
from executor.cluster.openapi import PARAMETERS

ACCEPT: Final = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
CONTENT_TYPE: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""As upstream: a media type may not have the @ that clients ask for."""


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, value: bytes | str) -> bytes:
    """A length-delimited field: text, or a message."""
    data = value.encode() if isinstance(value, str) else value
    return _number(number << 3 | 2) + _number(len(data)) + data


def _messages(number: int, values: Iterable[bytes]) -> bytes:
    return b"".join(_field(number, value) for value in values)


def _parameter(name: str) -> bytes:
    query = _field(2, "query") + _field(4, name) + _field(6, "string")
    return _field(1, _field(2, _field(3, query)))  # parameter, non-body, of the query


def _patch(resource: Resource) -> bytes:
    kind = {"group": resource.group, "kind": resource.kind, "version": resource.version}
    extension = _field(1, "x-kubernetes-group-version-kind") + _field(2, _field(2, orjson.dumps(kind)))
    return _messages(8, map(_parameter, PARAMETERS)) + _field(13, extension)


def document(registry: Registry) -> bytes:
    """The document of everything that a registry serves, in protobuf."""
    paths = b""
    for resource in registry.by_path.values():
        if "patch" in resource.verbs:
            scope = "/namespaces/{namespace}" if resource.namespaced else ""
            path = f"{resource.prefix}{scope}/{resource.plural}/{{name}}"
            paths += _field(2, _field(1, path) + _field(2, _field(8, _patch(resource))))
    info = _field(1, "Kubernetes") + _field(2, "v1.34.0")
    return _field(1, "2.0") + _field(2, info) + _field(8, paths)
