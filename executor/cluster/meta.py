"""Object metadata: what the server sets, what it checks, what it tidies."""

from __future__ import annotations

import re
import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from executor.cluster.kinds import Resource
from executor.cluster.status import Cause, bad_request, invalid_value, required

_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_MAX_ANNOTATIONS: Final = 256 * 1024

SUBDOMAIN_RULE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL_RULE: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
    " an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_VALUE_RULE: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is"
    " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_PATH_RULE: Final = (
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
    " character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
    " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
)
_KEY_RULE: Final = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
    " character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
    " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


def timestamp(now: datetime | None = None) -> str:
    """RFC 3339 in UTC, in seconds, as `metadata.creationTimestamp` has it."""
    return _second(int(time.time() if now is None else now.timestamp()))


@lru_cache(maxsize=16)
def _second(since_epoch: int) -> str:
    return datetime.fromtimestamp(since_epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp() -> str:
    """RFC 3339 in UTC with microseconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_uid() -> str:
    """A random UUID."""
    if not _RANDOM:
        # One system call for many: it costs more than all the rest of an identifier.
        fresh = secrets.token_bytes(16 * 64)
        _RANDOM.extend(fresh[start : start + 16] for start in range(0, len(fresh), 16))
    try:
        return str(uuid.UUID(bytes=_RANDOM.pop(), version=4))
    except IndexError:  # another thread has taken the last
        return str(uuid.uuid4())


_RANDOM: Final[list[bytes]] = []


def generated_name(prefix: str) -> str:
    """`prefix` (cut to 58 characters) and five random characters, as upstream's name generator."""
    return prefix[:58] + "".join(secrets.choice(_ALPHABET) for _ in range(5))


def metadata_of(obj: dict[str, Any]) -> dict[str, Any]:
    """`obj["metadata"]`, made when missing. ApiStatus 400 when it is not an object."""
    meta = obj.get("metadata")
    if meta is None:
        meta = obj["metadata"] = {}
    if not isinstance(meta, dict):
        raise bad_request("the object's metadata is not an object")
    return meta


_MAPS: Final = ("labels", "annotations")
_LISTS: Final = ("finalizers", "ownerReferences", "managedFields")
_STRINGS: Final = (
    "name",
    "generateName",
    "namespace",
    "uid",
    "resourceVersion",
    "deletionTimestamp",
    "selfLink",
)
KNOWN_FIELDS: Final = frozenset(
    {*_MAPS, *_LISTS, *_STRINGS, "creationTimestamp", "deletionGracePeriodSeconds", "generation"}
)


def tidy(obj: dict[str, Any]) -> None:
    """Bring metadata to the form that the server keeps: known fields only, right types, nothing empty.

    ApiStatus 400 when a field has the wrong type, as a decoder would say.
    """
    meta = metadata_of(obj)
    for field in list(meta):
        value = meta[field]
        if value is None or field not in KNOWN_FIELDS or field == "selfLink":
            del meta[field]
        elif field in _MAPS:
            _check_string_map(field, value)
            if not value:
                del meta[field]
        elif field in _LISTS:
            if not isinstance(value, list):
                raise bad_request(f"metadata.{field}: a list is expected")
            if not value and field != "managedFields":
                del meta[field]
        elif field in _STRINGS:
            if not isinstance(value, str):
                raise bad_request(
                    f"json: cannot unmarshal {_json_type(value)} into Go struct field ObjectMeta.metadata.{field} of type string"
                )
            if not value:
                del meta[field]
    for reference in meta.get("ownerReferences", ()):
        if not isinstance(reference, dict):
            raise bad_request("metadata.ownerReferences: a list of objects is expected")


def _check_string_map(field: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise bad_request(
            f"json: cannot unmarshal {_json_type(value)} into Go struct field ObjectMeta.metadata.{field} of type map[string]string"
        )
    for item in value.values():
        if item is not None and not isinstance(item, str):
            raise bad_request(
                f"json: cannot unmarshal {_json_type(item)} into Go struct field ObjectMeta.metadata.{field} of type string"
            )
    for key in [key for key, item in value.items() if item is None]:
        value[key] = ""


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object" if isinstance(value, dict) else "null"


def name_causes(resource: Resource, name: str) -> list[Cause]:
    """What is wrong with an object's name."""
    if not name:
        return [required("metadata.name", "name or generateName is required")]
    if resource.group == "rbac.authorization.k8s.io":
        if name in (".", "..") or "/" in name or "%" in name:
            return [invalid_value("metadata.name", name, "may not contain '/' or '%', nor be '.' or '..'")]
        return []
    if resource.storage in ("namespaces", "services"):
        if len(name) > 63 or not _LABEL.fullmatch(name):
            return [invalid_value("metadata.name", name, LABEL_RULE)]
        return []
    if len(name) > 253:
        return [invalid_value("metadata.name", name, "must be no more than 253 characters")]
    if not _SUBDOMAIN.fullmatch(name):
        return [invalid_value("metadata.name", name, SUBDOMAIN_RULE)]
    return []


def label_causes(field: str, name: str) -> list[Cause]:
    """What is wrong with a name that must be a label: of a container or a volume, which become names of files."""
    if len(name) > 63:
        return [invalid_value(field, name, "must be no more than 63 characters")]
    return [] if _LABEL.fullmatch(name) else [invalid_value(field, name, LABEL_RULE)]


def is_label(name: str) -> bool:
    """Whether a name is an RFC 1123 label."""
    return len(name) <= 63 and _LABEL.fullmatch(name) is not None


def is_subdomain(name: str) -> bool:
    """Whether a name is an RFC 1123 subdomain."""
    return len(name) <= 253 and _SUBDOMAIN.fullmatch(name) is not None


def value_causes(field: str, value: str) -> list[Cause]:
    """What is wrong with the value of a label."""
    if len(value) > 63:
        return [invalid_value(field, value, "must be no more than 63 characters")]
    return [invalid_value(field, value, _VALUE_RULE)] if value and not _QUALIFIED.fullmatch(value) else []


def metadata_causes(meta: Mapping[str, Any]) -> list[Cause]:
    """What is wrong with labels, annotations, owner references and finalizers."""
    causes: list[Cause] = []
    for key, value in (meta.get("labels") or {}).items():
        causes += key_causes("metadata.labels", key)
        causes += value_causes("metadata.labels", value)
    annotations = meta.get("annotations") or {}
    for key in annotations:
        causes += key_causes("metadata.annotations", key)
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > _MAX_ANNOTATIONS:
        causes.append(
            Cause(
                "FieldValueTooLong",
                "metadata.annotations",
                f"Too long: may not be more than {_MAX_ANNOTATIONS} bytes",
            )
        )
    causes += _owner_causes(meta.get("ownerReferences") or ())
    for finalizer in meta.get("finalizers") or ():
        if not isinstance(finalizer, str) or not finalizer:
            causes.append(invalid_value("metadata.finalizers", finalizer, "name part must be non-empty"))
        else:
            causes += key_causes("metadata.finalizers", finalizer)
    return causes


def _owner_causes(owners: Sequence[Mapping[str, Any]]) -> list[Cause]:
    causes = []
    field = "metadata.ownerReferences"
    for owner in owners:
        for key in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(key):
                why = "version must not be empty" if key == "apiVersion" else "must not be empty"
                causes.append(invalid_value(f"{field}.{key}", "", why))
        if owner.get("kind") == "Event" and owner.get("apiVersion") in ("v1", "events.k8s.io/v1"):
            group, _, version = str(owner["apiVersion"]).rpartition("/")
            why = f"{group}/{version}, Kind=Event is disallowed from being an owner"
            causes.append(invalid_value(field, dict(owner), why))
    controllers = [
        f"{owner.get('kind')}/{owner.get('name')}" for owner in owners if owner.get("controller") is True
    ]
    if len(controllers) > 1:
        why = (
            'Only one reference can have Controller set to true. Found "true" in references for '
            f"{controllers[0]} and {controllers[1]}"
        )
        causes.append(invalid_value(field, list(owners), why))
    return causes


def key_causes(field: str, key: str) -> list[Cause]:
    """What is wrong with the key of a label or annotation."""
    prefix, slash, name = key.rpartition("/")
    if "/" in prefix:
        return [invalid_value(field, key, _PATH_RULE)]
    if slash and (not prefix or len(prefix) > 253 or not _SUBDOMAIN.fullmatch(prefix.lower())):
        return [invalid_value(field, key, f"prefix part {SUBDOMAIN_RULE}")]
    if not name:
        return [invalid_value(field, key, "name part must be non-empty")]
    if len(name) > 63:
        return [invalid_value(field, key, "name part must be no more than 63 characters")]
    if not _QUALIFIED.fullmatch(name):
        return [invalid_value(field, key, _KEY_RULE)]
    return []
