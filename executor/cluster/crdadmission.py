"""CustomResourceDefinitions on their way in: names, versions, structural schemas, and the status that accepts them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from executor.cluster import meta
from executor.cluster.celrules import program
from executor.cluster.crud import Call
from executor.cluster.jsonpath import parse
from executor.cluster.kinds import BUILTIN
from executor.cluster.patterns import compiled
from executor.cluster.status import Cause, immutable, invalid, invalid_value, required, unsupported_value

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED: Final = (
    "$ref",
    "definitions",
    "dependencies",
    "deprecated",
    "discriminator",
    "id",
    "patternProperties",
)
"""Keywords of JSON schema that structural schemas do not have."""
_MAX_RULES: Final = 128 * 1024
"""Characters of all CEL rules of a definition."""
_MAX_COLUMNS: Final = 100
_MAX_SELECTABLE: Final = 8
_MAX_PATH: Final = 1000
_PROTECTED: Final = ("k8s.io", "kubernetes.io")
_APPROVAL: Final = "api-approved.kubernetes.io"
_LABEL: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_RULE: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and"
    " end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is"
    " '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_BUILTIN_GROUPS: Final = frozenset(resource.group for resource in BUILTIN)


def admit_definition(
    cluster: Cluster, call: Call, obj: dict[str, Any], old: Mapping[str, Any] | None
) -> None:
    """Defaults, checks and status of a CustomResourceDefinition. ApiStatus 422 with everything that is wrong."""
    spec = obj.setdefault("spec", {})
    names = spec.setdefault("names", {})
    causes = list(_causes(obj, spec, names))
    if old is not None:
        for field in ("group", "scope"):
            if spec.get(field) != old["spec"].get(field):
                causes.append(immutable(f"spec.{field}", spec.get(field)))
    if causes:
        raise invalid("CustomResourceDefinition", "apiextensions.k8s.io", call.name, causes)
    names.setdefault("singular", str(names["kind"]).lower())
    names.setdefault("listKind", str(names["kind"]) + "List")
    spec.setdefault("conversion", {"strategy": "None"})
    obj["status"] = status_of(cluster, obj, (old or {}).get("status") or {})


def _causes(obj: Mapping[str, Any], spec: Mapping[str, Any], names: Mapping[str, Any]) -> Iterator[Cause]:
    for holder, prefix, fields in (
        (spec, "spec", ("group", "scope")),
        (names, "spec.names", ("plural", "kind")),
    ):
        for field in fields:
            if not holder.get(field):
                yield required(f"{prefix}.{field}")
    if spec.get("scope") not in (None, "", "Cluster", "Namespaced"):
        yield unsupported_value("spec.scope", spec["scope"], ("Cluster", "Namespaced"))
    expected = f"{names.get('plural')}.{spec.get('group')}"
    name = obj["metadata"].get("name", "")
    if names.get("plural") and spec.get("group") and name != expected:
        yield invalid_value("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    group = str(spec.get("group") or "")
    approval = (obj["metadata"].get("annotations") or {}).get(_APPROVAL)
    if group.endswith(tuple(f".{end}" for end in _PROTECTED)) and not approval:
        yield required(
            f"metadata.annotations[{_APPROVAL}]",
            f'protected groups must have approval annotation "{_APPROVAL}", see'
            " https://github.com/kubernetes/enhancements/pull/1111",
        )
    yield from _name_causes(names)
    if spec.get("group") in _BUILTIN_GROUPS:
        yield invalid_value("spec.group", spec.get("group"), "this group is served by the API server itself")
    if (spec.get("conversion") or {}).get("strategy") not in (None, "None"):
        yield invalid_value(
            "spec.conversion.strategy",
            spec["conversion"]["strategy"],
            "conversion webhooks are not served here",
        )
    versions = spec.get("versions") or []
    if not versions:
        yield required("spec.versions", "must have at least one version")
    elif sum(bool(version.get("storage")) for version in versions) != 1:
        listed = [version.get("name") for version in versions]
        yield invalid_value(
            "spec.versions", listed, "must have exactly one version marked as storage version"
        )
    seen: set[str] = set()
    room = [_MAX_RULES]
    for index, version in enumerate(versions):
        path, named = f"spec.versions[{index}]", str(version.get("name") or "")
        if named in seen:
            yield Cause("FieldValueDuplicate", f"{path}.name", f'Duplicate value: "{named}"')
        seen.add(named)
        if named and not _LABEL.fullmatch(named):
            yield invalid_value(f"{path}.name", named, _LABEL_RULE)
        yield from _version_causes(version, path, room)


def _name_causes(names: Mapping[str, Any]) -> Iterator[Cause]:
    """Names go into URLs and command lines."""
    single = {field: names.get(field) for field in ("plural", "singular", "kind", "listKind")}
    listed = {field: names.get(field) or () for field in ("shortNames", "categories")}
    found = [(field, value) for field, value in single.items() if value]
    found += [
        (f"{field}[{at}]", value) for field, values in listed.items() for at, value in enumerate(values)
    ]
    for field, value in found:
        # A kind is in camel case; otherwise the same characters are allowed.
        if not _LABEL.fullmatch(str(value).lower() if field in ("kind", "listKind") else str(value)):
            yield invalid_value(f"spec.names.{field}", value, _LABEL_RULE)


def _version_causes(version: Mapping[str, Any], path: str, room: list[int]) -> Iterator[Cause]:
    if not version.get("name"):
        yield required(f"{path}.name")
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    where = f"{path}.schema.openAPIV3Schema"
    if not isinstance(schema, Mapping):
        yield required(where, "schemas are required")
    else:
        if schema.get("type") != "object":
            yield invalid_value(f"{where}.type", schema.get("type", ""), "must be object at the root")
        yield from _schema_causes(schema, where, room)
    for kind, most in (("additionalPrinterColumns", _MAX_COLUMNS), ("selectableFields", _MAX_SELECTABLE)):
        if len(version.get(kind) or ()) > most:
            count = len(version[kind])
            yield Cause(
                "FieldValueTooMany", f"{path}.{kind}", f"Too many: {count}: must have at most {most} items"
            )
            return
    for index, column in enumerate(version.get("additionalPrinterColumns") or ()):
        field = f"{path}.additionalPrinterColumns[{index}]"
        if not column.get("name"):
            yield required(f"{field}.name")
        try:
            text = str(column.get("jsonPath") or "")
            if len(text) > _MAX_PATH:
                raise ValueError(f"must be no more than {_MAX_PATH} characters")
            parse(text)
        except ValueError as error:
            yield invalid_value(f"{field}.jsonPath", column.get("jsonPath"), str(error))


def _schema_causes(schema: Mapping[str, Any], path: str, room: list[int]) -> Iterator[Cause]:
    """Upstream's rules of structural schemas: a type everywhere, items of lists, keys of map lists, rules that compile.

    `room` counts down the characters of rules that are still compiled.
    """
    for keyword in _UNSUPPORTED:
        if keyword in schema:
            yield Cause("FieldValueForbidden", f"{path}.{keyword}", f"Forbidden: {keyword} is not supported")
    if schema.get("pattern"):
        try:
            compiled(str(schema["pattern"]))
        except ValueError as error:
            why = f"must be a valid regular expression, but isn't: {error}"
            yield invalid_value(f"{path}.pattern", schema["pattern"], why)
    kind = schema.get("type")
    open_ended = schema.get("x-kubernetes-int-or-string") or schema.get(
        "x-kubernetes-preserve-unknown-fields"
    )
    if kind is None and not open_ended:
        yield required(f"{path}.type", "must not be empty for specified object fields")
    elif kind is not None and kind not in _TYPES:
        yield unsupported_value(f"{path}.type", kind, _TYPES)
    if kind == "array" and not isinstance(schema.get("items"), Mapping):
        yield required(f"{path}.items", "must be specified")
    if schema.get("x-kubernetes-list-type") == "map" and not schema.get("x-kubernetes-list-map-keys"):
        yield required(
            f"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map"
        )
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        try:
            room[0] -= len(str(rule.get("rule") or ""))
            if room[0] < 0:
                raise ValueError(f"the rules of a definition may have {_MAX_RULES} characters together")
            program(str(rule.get("rule") or ""))
        except ValueError as error:
            yield invalid_value(
                f"{path}.x-kubernetes-validations[{index}].rule",
                rule.get("rule"),
                f"compilation failed: {error}",
            )
    for name, below in (schema.get("properties") or {}).items():
        if isinstance(below, Mapping):
            yield from _schema_causes(below, f"{path}.properties[{name}]", room)
    for field in ("items", "additionalProperties"):
        if isinstance(schema.get(field), Mapping):
            yield from _schema_causes(schema[field], f"{path}.{field}", room)
    yield from _logic_causes(schema, path)


def _logic_causes(schema: Mapping[str, Any], path: str) -> Iterator[Cause]:
    """Patterns inside alternatives, which are values only: no structure begins there."""
    branches = [
        (f"{key}[{at}]", below) for key in _BRANCHES for at, below in enumerate(schema.get(key) or ())
    ]
    branches.append(("not", schema.get("not")))
    for name, below in branches:
        if isinstance(below, Mapping):
            yield from _patterns(below, f"{path}.{name}")


_BRANCHES: Final = ("allOf", "anyOf", "oneOf")


def _patterns(schema: Any, path: str) -> Iterator[Cause]:
    if not isinstance(schema, Mapping):
        return
    if isinstance(schema.get("pattern"), str):
        try:
            compiled(schema["pattern"])
        except ValueError as error:
            why = f"must be a valid regular expression, but isn't: {error}"
            yield invalid_value(f"{path}.pattern", schema["pattern"], why)
    for key, below in schema.items():
        if key in _BRANCHES and isinstance(below, list):
            for at, item in enumerate(below):
                yield from _patterns(item, f"{path}.{key}[{at}]")
        elif key == "properties" and isinstance(below, Mapping):
            for name, item in below.items():
                yield from _patterns(item, f"{path}.properties[{name}]")
        elif key in ("items", "additionalProperties", "not"):
            yield from _patterns(below, f"{path}.{key}")


def _conflict(cluster: Cluster, name: str, spec: Mapping[str, Any]) -> tuple[str, str] | None:
    """Reason and message when another definition of the group has one of these names already (upstream: naming controller)."""
    plain: set[str] = set()
    kinds: set[str] = set()
    for entry in cluster.store.items("customresourcedefinitions.apiextensions.k8s.io"):
        other = entry.obj
        if other["spec"].get("group") != spec["group"] or other["metadata"]["name"] == name:
            continue
        accepted = (other.get("status") or {}).get("acceptedNames") or {}
        plain |= {accepted.get("plural"), accepted.get("singular"), *(accepted.get("shortNames") or ())}
        kinds |= {accepted.get("kind"), accepted.get("listKind")}
    names = spec["names"]
    found = None
    for reason, wanted, taken in (
        ("PluralConflict", [names["plural"]], plain),
        ("SingularConflict", [names["singular"]], plain),
        ("ShortNamesConflict", names.get("shortNames") or (), plain),
        ("KindConflict", [names["kind"]], kinds),
        ("ListKindConflict", [names["listKind"]], kinds),
    ):
        for one in wanted:
            if one in taken:
                found = reason, f'"{one}" is already in use'  # as upstream: of several, the last is told
    return found


def status_of(cluster: Cluster, obj: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """The status of a definition: whether its names are its own, and so, whether it is served."""
    spec = obj["spec"]
    stored = list(before.get("storedVersions") or ())
    stored += [
        found["name"] for found in spec["versions"] if found.get("storage") and found["name"] not in stored
    ]
    since = meta.timestamp()
    for condition in before.get("conditions") or ():
        if condition["type"] == "Established":
            since = condition["lastTransitionTime"]
    conflict = _conflict(cluster, obj["metadata"].get("name", ""), spec)
    accepted: dict[str, Any] = dict(spec["names"])
    rows = [
        ("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
        ("Established", "True", "InitialNamesAccepted", "the initial names have been accepted"),
    ]
    if conflict:
        accepted = dict(before.get("acceptedNames") or {"plural": "", "kind": ""})
        rows[0] = ("NamesAccepted", "False", *conflict)
        if not is_established({"status": before}):
            rows[1] = ("Established", "False", "NotAccepted", "not all names are accepted")
    conditions = [
        {"type": kind, "status": status, "lastTransitionTime": since, "reason": reason, "message": message}
        for kind, status, reason, message in rows
    ]
    return {"conditions": conditions, "acceptedNames": accepted, "storedVersions": stored}


def is_established(obj: Mapping[str, Any]) -> bool:
    """Whether a definition is served: its names were accepted once."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)
