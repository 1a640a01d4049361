"""The parts of a local run that need no sandbox."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from argolint.errors import UserError
from executor.local import fidelity, prepare, settings, tree
from executor.local.documents import Tree, objects_in, parse_reference, project_root
from executor.local.masking import Masker
from executor.local.objects import ObjectStore, canonical_kind
from executor.runtimes.images import image_map
from executor.runtimes.resources import ResourceError


def test_parameters() -> None:
    assert prepare.parse_parameters(["a=1=2", "b="], {"a": "x", "c": [1], "d": True, "e": 3}) == {
        "a": "1=2", "b": "", "c": "[1]", "d": "true", "e": "3",
    }  # fmt: skip
    with pytest.raises(UserError, match="not NAME=VALUE"):
        prepare.parse_parameters(["a"])


def test_an_overridden_parameter_loses_its_value_from() -> None:
    spec = {
        "arguments": {
            "parameters": [
                {"name": "a", "valueFrom": {"configMapKeyRef": {}}, "enum": ["x"]},
                {"name": "b", "value": "1"},
            ]
        }
    }
    made = prepare.with_options({"spec": spec}, {"a": "x", "new": "n"}, "entry")
    assert made["spec"] == {
        "entrypoint": "entry",
        "arguments": {
            "parameters": [
                {"name": "a", "enum": ["x"], "value": "x"},
                {"name": "new", "value": "n"},
                {"name": "b", "value": "1"},
            ]
        },
    }


def test_references() -> None:
    assert parse_reference("wftmpl/x") == ("WorkflowTemplate", "x")
    assert parse_reference("CronWorkflow/x") == ("CronWorkflow", "x")
    assert parse_reference("dir/x.yaml") is None


def test_the_project_root_is_the_nearest_mark(tmp_path: Path) -> None:
    (tmp_path / ".argolint.yaml").touch()
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert project_root(deep / "wf.yaml") == tmp_path.resolve()


def test_the_nearest_object_of_a_name_comes_first(tmp_path: Path) -> None:
    for folder in ("far/away", "near"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "c.yaml").write_text(
            f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{from: {folder}}}\n"
        )
    (tmp_path / "broken.yaml").write_text("kind: ConfigMap\na: [")
    found = Tree(tmp_path, [tmp_path / "near" / "wf.yaml"])
    assert [m.object["data"]["from"] for m in found.objects(("ConfigMap",))] == ["near", "far/away"]
    assert found.unreadable == [str(tmp_path / "broken.yaml")]


def test_lists_are_opened_and_errors_have_places() -> None:
    assert [
        o["kind"] for o in objects_in("f", "kind: List\nitems: [{kind: A}, {kind: B}]\n---\nkind: C\n")
    ] == ["A", "B", "C"]
    with pytest.raises(UserError, match=r"f\.yaml:2:"):
        objects_in("f.yaml", "a: 1\nb: [\n")


def test_the_object_store_is_an_api_server_in_small() -> None:
    store = ObjectStore()
    seen: list[str] = []
    store.listen(lambda event, obj: seen.append(f"{event} {obj['kind']}"))
    made = store.create(
        {"kind": "ConfigMap", "metadata": {"generateName": "c-"}, "data": {"a": "1", "b": "2"}}, "ns"
    )
    name = made["metadata"]["name"]
    assert name.startswith("c-")
    with pytest.raises(ResourceError, match="AlreadyExists"):
        store.create(made, "ns")
    store.patch("v1", "cm", "ns", name, {"data": {"a": None, "c": "3"}}, "merge")
    store.patch("v1", "configmaps", "ns", name, [{"op": "replace", "path": "/data/b", "value": "9"}], "json")
    found = store.get("v1", "ConfigMap", "ns", name)
    assert found is not None
    assert found["data"] == {"b": "9", "c": "3"}
    found["data"]["b"] = "changed outside"
    assert store.get("v1", "ConfigMap", "ns", name)["data"]["b"] == "9"  # type: ignore[index]
    assert store.delete("v1", "ConfigMap", "ns", name)
    assert not store.delete("v1", "ConfigMap", "ns", name)
    with pytest.raises(ResourceError, match="NotFound"):
        store.replace(made, "ns")
    assert seen == ["created ConfigMap", "changed ConfigMap", "changed ConfigMap", "deleted ConfigMap"]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Pods", "pod"),
        ("po", "pod"),
        ("deployments.apps", "deployment"),
        ("policies", "policy"),
        ("ingresses", "ingress"),
        ("Ingress", "ingress"),
    ],
)
def test_kinds(word: str, kind: str) -> None:
    assert canonical_kind(word) == kind


def node(name: str, kind: str, **fields: object) -> dict[str, object]:
    return {
        "id": name,
        "name": name,
        "displayName": name.rsplit(".", 1)[-1],
        "type": kind,
        "phase": "Succeeded",
        **fields,
    }


def test_the_tree_follows_steps_and_retries() -> None:
    at = "2026-01-01T00:00:0{}Z"
    nodes = {
        "wf": node("wf", "Steps", children=["wf[0]"], startedAt=at.format(0), finishedAt=at.format(5)),
        "wf[0]": node("wf[0]", "StepGroup", boundaryID="wf", children=["wf[0].a"]),
        "wf[0].a": node("wf[0].a", "Retry", boundaryID="wf", children=["wf[0].a(0)", "wf[0].a(1)"]),
        "wf[0].a(1)": node("wf[0].a(1)", "Pod", boundaryID="wf", templateName="t", startedAt=at.format(3)),
        "wf[0].a(0)": node(
            "wf[0].a(0)",
            "Pod",
            boundaryID="wf",
            phase="Failed",
            message="main: \x1b[2JError\nmore",
            startedAt=at.format(1),
        ),
        "wf[1].b": node("wf[1].b", "Pod", boundaryID="wf", phase="Running", startedAt=at.format(4)),
    }
    now = datetime(2026, 1, 1, 0, 0, 9, tzinfo=UTC)
    for entry in ("wf[0].a(0)", "wf[0].a(1)"):
        nodes[entry]["finishedAt"] = at.format(5)
    assert list(tree.lines({"status": {"nodes": nodes}}, now=now)) == [
        "✔ wf  5s",
        "├─✔ a",
        "│ ├─✖ a(0)  4s  main: \\x1b[2JError …",
        "│ └─✔ a(1)  t  2s",
        "└─● b  5s",
    ]


def test_secret_values_are_masked_longest_first_and_line_by_line() -> None:
    mask = Masker(["abcd", "abcdef", "one-line\ntwo-line", "xy"])
    assert mask("abcdef abcd two-line xy") == "*** *** *** xy"


def test_the_fidelity_line() -> None:
    images = image_map()
    common = {"runtime": "process", "needs_profile": True, "partial": []}
    assert fidelity.line([{}], {}, images, **common) == "fidelity: exact"
    spec = {
        "nodeSelector": {"a": "b"},
        "templates": [{"container": {"resources": {"limits": {}}}, "tolerations": [1]}],
    }
    assert fidelity.line([spec], {"alpine:3": 2}, images, **common) == (
        "fidelity: approximate (image alpine:3 → host sh and coreutils ×2; nodeSelector ×1; resources ×1; tolerations ×1)"
    )
    assert fidelity.line([{}], {}, images, **{**common, "partial": ["x"]}) == "fidelity: partial (x)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("local: []", "local must be a mapping"),
        ("local: {imags: {}}", "local has unknown keys: imags"),
        ("local: {runtime: docker}", "local.runtime is 'docker'"),
        ("local: {jobs: -1}", "local.jobs must be a number of pods"),
        ("local: {network: maybe}", "local.network must be true or false"),
        ("local: {images: x}", "local.images must be a mapping"),
    ],
)
def test_bad_settings_name_their_key(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / ".argolint.yaml").write_text(text)
    with pytest.raises(UserError, match=r"argolint\.yaml") as caught:
        settings.load(tmp_path)
    assert message in caught.value.message


def test_settings(tmp_path: Path) -> None:
    assert settings.load(tmp_path) == settings.LocalSettings({})
    (tmp_path / ".argolint.yaml").write_text("local: {jobs: 3, network: false, images: {a: alpine}}")
    assert settings.load(tmp_path) == settings.LocalSettings({"a": "alpine"}, "auto", 3, False)
