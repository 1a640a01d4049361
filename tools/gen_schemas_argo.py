"""The structure of Argo's kinds, merged over releases, from the JSON Schemas that upstream publishes.

The result holds no prose. A definition is `{"f": {field: type}, "r": [required], "v": {field: [since, removed]},
"q": {field: [since, removed]}, "e": {field: [constants]}, "c": {field: crd facts}, "t": {field: [[release, type]]}}`;
`q` limits when a field is required, `t` says which type a field had before a release. A type is a short code:

    s string   b bool   i int64   j int32   n number   t time   q quantity   x int or string
    a AnyString (scalar becomes text)   m number or numeric string   * anything   o any mapping
    p mapping with exactly one key   =Name definition   [T list of T   {T mapping to T   + one group of steps
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from tools import gen_schemas_common as common
from tools import gen_schemas_crdfacts as crdfacts
from tools import gen_schemas_patches as patches

Json = dict[str, Any]

WORKFLOWS_PREFIX = "io.argoproj.workflow.v1alpha1."
EVENTS_PREFIX = "io.argoproj.events.v1alpha1."
_SHORT_PREFIXES = (
    (WORKFLOWS_PREFIX, ""),
    (EVENTS_PREFIX, ""),
    ("io.k8s.api.core.v1.", "core."),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.", "meta."),
    ("io.k8s.api.policy.v1.", "policy."),
)


def workflows(upstream: Path) -> Json:
    """Argo Workflows kinds, merged over the newest patch release of each minor release."""
    releases = _releases(upstream / "schemas-upstream")
    newest = next(reversed(releases))
    schemas = {minor: _flatten(path, patches.WORKFLOWS_ROOTS) for minor, path in releases.items()}
    merged = _merge(schemas)
    for name, body in patches.WORKFLOWS_EXTRA.items():
        merged[name] = body
    crdfacts.annotate(merged, upstream / "crds-upstream" / "full", patches.CRD_ROOTS)
    _constants(merged, patches.WORKFLOWS_CONSTANTS)
    return {
        "versions": list(schemas),
        "newest": newest,
        "kinds": dict(patches.WORKFLOWS_KINDS),
        "definitions": dict(sorted(merged.items())),
    }


def events(upstream: Path) -> Json:
    """Argo Events kinds; one release only."""
    path = next((upstream / "schemas-upstream").glob("argo-events-*.json"))
    definitions = _flatten(path, patches.EVENTS_ROOTS)
    for name, body in definitions.items():
        # Events' controllers read opaque objects: what the schema calls required is merely never omitted
        # when Go writes the object. Kubernetes' own types keep their requirements.
        if "." not in name:
            body.pop("r", None)
    _add(definitions, patches.EVENTS_ADDITIONS)
    _constants(definitions, patches.EVENTS_CONSTANTS)
    return {
        "versions": [],
        "newest": path.stem.rpartition("-v")[2],
        "kinds": {kind: kind for kind in patches.EVENTS_ROOTS},
        "definitions": dict(sorted(definitions.items())),
    }


def core(upstream: Path) -> Json:
    """Hand-written RBAC and core kinds, with metadata and claims taken from Argo's schema."""
    newest = list(_releases(upstream / "schemas-upstream").values())[-1]
    borrowed = _flatten(newest, ("core.PersistentVolumeClaim",))
    definitions = {**borrowed, **patches.CORE_DEFINITIONS}
    _constants(definitions, patches.CORE_CONSTANTS)
    return {
        "versions": [],
        "newest": "v1",
        "kinds": dict(patches.CORE_KINDS),
        "definitions": dict(sorted(definitions.items())),
    }


def _releases(folder: Path) -> dict[str, Path]:
    """Minor release → schema of its newest patch release, oldest minor first."""
    found: dict[tuple[int, int], tuple[int, Path]] = {}
    for path in folder.glob("argo-workflows-v*.json"):
        major, minor, patch = (int(part) for part in path.stem.rpartition("-v")[2].split("."))
        found[major, minor] = max(found.get((major, minor), (-1, path)), (patch, path))
    return {f"{major}.{minor}": found[major, minor][1] for major, minor in sorted(found)}


def _flatten(path: Path, roots: tuple[str, ...]) -> Json:
    """The definitions that `roots` reach, in our form, patched."""
    source = common.read_json(path)["definitions"]
    is_events = "events" in path.name
    by_short = {}
    for full in source:
        if full.startswith(EVENTS_PREFIX) != is_events and full.startswith((EVENTS_PREFIX, WORKFLOWS_PREFIX)):
            continue
        by_short[_short(full)] = full
    out: Json = {}
    queue = list(roots)
    while queue:
        name = queue.pop()
        if name in out or name not in by_short:
            continue
        out[name], used = _definition(name, source[by_short[name]])
        queue += used
    return out


def _short(full: str) -> str:
    for prefix, short in _SHORT_PREFIXES:
        if full.startswith(prefix):
            return short + full[len(prefix) :]
    return full


def _definition(name: str, source: Json) -> tuple[Json, list[str]]:
    used: list[str] = []
    fields = {}
    for field, schema in sorted(source.get("properties", {}).items()):
        patched = patches.FIELD_TYPES.get(f"{name}.{field}")
        fields[field] = patched or _type(schema, used)
        if patched and "=" in patched:
            used.append(patched.partition("=")[2])
    body: Json = {"f": fields}
    required = [
        field for field in source.get("required", []) if f"{name}.{field}" not in patches.NOT_REQUIRED
    ]
    if required:
        body["r"] = sorted(required)
    return body, used


def _type(schema: Json, used: list[str]) -> str:
    if "$ref" in schema:
        name = _short(schema["$ref"].rpartition("/")[2])
        code = patches.TYPES.get(name)
        if code == "+":
            used.append("WorkflowStep")
        if code is not None:
            return code
        used.append(name)
        return f"={name}"
    kind = schema.get("type")
    if kind == "array":
        return "[" + _type(schema["items"], used)
    if kind == "object":
        inner = schema.get("additionalProperties")
        return "{" + _type(inner, used) if isinstance(inner, dict) else "o"
    if kind == "integer":
        return "j" if schema.get("format") == "int32" else "i"
    if kind == "string":
        return "x" if str(schema.get("format", "")).startswith("uint") else "s"
    return {"boolean": "b", "number": "n"}.get(str(kind), "*")


def _merge(schemas: dict[str, Json]) -> Json:
    """One set of definitions; fields that not every release has carry `[since, removed]` (empty: always)."""
    minors = list(schemas)
    merged: Json = {}
    for name in sorted({name for definitions in schemas.values() for name in definitions}):
        bodies = {minor: schemas[minor][name] for minor in minors if name in schemas[minor]}
        fields: Json = {}
        for body in bodies.values():
            fields.update(body["f"])
        spans = {field: _span(field, bodies, minors, "f") for field in fields}
        required = sorted({field for body in bodies.values() for field in body.get("r", [])})
        demands = {field: _span(field, bodies, minors, "r") for field in required}
        body = {"f": dict(sorted(fields.items()))}
        if required:
            body["r"] = required
        earlier = _earlier_types(bodies, minors, fields)
        if earlier:
            body["t"] = earlier
        # A definition that is itself new is reached through a new field, which says so once.
        if len(bodies) == len(minors):
            _put(body, "v", spans)
            _put(body, "q", demands)
        merged[name] = body
    return merged


def _earlier_types(bodies: dict[str, Json], minors: list[str], fields: Json) -> Json:
    """Field → `[[release, type], ...]`: before that release it had that type, oldest first."""
    earlier: Json = {}
    for field in sorted(fields):
        seen = [
            (minor, bodies[minor]["f"][field])
            for minor in minors
            if field in bodies.get(minor, {}).get("f", {})
        ]
        changes = [[later, before] for (_, before), (later, now) in pairwise(seen) if before != now]
        if changes:
            earlier[field] = changes
    return earlier


def _span(field: str, bodies: dict[str, Json], minors: list[str], part: str) -> list[str]:
    has = [minor for minor in minors if minor in bodies and field in bodies[minor].get(part, ())]
    since = "" if has[0] == minors[0] else has[0]
    after = minors[minors.index(has[-1]) + 1 :]
    return [since, after[0] if after else ""]


def _put(body: Json, part: str, spans: dict[str, list[str]]) -> None:
    limited = {field: span for field, span in sorted(spans.items()) if span != ["", ""]}
    if limited:
        body[part] = limited


def _add(definitions: Json, additions: dict[str, dict[str, str]]) -> None:
    """Put fields into definitions; one that the schema has by now need not be added any longer."""
    for name, fields in additions.items():
        body = definitions.setdefault(name, {"f": {}})
        stale = sorted(set(fields) & set(body["f"]))
        if stale:
            raise SystemExit(f"{name} has {', '.join(stale)} now: delete the addition")
        body["f"] = dict(sorted({**body["f"], **fields}.items()))


def _constants(definitions: Json, constants: dict[str, list[str]]) -> None:
    for place, values in constants.items():
        name, _, field = place.rpartition(".")
        if name not in definitions and "." in name:
            continue  # one table serves every file; this one does not reach the Kubernetes type
        if name not in definitions or field not in definitions[name]["f"]:
            raise SystemExit(f"a patch names {place}, which the schema does not have")
        definitions[name].setdefault("e", {})[field] = values
