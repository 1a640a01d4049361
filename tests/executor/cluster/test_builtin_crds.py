"""Built-in CustomResourceDefinitions: upgrades of an existing data folder, and the full schemas."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import pytest

from executor.cluster import builtincrds
from executor.cluster.state import CRDS, Cluster
from executor.cluster.testing import RunningCluster, running_cluster
from tests.contract.conftest import Api, client_of
from tests.executor.cluster.conftest import kubectls, runner

OWN = {
    "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object"}},
            }
        ],
    },
}


def on(data: Path, work: Callable[[Cluster], Any], crds: str = "") -> Any:
    """What `work` gives for a cluster opened on a folder."""

    async def run() -> Any:
        cluster = Cluster(data, crds=crds)
        cluster.open()
        try:
            return work(cluster)
        finally:
            await cluster.close()

    return asyncio.run(run())


def stored(cluster: Cluster) -> dict[str, dict[str, Any]]:
    return {str(entry.obj["metadata"]["name"]): dict(entry.obj) for entry in cluster.store.items(CRDS)}


def put(name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Cluster], None]:
    def work(cluster: Cluster) -> None:
        entry = cluster.store.get(CRDS, "", name)
        assert entry is not None
        obj = entry.copy()
        change(obj)
        cluster.store.put(CRDS, "", name, obj)

    return work


def set_short_names(obj: dict[str, Any]) -> None:
    obj["spec"]["names"]["shortNames"] = ["old"]


def as_before_the_annotation(obj: dict[str, Any]) -> None:
    set_short_names(obj)
    del obj["metadata"]["annotations"][builtincrds.SHIPPED]


def as_an_older_version(obj: dict[str, Any]) -> None:
    set_short_names(obj)
    obj["metadata"]["annotations"][builtincrds.SHIPPED] = "minimal-0123"


def as_the_users_own(obj: dict[str, Any]) -> None:
    as_before_the_annotation(obj)
    obj["metadata"]["managedFields"].append({"manager": "kubectl", "operation": "Update"})


NAME = "workflows.argoproj.io"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (set_short_names, ["old"]),
        (as_before_the_annotation, ["wf"]),
        (as_an_older_version, ["wf"]),
        (as_the_users_own, ["old"]),
    ],
)
def test_definitions_of_another_version_are_upgraded(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], expected: list[str]
) -> None:
    fresh = on(tmp_path, stored)
    on(
        tmp_path,
        lambda cluster: cluster.ensure("apiextensions.k8s.io/v1", "CustomResourceDefinition", deepcopy(OWN)),
    )
    own = on(tmp_path, stored)["things.example.com"]
    on(tmp_path, put(NAME, change))
    after = on(tmp_path, stored)
    assert after[NAME]["spec"]["names"]["shortNames"] == expected
    assert after["things.example.com"] == own
    assert {name: obj for name, obj in after.items() if name in fresh and name != NAME} == {
        name: obj for name, obj in fresh.items() if name != NAME
    }


def test_a_start_without_news_writes_nothing(tmp_path: Path) -> None:
    on(tmp_path, stored)
    before = on(tmp_path, lambda cluster: cluster.store.rv)
    assert on(tmp_path, lambda cluster: cluster.store.rv) == before


def test_the_mode_stays_until_another_is_chosen(tmp_path: Path) -> None:
    def has_schema(cluster: Cluster) -> bool:
        version = stored(cluster)[NAME]["spec"]["versions"][0]
        return "templates" in orjson.dumps(version["schema"]).decode()

    assert not on(tmp_path, has_schema)
    assert on(tmp_path, has_schema, "full")
    assert on(tmp_path, has_schema)
    assert not on(tmp_path, has_schema, "minimal")
    assert not on(tmp_path, has_schema)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running_cluster(tmp_path_factory.mktemp("full") / "data", ["--crds", "full"]) as running:
        yield running


def workflow(name: str, template: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name},
        "spec": {"entrypoint": "main", "templates": [{"name": "main", **template}], **spec},
    }


def test_full_schemas_validate_and_prune(full: RunningCluster) -> None:
    path = "/apis/argoproj.io/v1alpha1/namespaces/argo/workflows"
    container = {"container": {"image": "alpine:3.20", "comand": ["true"]}}
    with client_of(full.kubeconfig) as http:
        api = Api(http)
        made = api.post(path, workflow("pruned", container))
        assert made.code == 201, made.body
        assert made.body["spec"]["templates"] == [{"name": "main", "container": {"image": "alpine:3.20"}}]
        assert "spec.templates[0].container.comand" in made.headers["warning"]
        strict = api.post(path, workflow("strict", container), fieldValidation="Strict")
        assert (strict.code, strict.body["reason"]) == (400, "BadRequest")
        wrong = api.post(path, workflow("wrong", {"container": {"image": 5}}))
        assert (wrong.code, wrong.body["reason"]) == (422, "Invalid")
        assert [cause["field"] for cause in wrong.body["details"]["causes"]] == [
            "spec.templates[0].container.image"
        ]


def test_explain_walks_into_a_template(full: RunningCluster, tmp_path: Path) -> None:
    if not kubectls():
        pytest.skip("there is no kubectl on this machine")
    run = runner(kubectls()[0], full.kubeconfig, tmp_path)
    shown = run("explain", "workflow.spec.templates").stdout
    assert "FIELD: templates <[]Object>" in shown
    assert "container\t<Object>" in shown
