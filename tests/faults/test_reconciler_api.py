"""A fault in any single call to the API: the cluster ends where it should, with no write too many."""

from __future__ import annotations

from pathlib import Path

import pytest

from argolint.kube import ApiError
from tests.reconciler.world import World, cron, template


def error(status: int) -> ApiError:
    if status == 0:
        return ApiError(0, "ConnectionError", "https://fake.invalid: the connection broke")
    return ApiError(
        status, {429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}[status], "try again"
    )


def count_calls(root: Path) -> int:
    world = World(root)
    assert world.sync().ok
    return len(world.cluster.calls)


@pytest.mark.parametrize("status", [0, 503])
def test_any_call_fails_once(tmp_path: Path, status: int) -> None:
    for number in range(1, count_calls(tmp_path / "clean") + 1):
        world = World(tmp_path / f"call{number}")
        world.cluster.before = lambda n, *_, at=number: error(status) if n == at else None
        first = world.sync()
        second = world.sync()
        assert second.ok, (number, second.message)
        assert list(world.cluster.objects()) == ["CronWorkflow/nightly", "WorkflowTemplate/hello"]
        assert first.ok or first.transient, (number, first.reason)
        assert world.sync().writes == 0


def test_reply_lost_after_the_write_is_read_back_and_not_repeated(world: World) -> None:
    lost: list[str] = []

    def after(_: int, verb: str, kind: str, name: str) -> ApiError | None:
        if verb == "apply" and name not in lost:
            lost.append(name)
            return error(0)
        return None

    world.cluster.after = after
    outcome = world.sync()
    assert outcome.ok
    assert lost == ["hello", "nightly"]
    assert world.cluster.writes == [
        ("apply", "WorkflowTemplate", "hello"),
        ("apply", "CronWorkflow", "nightly"),
    ]


def test_retry_after_is_honoured(world: World) -> None:
    told: list[int] = []

    def before(number: int, verb: str, kind: str, name: str) -> ApiError | None:
        if verb == "apply" and not world.cluster.calls[number - 1][3] and not told:
            told.append(number)
            return ApiError(429, "TooManyRequests", "slow down", None, 7.0)
        return None

    world.cluster.before = before
    assert world.sync().ok
    assert world.slept == [7.0, 2.0]


def test_write_failing_for_good_stops_before_the_crons(world: World) -> None:
    def before(number: int, verb: str, kind: str, name: str) -> ApiError | None:
        if verb == "apply" and kind == "WorkflowTemplate" and not world.cluster.calls[number - 1][3]:
            return ApiError(403, "Forbidden", "admission webhook denied it")
        return None

    world.cluster.before = before
    outcome = world.sync()
    assert (outcome.ok, outcome.reason) == (False, "Forbidden")
    assert outcome.message == "WorkflowTemplate argo/hello: admission webhook denied it"
    assert world.cluster.objects() == {}
    world.cluster.before = lambda *_: None
    assert world.sync().ok


def test_change_between_plan_and_write_is_not_overwritten(world: World) -> None:
    world.sync()
    world.repo.commit({"templates/hello.yaml": template(word="ciao")})
    done: list[int] = []

    def before(number: int, verb: str, kind: str, name: str) -> None:
        if verb == "apply" and not world.cluster.calls[number - 1][3] and not done:
            done.append(number)
            world.cluster.edit("WorkflowTemplate/hello", ("spec", "priority"), 5)

    world.cluster.before = before
    outcome = world.sync()
    assert (outcome.ok, outcome.reason, outcome.transient) == (False, "ChangedMeanwhile", True)
    assert world.sync().ok
    assert world.cluster.objects()["WorkflowTemplate/hello"]["spec"]["priority"] == 5


def test_status_written_by_the_controller_meanwhile_is_no_conflict(world: World) -> None:
    world.sync()
    world.repo.commit({"cron/nightly.yaml": cron().replace("0 2", "0 3")})
    done: list[int] = []

    def before(number: int, verb: str, kind: str, name: str) -> None:
        if verb == "apply" and kind == "CronWorkflow" and not world.cluster.calls[number - 1][3] and not done:
            done.append(number)
            live = world.cluster.objects()["CronWorkflow/nightly"]
            world.cluster.put({**live, "status": {"succeeded": 1}}, "workflow-controller")

    world.cluster.before = before
    assert world.sync().ok
    live = world.cluster.objects()["CronWorkflow/nightly"]
    assert (live["spec"]["schedules"], live["status"]) == (["0 3 * * *"], {"succeeded": 1})


def test_cluster_wide_lists_forbidden_falls_back_to_the_namespaces(world: World) -> None:
    original = world.cluster.list

    def only_namespaced(resource, namespace="", **kwargs):  # type: ignore[no-untyped-def]
        if not namespace:
            raise ApiError(403, "Forbidden", "no cluster-wide lists")
        return original(resource, namespace, **kwargs)

    world.cluster.list = only_namespaced  # type: ignore[method-assign]
    assert world.sync().ok
    assert world.sync().reason == "UpToDate"


def test_git_and_cluster_both_gone_is_one_clear_message(world: World) -> None:
    world.cluster.before = lambda *_: error(0)
    outcome = world.sync()
    assert (outcome.ok, outcome.reason, outcome.transient) == (False, "ClusterUnavailable", True)
    assert outcome.remedy == "check the kubeconfig and that the cluster runs"


def test_drift_is_healed_while_git_is_gone(world: World) -> None:
    world.sync()
    world.repo.path.rename(world.root / "elsewhere")
    world.cluster.edit("WorkflowTemplate/hello", ("spec", "serviceAccountName"), "root")
    outcome = world.sync()
    assert (outcome.ok, outcome.reason, outcome.writes) == (False, "SourceUnavailable", 1)
    assert world.cluster.objects()["WorkflowTemplate/hello"]["spec"]["serviceAccountName"] == "runner"


def test_another_cluster_behind_the_kubeconfig_inherits_no_inventory(world: World) -> None:
    world.sync()
    world.cluster.path.unlink()
    from tests.reconciler.fakecluster import FakeCluster

    world.cluster = FakeCluster(world.root / "other.json")
    assert world.sync().ok
    assert ("cluster-changed", {"server": "https://fake.invalid"}) in world.events
    assert len(world.cluster.objects()) == 2


def test_unwritable_state_directory_stops_before_any_write(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    context = world.context()
    context.hook = lambda step: monkeypatch.setattr(os, "fsync", full) if step == "gated" else None
    from reconciler.cycle import synchronise

    context.store.lock()
    outcome = synchronise(context)
    context.store.unlock()
    assert not outcome.ok
    assert "No space left on device" in outcome.message
    assert world.cluster.writes == []


def test_a_missing_crd_is_told_and_nothing_is_deleted(world: World) -> None:
    world.sync()
    versions = world.cluster.versions()
    world.repo.commit({"templates/hello.yaml": template(word="ciao"), "cron/nightly.yaml": None})
    world.cluster.before = lambda n, verb, kind, name: (
        ApiError(404, "NotFound", "the server could not find the requested resource")
        if verb == "list" and kind == "CronWorkflow"
        else None
    )
    outcome = world.sync()
    assert (outcome.ok, outcome.reason) == (False, "CrdMissing")
    assert world.cluster.versions() == versions
