"""Two processes, one target: only one writes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler import lease as lease_module
from reconciler.cluster import ClusterError
from reconciler.lease import Lease, identity
from tests.reconciler.fakecluster import FakeCluster

KEY = "Lease/argosync-prod"


@pytest.fixture
def cluster(tmp_path: Path) -> FakeCluster:
    return FakeCluster(tmp_path / "cluster.json")


def holder(cluster: FakeCluster) -> str:
    return cluster._load()["objects"][KEY]["spec"]["holderIdentity"]


def held_by(cluster: FakeCluster, who: str, renewed: str = "2100-01-01T00:00:00.000000Z") -> None:
    spec = {"holderIdentity": who, "renewTime": renewed, "leaseDurationSeconds": 15}
    cluster.put(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "argosync-prod"},
            "spec": spec,
        }
    )


def test_taken_checked_and_given_back(cluster: FakeCluster) -> None:
    lease = Lease(cluster, "argo", "prod")  # type: ignore[arg-type]
    lease.acquire()
    assert holder(cluster) == identity()
    lease.check()
    lease.release()
    assert holder(cluster) == ""


def test_a_living_holder_elsewhere_keeps_it(cluster: FakeCluster) -> None:
    held_by(cluster, "other-host/1/2/3")
    with pytest.raises(ClusterError, match="another argosync holds the lease argo/argosync-prod"):
        Lease(cluster, "argo", "prod").acquire()  # type: ignore[arg-type]


def test_a_lease_that_ran_out_is_taken(cluster: FakeCluster) -> None:
    held_by(cluster, "other-host/1/2/3", "2001-01-01T00:00:00.000000Z")
    lease = Lease(cluster, "argo", "prod")  # type: ignore[arg-type]
    lease.acquire()
    assert cluster._load()["objects"][KEY]["spec"]["leaseTransitions"] == 1
    lease.release()


def test_a_holder_that_died_on_this_host_is_recognised_at_once(cluster: FakeCluster) -> None:
    code = (
        "from reconciler.lease import identity; import sys; print(identity(), flush=True); sys.stdin.read()"
    )
    root = Path(__file__).resolve().parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", code], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    who = child.stdout.readline().strip()
    assert who.startswith(socket.gethostname())
    held_by(cluster, who)
    with pytest.raises(ClusterError, match="another argosync holds"):
        Lease(cluster, "argo", "prod").acquire()  # type: ignore[arg-type]
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    lease = Lease(cluster, "argo", "prod")  # type: ignore[arg-type]
    lease.acquire()
    lease.release()


def test_nothing_may_be_written_after_the_deadline(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was paused for a minute must not believe in its old lease."""
    now = [100.0]
    monkeypatch.setattr(lease_module, "_clock", lambda: now[0])
    lease = Lease(cluster, "argo", "prod")  # type: ignore[arg-type]
    lease.acquire()
    now[0] += 14.9
    lease.check()
    now[0] += 0.2
    with pytest.raises(ClusterError, match="could not be renewed in time"):
        lease.acquire()


def test_losing_a_race_for_it_is_said(cluster: FakeCluster) -> None:
    def before(_: int, verb: str, kind: str, name: str) -> None:
        if verb == "create":
            cluster.before = lambda *_: None
            held_by(cluster, "faster/1/2/3")

    cluster.before = before
    with pytest.raises(ClusterError, match="has just taken the lease"):
        Lease(cluster, "argo", "prod").acquire()  # type: ignore[arg-type]
