"""Manifests that no API server would take, run with --no-lint: one clear message, never an internal error."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from executor.cli import main
from executor.local.session import read_input

GOOD = {
    "entrypoint": "main",
    "onExit": "bye",
    "arguments": {"parameters": [{"name": "p", "value": "v"}], "artifacts": [{"name": "a", "raw": {"data": "d"}}]},
    "volumes": [{"name": "v", "secret": {"secretName": "s", "items": [{"key": "k", "path": "p"}]}}],
    "volumeClaimTemplates": [{"metadata": {"name": "c"}, "spec": {}}],
    "synchronization": {"mutexes": [{"name": "m"}]},
    "hooks": {"h": {"template": "bye", "expression": "true"}},
    "templates": [
        {
            "name": "main",
            "inputs": {"parameters": [{"name": "x", "default": "1"}]},
            "steps": [[{"name": "one", "template": "work", "when": "1 == 1", "withItems": [1], "arguments": {"parameters": [{"name": "i", "value": "{{item}}"}]}}]],
        },
        {
            "name": "work",
            "inputs": {"parameters": [{"name": "i"}], "artifacts": [{"name": "a", "path": "/a", "raw": {"data": "d"}}]},
            "outputs": {"parameters": [{"name": "o", "valueFrom": {"path": "/o", "default": "d"}}]},
            "retryStrategy": {"limit": 1, "backoff": {"duration": "1ms"}},
            "container": {"image": "alpine", "command": ["true"], "env": [{"name": "E", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}], "resources": {"limits": {"memory": "1Gi"}}},
            "sidecars": [{"name": "s", "image": "alpine", "command": ["true"]}],
        },
        {"name": "bye", "containerSet": {"containers": [{"name": "c", "image": "alpine", "command": ["true"]}]}},
        {"name": "res", "resource": {"action": "create", "manifest": "kind: ConfigMap"}},
    ],
}  # fmt: skip
ODD = ("x", 3, [1], {"a": "b"}, None, True, [], {}, [["x"]], -1.5)


def places(value: object, path: tuple = ()) -> list[tuple]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += places(inner, (*path, index))
    return found


def damaged(path: tuple, odd: object) -> dict:
    copy = json.loads(json.dumps(GOOD))
    node = copy
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = odd
    return copy


@pytest.mark.parametrize("seed", range(3))
def test_a_spec_with_anything_anywhere_never_ends_in_an_internal_error(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARGOLINT_TRACEBACK", raising=False)
    dice = random.Random(seed)
    from argolint.clikit import guarded

    for number in range(25):
        path, odd = dice.choice(places(GOOD)), dice.choice(ODD)
        wf = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Workflow",
            "metadata": {"name": f"w{number}"},
            "spec": damaged(path, odd),
        }
        (tmp_path / "wf.json").write_text(json.dumps(wf))
        code = guarded(
            "argorun", main, ["run", "wf.json", "--no-lint", "-q", "--runtime", "mock", "--dummy-secrets"]
        )
        said = capsys.readouterr()
        assert "internal error" not in said.out + said.err, (path, odd, said)
        assert code in (0, 1, 2, 3, 4, 5), (path, odd, said)


def test_the_undamaged_spec_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    wf = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "w"}, "spec": GOOD}
    (tmp_path / "wf.json").write_text(json.dumps(wf))
    assert len(read_input(["wf.json"], tmp_path).chosen) == 1
    assert main(["run", "wf.json", "--no-lint", "-q", "--runtime", "mock", "--dummy-secrets"]) == 0, (
        capsys.readouterr()
    )


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"workflowSpec": [1]}, "spec.workflowSpec is not a mapping: [1]"),
        ({"workflowSpec": GOOD, "workflowMetadata": 2.5}, "spec.workflowMetadata is not a mapping: 2.5"),
        ({"workflowSpec": GOOD, "workflowMetadata": {"labels": "x"}}, "spec.workflowMetadata.labels is not a mapping: 'x'"),
    ],
)  # fmt: skip
def test_odd_crons_are_refused(tmp_path: Path, spec: dict, message: str) -> None:
    from argolint.errors import UserError
    from executor.engine.simulate import START
    from executor.local.prepare import workflow_of

    with pytest.raises(UserError) as found:
        workflow_of({"kind": "CronWorkflow", "metadata": {"name": "c"}, "spec": spec}, "f.yaml", START)
    assert found.value.message == f"f.yaml: {message}"


@pytest.mark.parametrize("templates", [True, 2.5, "x", {"a": 1}])
def test_odd_templates_are_simulated_to_an_end(tmp_path: Path, templates: object, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    manifest = {
        "kind": "Workflow",
        "metadata": {"name": "w"},
        "spec": {"entrypoint": "m", "templates": templates},
    }
    (tmp_path / "wf.yaml").write_text(json.dumps(manifest))
    assert main(["simulate", str(tmp_path / "wf.yaml")]) == 1
    assert "w  Failed" in capsys.readouterr().out
