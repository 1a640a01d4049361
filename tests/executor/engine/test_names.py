"""Ids and names are byte for byte upstream's."""

from __future__ import annotations

import pytest

from executor.engine import names


@pytest.mark.parametrize(
    ("workflow", "name", "expected"),
    [
        ("suspend-template-xjsg2", "suspend-template-xjsg2[0]", "suspend-template-xjsg2-4125372399"),
        ("suspend-template-xjsg2", "suspend-template-xjsg2[0].approve", "suspend-template-xjsg2-1771269240"),
        ("work-avoidance-trkkq", "work-avoidance-trkkq[1].echo(0:0)", "work-avoidance-trkkq-4180283560"),
        ("workflow-retry", "workflow-retry.launch(1:fail)(0)", "workflow-retry-1861571805"),
        ("hello", "hello", "hello"),
    ],
)
def test_node_id_is_fnv1a_of_the_full_node_name(workflow: str, name: str, expected: str) -> None:
    assert names.node_id(workflow, name) == expected


def test_pod_names_of_both_formats() -> None:
    assert names.pod_name("wf", "wf", "main", "wf") == "wf"
    assert names.pod_name("wf", "wf[0].a", "work", "wf-1") == f"wf-work-{names.fnv1a('wf[0].a')}"
    assert names.pod_name("wf", "wf[0].a", "work", "wf-1", "v1") == "wf-1"
    long = names.pod_name("w" * 300, "x", "t", "id")
    assert len(long) <= 253
    assert long.startswith("w" * 242 + "-")


@pytest.mark.parametrize(
    ("name", "boundary", "expected"),
    [
        ("wf", "", "wf"),
        ("wf[0]", "wf", "[0]"),
        ("wf[0].a", "wf", "a"),
        ("wf[0].a(1:x)(0)", "wf", "a(1:x)(0)"),
        ("wf.task", "wf", "task"),
        ("wf.onExit", "", "wf.onExit"),
    ],
)
def test_display_names(name: str, boundary: str, expected: str) -> None:
    assert names.display_name(name, boundary) == expected


def test_loop_names_lose_parentheses() -> None:
    assert names.item_name("a", 3, "f(x)") == "a(3:fx)"
    assert names.item_index("wf[0].a(12:b(c)") == -1
    assert names.item_index("wf[0].a(12:bc)") == 12
    assert names.item_index("wf[0].a(12:bc)(1)") == 12


def test_task_of_a_node() -> None:
    assert names.task_of("wf[0].a(1:x)(0)", "wf") == "a"
    assert names.task_of("wf.b.onExit", "wf") == "b.onExit"
