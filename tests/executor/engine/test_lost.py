"""Pods and daemons that are lost while their workflow runs, and what retry makes of what could not be begun."""

from __future__ import annotations

from typing import Any

import pytest

from executor.engine import advance, operations, retry
from executor.engine import contract as c
from executor.engine.simulate import START, Answer, task_result, with_status

LEAF = "{name: work, container: {image: alpine, command: [work]}}"
DAEMON = "{name: up, daemon: true, container: {image: alpine, command: [serve]}}"
GROUP = "{name: both, containerSet: {containers: [{name: first, image: a, command: [c]}, {name: main, image: a, command: [c], dependencies: [first]}]}}"
FORMS = {
    "entrypoint": f"{{entrypoint: work, templates: [{LEAF}]}}",
    "step": f"{{entrypoint: main, templates: [{{name: main, steps: [[{{name: a, template: work}}]]}}, {LEAF}]}}",
    "task": f"{{entrypoint: main, templates: [{{name: main, dag: {{tasks: [{{name: a, template: work}}]}}}}, {LEAF}]}}",
    "iteration": f"{{entrypoint: main, templates: [{{name: main, dag: {{tasks: [{{name: a, template: work, withItems: [x]}}]}}}}, {LEAF}]}}",
    "attempt": f"{{entrypoint: main, templates: [{{name: main, steps: [[{{name: a, template: work}}]]}}, {LEAF.replace('container', 'retryStrategy: {limit: 1}, container')}]}}",
    "exit handler": f"{{entrypoint: main, onExit: work, templates: [{{name: main, steps: []}}, {LEAF}]}}",
}


def half_reported(node_id: str) -> c.TaskResultObserved:
    label = {"workflows.argoproj.io/report-outputs-completed": "false"}
    return c.TaskResultObserved({"metadata": {"name": node_id, "labels": label}})


class Passes:
    """Passes of the engine over one workflow, whose pods this plays by the display names of their nodes."""

    def __init__(self, state: Any) -> None:
        self.state = state
        self.pods: dict[str, tuple[str, Any]] = {}
        self.created: list[str] = []
        self.go()

    def go(self, *seen: Any) -> Passes:
        step = advance(self.state, seen, START, c.Context())
        self.state = step.state
        for command in step.commands:
            if isinstance(command, c.CreatePod):
                self.pods[self.nodes[command.node_id]["displayName"]] = (command.node_id, command.pod)
                self.created.append(self.nodes[command.node_id]["displayName"])
        return self

    def see(self, name: str, phase: str, *, reported: bool = True) -> Passes:
        node_id, pod = self.pods[name]
        ended = phase in ("Succeeded", "Failed")
        answer = Answer(exit_code=1 if phase == "Failed" else 0)
        result = [c.TaskResultObserved(task_result(node_id, pod, answer))] if ended and reported else []
        code = answer.exit_code if ended else None
        return self.go(*result, c.PodObserved(with_status(pod, phase, START, {}, code)))

    def lose(self, name: str) -> Passes:
        return self.go(c.PodDeleted(self.pods[name][1]["metadata"]["name"]))

    @property
    def nodes(self) -> dict[str, Any]:
        return self.state["status"].get("nodes") or {}

    def phase(self, name: str = "") -> str | None:
        found: str | None = self.state["status"]["phase"]
        if name:
            found = next((n["phase"] for n in self.nodes.values() if n["displayName"] == name), None)
        return found


@pytest.mark.parametrize("form", FORMS)
def test_a_pod_that_is_lost_before_its_executor_reported_is_made_again(workflow: Any, form: str) -> None:
    passes = Passes(workflow(FORMS[form]))
    (name,) = passes.created
    passes.go(half_reported(passes.pods[name][0])).see(name, "Running").lose(name)
    assert (passes.created, passes.phase(), passes.phase(name)) == ([name, name], "Running", "Pending")
    assert passes.see(name, "Running").see(name, "Succeeded").phase() == "Succeeded"
    assert next(n for n in passes.nodes.values() if n["displayName"] == name)["finishedAt"]


def test_a_pod_that_is_lost_once_it_has_failed_is_not_made_again(workflow: Any) -> None:
    passes = Passes(workflow(FORMS["task"]))
    passes.go(half_reported(passes.pods["a"][0])).see("a", "Running").see("a", "Failed", reported=False)
    assert (passes.phase("a"), passes.phase()) == ("Failed", "Running")
    passes.lose("a")
    assert (passes.created, passes.phase("a"), passes.phase()) == (["a"], "Error", "Error")


def test_a_pod_that_is_lost_after_its_report_is_not_made_again(workflow: Any) -> None:
    passes = Passes(workflow(FORMS["task"]))
    done = {
        "metadata": {
            "name": passes.pods["a"][0],
            "labels": {"workflows.argoproj.io/report-outputs-completed": "true"},
        }
    }
    passes.go(half_reported(passes.pods["a"][0])).see("a", "Running").go(c.TaskResultObserved(done)).lose("a")
    assert (passes.created, passes.phase("a"), passes.phase()) == (["a"], "Error", "Error")


def test_a_lost_pod_is_not_made_again_for_a_workflow_that_ends(workflow: Any) -> None:
    passes = Passes(workflow(FORMS["task"]))
    passes.go(half_reported(passes.pods["a"][0])).see("a", "Running")
    passes.state = operations.terminate(passes.state)
    passes.lose("a")
    assert (passes.created, passes.phase("a"), passes.phase()) == (["a"], "Failed", "Failed")


def test_every_container_of_a_lost_pod_ends_so_that_retry_runs_it(workflow: Any) -> None:
    main = "{name: main, dag: {tasks: [{name: a, template: both}]}}"
    passes = Passes(workflow(f"{{entrypoint: main, templates: [{main}, {GROUP}]}}"))
    node_id, pod = passes.pods["a"]
    running = with_status(pod, "Running", START, {}, None)
    for status in running["status"]["containerStatuses"]:
        if status["name"] != "wait":
            status["state"] = {"terminated": {"exitCode": 0, "finishedAt": "2026-01-01T00:00:00Z"}}
    passes.go(c.PodObserved(running))
    assert passes.phase("first") == passes.phase("main") == "Succeeded"
    passes.lose("a")
    assert (passes.phase("a"), passes.phase("first"), passes.phase()) == ("Error", "Error", "Error")
    assert node_id not in retry(passes.state, now=START).workflow["status"]["nodes"]


def test_a_daemon_that_dies_fails_its_group_of_steps_while_others_run(workflow: Any) -> None:
    steps = "[{name: db, template: up}], [{name: a, template: work}], [{name: b, template: work}]"
    passes = Passes(
        workflow(f"{{entrypoint: main, templates: [{{name: main, steps: [{steps}]}}, {DAEMON}, {LEAF}]}}")
    )
    passes.see("db", "Running").see("a", "Running").see("db", "Failed")
    assert passes.phase() == "Failed"
    assert passes.state["status"]["message"] == f"child '{passes.pods['db'][0]}' failed"
    assert "b" not in passes.see("a", "Succeeded").created


def test_a_daemon_that_dies_is_forgiven_by_continue_on(workflow: Any) -> None:
    steps = "[{name: db, template: up, continueOn: {failed: true}}], [{name: a, template: work}]"
    passes = Passes(
        workflow(f"{{entrypoint: main, templates: [{{name: main, steps: [{steps}]}}, {DAEMON}, {LEAF}]}}")
    )
    passes.see("db", "Running").see("a", "Running").see("db", "Failed")
    assert (passes.phase(), passes.see("a", "Succeeded").phase()) == ("Running", "Succeeded")


def test_a_daemon_that_dies_is_tried_again_before_the_next_steps(workflow: Any) -> None:
    steps = "[{name: db, template: up}], [{name: a, template: work}], [{name: b, template: work}]"
    daemon = DAEMON.replace("daemon:", "retryStrategy: {limit: 1}, daemon:")
    passes = Passes(
        workflow(f"{{entrypoint: main, templates: [{{name: main, steps: [{steps}]}}, {daemon}, {LEAF}]}}")
    )
    passes.see("db(0)", "Running").see("a", "Running").see("db(0)", "Failed")
    assert (passes.created, passes.phase("[0]")) == (["db(0)", "a", "db(1)"], "Running")
    assert passes.see("a", "Succeeded").created[-1] == "db(1)"
    passes.see("db(1)", "Running")
    assert (passes.created[-1], passes.phase("[0]")) == ("b", "Succeeded")
    assert passes.see("b", "Succeeded").phase() == "Succeeded"


def test_what_runs_hangs_behind_the_daemon_that_it_began_with(workflow: Any) -> None:
    tasks = "{name: db, template: up}, {name: a, template: work, depends: db}, {name: b, template: work, depends: a}"
    daemon = DAEMON.replace("daemon:", "retryStrategy: {limit: 1}, daemon:")
    passes = Passes(
        workflow(
            f"{{entrypoint: main, templates: [{{name: main, dag: {{tasks: [{tasks}]}}}}, {daemon}, {LEAF}]}}"
        )
    )
    passes.see("db(0)", "Running").see("a", "Running").see("db(0)", "Failed").see("db(1)", "Running")
    passes.see("a", "Succeeded").see("b", "Succeeded")
    assert passes.phase() == "Succeeded"
    by_name = {n["displayName"]: n for n in passes.nodes.values()}
    assert by_name["db(0)"]["children"] == [passes.pods["a"][0]]
    assert "children" not in by_name["db(1)"]


def test_retry_asks_again_what_was_rejected(workflow: Any) -> None:
    steps = "[{name: ask, template: hold}], [{name: a, template: work}]"
    passes = Passes(
        workflow(
            f"{{entrypoint: main, templates: [{{name: main, steps: [{steps}]}}, {{name: hold, suspend: {{}}}}, {LEAF}]}}"
        )
    )
    passes.state = operations.stop(passes.state, now=START, selector="displayName=ask", message="no")
    passes.go()
    assert passes.phase() == "Failed"
    passes.state = retry(passes.state, now=START).workflow
    passes.go()
    assert (passes.phase(), passes.phase("ask")) == ("Running", "Running")


@pytest.mark.parametrize(
    ("step", "fault", "mended"),
    [
        ("when: '{{workflow.parameters.x}} == ok'", "(", "ok"),
        ("withParam: '{{workflow.parameters.x}}'", "[a", "[1]"),
    ],
)
def test_retry_with_other_parameters_runs_what_could_not_be_begun(
    workflow: Any, step: str, fault: str, mended: str
) -> None:
    steps = f"[{{name: a, template: work, {step}}}], [{{name: b, template: work}}]"
    arguments = f"arguments: {{parameters: [{{name: x, value: '{fault}'}}]}}"
    passes = Passes(
        workflow(f"{{entrypoint: main, {arguments}, templates: [{{name: main, steps: [{steps}]}}, {LEAF}]}}")
    )
    assert (passes.phase(), passes.created) == ("Failed", [])
    passes.state = retry(passes.state, now=START, parameters={"x": mended}).workflow
    passes.go()
    (first,) = passes.created
    passes.see(first, "Succeeded").see("b", "Succeeded")
    assert passes.phase() == "Succeeded"


@pytest.mark.parametrize("loop", ["withParam", "withSequence"])
@pytest.mark.parametrize("value", ["", "none"])
def test_a_false_when_guards_a_loop_over_no_list(run: Any, loop: str, value: str) -> None:
    items = "'{{tasks.gen.outputs.parameters.out}}'"
    loop_text = f"withParam: {items}" if loop == "withParam" else f"withSequence: {{count: {items}}}"
    tasks = (
        "{name: gen, template: gen}, {name: a, depends: gen, template: work, when: \"'{{tasks.gen.outputs.parameters.out}}' == 'x'\","
        f" {loop_text}}}, {{name: b, template: work, depends: a.Skipped}}"
    )
    gen = "{name: gen, container: {image: a, command: [c]}, outputs: {parameters: [{name: out, valueFrom: {path: /o}}]}}"
    outcome = run(
        f"{{entrypoint: main, templates: [{{name: main, dag: {{tasks: [{tasks}]}}}}, {gen}, {LEAF}]}}",
        {"gen": Answer(parameters={"out": value})},
    )
    phases = {n["displayName"]: n["phase"] for n in outcome.state["status"]["nodes"].values()}
    assert (outcome.phase, phases["a"], phases["b"]) == ("Succeeded", "Skipped", "Succeeded")


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("when: 'a == @b'", 'Invalid \'when\' expression \'a == @b\': Invalid token: \'@\' (hint: try wrapping the affected expression in quotes ("))'),
        ("when: a", "Expected boolean evaluation for 'a'. Got a"),
        ("withSequence: {start: '5'}", "neither end nor count was specified in withSequence"),
    ],
)  # fmt: skip
def test_tasks_that_cannot_be_begun_say_why(run: Any, task: str, message: str) -> None:
    tasks = f"{{name: a, template: work, {task}}}"
    outcome = run(f"{{entrypoint: main, templates: [{{name: main, dag: {{tasks: [{tasks}]}}}}, {LEAF}]}}")
    node = next(n for n in outcome.state["status"]["nodes"].values() if n["displayName"] == "a")
    assert (outcome.phase, node["phase"], node["message"]) == ("Error", "Error", message)


def test_an_exit_handler_whose_pod_cannot_be_made_says_so_plainly(run: Any) -> None:
    bad = "{name: bad, podSpecPatch: 'no patch', container: {image: a, command: [c]}}"
    step = "{name: a, template: work, onExit: bad}"
    outcome = run(f"{{entrypoint: main, templates: [{{name: main, steps: [[{step}]]}}, {LEAF}, {bad}]}}")
    assert (outcome.phase, outcome.state["status"]["message"]) == (
        "Error",
        "Error applying PodSpecPatch: it must be a map",
    )
