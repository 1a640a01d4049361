"""What may be deleted, and what must not."""

from __future__ import annotations

from dataclasses import replace

from reconciler.config import Prune
from tests.reconciler.world import World, caller, cron, template


def reasons(world: World) -> dict[str, tuple[str, str]]:
    plan = world.plan().plan
    assert plan is not None
    return {i.key.name: (i.op, i.reason) for i in plan.items if i.op in ("prune", "keep", "gone")}


def extra(world: World, count: int = 1) -> None:
    world.repo.commit({f"extra/e{i}.yaml": template(f"e{i}") for i in range(count)})
    world.sync()


def test_what_is_gone_from_git_is_deleted(world: World) -> None:
    extra(world)
    world.repo.commit({"extra/e0.yaml": None})
    outcome = world.sync()
    assert (outcome.ok, outcome.writes) == (True, 1)
    assert list(world.cluster.objects()) == ["CronWorkflow/nightly", "WorkflowTemplate/hello"]


def test_pruning_is_off_unless_asked_for(world: World) -> None:
    world.set(prune=Prune())
    extra(world)
    world.repo.commit({"extra/e0.yaml": None})
    assert reasons(world) == {
        "e0": ("keep", "it is not in Git any more, but pruning is off (`prune.enabled`)")
    }
    assert world.sync().ok
    assert "WorkflowTemplate/e0" in world.cluster.objects()


def test_template_used_by_a_cron_of_someone_else_is_kept(world: World) -> None:
    extra(world)
    world.cluster.put(
        {
            "kind": "CronWorkflow",
            "metadata": {"name": "theirs"},
            "spec": {"workflowSpec": {"workflowTemplateRef": {"name": "e0"}}},
        }
    )
    world.repo.commit({"extra/e0.yaml": None})
    assert reasons(world) == {"e0": ("keep", "still used by CronWorkflow argo/theirs")}
    world.sync()
    assert "WorkflowTemplate/e0" in world.cluster.objects()


def test_template_used_by_a_running_workflow_through_another_is_kept(world: World) -> None:
    world.repo.commit({"a.yaml": caller("a", "b"), "b.yaml": template("b")})
    world.sync()
    run = {
        "kind": "Workflow",
        "metadata": {"name": "run"},
        "spec": {"workflowTemplateRef": {"name": "a"}},
        "status": {"phase": "Running"},
    }
    world.cluster.put(run)
    world.repo.commit({"a.yaml": None, "b.yaml": None})
    assert reasons(world) == {
        "a": ("keep", "still used by Workflow argo/run"),
        "b": ("keep", "still used by Workflow argo/run, WorkflowTemplate argo/a"),
    }
    world.cluster.put({**run, "status": {"phase": "Succeeded"}})
    assert world.sync().ok
    assert [n for n in world.cluster.objects() if n.startswith("WorkflowTemplate")] == [
        "WorkflowTemplate/hello"
    ]


def test_template_that_a_running_workflow_has_stored_is_kept(world: World) -> None:
    """Upstream fetches the referenced template even when it was stored; deleting it breaks the run."""
    extra(world)
    world.cluster.put(
        {
            "kind": "Workflow",
            "metadata": {"name": "run"},
            "spec": {},
            "status": {"phase": "Running", "storedTemplates": {"namespaced/e0/main": {}}},
        }
    )
    world.repo.commit({"extra/e0.yaml": None})
    assert reasons(world) == {"e0": ("keep", "still used by Workflow argo/run")}


def test_cron_is_suspended_drained_and_its_workflows_survive(world: World) -> None:
    world.repo.commit({"cron/two.yaml": cron("two")})
    world.sync()
    uid = world.cluster.objects()["CronWorkflow/two"]["metadata"]["uid"]
    run = {
        "kind": "Workflow",
        "metadata": {"name": "two-1", "ownerReferences": [{"uid": uid}]},
        "spec": {},
        "status": {"phase": "Running"},
    }
    world.cluster.put(run)
    world.repo.commit({"cron/two.yaml": None})
    outcome = world.sync()
    assert [(i.key.name, i.reason) for i in outcome.waiting] == [
        ("two", "1 of its runs have not ended (two-1); it is suspended meanwhile")
    ]
    assert world.cluster.objects()["CronWorkflow/two"]["spec"]["suspend"] is True
    world.cluster.put({**run, "status": {"phase": "Succeeded"}})
    assert world.sync().ok
    assert "CronWorkflow/two" not in world.cluster.objects()
    assert "Workflow/two-1" in world.cluster.objects()


def test_template_and_its_cron_go_together_cron_first(world: World) -> None:
    world.repo.commit(
        {"x.yaml": template("left"), "w.yaml": template("right"), "cron/two.yaml": cron("two", "left")}
    )
    world.sync()
    world.cluster.calls.clear()
    world.repo.commit({"x.yaml": None, "cron/two.yaml": None})
    assert world.sync().ok
    assert [w for w in world.cluster.writes if w[0] == "delete"] == [
        ("delete", "CronWorkflow", "two"),
        ("delete", "WorkflowTemplate", "left"),
    ]


def test_switching_a_cron_to_a_new_template_in_the_commit_that_removes_the_old_one(world: World) -> None:
    world.sync()
    world.cluster.calls.clear()
    world.repo.commit(
        {
            "templates/hello.yaml": None,
            "new.yaml": template("fresh"),
            "cron/nightly.yaml": cron(template="fresh"),
        }
    )
    assert world.sync().ok
    assert world.cluster.writes == [
        ("apply", "WorkflowTemplate", "fresh"),
        ("apply", "CronWorkflow", "nightly"),
        ("delete", "WorkflowTemplate", "hello"),
    ]


def test_an_emptied_repository_deletes_nothing_without_an_approval(world: World) -> None:
    world.sync()
    world.repo.commit({"templates/hello.yaml": None, "cron/nightly.yaml": None})
    outcome = world.sync()
    assert (outcome.ok, outcome.reason) == (False, "ApprovalNeeded")
    assert outcome.message == "the revision holds no object at all; 2 deletions need an approval"
    mark = outcome.plan.prune_hash
    assert outcome.remedy == f"if this is meant: argosync approve {mark}, or argosync once --approve {mark}"
    assert len(world.cluster.objects()) == 2
    world.approve = outcome.plan.prune_hash
    assert world.sync().ok
    assert world.cluster.objects() == {}


def test_many_deletions_need_an_approval_that_is_bound_to_them(world: World) -> None:
    extra(world, 8)
    world.repo.commit({f"extra/e{i}.yaml": None for i in range(5)})
    outcome = world.sync()
    assert (
        outcome.message == "5 of 10 objects would be deleted (50 %, more than 20 %); this needs an approval"
    )
    first = outcome.plan.prune_hash
    world.repo.commit({"extra/e5.yaml": None})
    world.approve = first
    assert world.sync().reason == "ApprovalNeeded"
    assert len(world.cluster.objects()) == 10


def test_the_plan_says_which_deletions_a_guard_holds(world: World) -> None:
    from reconciler.render import to_markdown, to_text

    world.repo.commit({f"t{n}.yaml": template(f"t{n}") for n in range(5)})
    world.sync()
    world.repo.commit({f"t{n}.yaml": None for n in range(5)})
    outcome = world.plan()
    told = "5 of 7 objects would be deleted (71 %, more than 20 %); this needs an approval"
    assert f"  deletions need an approval: {told} (hash {outcome.plan.prune_hash})" in to_text(outcome)
    assert f"**Deletions need an approval**: {told} (`{outcome.plan.prune_hash}`)" in to_markdown([outcome])


def test_nothing_is_deleted_while_a_file_does_not_parse(world: World) -> None:
    world.set(mode="quarantine")
    extra(world)
    world.repo.commit({"extra/e0.yaml": None, "cron/two.yaml": "kind: [\n"})
    world.sync()
    assert "WorkflowTemplate/e0" in world.cluster.objects()


def test_removed_path_deletes_nothing(world: World) -> None:
    world.source = replace(world.source, paths=("templates",))
    world.sync()
    world.repo.commit({"templates/hello.yaml": None})
    outcome = world.sync()
    assert (outcome.ok, outcome.reason) == (False, "PathNotFound")
    assert "WorkflowTemplate/hello" in world.cluster.objects()


def test_deleted_branch_deletes_nothing(world: World) -> None:
    world.sync()
    world.repo.git("checkout", "--quiet", "-b", "other")
    world.repo.git("branch", "--quiet", "-D", "main")
    outcome = world.sync()
    assert (outcome.ok, outcome.reason) == (False, "RefNotFound")
    assert len(world.cluster.objects()) == 2


def test_object_made_again_by_someone_else_is_left_alone(world: World) -> None:
    extra(world)
    world.cluster.remove("WorkflowTemplate/e0")
    world.cluster.put(
        {
            "kind": "WorkflowTemplate",
            "metadata": {"name": "e0", "labels": {"argosync/target": "prod"}},
            "spec": {},
        }
    )
    world.repo.commit({"extra/e0.yaml": None})
    assert reasons(world) == {"e0": ("gone", "it is not managed by this target any more")}
    world.sync()
    assert "WorkflowTemplate/e0" in world.cluster.objects()


def test_copied_label_does_not_make_an_object_ours(world: World) -> None:
    world.sync()
    world.cluster.put(
        {
            "kind": "WorkflowTemplate",
            "metadata": {"name": "copy", "labels": {"argosync/target": "prod"}},
            "spec": {},
        }
    )
    assert world.sync().ok
    assert "WorkflowTemplate/copy" in world.cluster.objects()


def test_lost_state_is_rebuilt_from_the_cluster(world: World) -> None:
    extra(world)
    (world.root / "state/targets/prod/state.json").write_text("{ torn")
    world.repo.commit({"extra/e0.yaml": None})
    outcome = world.sync()
    assert (outcome.ok, list(world.cluster.objects())) == (
        True,
        ["CronWorkflow/nightly", "WorkflowTemplate/hello"],
    )
    assert (world.root / "state/targets/prod/state.damaged").exists()


def test_deletions_name_uid_and_version(world: World) -> None:
    extra(world)
    world.repo.commit({"extra/e0.yaml": None})

    def meddle(_: int, verb: str, kind: str, name: str) -> None:
        if verb == "delete":
            world.cluster.before = lambda *_: None
            world.cluster.edit("WorkflowTemplate/e0", ("metadata", "annotations"), {"keep": "me"})

    world.cluster.before = meddle
    outcome = world.sync()
    assert [(i.key.name, i.reason) for i in outcome.waiting] == [
        ("e0", "it changed just now; it is looked at again")
    ]
    assert "WorkflowTemplate/e0" in world.cluster.objects()
