"""Repairs: which are made, in how many rounds, and which are given up."""

from __future__ import annotations

import pytest

import argolint.fix
from argolint import registry
from argolint.batch import Input, lint
from argolint.fix import fix_inputs
from argolint.runner import Plan
from argolint.settings import Settings

HEAD = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  templates:
  - name: main
"""
TAIL = '  - {name: w, container: {image: "a:1", command: [x]}}\n'


def repaired(text: str, select: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], int, int]:
    """The lines that the repairs add, how many findings they repair, and how often the text was linted for it."""
    runs: list[int] = []

    def counted(*words: object, **named: object) -> object:
        runs.append(1)
        return lint(*words, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(argolint.fix, "lint", counted)
    settings = Settings()
    settings.select = (select,)
    plan = Plan(registry.load(), settings)
    _, diff, count = fix_inputs(
        [Input("a.yaml", text.encode(), True)], plan, settings, unsafe=True, write=False
    )
    added = [
        line[1:].strip() for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++")
    ]
    return added, count, len(runs)


def test_every_one_of_many_equal_names_gets_a_name_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = "    steps:\n" + "    - - {name: t, template: w}\n" * 3 + "    - - {name: t-2, template: w}\n"
    added, count, runs = repaired(HEAD + steps + TAIL, "STP110", monkeypatch)
    assert added == ["- - {name: t-3, template: w}", "- - {name: t-4, template: w}"]
    assert (count, runs) == (2, 2)


DAG = HEAD + "    dag:\n      tasks:\n      - {name: a, template: w}\n"


def test_all_implied_dependencies_of_a_task_are_dropped_in_one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = (
        "      - {name: b, template: w, depends: a}\n"
        "      - {name: c, template: w, depends: a && b}\n"
        "      - {name: d, template: w, depends: a && c && b}\n"
    )
    added, count, runs = repaired(DAG + tasks + TAIL, "DAG203", monkeypatch)
    assert added == ["- {name: c, template: w, depends: b}", "- {name: d, template: w, depends: c}"]
    assert (count, runs) == (3, 2)


def test_tasks_that_read_each_other_come_to_wait_without_a_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(name: str) -> str:
        return f"{{name: p, value: '{{{{tasks.{name}.outputs.result}}}}'}}"

    tasks = (
        f"      - {{name: b, template: w, arguments: {{parameters: [{read('a')}, {read('c')}]}}}}\n"
        f"      - {{name: c, template: w, arguments: {{parameters: [{read('b')}]}}}}\n"
    )
    added, count, runs = repaired(DAG + tasks + TAIL, "DAG111", monkeypatch)
    assert [line.partition("arguments")[0] for line in added] == ["- {name: b, template: w, "]
    assert added[0].endswith("]}, depends: a && c}")
    assert (count, runs) == (2, 2)


def test_steps_of_a_template_in_braces_cannot_be_lines_with_dashes() -> None:
    text = (
        HEAD.replace("  - name: main\n", "") + "  - {name: main, steps: [[{name: a, template: w}]]}\n" + TAIL
    )
    settings = Settings()
    settings.select = ("STP302",)
    report = lint([Input("a.yaml", text.encode(), True)], Plan(registry.load(), settings), settings)
    assert [(item.code, item.fix) for item in report.findings] == [("STP302", None)]


def test_the_repairs_of_a_rule_that_repairs_nothing_are_given_up_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here the repair of STP110 is spoilt: all names become the same one."""
    steps = "    steps:\n" + "    - - {name: t, template: w}\n" * 40
    plain = argolint.fix._repaired

    def spoilt(text: str, findings: list[argolint.fix.Diagnostic]) -> str | None:
        found = plain(text, findings)
        return None if found is None else "\n".join(
            line.replace(line[line.index("name: t") : line.index(",")], "name: t-2") if "name: t-" in line else line
            for line in found.split("\n")
        )  # fmt: skip

    monkeypatch.setattr(argolint.fix, "_repaired", spoilt)
    added, count, runs = repaired(HEAD + steps + TAIL, "STP110", monkeypatch)
    assert (added, count) == ([], 0)
    assert runs == 3  # before, the attempt, and what was there before it again
