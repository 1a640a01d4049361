"""argosync as people run it, against the embedded Kubernetes API: commands, exit codes, field ownership, the running loop."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from argolint.clikit import guarded
from argolint.kube import KubeClient, resource_for
from executor.cluster.testing import RunningCluster, start, stop
from reconciler.cli import main
from tests.reconciler.forgestand import forge_stand
from tests.reconciler.world import Repo, World, caller, cron, template

ROOT = Path(__file__).resolve().parents[2]
CANARY = "canary-9f8e7d6c5b4a"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    cluster = start(tmp_path_factory.mktemp("cluster") / "data")
    yield cluster
    stop(cluster.process)


def command(*argv: str) -> subprocess.CompletedProcess[str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = guarded("argosync", main, argv)
        except SystemExit as stop:
            code = int(stop.code or 0)
    return subprocess.CompletedProcess(argv, code, out.getvalue(), err.getvalue())


class Shop:
    """A repository, a namespace of its own in the embedded cluster, and the command line."""

    def __init__(self, root: Path, server: RunningCluster) -> None:
        self.root = root
        self.kubeconfig = server.kubeconfig
        self.namespace = f"ns-{root.name[-12:].strip('-_').replace('_', '-').lower()}-{os.getpid()}"
        self.client = KubeClient.from_kubeconfig(server.kubeconfig)
        self.client.create(
            resource_for("Namespace"),
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}},
        )
        self.repo = Repo(root / "repo")
        self.repo.commit({"templates/hello.yaml": template(), "cron/nightly.yaml": cron()}, "First")
        self.config = root / "argosync.yaml"
        self.configure()

    def configure(self, **target: Any) -> None:
        target = {
            "name": self.namespace[:50].strip("-"),
            "namespace": self.namespace,
            "settle": "0ms",
            "prune": {"enabled": True},
            **target,
        }
        source = {"name": "repo", "url": str(self.repo.path), "ref": "main", "interval": "1s"}
        self.config.write_text(json.dumps({"state": "state", "sources": [source], "targets": [target]}))

    def argosync(self, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in this process: the same code, without a second of imports each time."""
        return command(verb, "--config", str(self.config), "--kubeconfig", str(self.kubeconfig), *words)

    def spawn(self, *words: str) -> subprocess.Popen[str]:
        argv = [
            sys.executable,
            "-m",
            "reconciler",
            "run",
            "--config",
            str(self.config),
            "--kubeconfig",
            str(self.kubeconfig),
            "--log-format",
            "json",
            *words,
        ]
        return subprocess.Popen(argv, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)

    def live(self) -> dict[str, dict[str, Any]]:
        return {
            f"{kind}/{obj['metadata']['name']}": obj
            for kind in ("CronWorkflow", "WorkflowTemplate")
            for obj in self.client.list(resource_for(kind), self.namespace).items
        }

    def versions(self) -> dict[str, str]:
        return {name: obj["metadata"]["resourceVersion"] for name, obj in self.live().items()}


@pytest.fixture
def shop(tmp_path: Path, server: RunningCluster) -> Shop:
    return Shop(tmp_path, server)


def eventually(look: Callable[[], Any], timeout: float = 30.0) -> Any:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def test_plan_once_plan_status_and_their_exit_codes(shop: Shop) -> None:
    first = shop.argosync("plan")
    assert (first.returncode, "2 to create" in first.stdout) == (2, True)
    assert shop.live() == {}
    once = shop.argosync("once")
    assert (once.returncode, once.stdout.splitlines()[-1].endswith("Applied: 2 created")) == (0, True), (
        once.stderr
    )
    assert sorted(shop.live()) == ["CronWorkflow/nightly", "WorkflowTemplate/hello"]
    versions = shop.versions()
    again = shop.argosync("once", "-o", "json")
    document = json.loads(again.stdout)["targets"][0]
    assert (again.returncode, document["reason"], document["writes"], document["counts"]) == (
        0,
        "UpToDate",
        0,
        {"unchanged": 2},
    )
    assert shop.argosync("plan").returncode == 0
    status = shop.argosync("status", "-o", "json")
    assert status.returncode == 0
    ready = json.loads(status.stdout)["targets"][0]["conditions"][0]
    assert (ready["type"], ready["status"], ready["reason"]) == ("Ready", "True", "UpToDate")
    assert shop.versions() == versions


def test_refused_revision_exits_with_1_and_names_file_line_rule_and_remedy(shop: Shop) -> None:
    assert shop.argosync("once").returncode == 0
    versions = shop.versions()
    shop.repo.commit({"cron/nightly.yaml": cron(template="helo")})
    once = shop.argosync("once")
    assert once.returncode == 1
    assert (
        "  cron/nightly.yaml:13: error: spec.workflowSpec.workflowTemplateRef: "
        f"WorkflowTemplate {shop.namespace}/helo does not exist, neither in this revision nor in the cluster [reference-not-found]\n"
        "      correct the name, or add the template\n"
    ) in once.stdout
    assert shop.versions() == versions
    plan = shop.argosync("plan")
    assert plan.returncode == 1
    status = shop.argosync("status")
    assert (status.returncode, "NOT READY  Refused" in status.stdout) == (1, True)


def test_mistyped_field_is_refused_by_the_linter_before_any_write(shop: Shop) -> None:
    shop.repo.commit({"templates/hello.yaml": template().replace("entrypoint", "entrypiont")})
    once = shop.argosync("once")
    assert once.returncode == 1
    assert "templates/hello.yaml:6: error:" in once.stdout
    assert shop.live() == {}


def test_wrong_configuration_exits_with_2_and_plan_with_1(shop: Shop) -> None:
    shop.config.write_text("sources: []\n")
    assert shop.argosync("once").returncode == 2
    assert shop.argosync("plan").returncode == 1
    assert "Traceback" not in shop.argosync("once").stderr


def test_unreachable_cluster_is_one_clear_message(shop: Shop) -> None:
    shop.kubeconfig = shop.root / "kubeconfig"
    shop.kubeconfig.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "x",
                "clusters": [{"name": "x", "cluster": {"server": "http://127.0.0.1:9"}}],
                "users": [{"name": "x", "user": {}}],
                "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            }
        )
    )
    once = shop.argosync("once")
    assert once.returncode == 1
    assert "ClusterUnavailable: cannot reach the Kubernetes API at http://127.0.0.1:9" in once.stdout
    assert "Traceback" not in once.stdout + once.stderr


def test_ownership_conflict_drift_and_suspension_as_the_real_server_tracks_them(shop: Shop) -> None:
    resource = resource_for("WorkflowTemplate")
    other = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "WorkflowTemplate",
        "metadata": {"name": "hello", "namespace": shop.namespace},
        "spec": {"entrypoint": "other", "templates": [{"name": "other", "suspend": {}}]},
    }
    shop.client.create(resource, other, shop.namespace, field_manager="someone")
    refused = shop.argosync("once")
    assert refused.returncode == 1
    assert "is owned by someone" in refused.stdout
    shop.client.delete(resource, "hello", shop.namespace)
    assert shop.argosync("once").returncode == 0
    shop.client.patch(
        resource, "hello", {"spec": {"entrypoint": "evil"}}, shop.namespace, field_manager="kubectl-edit"
    )
    crons = resource_for("CronWorkflow")
    shop.client.patch(crons, "nightly", {"spec": {"suspend": True}}, shop.namespace, field_manager="argo")
    healed = shop.argosync("once")
    assert healed.returncode == 0
    assert "changed in the cluster; it is set back to what Git says" in healed.stdout
    assert "suspended by hand (argo" in healed.stdout
    assert shop.live()["WorkflowTemplate/hello"]["spec"]["entrypoint"] == "main"
    assert shop.live()["CronWorkflow/nightly"]["spec"]["suspend"] is True
    versions = shop.versions()
    assert shop.argosync("once").returncode == 0
    assert shop.versions() == versions


def test_prune_and_approval(shop: Shop) -> None:
    shop.repo.commit({f"t{i}.yaml": template(f"t{i}") for i in range(6)})
    assert shop.argosync("once").returncode == 0
    shop.repo.commit({"t0.yaml": None})
    assert shop.argosync("once").returncode == 0
    assert "WorkflowTemplate/t0" not in shop.live()
    shop.repo.commit({f"t{i}.yaml": None for i in range(1, 6)})
    held = shop.argosync("once")
    assert held.returncode == 1
    approval = next(line for line in held.stdout.splitlines() if "--approve" in line).split()[-1]
    assert len(shop.live()) == 7
    assert shop.argosync("approve", "000000000000").returncode == 1
    assert shop.argosync("approve", approval).returncode == 0
    assert shop.argosync("once").returncode == 0
    assert sorted(shop.live()) == ["CronWorkflow/nightly", "WorkflowTemplate/hello"]


def test_pruned_cron_leaves_its_workflows(shop: Shop) -> None:
    shop.repo.commit({"cron/two.yaml": cron("two")})
    assert shop.argosync("once").returncode == 0
    owner = shop.live()["CronWorkflow/two"]["metadata"]
    run = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "name": "two-1",
            "namespace": shop.namespace,
            "labels": {"workflows.argoproj.io/completed": "true"},
            "ownerReferences": [
                {
                    "apiVersion": "argoproj.io/v1alpha1",
                    "kind": "CronWorkflow",
                    "name": "two",
                    "uid": owner["uid"],
                    "controller": True,
                }
            ],
        },
        "spec": {"workflowTemplateRef": {"name": "hello"}},
        "status": {"phase": "Succeeded"},
    }
    shop.client.create(resource_for("Workflow"), run, shop.namespace)
    shop.repo.commit({"cron/two.yaml": None})
    assert shop.argosync("once").returncode == 0
    assert "CronWorkflow/two" not in shop.live()
    time.sleep(0.5)
    assert shop.client.try_get(resource_for("Workflow"), "two-1", shop.namespace) is not None


def test_history_why_diff_suspend_resume_and_rollback(shop: Shop) -> None:
    assert shop.argosync("once").returncode == 0
    shop.repo.commit({"templates/hello.yaml": template(word="ciao")}, "Say ciao")
    diff = shop.argosync("diff")
    assert diff.returncode == 2
    assert "-      - hi\n+      - ciao\n" in diff.stdout
    assert shop.argosync("suspend", "--reason", "quiet please", "--for", "1h").returncode == 0
    assert "suspended by" in shop.argosync("once").stdout
    assert "SUSPENDED" in shop.argosync("status").stdout
    assert shop.argosync("resume").returncode == 0
    assert shop.argosync("once").returncode == 0
    history = shop.argosync("history").stdout
    assert ("Say ciao" in history.splitlines()[0], "update WorkflowTemplate" in history) == (True, True)
    why = shop.argosync("why", "hello").stdout
    assert "comes from templates/hello.yaml:1" in why
    assert "“Say ciao”" in why
    assert shop.argosync("rollback").returncode == 0
    assert shop.argosync("once").returncode == 0
    container = shop.live()["WorkflowTemplate/hello"]["spec"]["templates"][0]["container"]
    assert container["command"] == ["echo", "hi"]
    assert "ROLLED BACK" in shop.argosync("status").stdout
    assert shop.argosync("doctor").returncode == 0


def test_run_follows_git_heals_and_ends_cleanly(shop: Shop) -> None:
    process = shop.spawn()
    try:
        eventually(lambda: len(shop.live()) == 2)
        shop.repo.commit({"more.yaml": caller("more", "hello")})
        eventually(lambda: "WorkflowTemplate/more" in shop.live())
        shop.client.delete(resource_for("WorkflowTemplate"), "more", shop.namespace)
        eventually(lambda: "WorkflowTemplate/more" in shop.live())
        second = shop.argosync("once")
        assert (second.returncode, "another argosync" in second.stderr) == (1, True)
        other = shop.root / "other.yaml"
        document = json.loads(shop.config.read_text()) | {"state": "elsewhere"}
        other.write_text(json.dumps(document))
        shop.repo.commit({"third.yaml": template("third")})
        eventually(lambda: "WorkflowTemplate/third" in shop.live())
        shop.client.delete(resource_for("WorkflowTemplate"), "third", shop.namespace)
        kept, shop.config = shop.config, other
        second = shop.argosync("once")
        shop.config = kept
        assert ("LeaseHeld" in second.stdout) or second.returncode == 0
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
    assert process.returncode == 0, log
    events = [json.loads(line) for line in log.splitlines()]
    assert [e["event"] for e in events if e["event"] in ("started", "stopped")] == ["started", "stopped"]
    assert {"created", "synced"} <= {e["event"] for e in events}
    lease = shop.client.list(resource_for("Lease"), shop.namespace).items[0]
    assert lease["spec"]["holderIdentity"] == ""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_run_is_woken_by_a_webhook_serves_metrics_and_reads_its_configuration_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_SECRET", CANARY)
    document = json.loads(shop.config.read_text())
    document["sources"][0]["interval"] = "10m"
    hooks, metrics = free_port(), free_port()
    receiver = {"name": "gh", "type": "github", "secret": {"env": "HOOK_SECRET"}}
    document["webhooks"] = {"listen": f"127.0.0.1:{hooks}", "receivers": [receiver]}
    document["metrics"] = {"listen": f"127.0.0.1:{metrics}"}
    shop.config.write_text(json.dumps(document))
    process = shop.spawn()
    try:
        eventually(lambda: len(shop.live()) == 2)
        shop.repo.commit({"more.yaml": template("more")})
        mark = "sha256=" + hmac.new(CANARY.encode(), b"{}", hashlib.sha256).hexdigest()
        request = urllib.request.Request(
            f"http://127.0.0.1:{hooks}/hook/gh", b"{}", {"X-Hub-Signature-256": mark}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            assert reply.status == 202
        eventually(lambda: "WorkflowTemplate/more" in shop.live())
        shop.config.write_text("sources: [")
        process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        document["targets"][0]["surprise_runs"] = "hold"
        shop.config.write_text(json.dumps(document))
        shop.repo.commit({"third.yaml": template("third")})
        process.send_signal(signal.SIGHUP)
        eventually(lambda: "WorkflowTemplate/third" in shop.live())
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=10) as reply:
            text = reply.read().decode()
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
    assert process.returncode == 0, log
    events = [json.loads(line)["event"] for line in log.splitlines()]
    assert [e for e in events if e in ("webhook", "reload-refused", "reloaded")] == [
        "webhook",
        "reload-refused",
        "reloaded",
    ]
    assert f'argosync_ready{{target="{document["targets"][0]["name"]}"}} 1.0' in text
    assert 'argosync_webhook_total{receiver="gh",result="accepted"} 1.0' in text
    assert CANARY not in log + text
    posted = shop.client.list(resource_for("Event"), shop.namespace).items
    assert {("more", "Created"), ("third", "Created")} <= {
        (e["involvedObject"]["name"], e["reason"]) for e in posted
    }
    audit = command("audit", "verify", "--config", str(shop.config))
    assert (audit.returncode, "the chain holds" in audit.stdout) == (0, True)
    shown = command("audit", "show", "--config", str(shop.config))
    assert f"created object=WorkflowTemplate {shop.namespace}/third" in shown.stdout


def test_plan_from_a_snapshot_apply_of_a_saved_plan_and_the_comment(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shop.argosync("once").returncode == 0
    shot, plan = shop.root / "snapshot.json", shop.root / "plan.json"
    assert shop.argosync("snapshot", "--out", str(shot)).returncode == 0
    with forge_stand() as stand:
        for name, value in {
            "GITHUB_REPOSITORY": "team/repo",
            "GITHUB_TOKEN": stand.token,
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_API_URL": stand.url,
        }.items():
            monkeypatch.setenv(name, value)
        words = ("plan", "--config", str(shop.config), "--snapshot", str(shot), "--comment", "github")
        assert command(*words).returncode == 0
        shop.repo.commit({"templates/hello.yaml": template(word="ciao")})
        changed = command(*words)
        assert (changed.returncode, len(stand.comments)) == (2, 1), changed.stderr
        assert f"| update | `WorkflowTemplate {shop.namespace}/hello` |" in stand.comments[0]["body"]
    saved = shop.argosync("plan", "--out", str(plan))
    assert (saved.returncode, plan.is_file()) == (2, True)
    assert command(*words[:-2], "--out", "x").returncode == 1
    applied = shop.argosync("apply", str(plan))
    assert (applied.returncode, "Applied: 1 updated" in applied.stdout) == (0, True), applied.stdout
    again = shop.argosync("apply", str(plan))
    assert (again.returncode, "PlanMoved: since the plan was made" in again.stdout) == (1, True)
    sarif = json.loads(shop.argosync("plan", "-o", "sarif").stdout)
    assert sarif["version"] == "2.1.0"


def test_get_predict_hold_and_release(shop: Shop) -> None:
    assert shop.argosync("once").returncode == 0
    target = json.loads(shop.config.read_text())["targets"][0]["name"]
    rows = json.loads(shop.argosync("get", "objects", "-o", "json").stdout)["objects"]
    assert [(r["target"], r["object"], r["file"]) for r in rows] == [
        (target, f"CronWorkflow {shop.namespace}/nightly", "cron/nightly.yaml:1"),
        (target, f"WorkflowTemplate {shop.namespace}/hello", "templates/hello.yaml:1"),
    ]
    head, row = shop.argosync("get").stdout.splitlines()
    assert head.split() == ["TARGET", "DESIRED", "APPLIED", "READY", "HELD", "SINCE", "MESSAGE"]
    assert row.split()[3:5] == ["yes", "0"]
    cron_row = json.loads(shop.argosync("get", "crons", "-o", "json").stdout)["crons"][0]
    assert (cron_row["schedule"], cron_row["suspended"], cron_row["next"][11:]) == (
        "0 2 * * *",
        "no",
        "02:00:00Z",
    )
    assert "| target | id |" in shop.argosync("get", "history", "-o", "markdown").stdout
    manifest = shop.root / "repo/cron/nightly.yaml"
    predicted = shop.argosync("predict", str(manifest))
    assert (predicted.returncode, f"CronWorkflow {shop.namespace}/nightly" in predicted.stdout) == (0, True)
    assert "no run now" in predicted.stdout
    assert shop.argosync("predict", str(shop.root / "none.yaml")).returncode == 1
    assert shop.argosync("predict", str(shop.root / "repo/templates/hello.yaml")).returncode == 1

    name = f"CronWorkflow/{shop.namespace}/nightly"
    assert shop.argosync("hold", "CronWorkflow/none", "--reason", "x").returncode == 1
    for length in ("soon", "4h later", "0s"):
        assert shop.argosync("hold", name, "--reason", "x", "--for", length).returncode == 2
    held = shop.argosync("hold", name, "--field", "spec.suspend=true", "--for", "4h", "--reason", "INC-42")
    assert held.returncode == 0, held.stderr
    assert shop.argosync("once").returncode == 0
    assert shop.live()["CronWorkflow/nightly"]["spec"]["suspend"] is True
    listed = json.loads(shop.argosync("get", "holds", "-o", "json").stdout)["holds"][0]
    assert (listed["field"], listed["reason"]) == ("spec.suspend=True", "INC-42")
    assert "held       CronWorkflow" in shop.argosync("status").stdout
    assert "  held: spec.suspend=True by " in shop.argosync("why", name).stdout
    assert shop.argosync("release", name).returncode == 0
    assert shop.argosync("release").returncode == 1
    assert shop.argosync("once").returncode == 0
    assert "suspend" not in shop.live()["CronWorkflow/nightly"]["spec"]
    assert command("audit", "verify", "--config", str(shop.config)).returncode == 0


def test_run_goes_on_after_kill_9(shop: Shop) -> None:
    process = shop.spawn()
    eventually(lambda: len(shop.live()) == 2)
    process.kill()
    process.communicate()
    shop.repo.commit({"more.yaml": template("more")})
    process = shop.spawn()
    try:
        eventually(lambda: "WorkflowTemplate/more" in shop.live())
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_repository_instead_of_a_configuration(shop: Shop) -> None:
    argv = [
        sys.executable,
        "-m",
        "reconciler",
        "once",
        "--repo",
        str(shop.repo.path),
        "--path",
        "templates",
        "--ref",
        "main",
        "--namespace",
        shop.namespace,
        "--state",
        str(shop.root / "s"),
        "--kubeconfig",
        str(shop.kubeconfig),
    ]
    done = subprocess.run(
        argv,
        cwd=shop.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, list(shop.live())) == (0, ["WorkflowTemplate/hello"]), done.stderr


def test_plain_folder_instead_of_a_repository(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "t.yaml").write_text(template("plain"))
    argv = [
        sys.executable,
        "-m",
        "reconciler",
        "once",
        "--repo",
        str(folder),
        "--namespace",
        shop.namespace,
        "--state",
        str(shop.root / "s"),
        "--kubeconfig",
        str(shop.kubeconfig),
    ]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, list(shop.live())) == (0, ["WorkflowTemplate/plain"]), done.stderr
    (folder / "u.yaml").write_text(template("second"))
    assert subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=120).returncode == 0
    assert sorted(shop.live()) == ["WorkflowTemplate/plain", "WorkflowTemplate/second"]


def test_in_process_synchronisation_agrees_with_the_cluster_in_a_file(shop: Shop, tmp_path: Path) -> None:
    """The same story told to both clusters gives the same items, so the faults tested there mean something here."""
    told = []
    for name, client in (("file", None), ("server", shop.client)):
        (tmp_path / name).mkdir()
        world = World(tmp_path / name, client=client)
        space = "argo" if client is None else shop.namespace
        world.set(namespace=space)
        story = []
        world.repo.commit({"a.yaml": caller("a", "hello")})
        for change in (
            {},
            {},
            {"templates/hello.yaml": template(word="ciao")},
            {"a.yaml": None},
            {"cron/nightly.yaml": cron().replace("0 2", "0 3")},
        ):
            if change:
                world.repo.commit(change)
            outcome = world.sync()
            story.append(
                (
                    outcome.reason,
                    outcome.writes,
                    [(i.op, i.key.name, [tuple(c) for c in i.changes]) for i in outcome.plan.items],
                )
            )
        told.append(story)
    assert told[0] == told[1]


def test_plan_of_a_pull_request_by_ref_and_by_folder(shop: Shop) -> None:
    assert shop.argosync("once").returncode == 0
    shop.repo.git("checkout", "--quiet", "-b", "feature")
    shop.repo.commit({"templates/hello.yaml": template(word="ciao")})
    assert shop.argosync("plan").returncode == 0
    for words in (("--ref", "feature"), ("--from", str(shop.repo.path))):
        plan = shop.argosync("plan", *words, "-o", "markdown")
        assert plan.returncode == 2, plan.stdout
        assert f"| update | `WorkflowTemplate {shop.namespace}/hello` |" in plan.stdout
    assert shop.argosync("plan", "--from", "/nowhere").returncode == 1
