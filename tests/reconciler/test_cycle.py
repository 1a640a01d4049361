"""Synchronisation against a cluster in a file: what is written, in which order, and what is never written."""

from __future__ import annotations

import pytest

from argolint.kube import ApiError
from reconciler.plan import Item
from tests.reconciler.world import World, caller, cron, template


def ops(items: tuple[Item, ...]) -> list[tuple[str, str]]:
    return [(i.op, f"{i.key.kind}/{i.key.name}") for i in items]


def test_first_sync_writes_templates_then_crons(world: World) -> None:
    outcome = world.sync()
    assert (outcome.ok, outcome.reason, outcome.message) == (True, "Applied", "")
    assert world.cluster.writes == [
        ("apply", "WorkflowTemplate", "hello"),
        ("apply", "CronWorkflow", "nightly"),
    ]
    assert world.slept == [2.0]
    assert list(world.cluster.objects()) == ["CronWorkflow/nightly", "WorkflowTemplate/hello"]


def test_second_sync_makes_no_write_at_all(world: World) -> None:
    world.sync()
    versions = world.cluster.versions()
    world.cluster.calls.clear()
    outcome = world.sync()
    assert (outcome.ok, outcome.reason, outcome.writes) == (True, "UpToDate", 0)
    assert world.cluster.calls
    assert all(verb in ("get", "list") for verb, *_ in world.cluster.calls)
    assert world.cluster.versions() == versions


def test_full_comparison_makes_no_write_either(world: World) -> None:
    world.sync()
    versions = world.cluster.versions()
    world.later(hours=1)
    outcome = world.sync()
    assert (outcome.reason, outcome.writes) == ("UpToDate", 0)
    assert world.cluster.versions() == versions
    assert world.cluster.writes[2:] == []


def test_new_commit_that_touches_no_manifest_writes_nothing(world: World) -> None:
    world.sync()
    versions = world.cluster.versions()
    commit = world.repo.commit({"README.md": "words"})
    outcome = world.sync()
    assert (outcome.ok, outcome.writes, world.state()["applied"]["commit"]) == (True, 0, commit)
    assert world.cluster.versions() == versions


def test_templates_are_written_in_the_order_of_their_references(world: World) -> None:
    world.repo.commit({"a.yaml": caller("a", "b"), "b.yaml": caller("b", "c"), "c.yaml": template("c")})
    world.sync()
    assert [name for _, _, name in world.cluster.writes] == ["c", "b", "a", "hello", "nightly"]


def test_change_of_one_template_is_planned_with_fields_and_users(world: World) -> None:
    world.sync()
    world.repo.commit({"templates/hello.yaml": template(word="ciao")})
    outcome = world.plan()
    changed = [i for i in outcome.plan.items if i.op != "unchanged"]
    assert ops(tuple(changed)) == [("update", "WorkflowTemplate/hello")]
    assert [tuple(c) for c in changed[0].changes] == [
        ("spec.templates[main].container.command[1]", '"hi"', '"ciao"')
    ]
    assert changed[0].users == ("CronWorkflow argo/nightly",)
    assert (changed[0].path, changed[0].line) == ("templates/hello.yaml", 1)


def test_plan_writes_nothing_anywhere(world: World) -> None:
    outcome = world.plan()
    assert ops(outcome.plan.items) == [
        ("create", "WorkflowTemplate/hello"),
        ("create", "CronWorkflow/nightly"),
    ]
    assert world.cluster.writes == []
    assert not (world.root / "state/targets/prod/state.json").exists()


def test_broken_reference_refuses_the_revision_with_file_and_line(world: World) -> None:
    world.sync()
    versions = world.cluster.versions()
    good = world.state()["applied"]["commit"]
    bad = world.repo.commit(
        {"cron/nightly.yaml": cron(template="helo"), "templates/hello.yaml": template(word="new")}
    )
    outcome = world.sync()
    assert (outcome.ok, outcome.reason, outcome.commit) == (False, "Refused", bad)
    finding = next(f for f in outcome.findings if f.rule == "reference-not-found")
    assert (finding.path, finding.line, finding.object) == (
        "cron/nightly.yaml",
        13,
        "CronWorkflow argo/nightly",
    )
    assert finding.message == (
        "spec.workflowSpec.workflowTemplateRef: WorkflowTemplate argo/helo does not exist, "
        "neither in this revision nor in the cluster"
    )
    assert finding.remedy == "correct the name, or add the template"
    assert world.cluster.versions() == versions
    assert world.state()["applied"]["commit"] == good


def test_refused_revision_is_not_judged_again_until_something_moves(world: World) -> None:
    world.repo.commit({"cron/nightly.yaml": cron(template="shared")})
    assert world.sync().reason == "Refused"
    steps: list[str] = []
    assert world.sync(steps.append).reason == "Refused"
    assert "gated" not in steps
    world.cluster.put(
        {
            "kind": "WorkflowTemplate",
            "metadata": {"name": "shared"},
            "spec": {"entrypoint": "main", "templates": [{"name": "main", "suspend": {}}]},
        }
    )
    outcome = world.sync(steps.append)
    assert (outcome.ok, "gated" in steps) == (True, True)


def test_drift_is_set_back(world: World) -> None:
    world.sync()
    world.cluster.edit("WorkflowTemplate/hello", ("spec", "serviceAccountName"), "root")
    outcome = world.sync()
    item = next(i for i in outcome.plan.items if i.key.name == "hello")
    assert (item.op, item.drift, [tuple(c) for c in item.changes]) == (
        "update",
        True,
        [("spec.serviceAccountName", '"root"', '"runner"')],
    )
    assert world.cluster.objects()["WorkflowTemplate/hello"]["spec"]["serviceAccountName"] == "runner"


def test_drift_can_be_reported_only(world: World) -> None:
    world.set(drift="report")
    world.sync()
    world.cluster.edit("WorkflowTemplate/hello", ("spec", "serviceAccountName"), "root")
    versions = world.cluster.versions()
    outcome = world.sync()
    item = next(i for i in outcome.plan.items if i.key.name == "hello")
    assert (item.op, item.reason) == (
        "hold",
        "changed in the cluster by kubectl-edit (2026-03-01T11:00:00Z); drift is only reported",
    )
    assert world.cluster.versions() == versions


def test_deleted_object_is_made_again(world: World) -> None:
    world.sync()
    world.cluster.remove("WorkflowTemplate/hello")
    outcome = world.sync()
    assert ops(tuple(i for i in outcome.plan.items if i.op != "unchanged")) == [
        ("create", "WorkflowTemplate/hello")
    ]
    assert "WorkflowTemplate/hello" in world.cluster.objects()


def test_existing_object_with_other_values_is_a_conflict_that_names_field_and_owner(world: World) -> None:
    world.cluster.put(
        {"kind": "WorkflowTemplate", "metadata": {"name": "hello"}, "spec": {"serviceAccountName": "other"}},
        "helm-like",
    )
    versions = world.cluster.versions()
    outcome = world.sync()
    assert (outcome.ok, outcome.reason) == (False, "Refused")
    finding = next(f for f in outcome.findings if f.rule == "field-conflict")
    assert finding.message == (
        "WorkflowTemplate argo/hello exists with other values: .spec.serviceAccountName is owned by helm-like"
    )
    assert (finding.path, finding.line) == ("templates/hello.yaml", 1)
    assert world.cluster.versions() == versions


def test_existing_object_with_the_same_values_is_adopted(world: World) -> None:
    world.cluster.put(
        {"kind": "WorkflowTemplate", "metadata": {"name": "hello"}, "spec": {"serviceAccountName": "runner"}},
        "kubectl",
    )
    outcome = world.sync()
    assert ("adopt", "WorkflowTemplate/hello") in ops(outcome.plan.items)
    assert outcome.ok


def test_object_of_another_gitops_tool_is_refused(world: World) -> None:
    world.cluster.put(
        {
            "kind": "WorkflowTemplate",
            "metadata": {"name": "hello", "labels": {"argocd.argoproj.io/instance": "x"}},
            "spec": {},
        }
    )
    outcome = world.sync()
    assert [f.message for f in outcome.findings if f.severity == "error"] == [
        "WorkflowTemplate argo/hello is looked after by Argo CD (label argocd.argoproj.io/instance)"
    ]


@pytest.mark.parametrize("atomic_spec", [False, True])
@pytest.mark.parametrize("in_git", ["", "  suspend: false\n"])
def test_cron_suspended_by_hand_stays_suspended(tmp_path, atomic_spec: bool, in_git: str) -> None:
    world = World(tmp_path, atomic_spec=atomic_spec)
    text = cron().replace("spec:\n  schedules", f"spec:\n{in_git}  schedules")
    world.repo.commit({"cron/nightly.yaml": text})
    world.sync()
    world.cluster.edit("CronWorkflow/nightly", ("spec", "suspend"), True, "argo")
    world.later(hours=1)
    outcome = world.sync()
    item = next(i for i in outcome.plan.items if i.key.name == "nightly")
    assert item.notes == ("suspended by hand (argo, 2026-03-01T11:00:00Z); it stays suspended",)
    world.repo.commit({"cron/nightly.yaml": text.replace("0 2", "0 3")})
    world.sync()
    spec = world.cluster.objects()["CronWorkflow/nightly"]["spec"]
    assert (spec["suspend"], spec["schedules"]) == (True, ["0 3 * * *"])


def test_cron_suspended_in_git_is_resumed_by_git(world: World) -> None:
    text = cron().replace("spec:\n  schedules", "spec:\n  suspend: true\n  schedules")
    world.repo.commit({"cron/nightly.yaml": text})
    world.sync()
    assert world.cluster.objects()["CronWorkflow/nightly"]["spec"]["suspend"] is True
    world.repo.commit({"cron/nightly.yaml": cron()})
    world.sync()
    assert "suspend" not in world.cluster.objects()["CronWorkflow/nightly"]["spec"]


def _missed(world: World) -> None:
    """As if the controller had skipped the run of 11:55 because of a hand-made suspension that has ended."""
    text = cron().replace("0 2 * * *", "55 11 * * *")
    world.repo.commit({"cron/nightly.yaml": text})
    world.sync()
    live = world.cluster.objects()["CronWorkflow/nightly"]
    live["metadata"].setdefault("annotations", {})["cronworkflows.argoproj.io/last-used-schedule"] = (
        "CRON_TZ=UTC 55 11 * * *"
    )
    live["status"] = {"lastScheduledTime": "2026-02-28T11:55:00Z"}
    world.cluster.put(live, "workflow-controller")
    world.repo.commit(
        {"cron/nightly.yaml": text.replace("name: nightly", "name: nightly\n  labels: {team: a}")}
    )


def test_plan_says_that_a_label_would_start_a_missed_run(world: World) -> None:
    _missed(world)
    item = next(i for i in world.plan().plan.items if i.key.name == "nightly")
    assert item.prediction.runs_now is True
    assert item.prediction.reason == "the run of 2026-03-01T11:55:00Z was missed less than 600 s ago"
    assert item.prediction.fires == ("2026-03-02T11:55:00Z", "2026-03-03T11:55:00Z", "2026-03-04T11:55:00Z")


def test_surprise_runs_can_be_held_until_the_deadline_has_passed(world: World) -> None:
    world.set(surprise_runs="hold")
    _missed(world)
    outcome = world.sync()
    item = next(i for i in outcome.plan.items if i.key.name == "nightly")
    assert (item.op, "team" in world.cluster.objects()["CronWorkflow/nightly"]["metadata"]["labels"]) == (
        "hold",
        False,
    )
    world.later(minutes=10)
    world.sync()
    assert world.cluster.objects()["CronWorkflow/nightly"]["metadata"]["labels"]["team"] == "a"


def test_no_commit_id_and_no_file_name_on_any_object(world: World) -> None:
    world.sync()
    commit = world.state()["applied"]["commit"]
    for obj in world.cluster.objects().values():
        assert obj["metadata"]["labels"] == {"argosync/target": "prod"}
        assert "annotations" not in obj["metadata"]
        assert commit not in str(obj)
        assert "yaml" not in str(obj)


def test_foreign_annotations_and_labels_stay(world: World) -> None:
    world.sync()
    world.cluster.edit("WorkflowTemplate/hello", ("metadata", "annotations"), {"team": "x"})
    assert world.sync().writes == 0
    world.repo.commit({"templates/hello.yaml": template(word="ciao")})
    world.sync()
    assert world.cluster.objects()["WorkflowTemplate/hello"]["metadata"]["annotations"] == {"team": "x"}


def test_quarantine_leaves_out_the_bad_and_what_depends_on_it(world: World) -> None:
    world.set(mode="quarantine")
    world.repo.commit(
        {
            "cron/broken.yaml": cron("broken", "nothing"),
            "a.yaml": caller("a", "bad"),
            "bad.yaml": caller("bad", "nowhere"),
        }
    )
    outcome = world.sync()
    assert outcome.held == (
        "CronWorkflow argo/broken",
        "WorkflowTemplate argo/a",
        "WorkflowTemplate argo/bad",
    )
    assert list(world.cluster.objects()) == ["CronWorkflow/nightly", "WorkflowTemplate/hello"]


def test_rollback_works_without_git_and_ends_when_git_moves_on(world: World) -> None:
    world.sync()
    first = world.state()["applied"]["commit"]
    second = world.repo.commit({"templates/hello.yaml": template(word="bad")})
    world.sync()
    context = world.context()
    context.store.data["pin"] = {"commit": first, "away_from": second}
    context.store.save()
    assert world.sync().ok

    def command() -> list[str]:
        container = world.cluster.objects()["WorkflowTemplate/hello"]["spec"]["templates"][0]["container"]
        return container["command"]

    assert command() == ["echo", "hi"]
    assert world.sync().writes == 0
    world.repo.commit({"templates/hello.yaml": template(word="good")})
    world.sync()
    assert (command(), "pin" in world.state()) == (["echo", "good"], False)


def test_consumer_outside_the_repository_is_protected(world: World) -> None:
    world.sync()
    world.cluster.put(
        {
            "kind": "CronWorkflow",
            "metadata": {"name": "theirs"},
            "spec": {
                "schedules": ["* * * * *"],
                "workflowSpec": {
                    "entrypoint": "m",
                    "templates": [
                        {
                            "name": "m",
                            "steps": [[{"name": "s", "templateRef": {"name": "hello", "template": "main"}}]],
                        }
                    ],
                },
            },
        }
    )
    world.repo.commit(
        {
            "templates/hello.yaml": template()
            .replace("name: main", "name: start")
            .replace("entrypoint: main", "entrypoint: start")
        }
    )
    outcome = world.sync()
    finding = next(f for f in outcome.findings if f.rule == "breaks-consumer")
    assert finding.message == (
        "CronWorkflow argo/theirs, which is in the cluster and not in this revision, would break: "
        "WorkflowTemplate argo/hello has no template main"
    )
    assert (outcome.reason, finding.path, finding.line) == ("Refused", "templates/hello.yaml", 1)


def test_template_removed_behind_our_back_is_reported_with_file_and_line(world: World) -> None:
    world.set(drift="report")
    world.repo.commit({"templates/hello.yaml": None, "cron/nightly.yaml": cron(template="shared")})
    world.cluster.put(
        {
            "kind": "WorkflowTemplate",
            "metadata": {"name": "shared"},
            "spec": {"entrypoint": "main", "templates": [{"name": "main", "suspend": {}}]},
        }
    )
    world.sync()
    world.cluster.remove("WorkflowTemplate/shared")
    outcome = world.sync()
    assert [(p.reason, p.path, p.line, p.message) for p in outcome.problems] == [
        (
            "BrokenReference",
            "cron/nightly.yaml",
            13,
            "spec.workflowSpec.workflowTemplateRef: WorkflowTemplate argo/shared does not exist",
        )
    ]


def test_cron_that_does_not_tick_is_reported(world: World) -> None:
    world.sync()
    world.later(days=1)
    outcome = world.sync()
    assert [(p.reason, p.object) for p in outcome.problems] == [
        ("CronNotFiring", "CronWorkflow argo/nightly")
    ]
    assert outcome.problems[0].message.startswith(
        "it should have run at 2026-03-02T02:00:00Z, but it has never run"
    )


def test_the_linter_configuration_of_the_repository_counts_and_its_rules_are_not_run(world: World) -> None:
    typo = template().replace("entrypoint", "entrypiont")
    world.repo.commit({"templates/hello.yaml": typo})
    refused = world.sync()
    assert refused.reason == "Refused"
    codes = sorted({f.rule.split()[0] for f in refused.findings if f.severity == "error"})
    mark = world.root / "ran"
    world.repo.commit(
        {
            ".argolint.yaml": f"ignore: [{', '.join(codes)}]\nrules: [rules]\n",
            "rules/x.py": f"open({str(mark)!r}, 'w')\n",
        }
    )
    outcome = world.sync()
    assert not mark.exists()
    assert [f for f in outcome.findings if f.rule.split()[0] in codes] == []
    world.repo.commit({".argolint.yaml": "ignoer: [x]\n"})
    finding = next(f for f in world.sync().findings if f.severity == "error")
    assert (finding.rule, finding.path) == ("lint-configuration", ".argolint.yaml")


def test_cron_suspended_by_hand_can_be_reverted_also_where_git_is_silent(world: World) -> None:
    world.set(suspended_by_hand="revert")
    world.sync()
    world.cluster.edit("CronWorkflow/nightly", ("spec", "suspend"), True, "argo")
    world.sync()
    assert world.cluster.objects()["CronWorkflow/nightly"]["spec"]["suspend"] is False
    versions = world.cluster.versions()
    assert world.sync().writes == 0
    assert world.cluster.versions() == versions


def test_suspension_by_hand_is_told_each_time(world: World) -> None:
    world.sync()
    world.cluster.edit("CronWorkflow/nightly", ("spec", "suspend"), True, "argo")
    for _ in range(3):
        world.sync()
        assert [b["reason"] for b in world.state()["blocked"]] == [
            "suspended by hand (argo, 2026-03-01T11:00:00Z); it stays suspended"
        ]


def test_fields_of_others_that_git_leaves_out_are_told_and_left(world: World) -> None:
    world.sync()
    world.cluster.edit("WorkflowTemplate/hello", ("spec", "priority"), 5, "kubectl-edit")
    for _ in range(2):
        outcome = world.sync()
        item = next(i for i in outcome.plan.items if i.key.name == "hello")
        assert (item.op, item.notes) == (
            "unchanged",
            ("set in the cluster, not in Git: spec.priority (kubectl-edit)",),
        )


def test_renamed_cron_is_told(world: World) -> None:
    world.sync()
    world.repo.commit({"cron/nightly.yaml": cron("nightly-2")})
    item = next(i for i in world.plan().plan.items if i.op == "create")
    assert item.notes == (
        "takes over from nightly: that one is suspended at the same moment, and deleted when its runs have ended",
    )


def test_quarantine_holds_what_the_server_refuses(world: World) -> None:
    world.set(mode="quarantine")
    world.cluster.before = lambda n, verb, kind, name: (
        ApiError(422, "Invalid", "admission says no") if (verb, name) == ("apply", "odd") else None
    )
    world.repo.commit({"odd.yaml": template("odd"), "cron/odd.yaml": cron("needs-odd", "odd")})
    outcome = world.sync()
    assert (outcome.ok, outcome.held) == (True, ("CronWorkflow argo/needs-odd", "WorkflowTemplate argo/odd"))
    assert list(world.cluster.objects()) == ["CronWorkflow/nightly", "WorkflowTemplate/hello"]


def test_consumer_outside_whose_parameters_would_be_missing_is_protected(world: World) -> None:
    world.sync()
    steps = [[{"name": "s", "templateRef": {"name": "hello", "template": "main"}}]]
    spec = {"entrypoint": "m", "templates": [{"name": "m", "steps": steps}]}
    world.cluster.put(
        {
            "kind": "CronWorkflow",
            "metadata": {"name": "theirs"},
            "spec": {"schedules": ["0 1 * * *"], "workflowSpec": spec},
        }
    )
    needs = template().replace(
        "      container:", "      inputs: {parameters: [{name: who}]}\n      container:"
    )
    world.repo.commit(
        {"templates/hello.yaml": needs.replace("[echo, hi]", '[echo, "{{inputs.parameters.who}}"]')}
    )
    outcome = world.sync()
    messages = [f.message for f in outcome.findings if f.rule == "breaks-consumer"]
    theirs = "CronWorkflow argo/theirs, which is in the cluster and not in this revision, would break"
    assert messages == [f"{theirs}: WorkflowTemplate argo/hello template main requires the parameter who"]
    assert outcome.reason == "Refused"


def test_missing_inner_template_is_told_once_at_the_line_of_its_name(world: World) -> None:
    world.repo.commit({"a.yaml": caller("a", "hello").replace("template: main", "template: mian")})
    where = "spec.templates[0].steps[0][0].templateRef.template"
    problem = "WorkflowTemplate argo/hello has no template mian, neither in this revision nor in the cluster"
    outcome = world.sync()
    errors = [(f.path, f.line, f.message) for f in outcome.findings if f.severity == "error"]
    assert errors == [("a.yaml", 14, f"{where}: {problem}")]
