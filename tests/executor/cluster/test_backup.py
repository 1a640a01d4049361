"""Backups: taken while the server is written to, and started from."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest

from argolint.errors import UserError
from executor.cluster import backup
from executor.cluster.testing import running_cluster
from tests.contract.conftest import Api, client_of

MAPS = "/api/v1/namespaces/default/configmaps"
WORKFLOWS = "/apis/argoproj.io/v1alpha1/namespaces/default/workflows"


def argorun(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "executor", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=60)


def test_a_backup_under_writes_holds_everything_acknowledged_before(tmp_path: Path) -> None:
    acknowledged: list[str] = []
    stopped = threading.Event()
    enough = threading.Event()
    file = tmp_path / "backup.tar"

    with running_cluster(tmp_path / "data") as cluster:

        def load() -> None:
            with client_of(cluster.kubeconfig) as http:
                api = Api(http)
                while not stopped.is_set():
                    made = api.post(MAPS, {"metadata": {"generateName": "load-"}, "data": {"k": "v" * 500}})
                    assert made.code == 201
                    acknowledged.append(made.body["metadata"]["name"])
                    if len(acknowledged) >= 100:
                        enough.set()

        writers = [threading.Thread(target=load) for _ in range(2)]
        with client_of(cluster.kubeconfig) as http:
            secret = {"metadata": {"name": "s"}, "stringData": {"word": "hidden"}}
            assert Api(http).post("/api/v1/namespaces/default/secrets", secret).code == 201
            workflow = {"metadata": {"name": "done"}, "spec": {}, "status": {"phase": "Succeeded"}}
            uid = Api(http).post(WORKFLOWS, workflow).body["metadata"]["uid"]
            assert Api(http).delete(f"{WORKFLOWS}/done").code == 200
        for writer in writers:
            writer.start()
        try:
            assert enough.wait(60)
            before = list(acknowledged)
            done = argorun("backup", "--data", cluster.data, "--out", file)
        finally:
            stopped.set()
            for writer in writers:
                writer.join()
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{file}: ")

    assert file.stat().st_mode & 0o077 == 0
    restored = argorun("backup", "--data", tmp_path / "copy", "--restore", file)
    assert restored.returncode == 0, restored.stderr
    with running_cluster(tmp_path / "copy") as cluster, client_of(cluster.kubeconfig) as http:
        api = Api(http)
        names = {item["metadata"]["name"] for item in api.get(MAPS).body["items"]}
        assert names >= set(before)
        # Whatever else is there was acknowledged while the backup ran.
        assert {name for name in names if name.startswith("load-")} <= set(acknowledged)
        found = api.get("/api/v1/namespaces/default/secrets/s").body["data"]["word"]
        assert base64.b64decode(found) == b"hidden"
        assert api.post(MAPS, {"metadata": {"name": "goes-on"}}).code == 201
        assert api.get(f"/api/v1/archived-workflows/{uid}").body["metadata"]["name"] == "done"
    again = argorun("backup", "--data", tmp_path / "copy", "--restore", file)
    assert (again.returncode, "there is a cluster here already" in again.stderr) == (2, True)


def test_what_is_no_cluster_or_no_backup_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no cluster here"):
        backup.save(tmp_path, tmp_path / "b.tar")
    (tmp_path / "cluster.db").write_text("this is not a database, whatever its name says")
    with pytest.raises(UserError, match=r"cluster\.db: cannot be copied: file is not a database"):
        backup.save(tmp_path, tmp_path / "b.tar")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cluster.db"]
    with pytest.raises(UserError, match="not a backup"):
        backup.restore(tmp_path / "cluster.db", tmp_path / "new")
    with pytest.raises(UserError, match="No such file"):
        backup.restore(tmp_path / "nothing.tar", tmp_path / "new")
    hostile = tmp_path / "hostile.tar"
    with tarfile.open(hostile, "w") as archive:
        for name in ("cluster.db", "../outside"):
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(UserError, match=r"it holds \.\./outside"):
        backup.restore(hostile, tmp_path / "new")
    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "new").exists()
