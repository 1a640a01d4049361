"""Signatures, rewritten history, freezes, holds, fights, renames, and runs that fail."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from argolint.errors import UserError
from reconciler.config import Ref
from reconciler.handover import seconds_until_quiet
from reconciler.holds import Hold, field_of, frozen
from reconciler.opsconfig import Verify, Window, window_of
from tests.reconciler.world import World, cron, template

HAS_SSH = shutil.which("ssh-keygen") is not None
HAS_GPG = shutil.which("gpg") is not None


def run(*argv: str, **options: Any) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Signers:
    """Two ssh keys, of which the first is trusted."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.keys = {}
        for name in ("ann", "eve"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name))
            self.keys[name] = folder / name
        self.allowed = folder / "allowed_signers"
        self.allow("ann")

    def allow(self, *names: str, options: str = "") -> None:
        lines = []
        for name in names:
            key = " ".join(self.keys[name].with_suffix(".pub").read_text().split()[:2])
            lines.append(f'{name}@example.invalid namespaces="git"{options} {key}\n')
        self.allowed.write_text("".join(lines))

    def commit(self, world: World, who: str, files: dict[str, str]) -> str:
        for name, text in files.items():
            (world.repo.path / name).write_text(text)
        world.repo.git("add", "--all")
        options = ["-c", "gpg.format=ssh", "-c", f"user.signingKey={self.keys[who]}"]
        world.repo.git(*options, "commit", "--quiet", "-S", "--message=Signed")
        return world.repo.git("rev-parse", "HEAD")

    def tag(self, world: World, who: str, name: str) -> None:
        options = ["-c", "gpg.format=ssh", "-c", f"user.signingKey={self.keys[who]}"]
        world.repo.git(*options, "tag", "-s", name, "--message=Release")


@pytest.fixture
def signers(tmp_path: Path) -> Signers:
    if not HAS_SSH:
        pytest.skip("ssh-keygen is not here")
    return Signers(tmp_path / "keys")


def verify_with(world: World, **policy: Any) -> None:
    world.source = replace(world.source, verify=Verify(**{"mode": "commit", **policy}))


def test_ssh_signed_commits_are_applied_and_others_hold_the_last_good(world: World, signers: Signers) -> None:
    verify_with(world, allowed_signers=str(signers.allowed))
    unsigned = world.sync()
    assert (unsigned.ok, unsigned.reason, "it is not signed" in unsigned.message) == (
        False,
        "SignatureRefused",
        True,
    )
    assert world.cluster.objects() == {}
    good = signers.commit(world, "ann", {"a.yaml": template("a")})
    outcome = world.sync()
    assert (outcome.ok, outcome.commit) == (True, good)
    assert outcome.about["signer"].startswith("ann@example.invalid (SHA256:")
    signers.commit(world, "eve", {"b.yaml": template("b")})
    world.cluster.remove("WorkflowTemplate/a")
    refused = world.sync()
    assert (refused.ok, refused.reason, refused.writes) == (False, "SignatureRefused", 1)
    assert "not among the trusted ones" in refused.message
    assert "WorkflowTemplate/b" not in world.cluster.objects()
    assert "WorkflowTemplate/a" in world.cluster.objects()


def test_rotated_and_expired_ssh_keys(world: World, signers: Signers) -> None:
    verify_with(world, allowed_signers=str(signers.allowed))
    signers.allow("ann", "eve")
    signers.commit(world, "eve", {"a.yaml": template("a")})
    assert world.sync().ok
    signers.allow("ann")
    assert world.sync().reason == "SignatureRefused"
    signers.allow("eve", options=',valid-before="20200101"')
    assert world.sync().reason == "SignatureRefused"
    signers.allow("ann", "eve")
    assert world.sync().ok
    signers.allowed.unlink()
    signers.commit(world, "ann", {"b.yaml": template("b")})
    assert world.sync().reason == "SignaturePolicy"


def test_signed_tags(world: World, signers: Signers) -> None:
    verify_with(world, mode="tag", allowed_signers=str(signers.allowed))
    assert "is not a tag" in world.sync().message
    world.source = replace(world.source, ref=Ref("semver", ">=1.0.0"))
    world.repo.git("tag", "v1.0.0")
    assert "is not an annotated tag" in world.sync().message
    signers.tag(world, "eve", "v1.0.1")
    assert world.sync().reason == "SignatureRefused"
    signers.tag(world, "ann", "v1.0.2")
    outcome = world.sync()
    assert (outcome.ok, outcome.ref) == (True, "refs/tags/v1.0.2")


@pytest.fixture
def gnupg(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """A home of gpg with two keys; killed with its agent afterwards."""
    if not HAS_GPG:
        pytest.skip("gpg is not here")
    import os
    import tempfile

    # The agent's socket needs a short path.
    home = Path(tempfile.mkdtemp(prefix="g"))
    env = {**os.environ, "GNUPGHOME": str(home)}
    for name in ("ann", "eve"):
        run("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", f"{name} <{name}@example.invalid>", "ed25519", "sign", env=env)  # fmt: skip
    yield home, env
    subprocess.run(["gpgconf", "--kill", "all"], env=env, check=False, timeout=20)
    shutil.rmtree(home, ignore_errors=True)


def test_openpgp_signatures(
    world: World, tmp_path: Path, gnupg: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, env = gnupg
    keyring = tmp_path / "keyring.asc"
    keyring.write_text(run("gpg", "--armor", "--export", "ann@example.invalid", env=env))
    verify_with(world, keyring=str(keyring))
    monkeypatch.setenv("GNUPGHOME", str(home))

    def commit(who: str, name: str) -> None:
        (world.repo.path / f"{name}.yaml").write_text(template(name))
        world.repo.git("add", "--all")
        world.repo.git(
            "-c", f"user.signingKey={who}@example.invalid", "commit", "--quiet", "-S", "--message=Signed"
        )

    assert world.sync().reason == "SignatureRefused"
    commit("ann", "a")
    outcome = world.sync()
    assert (outcome.ok, "ann <ann@example.invalid>" in outcome.about["signer"]) == (True, True), outcome
    commit("eve", "b")
    refused = world.sync()
    assert (refused.reason, "not among the trusted ones" in refused.message) == ("SignatureRefused", True)
    keyring.write_text(
        keyring.read_text() + run("gpg", "--armor", "--export", "eve@example.invalid", env=env)
    )
    assert world.sync().ok
    keyring.write_text("garbage")
    commit("ann", "c")
    assert world.sync().reason == "SignaturePolicy"


def rewrite(world: World) -> tuple[str, str]:
    """Apply a commit, then replace it by another with the same parent: (applied, new)."""
    applied = world.repo.commit({"a.yaml": template("a")})
    assert world.sync().ok
    world.repo.git("reset", "--quiet", "--hard", "HEAD~1")
    return applied, world.repo.commit({"b.yaml": template("b")}, "Rewritten")


def test_rewritten_history_is_followed_held_or_refused(world: World) -> None:
    world.source = replace(world.source, non_fast_forward="hold")
    _, new = rewrite(world)
    held = world.sync()
    assert (held.ok, held.reason) == (False, "NonFastForward")
    assert (
        held.remedy == f"if this is meant: argosync approve {new[:12]}, or argosync once --approve {new[:12]}"
    )
    assert "WorkflowTemplate/b" not in world.cluster.objects()
    world.approve = new[:12]
    assert world.sync().commit == new
    world.approve = ""
    assert world.sync().reason == "UpToDate"
    world.source = replace(world.source, non_fast_forward="refuse")
    world.repo.commit({"c.yaml": template("c")})
    assert world.sync().ok
    _, newer = rewrite(world)
    world.approve = newer[:12]
    assert world.sync().reason == "NonFastForward"
    world.source = replace(world.source, non_fast_forward="follow")
    assert world.sync().commit == newer


def test_reset_to_an_older_commit_is_held(world: World) -> None:
    world.source = replace(world.source, non_fast_forward="hold")
    world.repo.commit({"a.yaml": template("a")})
    assert world.sync().ok
    world.repo.git("reset", "--quiet", "--hard", "HEAD~1")
    assert world.sync().reason == "NonFastForward"
    assert "WorkflowTemplate/a" in world.cluster.objects()


# --- freezes, holds, fights ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-06T20:59:00+00:00", False),
        ("2026-03-06T21:00:00+00:00", True),
        ("2026-03-08T21:00:00+00:00", True),
        ("2026-03-09T09:01:00+00:00", False),
    ],
)
def test_freeze_by_schedule_in_its_time_zone(now: str, expected: bool) -> None:
    window = window_of({"reason": "weekend", "cron": "0 22 * * 5", "for": "60h", "timezone": "Europe/Berlin"})
    assert (frozen((window,), datetime.fromisoformat(now)) is window) is expected


def test_freeze_by_calendar_and_bad_windows() -> None:
    window = window_of({"reason": "holidays", "from": "2026-12-23", "until": "2027-01-02T06:00:00Z"})
    assert window == Window("holidays", start=datetime(2026, 12, 23, tzinfo=UTC), end=datetime(2027, 1, 2, 6, tzinfo=UTC))  # fmt: skip
    assert frozen((window,), datetime(2027, 1, 2, 5, 59, tzinfo=UTC)) is window
    assert frozen((window,), datetime(2027, 1, 2, 6, tzinfo=UTC)) is None
    for bad, message in (
        ({"reason": "x", "from": "2027-01-02", "until": "2026-01-02"}, "ends before it begins"),
        ({"reason": "x", "from": "soon", "until": "2026-01-02"}, "is not a time"),
        ({"reason": "x", "cron": "often", "for": "1h"}, "freeze cron"),
        ({"reason": "x", "cron": "0 0 * * *", "for": "1h", "timezone": "Mars/Olympus"}, "freeze cron"),
    ):
        with pytest.raises(UserError, match=message):
            window_of(bad)


def test_nothing_is_written_in_a_freeze_unless_a_person_says_so(world: World) -> None:
    world.set(freeze=(Window("release", start=world.now, end=world.now.replace(hour=18)),))
    outcome = world.sync()
    assert (outcome.ok, outcome.reason, outcome.message) == (True, "Frozen", "nothing is written: release")
    assert world.cluster.writes == []
    context = world.context()
    context.override_freeze = "INC-7"
    from reconciler.cycle import synchronise

    context.store.lock()
    assert synchronise(context).reason == "Applied"
    context.store.unlock()
    assert ("approved", {"what": "freeze", "window": "release", "reason": "INC-7"}) in world.events
    world.later(hours=7)
    assert world.sync().reason == "UpToDate"


def hold(world: World, name: str, fields: dict[str, Any], until: str = "") -> None:
    context = world.context()
    value = Hold(fields, "INC-42", "ann", world.now.isoformat(), until)._asdict()
    context.store.data["holds"] = {name: value}
    context.store.save()


def test_a_held_field_keeps_its_value_until_the_hold_ends(world: World) -> None:
    world.sync()
    hold(world, "CronWorkflow argo/nightly", {"spec.suspend": True}, "2026-03-01T16:00:00+00:00")
    world.sync()
    assert world.cluster.objects()["CronWorkflow/nightly"]["spec"]["suspend"] is True
    world.repo.commit({"cron/nightly.yaml": cron().replace("0 2", "0 3")})
    outcome = world.sync()
    live = world.cluster.objects()["CronWorkflow/nightly"]["spec"]
    assert (live["suspend"], live["schedules"]) == (True, ["0 3 * * *"])
    item = next(i for i in outcome.plan.items if i.key.name == "nightly")
    assert "held by ann until 2026-03-01T16:00Z: INC-42" in item.notes
    world.later(hours=5)
    world.sync()
    assert "suspend" not in world.cluster.objects()["CronWorkflow/nightly"]["spec"]


def test_a_held_object_is_left_alone_and_not_deleted(world: World) -> None:
    world.sync()
    hold(world, "WorkflowTemplate argo/hello", {})
    world.cluster.edit("WorkflowTemplate/hello", ("spec", "serviceAccountName"), "mine")
    world.repo.commit({"templates/hello.yaml": template(word="ciao")})
    outcome = world.sync()
    item = next(i for i in outcome.plan.items if i.key.name == "hello")
    assert (outcome.writes, item.op, item.reason) == (0, "hold", "held by ann: INC-42")
    assert world.cluster.objects()["WorkflowTemplate/hello"]["spec"]["serviceAccountName"] == "mine"
    world.repo.commit({"templates/hello.yaml": None, "cron/nightly.yaml": None, "x.yaml": template("x")})
    world.sync()
    assert list(world.cluster.objects()) == ["WorkflowTemplate/hello", "WorkflowTemplate/x"]


def test_fields_of_holds() -> None:
    assert field_of("spec.suspend=true") == ("spec.suspend", True)
    assert field_of("spec.timezone=Europe/Berlin") == ("spec.timezone", "Europe/Berlin")
    for bad in ("spec.suspend", "metadata.name=x", "spec=1", "spec..a=1", "spec.a=["):
        with pytest.raises(UserError):
            field_of(bad)


def test_a_fight_with_another_writer_is_given_up_and_told(world: World) -> None:
    world.set(fight_times=3, fight_within=600.0)
    world.sync()
    writes = []
    for _ in range(6):
        world.cluster.edit("WorkflowTemplate/hello", ("spec", "serviceAccountName"), "theirs", "other-tool")
        world.later(seconds=30)
        writes.append(world.sync().writes)
    assert writes == [1, 1, 1, 0, 0, 0]
    assert ("fight", {"object": "WorkflowTemplate argo/hello", "times": 3}) in world.events
    blocked = {b["object"]: b["reason"] for b in world.state()["blocked"]}
    assert blocked["WorkflowTemplate argo/hello"].startswith("another writer undoes it: set back 3 times")
    world.later(minutes=11)
    assert world.sync().writes == 1


# --- renames ---------------------------------------------------------------------------------------------------------


def rename(world: World, new: str = "nightly-2", **changes: str) -> None:
    text = cron(new)
    for old, value in changes.items():
        text = text.replace(old, value)
    world.repo.commit({"cron/nightly.yaml": text})


def run_of(world: World, phase: str) -> None:
    uid = world.cluster.objects()["CronWorkflow/nightly"]["metadata"]["uid"]
    owner = {"kind": "CronWorkflow", "name": "nightly", "uid": uid, "controller": True}
    meta = {"name": "nightly-1", "ownerReferences": [owner], "labels": {}}
    spec = {"workflowTemplateRef": {"name": "hello"}}
    world.cluster.put({"kind": "Workflow", "metadata": meta, "spec": spec, "status": {"phase": phase}}, "controller")  # fmt: skip


def test_a_renamed_cron_hands_over_without_a_moment_of_both_or_none(world: World) -> None:
    world.sync()
    done = len(world.cluster.writes)
    rename(world)
    assert world.sync().ok
    assert world.cluster.writes[done:] == [
        ("patch", "CronWorkflow", "nightly"),
        ("apply", "CronWorkflow", "nightly-2"),
        ("delete", "CronWorkflow", "nightly"),
    ]
    assert "suspend" not in world.cluster.objects()["CronWorkflow/nightly-2"]["spec"]


def test_under_forbid_the_new_one_waits_for_the_runs_of_the_old_one(world: World) -> None:
    world.sync()
    run_of(world, "Running")
    rename(world)
    outcome = world.sync()
    assert [(i.op, i.key.name, i.reason) for i in (*outcome.plan.items, *outcome.waiting) if i.op in ("hold", "keep")] == [
        ("hold", "nightly-2", "it takes over from nightly when its runs have ended (nightly-1)"),
        ("keep", "nightly", "its successor takes over when its runs have ended"),
    ]  # fmt: skip
    old = world.cluster.objects()["CronWorkflow/nightly"]
    assert "suspend" not in old["spec"]
    run_of(world, "Succeeded")
    assert world.sync().ok
    assert [k for k in world.cluster.objects() if k.startswith("Cron")] == ["CronWorkflow/nightly-2"]


def test_without_forbid_the_runs_go_on_beside_the_new_one(world: World) -> None:
    world.repo.commit({"cron/nightly.yaml": cron().replace("Forbid", "Allow")})
    world.sync()
    run_of(world, "Running")
    rename(world, Forbid="Allow")
    world.sync()
    crons = {k: o["spec"].get("suspend") for k, o in world.cluster.objects().items() if k.startswith("Cron")}
    assert crons == {"CronWorkflow/nightly": True, "CronWorkflow/nightly-2": None}
    run_of(world, "Failed")
    world.sync()
    assert [k for k in world.cluster.objects() if k.startswith("Cron")] == ["CronWorkflow/nightly-2"]
    assert "Workflow/nightly-1" in world.cluster.objects()


def test_a_hand_over_waits_for_a_quiet_moment(world: World) -> None:
    world.sync()
    world.now = datetime(2026, 3, 2, 1, 59, 55, tzinfo=UTC)
    world.slept.clear()
    rename(world)
    world.sync()
    assert world.slept == [7.0]
    assert seconds_until_quiet({"spec": {"schedules": ["0 2 * * *"]}}, world.now.replace(second=0)) == 0.0
    assert seconds_until_quiet({"spec": {"schedules": ["nonsense"]}}, world.now) == 0.0


def test_a_rename_whose_old_one_may_not_go_is_held_or_told(world: World) -> None:
    world.set(prune=replace(world.target.prune, max_percent=0.0, max_objects=0))
    world.sync()
    rename(world)
    held = world.sync()
    assert held.reason == "ApprovalNeeded"
    assert [k for k in world.cluster.objects() if k.startswith("Cron")] == ["CronWorkflow/nightly"]
    world.approve = held.plan.prune_hash
    assert world.sync().ok
    assert [k for k in world.cluster.objects() if k.startswith("Cron")] == ["CronWorkflow/nightly-2"]
    world.set(prune=replace(world.target.prune, enabled=False))
    rename(world, "nightly-3")
    item = next(i for i in world.plan().plan.items if i.op == "create")
    assert "both will run" in item.notes[0]


# --- runs that fail --------------------------------------------------------------------------------------------------


def ended(world: World, number: int, phase: str, hour: int) -> None:
    labels = {"workflows.argoproj.io/completed": "true", "workflows.argoproj.io/cron-workflow": "nightly"}
    obj = {
        "kind": "Workflow",
        "metadata": {"name": f"nightly-{number}", "labels": labels},
        "spec": {},
        "status": {"phase": phase, "message": "exit code 1"},
    }
    put = world.cluster.put(obj, "controller")
    put["metadata"]["creationTimestamp"] = f"2026-03-01T{hour:02d}:00:00Z"
    state = world.cluster._load()
    state["objects"][f"Workflow/nightly-{number}"] = put
    world.cluster._save(state)


def test_runs_that_fail_since_a_revision_are_told_and_end_with_a_good_one(world: World) -> None:
    world.sync()
    for number, hour in ((1, 9), (2, 12), (3, 13)):
        ended(world, number, "Failed", hour)
    world.later(hours=1)
    assert [p.reason for p in world.sync().problems if p.reason == "RunsFail"] == []
    ended(world, 4, "Error", 14)
    world.later(hours=1)
    found = [p for p in world.sync().problems if p.reason == "RunsFail"]
    assert [(p.object, p.path, p.message) for p in found] == [
        (
            "CronWorkflow argo/nightly",
            "cron/nightly.yaml",
            "the last 3 runs since it was changed have failed; nightly-4: exit code 1",
        )
    ]
    assert [p["reason"] for p in world.state()["problems"]] == ["RunsFail"]
    ended(world, 5, "Succeeded", 15)
    world.later(hours=1)
    assert [p for p in world.sync().problems if p.reason == "RunsFail"] == []
