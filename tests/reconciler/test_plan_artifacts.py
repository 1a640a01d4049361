"""Plans as artifacts: contracts, blast radius, saved and applied plans, snapshots, SARIF."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argolint.errors import UserError
from argolint.kube import ApiError, resource_for
from reconciler.artifact import document, read
from reconciler.context import Outcome
from reconciler.contract import contract_changes
from reconciler.cycle import preview, synchronise
from reconciler.render import as_dict, to_json, to_markdown, to_text
from reconciler.sarif import to_sarif
from reconciler.snapshot import SnapshotClient, load, skeleton, take
from tests.reconciler.world import World, caller, cron, template

SENSOR = """\
apiVersion: argoproj.io/v1alpha1
kind: Sensor
metadata: {name: on-push}
spec:
  dependencies: [{name: push, eventSourceName: git, eventName: push}]
  triggers:
    - template:
        name: build
        argoWorkflow:
          operation: submit
          source:
            resource:
              apiVersion: argoproj.io/v1alpha1
              kind: Workflow
              metadata: {generateName: build-}
              spec: {workflowTemplateRef: {name: %s}}
"""


def with_inputs(name: str, parameters: str, outputs: str = "") -> str:
    """A WorkflowTemplate whose template main has these inputs (and outputs)."""
    text = template(name).replace("    - name: main\n", f"    - name: main\n      inputs: {parameters}\n")
    return (
        text.replace("      container:", f"      outputs: {outputs}\n      container:") if outputs else text
    )


def saved(world: World, tmp_path: Path) -> Path:
    """The plan of now, in a file."""
    outcome = world.plan()
    assert outcome.ok
    file = tmp_path / "plan.json"
    file.write_text(
        json.dumps(document([as_dict(outcome)], {outcome.target: outcome.inputs}, world.now.isoformat()))
    )
    return file


def apply_saved(world: World, file: Path, approve: str = "") -> Outcome:
    """What `argosync apply` does, with the cluster of the test."""
    context = world.context()
    context.saved, context.approve = read(str(file))[1][0], approve
    context.store.lock()
    try:
        return synchronise(context)
    finally:
        context.store.unlock()


def spec(**templates: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"entrypoint": "main", "templates": [{"name": n, **t} for n, t in templates.items()]}}


def params(*items: dict[str, Any]) -> dict[str, Any]:
    return {"parameters": list(items)}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"inputs": params({"name": "a"})}, {"inputs": params({"name": "a"})}, []),
        (
            {},
            {"inputs": params({"name": "a"})},
            [("breaking", "inputs.parameters.a is new and has no default")],
        ),
        (
            {},
            {"inputs": params({"name": "a", "default": ""})},
            [("compatible", "inputs.parameters.a is new and optional")],
        ),
        ({"inputs": params({"name": "a"})}, {}, [("breaking", "inputs.parameters.a is removed")]),
        (
            {"inputs": params({"name": "a", "value": "1"})},
            {"inputs": params({"name": "a"})},
            [("breaking", "inputs.parameters.a has lost its default")],
        ),
        (
            {"inputs": params({"name": "a", "enum": ["x", "y"]})},
            {"inputs": params({"name": "a", "enum": ["y", "z"]})},
            [("breaking", 'inputs.parameters.a no longer takes ["x"]')],
        ),
        (
            {"inputs": params({"name": "a"})},
            {"inputs": params({"name": "a", "enum": ["y"]})},
            [("breaking", 'inputs.parameters.a takes only ["y"] now')],
        ),
        (
            {"inputs": {"artifacts": [{"name": "f", "optional": True}]}},
            {"inputs": {"artifacts": [{"name": "f"}]}},
            [("breaking", "inputs.artifacts.f has lost its default")],
        ),
        (
            {"outputs": params({"name": "r"})},
            {"outputs": params({"name": "s"})},
            [("breaking", "outputs.parameters.r is removed"), ("compatible", "outputs.parameters.s is new")],
        ),
        ({"container": {"image": "a"}}, {"container": {"image": "b"}}, []),
    ],
)
def test_contract_of_a_template(before: dict, after: dict, expected: list[tuple[str, str]]) -> None:
    found = contract_changes(spec(main=before), spec(main=after))
    assert [(c.severity, c.message) for c in found] == expected
    assert {c.template for c in found} <= {"main"}


def test_contract_of_the_whole_object() -> None:
    before, after = spec(main={}, old={}), spec(main={}, new={})
    after["spec"]["arguments"] = params({"name": "day"})
    after["spec"].pop("entrypoint")
    assert [tuple(c) for c in contract_changes(before, after)] == [
        ("breaking", "", "arguments.parameters.day is new and has no default"),
        ("breaking", "", "entrypoint: main → none"),
        ("breaking", "old", "the template is removed"),
        ("compatible", "new", "the template is new"),
    ]
    assert contract_changes(None, after) == ()
    assert contract_changes({"spec": "odd"}, {"spec": {"templates": "odd", "arguments": []}}) == ()


def test_diff_is_by_template_and_names_what_callers_notice(world: World) -> None:
    world.repo.commit({"templates/hello.yaml": with_inputs("hello", "{parameters: [{name: a, value: x}]}")})
    world.sync()
    world.repo.commit(
        {
            "templates/hello.yaml": with_inputs(
                "hello", "{parameters: [{name: a, value: x}, {name: b, default: y}]}"
            ).replace("hi]", "ciao]")
        }
    )
    text = to_text(world.plan())
    assert "      template main\n        interface: inputs.parameters.b is new and optional\n" in text
    assert '        ~ container.command[1]: "hi" → "ciao"\n' in text
    item = as_dict(world.plan())["items"][0]
    assert [c["path"] for c in item["templates"]["main"]] == ["container.command[1]", "inputs.parameters[b]"]


def test_blast_radius_in_git_and_cluster_through_templates(world: World) -> None:
    world.repo.commit({"mid.yaml": caller("mid", "hello"), "sensor.yaml": SENSOR % "mid"})
    world.sync()
    world.cluster.put(
        {
            "kind": "CronWorkflow",
            "metadata": {"name": "theirs"},
            "spec": {
                "schedules": ["0 5 * * *"],
                "workflowSpec": {"workflowTemplateRef": {"name": "mid"}},
            },
        }
    )
    world.cluster.put(
        {
            "kind": "Workflow",
            "metadata": {"name": "run-1"},
            "spec": {"workflowTemplateRef": {"name": "mid"}},
            "status": {"phase": "Running"},
        }
    )
    world.repo.commit({"templates/hello.yaml": template(word="ciao")})
    changed = ("WorkflowTemplate argo/hello",)
    assert [tuple(u) for u in world.plan().radius] == [
        ("CronWorkflow argo/nightly", "git", changed, tuple(f"2026-03-0{d}T02:00:00Z" for d in (2, 3, 4)), "cron/nightly.yaml", 1),
        ("CronWorkflow argo/theirs", "cluster", changed, tuple(f"2026-03-0{d}T05:00:00Z" for d in (2, 3, 4)), "", 0),
        ("Sensor argo/on-push", "git", changed, (), "sensor.yaml", 1),
        ("Workflow argo/run-1", "cluster", changed, (), "", 0),
        ("WorkflowTemplate argo/mid", "git", changed, (), "mid.yaml", 1),
    ]  # fmt: skip
    assert "| `Sensor argo/on-push` | `sensor.yaml:1` |" in to_markdown([world.plan()])
    world.sync()
    assert world.plan().radius == ()


def test_sensors_of_the_cluster_are_users_and_their_absence_is_no_error(world: World) -> None:
    world.cluster.put(
        {
            "kind": "Sensor",
            "metadata": {"name": "s"},
            "spec": {
                "triggers": [
                    {
                        "template": {
                            "argoWorkflow": {
                                "source": {"resource": {"spec": {"workflowTemplateRef": {"name": "hello"}}}}
                            }
                        }
                    }
                ]
            },
        }
    )
    assert ("Sensor argo/s", "cluster") in [u[:2] for u in world.plan().radius]
    world.cluster.before = lambda n, verb, kind, name: (
        ApiError(404, "NotFound", "no such kind") if kind in ("Sensor", "WorkflowEventBinding") else None
    )
    outcome = world.plan()
    assert (outcome.ok, [u[:2] for u in outcome.radius]) == (True, [("CronWorkflow argo/nightly", "git")])


def test_saved_plan_is_carried_out_when_nothing_moved(world: World, tmp_path: Path) -> None:
    file = saved(world, tmp_path)
    outcome = apply_saved(world, file)
    assert (outcome.ok, outcome.reason, outcome.writes) == (True, "Applied", 2)


@pytest.mark.parametrize("what", ["revision", "live object", "configuration", "template of others"])
def test_saved_plan_is_refused_when_an_input_moved(world: World, tmp_path: Path, what: str) -> None:
    world.cluster.put(
        {
            "kind": "WorkflowTemplate",
            "metadata": {"name": "shared"},
            "spec": {"entrypoint": "main", "templates": [{"name": "main", "suspend": {}}]},
        }
    )
    world.sync()
    world.repo.commit(
        {"templates/hello.yaml": template(word="ciao"), "cron/late.yaml": cron("late", "shared")}
    )
    file = saved(world, tmp_path)
    if what == "revision":
        new = world.repo.commit({"templates/hello.yaml": template(word="hola")})
        expected = f"to {new[:12]}"
    elif what == "live object":
        world.cluster.edit("WorkflowTemplate/hello", ("spec", "priority"), 5)
        expected = "WorkflowTemplate argo/hello in the cluster"
    elif what == "configuration":
        world.set(surprise_runs="hold")
        expected = "configuration"
    else:
        world.cluster.edit("WorkflowTemplate/shared", ("spec", "priority"), 5)
        expected = "WorkflowTemplate argo/shared in the cluster"
    versions = world.cluster.versions()
    outcome = apply_saved(world, file)
    assert (outcome.ok, outcome.reason) == (False, "PlanMoved")
    assert expected in outcome.message
    assert world.cluster.versions() == versions


def test_saved_plan_with_a_guard_needs_the_approval_and_then_holds(world: World, tmp_path: Path) -> None:
    world.repo.commit({f"t{n}.yaml": template(f"t{n}") for n in range(5)})
    world.sync()
    world.repo.commit({f"t{n}.yaml": None for n in range(5)})
    file = saved(world, tmp_path)
    held = apply_saved(world, file)
    assert (held.ok, held.reason) == (False, "ApprovalNeeded")
    outcome = apply_saved(world, file, held.plan.prune_hash)
    assert (outcome.ok, outcome.reason, outcome.writes) == (True, "Applied", 5)


def test_tampered_and_foreign_plan_files_are_refused(world: World, tmp_path: Path) -> None:
    file = saved(world, tmp_path)
    data = json.loads(file.read_text())
    data["inputs"]["prod"]["revision"] = "0" * 40
    file.write_text(json.dumps(data))
    with pytest.raises(UserError, match=r"the file was changed after it was written"):
        read(str(file))
    for text in ("", "[]", '{"kind": "argosync-plan", "version": 99}'):
        file.write_text(text)
        with pytest.raises(UserError, match=r"not a (JSON file|saved plan of this version)"):
            read(str(file))
    with pytest.raises(UserError, match=r"No such file"):
        read(str(tmp_path / "none.json"))


def snapshot_plan(world: World, tmp_path: Path) -> Outcome:
    """Plan against a snapshot of the world's cluster, through a file."""
    file = tmp_path / "snapshot.json"
    file.write_text(json.dumps(take(world.cluster, ["argo"], "argo", world.now)))
    context = world.context()
    context.client = SnapshotClient(load(str(file)))  # type: ignore[assignment]
    context.store.reset()
    return preview(context)


def told(outcome: Outcome) -> list[tuple[str, str]]:
    return [(i.op, str(i.key)) for i in outcome.plan.items]


@pytest.mark.parametrize("atomic", [False, True])
def test_plan_from_a_snapshot_says_what_a_plan_from_the_cluster_says(tmp_path: Path, atomic: bool) -> None:
    world = World(tmp_path, atomic_spec=atomic)
    world.repo.commit(
        {"mid.yaml": caller("mid", "hello"), "old.yaml": template("old"), "sensor.yaml": SENSOR % "mid"}
    )
    world.sync()
    assert told(snapshot_plan(world, tmp_path)) == told(world.plan())
    assert not snapshot_plan(world, tmp_path).plan.changes
    world.cluster.edit("CronWorkflow/nightly", ("metadata", "annotations"), {"theirs": "yes"})
    assert not snapshot_plan(world, tmp_path).plan.changes
    world.repo.commit(
        {
            "templates/hello.yaml": with_inputs("hello", "{parameters: [{name: a, value: x}]}"),
            "cron/nightly.yaml": cron().replace("0 2", "0 3"),
            "old.yaml": None,
            "new.yaml": template("new"),
        }
    )
    offline, online = snapshot_plan(world, tmp_path), world.plan()
    assert told(offline) == told(online)
    assert [i.contract for i in offline.plan.items] == [i.contract for i in online.plan.items]
    assert [i.prediction for i in offline.plan.items] == [i.prediction for i in online.plan.items]
    assert offline.radius == online.radius
    changed = {str(i.key): [c.path for c in i.changes] for i in offline.plan.items if i.changes}
    assert changed["WorkflowTemplate argo/hello"] == [
        "digests.template main",
        "spec.templates[main].inputs",
    ]
    assert "spec.schedules[0]" in changed["CronWorkflow argo/nightly"]


def test_broken_reference_and_consumer_are_refused_from_a_snapshot(world: World, tmp_path: Path) -> None:
    world.sync()
    world.cluster.put(
        {
            "kind": "CronWorkflow",
            "metadata": {"name": "theirs"},
            "spec": {
                "schedules": ["0 5 * * *"],
                "workflowSpec": {
                    "entrypoint": "x",
                    "templates": [
                        {
                            "name": "x",
                            "steps": [[{"name": "s", "templateRef": {"name": "hello", "template": "main"}}]],
                        }
                    ],
                },
            },
        }
    )
    world.repo.commit(
        {
            "templates/hello.yaml": with_inputs("hello", "{parameters: [{name: must}]}"),
            "cron/nightly.yaml": cron(template="helo"),
        }
    )
    outcome = snapshot_plan(world, tmp_path)
    assert (outcome.ok, outcome.reason) == (False, "Refused")
    rules = {(f.rule, f.path) for f in outcome.findings}
    assert {
        ("reference-not-found", "cron/nightly.yaml"),
        ("breaks-consumer", "templates/hello.yaml"),
    } <= rules


def test_snapshot_holds_no_bodies_and_no_values(world: World, tmp_path: Path) -> None:
    text = with_inputs("secretive", "{parameters: [{name: key, value: canary-value}]}").replace(
        "hi]", "canary-command]"
    )
    text = text.replace("alpine:3.20", "canary/image:1")
    world.repo.commit({"s.yaml": text})
    world.sync()
    shot = json.dumps(take(world.cluster, ["argo"], "argo", world.now))
    assert "secretive" in shot
    assert "canary" not in shot
    live = world.cluster.objects()["WorkflowTemplate/secretive"]
    assert skeleton(live)["spec"]["templates"] == [
        {
            "name": "main",
            "inputs": {"parameters": [{"name": "key", "value": "-"}]},
            "container": {"image": "-"},
        }
    ]


def test_snapshot_cannot_be_written_to(world: World) -> None:
    client = SnapshotClient(take(world.cluster, ["argo"], "argo", world.now))
    with pytest.raises(ApiError, match="cannot be written to"):
        client.apply(
            resource_for("WorkflowTemplate"), {"metadata": {"name": "x"}, "kind": "WorkflowTemplate"}, "argo"
        )


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"kind": "argosync-snapshot", "version": 1, "objects": [{}]}']
)
def test_unfit_snapshots_are_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "snapshot.json"
    file.write_text(text)
    with pytest.raises(UserError, match=r"--snapshot .*: not a"):
        load(str(file))


def test_sarif_has_findings_breaks_and_runs_at_their_lines(world: World) -> None:
    world.repo.commit({"templates/hello.yaml": with_inputs("hello", "{parameters: [{name: a, value: x}]}")})
    world.sync()
    world.repo.commit({"templates/hello.yaml": template(), "bad.yaml": caller("bad", "nowhere")})
    refused = json.loads(to_sarif([world.plan()]))["runs"][0]
    assert [
        (r["ruleId"], r["level"], r["locations"][0]["physicalLocation"])
        for r in refused["results"]
        if r["ruleId"] == "reference-not-found"
    ] == [
        (
            "reference-not-found",
            "error",
            {"artifactLocation": {"uri": "bad.yaml"}, "region": {"startLine": 13}},
        )
    ]
    world.repo.commit({"bad.yaml": None})
    found = json.loads(to_sarif([world.plan()]))["runs"][0]["results"]
    assert [(r["ruleId"], r["message"]["text"]) for r in found if r["ruleId"] == "breaking-change"] == [
        (
            "breaking-change",
            "WorkflowTemplate argo/hello template main: inputs.parameters.a is removed",
        )
    ]


def test_hostile_names_stay_inert_in_every_form(world: World) -> None:
    outcome = replace(world.plan(), message="x\x1b[31m::error::y")
    for text in (to_text(outcome), to_markdown([outcome]), to_json([outcome]), to_sarif([outcome])):
        assert "\x1b" not in text
