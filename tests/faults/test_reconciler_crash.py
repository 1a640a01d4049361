"""kill -9 at every step of a synchronisation: the next one ends where an undisturbed one would."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.reconciler.fakecluster import FakeCluster
from tests.reconciler.world import World, caller, cron, template

BEFORE = {
    "old.yaml": template("old"),
    "cron/oldcron.yaml": cron("oldcron", "old"),
    "keep.yaml": template("keep"),
}
AFTER = {
    "old.yaml": None,
    "cron/oldcron.yaml": None,
    "templates/hello.yaml": template(word="ciao"),
    "new.yaml": caller("new", "hello"),
    "cron/nightly.yaml": cron(template="new"),
}
GOAL = ["CronWorkflow/nightly", "WorkflowTemplate/hello", "WorkflowTemplate/keep", "WorkflowTemplate/new"]


def prepared(root: Path) -> World:
    world = World(root)
    world.repo.commit(BEFORE)
    assert world.sync().ok
    world.repo.commit(AFTER)
    return world


def steps_of(root: Path) -> list[str]:
    steps: list[str] = []
    assert prepared(root).sync(steps.append).ok
    return steps


def killed_at(world: World, step: str, signum: int = signal.SIGKILL) -> None:
    """Synchronise in a child that is killed at `step`."""
    child = os.fork()
    if child == 0:
        try:
            world.sync(lambda name: os.kill(os.getpid(), signum) if name == step else None)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"the step {step} was never reached"


def summary(cluster: FakeCluster) -> dict[str, Any]:
    return {name: obj["spec"] for name, obj in cluster.objects().items()}


def test_every_step_of_a_synchronisation_survives_kill_9(tmp_path: Path) -> None:
    steps = steps_of(tmp_path / "clean")
    reference = summary(FakeCluster(tmp_path / "clean/cluster.json"))
    assert list(reference) == GOAL
    assert [
        s
        for s in steps
        if s in ("journalled", "before-write-0", "after-write-2", "before-delete-3", "pruned", "saved")
    ] == [
        "journalled",
        "before-write-0",
        "after-write-2",
        "before-delete-3",
        "pruned",
        "saved",
    ]
    for number, step in enumerate(steps):
        world = prepared(tmp_path / f"step{number}")
        killed_at(world, step)
        outcome = world.sync()
        assert outcome.ok, (step, outcome.message)
        assert summary(world.cluster) == reference, step
        versions = world.cluster.versions()
        assert world.sync().writes == 0, step
        assert world.cluster.versions() == versions, step
        assert not (world.root / "state/targets/prod/journal.jsonl").exists(), step


def test_two_crashes_in_a_row(tmp_path: Path) -> None:
    world = prepared(tmp_path)
    killed_at(world, "after-write-0")
    killed_at(world, "after-write-0")
    assert world.sync().ok
    assert list(world.cluster.objects()) == GOAL


def test_objects_of_a_half_written_revision_that_is_reverted_are_not_orphaned(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.sync().ok
    world.repo.commit({"extra.yaml": template("extra"), "zcron.yaml": cron("zcron", "extra")})
    killed_at(world, "after-write-0")
    assert "WorkflowTemplate/extra" in world.cluster.objects()
    world.repo.git("reset", "--quiet", "--hard", "HEAD~1")
    assert world.sync().ok
    assert list(world.cluster.objects()) == ["CronWorkflow/nightly", "WorkflowTemplate/hello"]


def test_crash_and_then_git_is_gone_goes_on_with_what_was_good(tmp_path: Path) -> None:
    world = prepared(tmp_path)
    killed_at(world, "after-write-1")
    world.repo.path.rename(tmp_path / "elsewhere")
    outcome = world.sync()
    assert (outcome.ok, outcome.reason) == (False, "SourceUnavailable")
    (tmp_path / "elsewhere").rename(world.repo.path)
    assert world.sync().ok
    assert list(world.cluster.objects()) == GOAL


@pytest.mark.parametrize(
    "garbage", ["", "{", '{"begin":1}', "\x00\xff", '{"begin":1,"commit":"x","plan":"y","items":[]}\n{"sta']
)
def test_torn_journal_does_no_harm(tmp_path: Path, garbage: str) -> None:
    world = World(tmp_path)
    folder = tmp_path / "state/targets/prod"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_text(garbage)
    assert world.sync().ok
    assert len(world.cluster.objects()) == 2


def test_journal_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    folder = tmp_path / "state/targets/prod"
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_text('{"begin":99,"commit":"x","plan":"y","items":[]}\n')
    outcome = world.sync()
    assert (outcome.ok, world.cluster.writes) == (False, [])
    assert "written by a newer argosync (journal version 99)" in outcome.message


def test_second_process_is_kept_out_of_the_state_directory(tmp_path: Path) -> None:
    from argolint.errors import UserError

    world = World(tmp_path)
    first, second = world.context(), world.context()
    first.store.lock()
    with pytest.raises(UserError, match="another argosync is using this state directory"):
        second.store.lock()
    first.store.unlock()
    second.store.lock()
    second.store.unlock()
