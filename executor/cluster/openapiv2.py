"""OpenAPI v2, as far as kubectl asks for it: which fields objects have, and whether the server checks them itself.

kubectl looks the latter up here for a `kind: List` before it sends the items; of each PATCH it reads group, version, kind and
query parameters. Up to 1.26 it takes what `explain` prints, the fields that it checks and the merge keys of `apply` from the
definitions. It reads protobuf only (gnostic's openapiv2.proto).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from executor.cluster.kinds import Registry, Resource
from executor.cluster.openapi import PARAMETERS, build
from executor.cluster.schemas import REF

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


def _any(value: Any) -> bytes:
    return _field(2, orjson.dumps(value))


def _schema(schema: Mapping[str, Any]) -> bytes:
    """A schema; what kubectl does not read of it is left out."""
    parts = schema.get("allOf") or ()
    if len(parts) == 1 and "$ref" in parts[0]:
        schema = {**{key: value for key, value in schema.items() if key != "allOf"}, **parts[0]}
    out = b""
    if reference := schema.get("$ref"):
        out += _field(1, "#/definitions/" + str(reference).removeprefix(REF))
    for number, key in ((2, "format"), (4, "description")):
        if schema.get(key):
            out += _field(number, str(schema[key]))
    out += _messages(19, (str(name).encode() for name in schema.get("required") or ()))
    additional = schema.get("additionalProperties")
    if isinstance(additional, Mapping):
        out += _field(21, _field(1, _schema(additional)))
    if schema.get("type"):
        out += _field(22, _field(1, str(schema["type"])))
    if isinstance(schema.get("items"), Mapping):
        out += _field(23, _field(1, _schema(schema["items"])))
    if properties := schema.get("properties"):
        out += _field(25, _named(properties))
    for key, value in schema.items():
        if key.startswith("x-kubernetes-") and key != "x-kubernetes-validations":
            out += _field(31, _field(1, key) + _field(2, _any(value)))
    return out


def _named(schemas: Mapping[str, Mapping[str, Any]]) -> bytes:
    return _messages(1, (_field(1, name) + _field(2, _schema(schema)) for name, schema in schemas.items()))


def _definitions(registry: Registry) -> bytes:
    schemas: dict[str, Any] = {}
    for group, versions in registry.group_versions().items():
        for version in versions:
            found = [item for path, item in registry.by_path.items() if path[:2] == (group, version)]
            schemas |= build(found)["components"]["schemas"]
    return _named(schemas)


_made: dict[tuple[int, int], bytes] = {}
"""The last document, by registry and its revision."""


def document(registry: Registry) -> bytes:
    """The document of everything that a registry serves, in protobuf."""
    key = (id(registry), registry.revision)
    if key not in _made:
        made = _document(registry)
        _made.clear()
        _made[key] = made
    return _made[key]


def _document(registry: Registry) -> bytes:
    paths = b""
    for resource in registry.by_path.values():
        if "patch" in resource.verbs:
            scope = "/namespaces/{namespace}" if resource.namespaced else ""
            path = f"{resource.prefix}{scope}/{resource.plural}/{{name}}"
            paths += _field(2, _field(1, path) + _field(2, _field(8, _patch(resource))))
    info = _field(1, "Kubernetes") + _field(2, "v1.34.0")
    return _field(1, "2.0") + _field(2, info) + _field(8, paths) + _field(9, _definitions(registry))
