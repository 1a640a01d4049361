"""Behaviour that changed between Argo releases, as a table: what each release does with the same manifest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from executor.engine.contract import Context, CreatePod
from executor.engine.rules import version_of
from executor.engine.simulate import Answer

CONTEXT = Context(image_commands={"*": (("/bin/entrypoint",), ())})
VERSIONS = ("3.4", "3.5", "3.6", "3.7", "4.0", "4.1")
LEAF = "{name: work, container: {image: a, command: [c]}}"
Case = tuple[str, dict[str, Any], Callable[[Any], Any], tuple[Any, ...]]


def args_of(outcome: Any) -> Any:
    return [c.pod["spec"]["containers"][1].get("args") for _, c in outcome.trace if isinstance(c, CreatePod)][
        -1
    ]


def pod_field(name: str) -> Callable[[Any], Any]:
    return lambda outcome: next(c.pod for _, c in outcome.trace if isinstance(c, CreatePod))["spec"].get(name)


def attempts(outcome: Any) -> int:
    return sum(isinstance(c, CreatePod) for _, c in outcome.trace)


def locked(outcome: Any) -> bool:
    return any((s.get("synchronizationStatus") or {}).get("waiting") for s in [outcome.node("b")])


def display(outcome: Any) -> list[str]:
    return [n["displayName"] for n in outcome.state["status"]["nodes"].values()]


def say(argument: str) -> str:
    return f"{{entrypoint: say, templates: [{{name: say, container: {{image: a, command: [c], args: ['{argument}']}}}}]}}"


def two_steps(extra: str) -> str:
    return f"""
entrypoint: main
templates:
- name: main
  steps: [[{{name: a, template: work}}, {{name: b, template: work}}]]
- {{name: work, synchronization: {{{extra}}}, container: {{image: a, command: [c]}}}}
"""


SKIPPED = """
entrypoint: main
templates:
- name: main
  steps:
  - - {name: a, template: out, when: "1 == 2"}
  - - name: b
      template: take
      arguments: {parameters: [{name: x, value: "%s"}]}
- {name: out, container: {image: a, command: [c]}, outputs: {parameters: [{name: y, valueFrom: {path: /y, default: none}}]}}
- {name: take, inputs: {parameters: [{name: x}]}, container: {image: a, command: [c], args: ["{{inputs.parameters.x}}"]}}
"""
DEEP = """
entrypoint: main
templates:
- {name: main, inputs: {parameters: [{name: n, value: "0"}]}, steps: [[{name: s, template: main, when: "{{inputs.parameters.n}} < 120",
   arguments: {parameters: [{name: n, value: "{{=string(int(inputs.parameters.n) + 1)}}"}]}}]]}
"""
RETRIED_DAEMON = """
entrypoint: main
templates:
- name: main
  steps: [[{name: d, template: serve}], [{name: b, template: work}]]
- {name: serve, daemon: true, retryStrategy: {limit: 1}, container: {image: a, command: [c]}}
- {name: work, container: {image: a, command: [c]}}
"""
ERROR = Answer(exit_code=1, phase="Error", exit_codes={"wait": 1})

CASES: dict[str, Case] = {
    "an expression without a policy also retries errors since 3.5": (
        f"{{entrypoint: work, retryStrategy: {{limit: 1, expression: 'true'}}, templates: [{LEAF}]}}",
        {"work": Answer(exit_codes={"wait": 1})},
        attempts,
        (1, 2, 2, 2, 2, 2),
    ),
    "lastRetry.message since 3.5": (
        "{entrypoint: w, templates: [{name: w, retryStrategy: {limit: 1}, container: {image: a, command: [c], args: ['<{{lastRetry.message}}>']}}]}",
        {"w": [Answer(exit_code=1, message="boom"), Answer()]},
        args_of,
        (["<{{lastRetry.message}}>"], *[["<boom>"]] * 5),
    ),
    "workflow.mainEntrypoint since 3.5": (
        say("{{workflow.mainEntrypoint}}"),
        {},
        args_of,
        (["{{workflow.mainEntrypoint}}"], *[["say"]] * 5),
    ),
    "the depth of templates is limited since 3.5": (
        DEEP,
        {},
        lambda o: o.phase,
        ("Succeeded", *["Failed"] * 5),
    ),
    "mutexes since 3.6": (two_steps("mutexes: [{name: m}]"), {}, attempts, (2, 2, 2, 2, 2, 2)),
    "podPriority until 3.7": (
        f"{{entrypoint: work, podPriority: 7, templates: [{LEAF}]}}",
        {},
        pod_field("priority"),
        (7, 7, 7, 7, None, None),
    ),
    "podResources since 4.1": (
        f"{{entrypoint: work, podResources: {{limits: {{cpu: '1'}}}}, templates: [{LEAF}]}}",
        {},
        pod_field("resources"),
        (None, None, None, None, None, {"limits": {"cpu": "1"}}),
    ),
    "display names since 3.7": (
        "{entrypoint: w, templates: [{name: w, annotations: {workflows.argoproj.io/display-name: nice}, container: {image: a, command: [c]}}]}",
        {},
        display,
        (["wf"], ["wf"], ["wf"], ["nice"], ["nice"], ["nice"]),
    ),
    "outputs of a skipped step have their default since 3.7": (
        SKIPPED % "{{steps.a.outputs.parameters.y}}",
        {},
        lambda o: o.node("b")["inputs"]["parameters"][0]["value"],
        (*["{{steps.a.outputs.parameters.y}}"] * 3, "none", "none", "none"),
    ),
    "a missing output holds the step since 3.7": (
        SKIPPED % "{{steps.a.outputs.parameters.typo}}",
        {},
        lambda o: o.phase,
        (*["Succeeded"] * 3, "Running", "Running", "Running"),
    ),
    "daemons are retried since 3.7": (
        RETRIED_DAEMON,
        {},
        lambda o: o.node("d")["type"],
        (*["Pod"] * 3, "Retry", "Retry", "Retry"),
    ),
}


@pytest.mark.parametrize("name", list(CASES))
def test_behaviour_by_release(run: Any, name: str) -> None:
    text, answers, look, expected = CASES[name]
    seen = [look(run(text, answers, context=replace(CONTEXT, rules_version=v))) for v in VERSIONS]
    assert seen == list(expected)


@pytest.mark.parametrize(
    ("lock", "expected"),
    [
        ("mutex: {name: m}", [1, 1, 1, 1, 2, 2]),
        ("mutexes: [{name: m}]", [2, 2, 1, 1, 1, 1]),
    ],
)
def test_which_spelling_of_a_lock_locks(workflow: Any, lock: str, expected: list[int]) -> None:
    """What a release does not know is dropped: nothing is locked."""
    from executor.engine import advance
    from executor.engine.simulate import START

    seen = []
    for version in VERSIONS:
        step = advance(workflow(two_steps(lock)), (), START, replace(CONTEXT, rules_version=version))
        seen.append(sum(isinstance(c, CreatePod) for c in step.commands))
    assert seen == expected


def test_pending_timeout_since_4_1(workflow: Any) -> None:
    from datetime import timedelta

    from executor.engine import advance
    from executor.engine.simulate import START

    text = "{entrypoint: w, templates: [{name: w, pendingTimeout: 5s, container: {image: a, command: [c]}}]}"
    seen = []
    for version in VERSIONS:
        context = replace(CONTEXT, rules_version=version)
        step = advance(workflow(text), (), START, context)
        step = advance(step.state, (), START + timedelta(seconds=6), context)
        seen.append(step.state["status"]["nodes"]["wf"]["phase"])
    assert seen == ["Pending"] * 5 + ["Failed"]


def test_releases_are_read_in_any_spelling() -> None:
    texts = ("3.6", "v3.6.2", "4", "v4.1.2", "latest", "")
    assert [version_of(text) for text in texts] == [(3, 6), (3, 6), (4, 0), (4, 1), (4, 1), (4, 1)]
