from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from argolint.schema.crds import custom_resource_definitions


def test_every_kind_has_its_names_and_scope() -> None:
    rows = [
        (
            crd["spec"]["names"]["kind"],
            crd["metadata"]["name"],
            crd["spec"]["names"].get("shortNames", []),
            crd["spec"]["scope"],
            crd["spec"]["versions"][0].get("subresources"),
        )
        for crd in custom_resource_definitions()
    ]
    assert rows == [
        (
            "ClusterWorkflowTemplate",
            "clusterworkflowtemplates.argoproj.io",
            ["clusterwftmpl", "cwft"],
            "Cluster",
            None,
        ),
        ("CronWorkflow", "cronworkflows.argoproj.io", ["cwf", "cronwf"], "Namespaced", None),
        (
            "WorkflowArtifactGCTask",
            "workflowartifactgctasks.argoproj.io",
            ["wfat"],
            "Namespaced",
            {"status": {}},
        ),
        ("WorkflowEventBinding", "workfloweventbindings.argoproj.io", ["wfeb"], "Namespaced", None),
        ("Workflow", "workflows.argoproj.io", ["wf"], "Namespaced", {}),
        ("WorkflowTaskResult", "workflowtaskresults.argoproj.io", [], "Namespaced", None),
        ("WorkflowTaskSet", "workflowtasksets.argoproj.io", ["wfts"], "Namespaced", {"status": {}}),
        ("WorkflowTemplate", "workflowtemplates.argoproj.io", ["wftmpl"], "Namespaced", None),
        ("EventBus", "eventbus.argoproj.io", ["eb"], "Namespaced", {"status": {}}),
        ("EventSource", "eventsources.argoproj.io", ["es"], "Namespaced", {"status": {}}),
        ("Sensor", "sensors.argoproj.io", ["sn"], "Namespaced", {"status": {}}),
    ]


def test_a_task_result_keeps_unknown_fields_at_its_root() -> None:
    schemas = {
        crd["spec"]["names"]["kind"]: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        for crd in custom_resource_definitions()
    }
    keeps = [kind for kind, schema in schemas.items() if schema.get("x-kubernetes-preserve-unknown-fields")]
    assert keeps == ["WorkflowTaskResult"]


def _without_prose(node: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in node.items():
        if key == "description":
            continue
        if key == "properties":
            out[key] = {name: _without_prose(child) for name, child in value.items()}
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            out[key] = _without_prose(value)
        elif key == "x-kubernetes-validations":
            out[key] = [rule["rule"] for rule in value]
        else:
            out[key] = value
    return out


@pytest.mark.parametrize("plural", ["cronworkflows", "workflowtasksets", "workflowtaskresults"])
def test_full_schemas_equal_upstream_without_the_prose(plural: str, shared: Path) -> None:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    upstream = yaml.load(
        (shared / "crds-upstream" / "full" / f"argoproj.io_{plural}.yaml").read_bytes(), loader
    )
    ours = next(
        crd
        for crd in custom_resource_definitions(full=True)
        if crd["metadata"]["name"] == f"{plural}.argoproj.io"
    )
    assert _without_prose(ours["spec"]["versions"][0]["schema"]["openAPIV3Schema"]) == _without_prose(
        upstream["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    )


def test_every_cel_rule_has_words_of_its_own() -> None:
    messages: set[str] = set()

    def collect(node: Any) -> None:
        if isinstance(node, dict):
            messages.update(rule["message"] for rule in node.get("x-kubernetes-validations", []))
            for child in node.values():
                collect(child)

    for crd in custom_resource_definitions(full=True)[:8]:
        collect(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    assert len(messages) == 10
    assert not [message for message in messages if message.startswith("failed rule")]
