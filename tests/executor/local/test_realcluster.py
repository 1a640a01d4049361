"""Resource templates against a cluster that the user names: what is allowed, what is asked, what comes of it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from argolint.errors import UserError
from executor.local import realcluster
from executor.local.objects import ObjectStore
from executor.local.realcluster import Allowed, Target
from executor.runtimes.probe import probe_sandbox
from executor.runtimes.resources import ResourceError

MANIFEST = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "made"}, "data": {"k": "v"}}
WORKFLOW = """apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: wf}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: make, template: make}
    - - {name: read, template: read}
    - - {name: forbidden, template: forbidden, continueOn: {failed: true}}
  - name: make
    resource: {action: create, setOwnerReference: true, manifest: '{apiVersion: v1, kind: ConfigMap, metadata: {name: made}, data: {k: v1}}'}
  - name: read
    resource: {action: get, manifest: '{apiVersion: v1, kind: ConfigMap, metadata: {name: made}}'}
    outputs: {parameters: [{name: k, globalName: k, valueFrom: {jsonPath: '{.data.k}'}}]}
  - name: forbidden
    resource: {action: create, manifest: '{apiVersion: v1, kind: Secret, metadata: {name: made}}'}
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_cluster_needs_kinds_and_flags_about_it_need_a_cluster() -> None:
    assert realcluster.target_of(None, None, []) is None
    with pytest.raises(UserError, match="--kubeconfig without --allow-kind"):
        realcluster.target_of("k", None, [])
    with pytest.raises(UserError, match="none is named"):
        realcluster.target_of(None, "prod", [])
    target = realcluster.target_of("/k", "dev", ["ConfigMap"])
    assert target == Target("/k", "dev", ("ConfigMap",))
    assert realcluster.target_from({"cluster": json.loads(json.dumps(target._asdict()))}) == target
    assert realcluster.target_from({}) is None


def test_it_is_asked_whether_the_cluster_is_meant() -> None:
    target, err = Target("/k", "", ("Job",)), Terminal()
    realcluster.confirm(target, True, io.StringIO(), err)
    assert err.getvalue() == ""
    realcluster.confirm(target, False, Terminal("Y\n"), err)
    assert err.getvalue() == "resource templates will act on /k, context current: Job\ngo on? [y/N] "
    for answer in ("", "\n", "n\n"):
        with pytest.raises(UserError, match="nothing was run"):
            realcluster.confirm(target, False, Terminal(answer), err)
    with pytest.raises(UserError, match="no terminal to confirm it"):
        realcluster.confirm(target, False, io.StringIO("y\n"), err)


def test_only_allowed_kinds_are_touched_and_no_absent_owner_is_named() -> None:
    store = ObjectStore()
    client = Allowed(store, ["configmaps"])
    owner = {"kind": "Workflow", "name": "wf", "uid": "u"}
    other = {"kind": "ConfigMap", "name": "x", "uid": "v"}
    owned: dict[str, Any] = {**MANIFEST, "metadata": {"name": "made", "ownerReferences": [owner, other]}}
    assert client.create(owned, "ns")["metadata"]["ownerReferences"] == [other]
    assert client.apply({**MANIFEST, "data": {"k": "w"}}, "ns")["data"] == {"k": "w"}
    assert client.replace(MANIFEST, "ns")["data"] == {"k": "v"}
    assert client.patch("v1", "cm", "ns", "made", {"data": {"z": "1"}}, "merge")["data"] == {
        "k": "v",
        "z": "1",
    }
    found = client.get("v1", "ConfigMap", "ns", "made")
    assert found is not None
    assert client.delete("v1", "ConfigMap", "ns", "made") is True
    message = r"Secret is not a kind that this run may touch in the cluster \(--allow-kind Secret\)"
    for act in (
        lambda: client.create({**MANIFEST, "kind": "Secret"}, "ns"),
        lambda: client.apply({**MANIFEST, "kind": "Secret"}, "ns"),
        lambda: client.replace({**MANIFEST, "kind": "Secret"}, "ns"),
        lambda: client.patch("v1", "Secret", "ns", "x", {}, "merge"),
        lambda: client.get("v1", "Secret", "ns", "x"),
        lambda: client.delete("v1", "Secret", "ns", "x"),
    ):
        with pytest.raises(ResourceError, match=message):
            act()
    assert getattr(client, "patience", None) is None  # conditions may take as long as they take


def test_a_local_run_changes_a_cluster(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn")
    if probe_sandbox()[0] is None:
        pytest.skip(probe_sandbox()[2])
    from argolint.kube import KubeClient, resource_for
    from executor.cluster.testing import running_cluster

    (tmp_path / "wf.yaml").write_text(WORKFLOW)
    with running_cluster(tmp_path / "cluster") as cluster:

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "executor", "run", "wf.yaml", *words], cwd=tmp_path, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "ARGOLINT_TRACEBACK": "1"},
            )  # fmt: skip

        words = ["--kubeconfig", str(cluster.kubeconfig), "--allow-kind", "ConfigMap", "-o", "json"]
        refused = run(*words)
        assert (refused.returncode, "confirm it with --yes" in refused.stderr) == (2, True)
        done = run(*words, "--yes")
        assert done.returncode == 0, done.stderr
        client = KubeClient.from_kubeconfig(cluster.kubeconfig)
        made = client.get(resource_for("ConfigMap"), "made", "default")
        assert made["data"] == {"k": "v1"}
        assert "ownerReferences" not in made["metadata"]
        workflow = json.loads(done.stdout)
        nodes = {n["displayName"]: n for n in workflow["status"]["nodes"].values()}
        assert workflow["status"]["outputs"]["parameters"] == [{"name": "k", "value": "v1"}]
        assert nodes["forbidden"]["phase"] in ("Failed", "Error")
        assert "Secret is not a kind that this run may touch" in nodes["forbidden"]["message"]
        info = json.loads((tmp_path / ".argolint/runs/wf/run.json").read_text())
        assert info["cluster"] == {
            "kubeconfig": str(cluster.kubeconfig),
            "context": "",
            "kinds": ["ConfigMap"],
        }
    gone = run("--kubeconfig", str(tmp_path / "no-such-file"), "--allow-kind", "ConfigMap", "--yes")
    assert (gone.returncode, "no such file" in gone.stderr) == (2, True)
