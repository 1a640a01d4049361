"""The container runtime: its command lines, and real containers where an engine works."""

from __future__ import annotations

from pathlib import Path

import pytest

from executor.runtimes.base import ContainerSpec, Limits, Mount
from executor.runtimes.podman import COMPATIBILITY, PodmanRuntime, probe_engine

from .conftest import shell


@pytest.fixture(scope="module")
def engine() -> PodmanRuntime:
    found, why = probe_engine()
    if found is None:
        pytest.skip(f"no container engine works here: {why}")
    return found


def test_the_command_line(tmp_path: Path) -> None:
    spec = ContainerSpec(
        name="main",
        image="alpine:3",
        argv=("sh", "-c", "true"),
        env={"A": "secret"},
        root=tmp_path / "root",
        stdout=1,
        stderr=2,
        cwd="/w",
        mounts=(Mount(tmp_path, "/m", True),),
        limits=Limits(memory=1024, cpu=0.5),
        uid=7,
        hostname="h",
        network=False,
    )
    words = PodmanRuntime("/usr/bin/podman", COMPATIBILITY).arguments(spec, "n", tmp_path / "e")
    assert words == [
        "/usr/bin/podman", "--runtime", "runc", "run", "--name", "n", "--hostname", "h",
        "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--network", "none",
        "--security-opt", "no-new-privileges", "--env-file", str(tmp_path / "e"), "--user", "7:0", "--workdir", "/w",
        "--memory", "1024", "--cpus", "0.5", "--volume", f"{tmp_path.resolve()}:/m:ro", "--entrypoint", "sh", "alpine:3", "-c", "true",
    ]  # fmt: skip
    assert "secret" not in " ".join(words)


def test_a_real_container(run_pod, engine: PodmanRuntime) -> None:
    ran = run_pod(shell("echo in-container; exit 5", container={"image": "busybox"}), runtime=engine)
    assert (ran.log(), ran.ended()["terminated"]["exitCode"]) == ("in-container\n", 5)


def test_results_and_files_of_real_containers(engine: PodmanRuntime, run_pod) -> None:
    ran = run_pod(
        shell(
            "echo out; echo err >&2; kill -KILL $BASHPID 2>/dev/null; kill -9 1; exit 3",
            container={"image": "busybox"},
        ),
        runtime=engine,
    )
    assert sorted(ran.log().split()[:2]) == ["err", "out"]
    assert ran.ended()["terminated"]["exitCode"] in (3, 137)
