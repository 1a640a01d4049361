"""Details that users of a controller see: events, conditions, refusals, waits in words, names of iterations, owners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from argolint.errors import UserError
from executor.engine import advance
from executor.engine import contract as c
from executor.engine.simulate import START, Answer, Outcome, template_of, with_status

LEAF = "{name: work, container: {image: alpine, command: [work]}}"


def events(outcome: Outcome) -> list[str]:
    return [f"{k.reason} {k.message}" for _, k in outcome.trace if isinstance(k, c.RecordEvent)]


def test_each_node_is_announced_when_it_runs_and_when_it_ends(run: Any) -> None:
    outcome = run(
        f"{{entrypoint: main, templates: [{{name: main, steps: [[{{name: a, template: work}}]]}}, {LEAF}]}}"
    )
    assert events(outcome) == [
        "WorkflowRunning Workflow Running",
        "WorkflowNodeRunning Running node wf",
        "WorkflowNodeRunning Running node wf[0]",
        "WorkflowNodeRunning Running node wf[0].a",
        "WorkflowSucceeded Workflow completed",
        "WorkflowNodeSucceeded Succeeded node wf[0].a",
        "WorkflowNodeSucceeded Succeeded node wf[0]",
        "WorkflowNodeSucceeded Succeeded node wf",
    ]


def test_a_node_that_ends_unseen_is_announced_as_running_too(run: Any) -> None:
    skipped = "{name: a, template: work, when: 'false'}"
    outcome = run(f"{{entrypoint: main, templates: [{{name: main, steps: [[{skipped}]]}}, {LEAF}]}}")
    said = events(outcome)
    assert said[1:3] == ["WorkflowSucceeded Workflow completed", "WorkflowNodeRunning Running node wf"]
    assert not [line for line in said if "wf[0].a" in line]


def test_conditions_keep_their_order(workflow: Any) -> None:
    state = workflow(f"{{entrypoint: work, templates: [{LEAF}]}}")
    context = c.Context()
    first = advance(state, (), START, context)
    assert "conditions" not in first.state["status"]
    pod = next(k.pod for k in first.commands if isinstance(k, c.CreatePod))
    running = advance(
        first.state, [c.PodObserved(with_status(pod, "Running", START, {}, None))], START, context
    )
    assert running.state["status"]["conditions"] == [{"type": "PodRunning", "status": "True"}]
    result = {
        "metadata": {"name": "wf", "labels": {"workflows.argoproj.io/report-outputs-completed": "true"}}
    }
    seen = [c.TaskResultObserved(result), c.PodObserved(with_status(pod, "Succeeded", START, {}, 0))]
    ended = advance(running.state, seen, START, context)
    assert ended.state["status"]["conditions"] == [
        {"type": "PodRunning", "status": "False"},
        {"type": "Completed", "status": "True"},
    ]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "{arguments: {parameters: [{name: x}]}}",
            "spec.arguments.x.value or spec.arguments.x.valueFrom is required",
        ),
        (
            "{arguments: {parameters: [{name: x, valueFrom: {expression: '1'}}]}}",
            "spec.arguments.x.valueFrom only allows: default, configMapKeyRef and supplied",
        ),
        (
            "{arguments: {parameters: [{name: x, value: c, enum: [a, b]}]}}",
            "spec.arguments.x.value should be present in spec.arguments.x.enum list",
        ),
        (
            "{arguments: {parameters: [{name: x, value: c, enum: []}]}}",
            "spec.arguments.x.enum should contain at least one value",
        ),
        ("{hooks: {late: {template: work}}}", "hooks.late Expression required"),
        (
            "{entrypoint: main, templates: [{name: main, steps: [[{name: a, template: work, hooks: {late: {template: work}}}]]}]}",
            "templates.main.steps[0].a.late Expression required",
        ),
        (
            "{entrypoint: main, templates: [{name: main, timeout: '23', container: {image: a, command: [c]}}]}",
            "main has invalid duration format in timeout.",
        ),
        (
            "{entrypoint: main, templates: [{name: main, timeout: 23s, steps: [[{name: a, template: work}]]}]}",
            "main template doesn't support timeout field.",
        ),
    ],
)
def test_what_upstream_refuses_at_the_start(run: Any, spec: str, message: str) -> None:
    given: dict[str, Any] = yaml.safe_load(spec)
    given.setdefault("entrypoint", "work")
    given["templates"] = [*(given.get("templates") or []), yaml.safe_load(LEAF)]
    outcome = run(yaml.safe_dump(given))
    assert (outcome.phase, outcome.state["status"]["message"]) == ("Failed", f"invalid spec: {message}")


@pytest.mark.parametrize(
    ("item", "name", "value"),
    [
        (r'"a\tb"', r"each(0:a\tb)", "a\tb"),
        (r'"<b> & \"c\""', r"each(0:\u003cb\u003e \u0026 \"c\")", '<b> & "c"'),
        ('[{"k": "v"}, [1, 2]]', 'each(0:[{"k":"v"} [1,2]])', '[{"k":"v"},[1,2]]'),
        ('{"k": {"b": 1, "a": [1, 2]}}', 'each(0:k:{"b":1,"a":[1,2]})', '{"k":{"b":1,"a":[1,2]}}'),
    ],
)
def test_iterations_are_named_by_compact_json(run: Any, item: str, name: str, value: str) -> None:
    spec = {
        "entrypoint": "main",
        "templates": [
            {
                "name": "main",
                "steps": [
                    [
                        {
                            "name": "each",
                            "template": "say",
                            "withParam": f"[{item}]",
                            "arguments": {"parameters": [{"name": "x", "value": "{{item}}"}]},
                        }
                    ]
                ],
            },
            {
                "name": "say",
                "inputs": {"parameters": [{"name": "x"}]},
                "container": {"image": "alpine", "command": ["c"]},
            },
        ],
    }
    node = run(yaml.safe_dump(spec)).node(name)
    assert node["inputs"]["parameters"][0]["value"] == value


def test_a_retried_step_fills_its_cache(run: Any) -> None:
    outcome = run(
        """
        entrypoint: main
        templates:
        - name: main
          steps: [[{name: a, template: make}], [{name: b, template: make}]]
        - name: make
          retryStrategy: {limit: 2}
          memoize: {key: one, cache: {configMap: {name: cache}}}
          container: {image: alpine, command: [make]}
          outputs: {parameters: [{name: y, valueFrom: {path: /y}}]}
        """,
        {"a": [Answer(exit_code=1), Answer(parameters={"y": "made"})]},
    )
    second = outcome.node("b")
    assert second["memoizationStatus"] == {"hit": True, "key": "one", "cacheName": "cache"}
    assert [p["value"] for p in second["outputs"]["parameters"]] == ["made"]
    assert "b(0)" not in {n["displayName"] for n in outcome.state["status"]["nodes"].values()}


def test_progress_may_be_declared_by_an_annotation(run: Any, workflow: Any) -> None:
    text = (
        "{entrypoint: work, templates: [{name: work, metadata: {annotations: {workflows.argoproj.io/progress: 0/40}},"
        " container: {image: alpine, command: [c]}}]}"
    )
    middle: list[Mapping[str, Any]] = []

    def note(state: Mapping[str, Any]) -> Mapping[str, Any]:
        middle.append(state)
        return state

    outcome = run(text, between=note)
    assert {s["status"]["progress"] for s in middle} == {"0/1", "0/40", "40/40"}
    assert outcome.node("wf")["progress"] == "40/40"
    reported = run(text, {"wf": Answer(progress="7/8", exit_code=1)})
    assert reported.node("wf")["progress"] == "7/8"


def test_the_controller_writes_owners_into_manifests(run: Any) -> None:
    manifest = """
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: one, ownerReferences: [{apiVersion: v1, kind: Pod, name: p, uid: u}]}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: two}
    """.replace("\n    ", "\n")
    resource = {"action": "create", "setOwnerReference": True, "manifest": manifest}
    spec = {"entrypoint": "main", "templates": [{"name": "main", "resource": resource}]}
    outcome = run(yaml.safe_dump(spec))
    pod = next(k.pod for _, k in outcome.trace if isinstance(k, c.CreatePod))
    found = [d["metadata"] for d in yaml.safe_load_all(template_of(pod)["resource"]["manifest"])]
    owner = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "name": "wf",
        "uid": "uid-wf",
        "controller": True,
        "blockOwnerDeletion": True,
    }
    assert found == [
        {
            "name": "one",
            "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}, owner],
        },
        {"name": "two", "ownerReferences": [owner]},
    ]


@pytest.mark.parametrize(
    ("manifest", "message"),
    [("a: [", "failed to read the manifest of the resource template: "), ("just text", "is not an object")],
)
def test_manifests_that_cannot_be_owned(run: Any, manifest: str, message: str) -> None:
    resource = {"action": "create", "setOwnerReference": True, "manifest": manifest}
    outcome = run(
        yaml.safe_dump({"entrypoint": "main", "templates": [{"name": "main", "resource": resource}]})
    )
    assert outcome.phase == "Error"
    assert message in outcome.state["status"]["message"]


def test_hosts_to_avoid_are_named_newest_first(workflow: Any) -> None:
    state = workflow(
        "{entrypoint: work, templates: [{name: work, retryStrategy: {limit: 2, affinity: {nodeAntiAffinity: {}}},"
        " container: {image: alpine, command: [c]}}]}"
    )
    seen: list[c.Observation] = []
    pod: Any = None
    for host in ("one", "two", ""):
        step = advance(state, seen, START, c.Context())
        state, pod = step.state, next(k.pod for k in step.commands if isinstance(k, c.CreatePod))
        on_host = {**pod, "spec": {**pod["spec"], "nodeName": host}}
        failed = with_status(on_host, "Failed", START, {}, 1)
        failed["status"]["message"] = "gone"
        seen = [c.PodObserved(failed)]
    terms = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert terms == {
        "nodeSelectorTerms": [
            {
                "matchExpressions": [
                    {"key": "kubernetes.io/hostname", "operator": "NotIn", "values": ["two", "one"]}
                ]
            }
        ]
    }


def test_an_exit_handler_that_cannot_run_is_the_workflows_message(run: Any) -> None:
    outcome = run(f"{{entrypoint: work, onExit: bye, templates: [{LEAF}, {{name: bye}}]}}")
    assert outcome.phase == "Error"
    assert outcome.state["status"]["message"].startswith(
        'error in exit template execution : template "bye" has no type'
    )
    assert outcome.node("wf")["phase"] == "Succeeded"


def test_waits_in_words() -> None:
    from executor.durations import in_words

    assert [in_words(s) for s in (2, 60, 61, 3600, 90061)] == [
        "2 seconds",
        "1 minute 0 seconds",
        "1 minute 1 second",
        "1 hour 0 minutes",
        "1 day 1 hour",
    ]
    assert [in_words(s, 1) for s in (1, 119, 7300)] == ["1 second", "1 minute", "2 hours"]


@pytest.mark.parametrize(
    ("under", "over", "order"),
    [
        ("bd", "a", "abd"),
        ("abcd", "fga", "fgabcd"),
        ("wm", "m", "wm"),
        ("abc", "cb", "acb"),
        ("", "ba", "ba"),
    ],
)
def test_merged_lists_keep_the_order_of_what_is_laid_over(under: str, over: str, order: str) -> None:
    from executor.engine.merge import merge

    lower, upper = ({"parameters": [{"name": name} for name in names]} for names in (under, over))
    assert "".join(p["name"] for p in merge(lower, upper)["parameters"]) == order


def test_a_workflow_terminated_before_it_got_its_lock_succeeds(workflow: Any) -> None:
    from executor.engine import locks, operations

    spec = f"{{entrypoint: work, synchronization: {{mutexes: [{{name: m}}]}}, templates: [{LEAF}]}}"
    holder = advance(workflow(spec, name="first"), (), START, c.Context()).state
    table = locks.table([holder])
    waiting = advance(workflow(spec, name="second"), (), START, c.Context(locks=table)).state
    assert waiting["status"]["phase"] == "Pending"
    ended = advance(operations.terminate(waiting), (), START, c.Context(locks=table)).state
    assert ended["status"]["phase"] == "Succeeded"
    assert "synchronization" not in ended["status"]


def test_supplied_outputs_are_global_at_once(workflow: Any) -> None:
    from executor.engine import operations

    state = advance(
        workflow(
            "{entrypoint: ask, templates: [{name: ask, suspend: {}, outputs: {parameters:"
            " [{name: y, globalName: g, valueFrom: {supplied: {}}}]}}]}"
        ),
        (),
        START,
        c.Context(),
    ).state
    told = operations.set_outputs(state, "displayName=wf", now=START, parameters={"y": "yes"})
    assert told["status"]["outputs"] == {"parameters": [{"name": "g", "value": "yes"}]}
    plain = advance(
        workflow("{entrypoint: ask, templates: [{name: ask, suspend: {}}]}"), (), START, c.Context()
    )
    with pytest.raises(UserError, match="node is not expecting any raw parameters"):
        operations.set_outputs(plain.state, "displayName=wf", now=START, parameters={"y": "yes"})


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "{entrypoint: main, templates: [{name: main, steps: [[{name: a, template: work, When: 'false'}]]}]}",
            'unknown field "spec.templates.steps.When": names are case-sensitive, write when',
        ),
        ("{Entrypoint: work}", 'unknown field "spec.Entrypoint": names are case-sensitive, write entrypoint'),
        (
            "{entrypoint: work, hooks: {Exit: {Template: work}}}",
            'unknown field "spec.hooks.Template": names are case-sensitive, write template',
        ),
    ],
)
def test_field_names_in_the_wrong_case_are_refused(run: Any, spec: str, message: str) -> None:
    given: dict[str, Any] = yaml.safe_load(spec)
    given["templates"] = [*(given.get("templates") or []), yaml.safe_load(LEAF)]
    outcome = run(yaml.safe_dump(given))
    assert (outcome.phase, outcome.state["status"]["message"]) == (
        "Failed",
        f"cannot unmarshall spec: {message}",
    )


def test_names_that_users_choose_have_any_case(run: Any) -> None:
    outcome = run(
        "{entrypoint: work, podMetadata: {labels: {Name: x}}, hooks: {Template: {expression: 'false', template: work}},"
        " templates: [{name: work, metadata: {annotations: {Path: y}}, container: {image: a, command: [c], env: [{name: NAME, value: z}]}}]}"
    )
    assert outcome.phase == "Succeeded"
