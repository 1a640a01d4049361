"""What is wrong with a `depends`, what satisfies it, and how dependencies are rewritten."""

from __future__ import annotations

import pytest

from argolint.analysis.dag import diagnose, missing_waits, renamed, rewritten, satisfiable, waiting_for
from argolint.analysis.steps import waits
from argolint.context import Context, File
from argolint.language import depends
from argolint.settings import Settings
from argolint.text import SourceText
from argolint.yaml.edit import apply_edits
from argolint.yaml.loader import parse


@pytest.mark.parametrize(
    ("text", "kinds", "repaired"),
    [
        ("a && b", [], "a && b"),
        ("a and b", ["word-operator"], "a && b"),
        ("not a or b", ["word-operator"] * 2, "! a || b"),
        ("a, b", ["word-operator"], "a&& b"),
        ("a & b | c", ["word-operator"] * 2, "a && b || c"),
        ("a.Success && b.failed", ["unknown-result"] * 2, "a.Succeeded && b.Failed"),
        ("a &&", ["syntax"], None),
        ("a b", ["syntax"], None),
        ("(a", ["syntax"], None),
    ],
)
def test_diagnosis(text: str, kinds: list[str], repaired: str | None) -> None:
    found = diagnose(text, frozenset({"a", "b", "c"}))
    assert [wrong.kind for wrong in found] == kinds
    if repaired is not None:
        assert rewritten(text, found) == repaired


def test_a_task_may_be_called_and() -> None:
    assert [wrong.kind for wrong in diagnose("and b", frozenset({"and", "b"}))] == ["syntax"]


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("a.Succeeded && a.Failed", False),
        ("a && a.Failed", False),
        ("a.Failed || a.Succeeded", True),
        ("!a.Succeeded && !a.Failed", True),
        ("a && !a", False),
        ("a.Succeeded && b.Failed", True),
        ("loop.AnySucceeded && loop.Failed", True),
        ("a.AnySucceeded", False),
    ],
)
def test_satisfiable(text: str, possible: bool) -> None:
    assert satisfiable(depends.parse(text), frozenset({"loop"}), {}) is possible


def test_continue_on_widens_a_bare_name() -> None:
    assert satisfiable(depends.parse("a && a.Failed"), frozenset(), {"a": ["Failed"]})


HEAD = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  templates:
  - name: main
    dag:
      tasks:
      - {name: a, template: job}
      - {name: z, template: job}
"""


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (
            "      - name: b\n        template: job\n",
            "      - name: b\n        template: job\n        depends: a\n",
        ),
        ("      - name: b\n        depends: z\n", "      - name: b\n        depends: z && a\n"),
        (
            "      - name: b\n        depends: z || z.Failed\n",
            "      - name: b\n        depends: (z || z.Failed) && a\n",
        ),
        ('      - name: b\n        depends: "z"\n', '      - name: b\n        depends: "z && a"\n'),
        ("      - name: b\n        dependencies: [z]\n", "      - name: b\n        dependencies: [z, a]\n"),
        (
            "      - name: b\n        dependencies:\n        - z\n",
            "      - name: b\n        dependencies:\n        - z\n        - a\n",
        ),
    ],
)
def test_waiting_for_another_task(task: str, expected: str) -> None:
    text = HEAD + task
    file = File("f.yaml", SourceText(text), parse(text))
    dag = file.objects[0][0].workflow_specs[0].templates[0].dag
    edits = waiting_for(dag.tasks[2], ["a"], dag, Context(file, Settings(), None))
    assert apply_edits(text, edits) == HEAD + expected


def test_several_tasks_are_added_in_one_edit() -> None:
    for task, expected in (
        ("      - {name: b, depends: z}\n", "      - {name: b, depends: z && a && c}\n"),
        (
            "      - name: b\n        dependencies: [z]\n",
            "      - name: b\n        dependencies: [z, a, c]\n",
        ),
    ):
        file = File("f.yaml", SourceText(HEAD + task), parse(HEAD + task))
        dag = file.objects[0][0].workflow_specs[0].templates[0].dag
        edits = waiting_for(dag.tasks[2], ["a", "c"], dag, Context(file, Settings(), None))
        assert apply_edits(HEAD + task, edits) == HEAD + expected


def test_no_circle_is_closed() -> None:
    """Neither with what the tasks wait for already, nor with what was added before."""
    text = (
        HEAD + "      - {name: b, template: job, depends: a}\n      - {name: c, template: job}\n"
        "      - {name: d, template: job}\n"
    )
    file = File("f.yaml", SourceText(text), parse(text))
    dag = file.objects[0][0].workflow_specs[0].templates[0].dag
    tasks = {task.name: task for task in dag.tasks}
    pairs = [("a", "b"), ("c", "b"), ("c", "a"), ("a", "d"), ("d", "c"), ("d", "z")]
    added = missing_waits([(tasks[one], other) for one, other in pairs], waits(dag.template)[1])
    assert added == {"c": ["b"], "a": ["d"], "d": ["z"]}


def test_a_task_is_renamed_wherever_it_is_named() -> None:
    tasks = """\
      - {name: 1-b, template: job}
      - {name: c, template: job, depends: "1-b && a"}
      - name: d
        depends: c || 1-b.Failed
        when: "{{tasks.1-b.outputs.result}} == 1-bb"
"""
    text = HEAD + tasks
    file = File("f.yaml", SourceText(text), parse(text))
    ctx = Context(file, Settings(), None)
    ctx.object = file.objects[0][0]
    dag = ctx.object.workflow_specs[0].templates[0].dag
    assert apply_edits(text, renamed(dag.tasks[2], "b1", dag, ctx)) == HEAD + tasks.replace(
        "1-b.", "b1."
    ).replace("1-b,", "b1,").replace("1-b &&", "b1 &&")
    other = text.replace("depends: c ||", "args: 1-b\n        depends: c ||")
    file = File("f.yaml", SourceText(other), parse(other))
    ctx = Context(file, Settings(), None)
    ctx.object = file.objects[0][0]
    dag = ctx.object.workflow_specs[0].templates[0].dag
    assert renamed(dag.tasks[2], "b1", dag, ctx) == []
