"""The walker agrees with jsonschema, given upstream's schema made strict, on the corpus and on mutations of it."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from argolint.schema import validate

PREFIX = "io.argoproj.workflow.v1alpha1."
KINDS = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow", "WorkflowEventBinding")
SCALAR = ["string", "number", "boolean"]

# The decoder's view of what upstream's schema says wrongly.
PATCHES: dict[str, Any] = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["integer", "string"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {
        "type": ["string", "number"],
        "not": {"type": "string", "pattern": r"\{\{"},
    },
    PREFIX + "Plugin": {"type": "object", "minProperties": 1, "maxProperties": 1},
    PREFIX + "Item": {},
    PREFIX + "Amount": {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}]},
    PREFIX + "WorkflowStatus": {"type": "object"},
    PREFIX + "CronWorkflowStatus": {"type": "object"},
    "io.k8s.api.core.v1.PersistentVolumeClaimStatus": {"type": "object"},
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": {"type": "object"},
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": {
        "type": "string",
        "pattern": r"^$|^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d",
    },
}
FIELDS: dict[tuple[str, str], Any] = {
    ("Parameter", "value"): {"type": SCALAR},
    ("Parameter", "default"): {"type": SCALAR},
    ("Parameter", "description"): {"type": SCALAR},
    ("Parameter", "enum"): {"type": "array", "items": {"type": SCALAR}},
    ("ValueFrom", "default"): {"type": SCALAR},
}


def oracle(shared: Path) -> dict[str, Any]:
    definitions: dict[str, Any] = json.loads(
        (shared / "schemas-upstream" / "argo-workflows-v4.1.2.json").read_text()
    )["definitions"]
    for name, body in definitions.items():
        body.pop("required", None)
        if name in PATCHES:
            definitions[name] = PATCHES[name]
            continue
        for field, schema in body.get("properties", {}).items():
            for keyword in ("const", "enum"):
                schema.pop(keyword, None)
            patch = FIELDS.get((name.removeprefix(PREFIX), field))
            if patch is not None and name.startswith(PREFIX):
                body["properties"][field] = patch
        if body.get("type") == "object":
            body.setdefault("properties", {})
            body["additionalProperties"] = False
    return definitions


def oracle_paths(validator: Any, obj: Any) -> set[tuple[str | int, ...]]:
    found = set()
    for error in validator.iter_errors(obj):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            found |= {(*path, key) for key in error.instance if key not in error.schema.get("properties", {})}
        else:
            found.add(path)
    return found


IGNORED = {"missing-field", "invalid-enum", "invalid-quantity", "refused-by-crd"}


def our_paths(obj: Any, kind: str) -> set[tuple[str | int, ...]]:
    problems = validate(obj, kind)
    bare = [problem.path for problem in problems if problem.kind == "single-dash-step"]
    return {
        problem.path
        for problem in problems
        if problem.kind not in IGNORED
        # Inside a step that is no group the walker goes on; jsonschema does not.
        and not any(problem.path[: len(path)] == path and problem.path != path for path in bare)
    }


def without_nulls(node: Any) -> Any:
    """As Go decodes it: a null field is an absent field."""
    if isinstance(node, dict):
        return {str(key): without_nulls(value) for key, value in node.items() if value is not None}
    return [without_nulls(value) for value in node] if isinstance(node, list) else node


def corpus(shared: Path) -> list[Any]:
    class Loader(yaml.CSafeLoader):
        """Without dates: the cluster's parser leaves them strings."""

    Loader.yaml_implicit_resolvers = {
        key: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
        for key, pairs in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }
    documents = []
    for path in sorted((shared / "corpus").rglob("*.y*ml")):
        try:
            documents += [without_nulls(doc) for doc in yaml.load_all(path.read_bytes(), Loader)]
        except yaml.YAMLError:
            continue
    return [
        doc
        for doc in documents
        if isinstance(doc, dict)
        and doc.get("kind") in KINDS
        and str(doc.get("apiVersion")).startswith("argoproj.io/")
    ]


def places(node: Any, into: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        into.append((node, key))
        if isinstance(value, dict | list):
            places(value, into)
    return into


def mutate(obj: Any, rng: random.Random) -> Any:
    changed = copy.deepcopy(obj)
    for _ in range(rng.randint(1, 3)):
        container, key = rng.choice(places(changed, []))
        value = container[key]
        kind = rng.randrange(4)
        if kind == 0 and isinstance(container, dict):
            container[str(key) + rng.choice("xyz")] = container.pop(key)
        elif kind == 1:
            container[key] = rng.choice([3, -1, 1.5, True, "text", "7", [], ["a"], [1], {}, {"zz": 1}, [{}]])
        elif kind == 2:
            container[key] = [value]
        else:
            container[key] = {"zzz": value}
    return changed


@pytest.mark.slow
def test_the_walker_agrees_with_jsonschema(shared: Path) -> None:
    definitions = oracle(shared)
    validators = {
        kind: jsonschema.Draft7Validator(
            {"$ref": f"#/definitions/{PREFIX}{kind}", "definitions": definitions}
        )
        for kind in KINDS
    }
    rng = random.Random(5)
    documents = corpus(shared)
    assert len(documents) > 250
    mutations = wrong = 0
    for document in documents:
        kind = document["kind"]
        assert our_paths(document, kind) == oracle_paths(validators[kind], document), document["metadata"]
        for _ in range(4):
            mutant = mutate(document, rng)
            mutations += 1
            expected = oracle_paths(validators[kind], mutant)
            wrong += bool(expected)
            assert our_paths(mutant, kind) == expected, mutant
    assert mutations > 1000
    assert wrong > mutations / 2
