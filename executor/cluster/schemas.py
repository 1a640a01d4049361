"""Schemas of kinds: those of built-in kinds from `schemas/kube-data.json`, those of custom resources from their CRDs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import orjson

from argolint._data import data_dir
from executor.cluster.kinds import Resource

Schema = Mapping[str, Any]

REF: Final = "#/components/schemas/"
OBJECT_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_NOTHING: Final[Schema] = {}


@cache
def kube_data() -> Mapping[str, Any]:
    """The generated data: `kinds` (group/version/kind → definition) and `definitions`."""
    loaded: Mapping[str, Any] = orjson.loads((data_dir("schemas") / "kube-data.json").read_bytes())
    return loaded


def definition(name: str) -> Schema:
    """A named definition; an empty schema when there is none."""
    found: Schema = kube_data()["definitions"].get(name, _NOTHING)
    return found


def definition_name(group: str, version: str, kind: str) -> str:
    """Name of the definition of a built-in kind; empty when it has none."""
    return str(kube_data()["kinds"].get(f"{group}/{version}/{kind}", ""))


def resolve(schema: Schema) -> Schema:
    """The schema that a `$ref` stands for, with what stands beside the reference."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    target = resolve(definition(reference.removeprefix(REF)))
    if len(schema) == 1:
        return target
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def schema_of(resource: Resource) -> Schema | None:
    """The schema of a resource's objects, without `$ref` at its root; None when nothing is known of it."""
    if resource.custom:
        return resource.schema
    name = definition_name(resource.group, resource.version, resource.kind)
    return resolve(definition(name)) if name else None


def preserves_unknown(schema: Schema) -> bool:
    """Whether fields that the schema does not name are kept."""
    return bool(schema.get("x-kubernetes-preserve-unknown-fields"))


def field_schema(schema: Schema, field: str) -> Schema | None:
    """The schema of a field of an object: its own, that of additional properties, or None when it is not declared."""
    properties = schema.get("properties")
    # Schemas are parsed JSON: asking for dict, not Mapping, is several times as fast, and this is asked for every field.
    if isinstance(properties, dict) and field in properties:
        return resolve(properties[field])
    additional = schema.get("additionalProperties")
    if isinstance(additional, dict):
        return resolve(additional)
    return _NOTHING if additional is True else None


def list_strategy(root: Schema | None, path: tuple[str, ...]) -> tuple[str, str] | None:
    """(patch strategy, merge key) of the list at a path of field names below a built-in kind's root."""
    schema = root
    for part in path:
        if schema is None:
            return None
        items = schema.get("items")
        if isinstance(items, Mapping):
            schema = resolve(items)
        schema = field_schema(schema, part)
    if schema is None or "x-kubernetes-patch-strategy" not in schema:
        return None
    return schema["x-kubernetes-patch-strategy"], schema.get("x-kubernetes-patch-merge-key", "")


def walk_unknown(
    schema: Schema, value: Any, path: str = "", *, builtin: bool = False, root: bool = True
) -> Iterator[tuple[dict[str, Any], str, str]]:
    """(holder, field, path) of every field that the schema neither declares nor preserves.

    `builtin`: schemas of built-in kinds write a free-form object (RawExtension, FieldsV1) as a bare `type: object`, which in
    a CRD means an object without any field.
    """
    if isinstance(value, dict):
        skipped = (
            ("apiVersion", "kind", "metadata") if root or schema.get("x-kubernetes-embedded-resource") else ()
        )
        bare = "properties" not in schema and "additionalProperties" not in schema
        keep = preserves_unknown(schema) or (builtin and bare)
        for field, item in value.items():
            if field in skipped:
                continue
            here = f"{path}.{field}" if path else field
            below = field_schema(schema, field)
            if below is not None:
                yield from walk_unknown(below, item, here, builtin=builtin, root=False)
            elif not keep:
                yield value, field, here
    elif isinstance(value, list):
        items = schema.get("items")
        if isinstance(items, Mapping):
            below = resolve(items)
            for index, item in enumerate(value):
                yield from walk_unknown(below, item, f"{path}[{index}]", builtin=builtin, root=False)


def prune(schema: Schema, obj: dict[str, Any], *, builtin: bool = False) -> list[str]:
    """Remove from an object what its schema does not know; the paths of what was removed."""
    found = list(walk_unknown(schema, obj, builtin=builtin))
    for holder, field, _ in found:
        holder.pop(field, None)
    return [path for _, _, path in found]
