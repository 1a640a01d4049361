"""The generated files are what the generator makes of upstream's schemas today, and hold the known facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from argolint.schema.load import KINDS, in_span, release, schema_file
from tools import gen_schemas


def test_files_are_fresh(shared: Path, repo: Path) -> None:
    stale = [
        name
        for name, content in gen_schemas.generate(shared).items()
        if (repo / "schemas" / name).read_bytes() != content
    ]
    assert stale == [], "run `python -m tools.gen_schemas`"


def _spans(field_of: str) -> list[str]:
    definitions = schema_file("argo-workflows")["definitions"]
    return sorted(
        f"{name}.{field}"
        for name, body in definitions.items()
        for field, (since, removed) in body.get("v", {}).items()
        if field_of in (since, removed) and "." not in name
    )


def test_fields_that_releases_removed() -> None:
    definitions = schema_file("argo-workflows")["definitions"]
    removed = sorted(
        (span[1], f"{name}.{field}")
        for name, body in definitions.items()
        for field, span in body.get("v", {}).items()
        if span[1]
    )
    assert removed == [
        ("3.6", "meta.ObjectMeta.clusterName"),
        ("3.7", "Template.priority"),
        ("3.7", "WorkflowSpec.podPriority"),
        ("4.0", "CronWorkflowSpec.schedule"),
        ("4.0", "Synchronization.mutex"),
        ("4.0", "Synchronization.semaphore"),
    ]


@pytest.mark.parametrize(
    ("version", "fields"),
    [
        (
            "3.7",
            [
                "Backoff.cap",
                "Mutex.database",
                "SemaphoreRef.database",
                "Template.annotations",
                "Template.priority",
                "WorkflowSpec.podPriority",
            ],
        ),
        (
            "4.1",
            [
                "ContainerNode.restartPolicyRules",
                "HTTPArtifact.saveStreamViaFile",
                "S3Artifact.addressingStyle",
                "ScriptTemplate.restartPolicyRules",
                "Template.pendingTimeout",
                "Template.podResources",
                "Template.resourceClaims",
                "UserContainer.restartPolicyRules",
                "WorkflowSpec.executorPlugins",
                "WorkflowSpec.podResources",
                "WorkflowSpec.resourceClaims",
            ],
        ),
    ],
)
def test_fields_that_a_release_brought_or_removed(version: str, fields: list[str]) -> None:
    assert _spans(version) == fields


def test_every_type_names_a_definition_that_is_there() -> None:
    for file in ("argo-workflows", "argo-events", "k8s-core"):
        data = schema_file(file)
        known = set(data["definitions"])
        named = {
            code.partition("=")[2]
            for body in data["definitions"].values()
            for code in body["f"].values()
            if "=" in code
        }
        assert named - known == set()
        assert set(data["kinds"].values()) <= known
        assert set(data["kinds"]) == {kind for kind, (_, where) in KINDS.items() if where == file}


def test_types_that_releases_changed() -> None:
    definitions = schema_file("argo-workflows")["definitions"]
    assert {
        f"{name}.{field}": changes
        for name, body in definitions.items()
        for field, changes in body.get("t", {}).items()
    } == {
        "Cache.configMap": [["4.0", "=core.ConfigMapKeySelector"]],
        "WorkflowSpec.artifactGC": [["3.5", "=ArtifactGC"]],
        "core.PersistentVolumeClaimSpec.dataSourceRef": [["3.6", "=core.TypedLocalObjectReference"]],
        "core.PersistentVolumeClaimSpec.resources": [["3.6", "=core.ResourceRequirements"]],
    }


def test_files_hold_no_prose(repo: Path) -> None:
    for name in ("argo-workflows.json", "argo-events.json", "k8s-core.json", "crds.json", "crds-full.json"):
        text = (repo / "schemas" / name).read_text()
        # `description` survives as the name of a field, never as a keyword with a sentence behind it.
        assert '"description":"' not in text.replace('"description":"s"', "").replace('"description":"a"', "")
        assert len(text) < 64_000


def test_releases_compare_as_numbers() -> None:
    assert release("v3.10.2") == (3, 10)
    assert in_span(["3.6", "4.0"], (3, 10))
    assert not in_span(["3.6", "4.0"], (4, 0))
    assert not in_span(["3.6", ""], (3, 5))
    with pytest.raises(ValueError, match="not a release"):
        release("latest")
