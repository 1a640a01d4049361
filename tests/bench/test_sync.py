"""What a synchronisation costs, beside plain requests of the same objects in the same run."""

from __future__ import annotations

import resource as limits
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from argolint.kube import KubeClient, resource_for
from executor.cluster.testing import RunningCluster, running_cluster
from tests.reconciler.world import World, cron, template

pytestmark = pytest.mark.bench
ROOT = Path(__file__).resolve().parents[2]
COUNT = 1000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster") / "data") as found:
        yield found


def files(count: int, word: str) -> dict[str, str | None]:
    """`count` objects, one a file: nine templates to a CronWorkflow."""
    out: dict[str, str | None] = {}
    for number in range(count):
        if number % 10:
            out[f"t{number}.yaml"] = template(f"t{number}", word)
        else:
            out[f"c{number}.yaml"] = cron(f"c{number}", f"t{number + 1}").replace("0 2", f"{len(word)} 2")
    return out


def world_of(root: Path, server: RunningCluster, count: int, name: str) -> World:
    client = KubeClient.from_kubeconfig(server.kubeconfig)
    meta = {"name": name}
    client.create(resource_for("Namespace"), {"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    world = World(root, client=client)
    world.set(name=name, namespace=name, settle=0.0)
    world.repo.commit({"templates/hello.yaml": None, "cron/nightly.yaml": None, **files(count, "hi")})
    return world


def test_sync_of_a_thousand_objects(tmp_path: Path, server: RunningCluster) -> None:
    world = world_of(tmp_path / "w", server, COUNT, "bench")
    started = time.perf_counter()
    assert world.sync().writes == COUNT
    first = time.perf_counter() - started

    world.repo.commit(files(COUNT, "ciao"))
    started = time.perf_counter()
    assert world.sync().writes == COUNT
    changed = time.perf_counter() - started

    context = world.context()
    from reconciler.cycle import synchronise

    context.store.lock()
    synchronise(context)
    cpu, wall = time.process_time(), time.perf_counter()
    assert synchronise(context).reason == "UpToDate"
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    context.store.unlock()

    client = KubeClient.from_kubeconfig(server.kubeconfig)
    kinds = [resource_for(k) for k in ("WorkflowTemplate", "CronWorkflow")]
    started = time.process_time()
    for kind in kinds:
        client.list(kind, "bench")
    lists = time.process_time() - started
    kubectl = ROOT / ".venv/bin/kubectl"
    apply = float("nan")
    if kubectl.exists():
        argv = [
            str(kubectl),
            "--kubeconfig",
            str(server.kubeconfig),
            "apply",
            "--server-side",
            "--force-conflicts",
        ]
        folder = tmp_path / "plain"
        folder.mkdir()
        for name, text in files(COUNT, "hola").items():
            (folder / name).write_text(text or "")
        started = time.perf_counter()
        subprocess.run(
            [*argv, "-n", "bench", "-f", str(folder)], check=True, capture_output=True, timeout=600
        )
        apply = time.perf_counter() - started
    print(
        f"\n{COUNT} objects: first {first:.1f} s; all changed {changed:.1f} s (budget 15 s), kubectl apply "
        f"{apply:.1f} s, ratio {changed / apply:.2f}\n"
        f"no-change poll: {cpu:.3f} s CPU (budget 0.5 s), {wall:.3f} s wall; the bare lists {lists:.3f} s CPU, ratio {cpu / lists:.1f}"
    )


SCRIPT = """
import resource, sys
from pathlib import Path
from argolint.kube import KubeClient
from tests.bench.test_sync import World, files
from executor.cluster.testing import RunningCluster
from tests.bench.test_sync import world_of
server = RunningCluster(Path(sys.argv[1]), "", Path("."), None)
world = world_of(Path(sys.argv[2]), server, int(sys.argv[3]), sys.argv[4])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
outcome = world.sync()
assert outcome.ok, outcome.message
print(outcome.writes, before // 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_of_five_thousand_objects(tmp_path: Path, server: RunningCluster) -> None:
    told = {}
    for count in (100, 5000):
        argv = [sys.executable, "-c", SCRIPT, str(server.kubeconfig), str(tmp_path / f"w{count}"), str(count), f"mem-{count}"]  # fmt: skip
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr[-2000:]
        told[count] = list(map(int, done.stdout.split()))
        assert told[count][0] == count
    small, large = told[100][2], told[5000][2]
    print(
        f"\nresident memory at its highest: {large} MiB at 5000 objects, {small} MiB at 100, ratio {large / small:.1f}"
    )
    assert limits.getrusage(limits.RUSAGE_SELF).ru_maxrss > 0
