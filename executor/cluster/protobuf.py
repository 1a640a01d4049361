"""Protobuf request bodies, which kubectl's typed commands send whatever the server would rather have.

The wire format is decoded by a table of field numbers (`schemas/kube-protobuf.json`) into the JSON form of the object.
Go writes the zero values of scalars too; they are left out where its JSON encoder would leave them out.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import orjson

from argolint._data import data_dir
from executor.cluster.status import bad_request

MAGIC: Final = b"k8s\x00"
_MAX_DEPTH: Final = 64


@cache
def _data() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = orjson.loads((data_dir("schemas") / "kube-protobuf.json").read_bytes())
    return loaded


def _table() -> Mapping[str, Mapping[str, tuple[Any, ...]]]:
    messages: Mapping[str, Mapping[str, tuple[Any, ...]]] = _data()["messages"]
    return messages


def decode(body: bytes) -> dict[str, Any]:
    """A protobuf body (envelope and message) as an object. ApiStatus 400 when it is none or of an unknown kind."""
    if not body.startswith(MAGIC):
        raise bad_request("the body is not a Kubernetes protobuf message: it does not begin with k8s\\0")
    try:
        type_meta, raw = b"", b""
        for number, value in _fields(body[len(MAGIC) :]):
            if number == 1 and isinstance(value, bytes):
                type_meta = value
            elif number == 2 and isinstance(value, bytes):
                raw = value
        names = {number: value.decode() for number, value in _fields(type_meta) if isinstance(value, bytes)}
        api_version, kind = names.get(1, ""), names.get(2, "")
        message = _data()["kinds"].get(api_version, {}).get(kind)
        if kind == "DeleteOptions":  # every group and version has it
            message = "meta.DeleteOptions"
        if message is None:
            raise bad_request(f"protobuf bodies of {api_version} {kind} are not known: send JSON")
        return {"apiVersion": api_version, "kind": kind, **_message(message, raw, 0)}
    except (IndexError, UnicodeDecodeError, ValueError) as error:
        raise bad_request(f"the protobuf message cannot be decoded: {error}") from error


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number is too long")


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) as on the wire: numbers as int, everything else as bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if at + size > len(data):
            raise ValueError("it ends too early")
        yield number, data[at : at + size]
        at += size


def _message(name: str, data: bytes, depth: int) -> dict[str, Any]:
    if depth > _MAX_DEPTH:
        raise ValueError("it is nested too deeply")
    table = _table()[name]
    result: dict[str, Any] = {}
    for number, raw in _fields(data):
        row = table.get(str(number))
        if row is None:
            if raw not in (0, b""):
                raise bad_request(f"field {number} of {name} is not known in protobuf: send JSON")
            continue
        field, kind = row[0], row[1]
        mark, target = (kind[0], kind[1:]) if kind[0] in "*{!" else ("", kind)
        if mark == "{":
            key, value = _map_entry(target, raw, depth)
            result.setdefault(field, {})[key] = value
        elif mark == "*":
            result.setdefault(field, []).append(_value(target, raw, depth))
        elif mark == "!":
            inner = _value(target, raw, depth)
            if isinstance(inner, dict):
                result.update(inner)
        else:
            value = _value(target, raw, depth)
            if value not in (None, "", 0, False) or (len(row) > 2 and value is not None):
                result[field] = value
    return result


def _map_entry(kind: str, raw: int | bytes, depth: int) -> tuple[str, Any]:
    assert isinstance(raw, bytes)
    key, value = "", _value(kind, b"", depth)
    for number, item in _fields(raw):
        if number == 1 and isinstance(item, bytes):
            key = item.decode()
        elif number == 2:
            value = _value(kind, item, depth)
    return key, value


def _value(kind: str, raw: int | bytes, depth: int) -> Any:
    if kind == "int":
        number = raw if isinstance(raw, int) else int.from_bytes(raw, "little")
        return number - (1 << 64) if number >= 1 << 63 else number
    if kind == "bool":
        return bool(raw)
    if not isinstance(raw, bytes):
        raise ValueError(f"a number where {kind} is expected")
    if kind == "string":
        return raw.decode()
    if kind == "bytes":
        return base64.b64encode(raw).decode()
    special = _SPECIAL.get(kind)
    return special(raw) if special is not None else _message(kind, raw, depth + 1)


def _numbers(raw: bytes) -> dict[int, int | bytes]:
    return dict(_fields(raw))


def _time(raw: bytes) -> str | None:
    seconds = _value("int", _numbers(raw).get(1, 0), 0)
    return (
        f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
        if raw and seconds > -62135596800
        else None
    )


def _micro_time(raw: bytes) -> str | None:
    found = _numbers(raw)
    if not raw:
        return None
    nanoseconds = found.get(2, 0)
    assert isinstance(nanoseconds, int)
    moment = datetime.fromtimestamp(_value("int", found.get(1, 0), 0), UTC).replace(
        microsecond=nanoseconds // 1000
    )
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def _int_or_string(raw: bytes) -> int | str:
    found = _numbers(raw)
    if found.get(1, 0) == 0:
        return int(_value("int", found.get(2, 0), 0))
    return str(_value("string", found.get(3, b""), 0))


def _quantity(raw: bytes) -> str:
    return str(_value("string", _numbers(raw).get(1, b""), 0))


def _raw_json(raw: bytes) -> Any:
    inner = _numbers(raw).get(1, b"")
    return orjson.loads(inner) if isinstance(inner, bytes) and inner else None


def _strings(raw: bytes) -> list[str]:
    return [value.decode() for _, value in _fields(raw) if isinstance(value, bytes)]


_SPECIAL: Final = {
    "authorization.v1.ExtraValue": _strings,
    "authentication.v1.ExtraValue": _strings,
    "meta.Time": _time,
    "meta.MicroTime": _micro_time,
    "util.IntOrString": _int_or_string,
    "util.Quantity": _quantity,
    "meta.FieldsV1": _raw_json,
    "runtime.RawExtension": _raw_json,
}
