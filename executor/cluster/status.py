"""Failures as the Kubernetes API words them: `Status` bodies with code, reason, message and details."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple


class ApiStatus(Exception):
    """A request that fails. `body()` is the `Status` object that the client gets.

    Clients decide by `code` and `reason` and print `message` as it is, so the texts follow upstream
    (apimachinery: pkg/api/errors).
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = dict(details) if details else None
        self.headers = dict(headers) if headers else {}

    def body(self) -> dict[str, Any]:
        """The `Status` object of the failure."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if self.details:
            status["details"] = self.details
        return status


class Cause(NamedTuple):
    """One wrong field of an object: upstream's cause type, the path of the field, and what is wrong."""

    reason: str
    field: str
    message: str


def qualified(plural: str, group: str) -> str:
    """`plural.group`, or the plural alone in the core group."""
    return f"{plural}.{group}" if group else plural


def _details(plural: str, group: str, name: str) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if plural:
        details["kind"] = plural
    return details


def not_found(plural: str, group: str, name: str) -> ApiStatus:
    """404 for an object."""
    return ApiStatus(
        404, "NotFound", f'{qualified(plural, group)} "{name}" not found', _details(plural, group, name)
    )


def no_such_path() -> ApiStatus:
    """404 for a path that no resource has."""
    return ApiStatus(404, "NotFound", "the server could not find the requested resource")


def already_exists(plural: str, group: str, name: str) -> ApiStatus:
    """409 for a create under a name that is taken."""
    return ApiStatus(
        409,
        "AlreadyExists",
        f'{qualified(plural, group)} "{name}" already exists',
        _details(plural, group, name),
    )


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(plural: str, group: str, name: str, why: str = MODIFIED) -> ApiStatus:
    """409 for a write that was made on an older state."""
    message = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {why}'
    return ApiStatus(409, "Conflict", message, _details(plural, group, name))


def bad_request(message: str) -> ApiStatus:
    """400."""
    return ApiStatus(400, "BadRequest", message)


def unauthorized(message: str = "Unauthorized") -> ApiStatus:
    """401."""
    return ApiStatus(401, "Unauthorized", message)


def forbidden(plural: str, group: str, name: str, why: str) -> ApiStatus:
    """403; `why` completes `pods "x" is forbidden: `."""
    subject = qualified(plural, group)
    subject = f'{subject} "{name}"' if name else subject
    return ApiStatus(403, "Forbidden", f"{subject} is forbidden: {why}", _details(plural, group, name))


def method_not_allowed(
    message: str = "the server does not allow this method on the requested resource",
) -> ApiStatus:
    """405."""
    return ApiStatus(405, "MethodNotAllowed", message)


def unsupported_media_type(accepted: Iterable[str]) -> ApiStatus:
    """415; clients fall back to another patch type when they see it."""
    names = ", ".join(accepted)
    return ApiStatus(
        415,
        "UnsupportedMediaType",
        f"the body of the request was in an unknown format - accepted media types include: {names}",
    )


def expired(message: str) -> ApiStatus:
    """410: the resource version or continue token is older than the history that is kept."""
    return ApiStatus(410, "Expired", message)


def internal(message: str) -> ApiStatus:
    """500."""
    return ApiStatus(
        500,
        "InternalError",
        f"Internal error occurred: {message}",
        {"causes": [{"message": message}]},
    )


def invalid(kind: str, group: str, name: str, causes: Iterable[Cause]) -> ApiStatus:
    """422 with one cause a wrong field. Here upstream's `details.kind` is the Kind, not the plural."""
    listed = list(islice(causes, 100))
    texts = [f"{cause.field}: {cause.message}" for cause in listed]
    joined = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    details = _details(kind, group, name)
    details["causes"] = [
        {"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in listed
    ]
    return ApiStatus(422, "Invalid", f'{qualified(kind, group)} "{name}" is invalid: {joined}', details)


def required(field: str, detail: str = "") -> Cause:
    """A cause: the field is missing."""
    return Cause("FieldValueRequired", field, f"Required value: {detail}" if detail else "Required value")


def invalid_value(field: str, value: Any, detail: str) -> Cause:
    """A cause: the field has a value that it may not have."""
    shown = f'"{value}"' if isinstance(value, str) else _go_value(value)
    return Cause("FieldValueInvalid", field, f"Invalid value: {_cut(shown)}: {detail}")


def unsupported_value(field: str, value: Any, allowed: Iterable[str]) -> Cause:
    """A cause: the field must be one of some values."""
    choices = ", ".join(f'"{choice}"' for choice in islice(allowed, 1000))
    return Cause(
        "FieldValueNotSupported",
        field,
        f'Unsupported value: "{_cut(str(value))}": supported values: {_cut(choices)}',
    )


_SHOWN: Final = 10_000
"""Characters of a value that a message repeats."""


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def immutable(field: str, value: Any = None) -> Cause:
    """A cause: the field may not change."""
    return invalid_value(field, value, "field is immutable")


def _go_value(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        import orjson

        return orjson.dumps(value).decode()
    return str(value)


def success(details: Mapping[str, Any]) -> dict[str, Any]:
    """The `Status` that a completed deletion answers with."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": dict(details),
    }
