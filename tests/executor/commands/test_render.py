"""The tree of `argo get`: whole texts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from executor.commands.wf import clip
from executor.durations import in_words
from executor.render import (
    can_unicode,
    duration_text,
    is_suspended,
    render_tree,
    render_workflow,
)

NOW = datetime(2026, 1, 1, 0, 2, tzinfo=UTC)
T0 = "2026-01-01T00:00:00Z"
T5 = "2026-01-01T00:00:05Z"
Obj = dict[str, Any]


def node(node_id: str, name: str, kind: str, phase: str, **more: Any) -> Obj:
    return {
        "id": node_id,
        "name": name,
        "displayName": more.pop("displayName", name.rpartition(".")[2]),
        "type": kind,
        "phase": phase,
        "startedAt": T0,
        **more,
    }


def workflow(*nodes: Obj, **status: Any) -> Obj:
    return {
        "metadata": {"name": "w", "namespace": "ns", "creationTimestamp": T0},
        "spec": {"arguments": {"parameters": [{"name": "a", "value": "1"}]}},
        "status": {"phase": "Running", "startedAt": T0, "nodes": {n["id"]: n for n in nodes}, **status},
    }


STEPS = workflow(
    node("w", "w", "Steps", "Running", templateName="main", children=["g0"]),
    node("g0", "w[0]", "StepGroup", "Succeeded", boundaryID="w", children=["a"]),
    node("a", "w[0].a", "Pod", "Succeeded", boundaryID="w", templateName="t", finishedAt=T5, children=["g1"]),
    node("g1", "w[1]", "StepGroup", "Running", boundaryID="w", children=["b", "c"]),
    node("b", "w[1].b", "DAG", "Running", boundaryID="w", templateName="d"),
    node("x", "w[1].b.x", "Retry", "Running", boundaryID="b", children=["x0", "x1"]),
    node(
        "x0",
        "w[1].b.x(0)",
        "Pod",
        "Failed",
        boundaryID="b",
        displayName="x(0)",
        message="exit 1",
        finishedAt=T5,
    ),
    node("x1", "w[1].b.x(1)", "Pod", "Running", boundaryID="b", displayName="x(1)"),
    node("y", "w[1].b.y", "Skipped", "Omitted", boundaryID="b", message="omitted: depends condition not met"),
    node("c", "w[1].c", "Suspend", "Running", boundaryID="w", templateName="s"),
    node("e", "w.onExit", "Pod", "Pending", displayName="w.onExit", startedAt=None),
)


def test_the_tree_of_nested_steps_dag_retry_and_exit_handler() -> None:
    assert render_tree(STEPS, now=NOW) == [
        "STEP             TEMPLATE  PODNAME         DURATION  MESSAGE",
        " ● w             main",
        " ├───✔ a         t         w-t-2078810217  5s",
        " └─┬─● b         d",
        "   │ ├─● x",
        "   │ │ ├─✖ x(0)            w-2712135794    5s        exit 1",
        "   │ │ └─● x(1)            w-3181762031    2m",
        "   │ └─○ y                                           omitted: depends condition not met",
        "   └─ǁ c         s                         2m",
        " ◷ w.onExit                w-3635586449",
    ]


def test_the_same_tree_in_ascii() -> None:
    assert render_tree(STEPS, now=NOW, unicode=False)[1:6] == [
        " * w             main",
        " |---+ a         t         w-t-2078810217  5s",
        " `-+-* b         d",
        "   | |-* x",
        "   | | |-x x(0)            w-2712135794    5s        exit 1",
    ]


def test_the_header() -> None:
    done = workflow(
        phase="Failed",
        message="child 'a' failed",
        finishedAt="2026-01-01T00:01:05Z",
        progress="1/2",
        conditions=[{"type": "Completed", "status": "True"}],
        resourcesDuration={"memory": 65, "cpu": 3},
        outputs={"parameters": [{"name": "o", "value": "two\nlines"}]},
    )
    assert render_workflow(done, now=NOW) == [
        "Name:                w",
        "Namespace:           ns",
        "ServiceAccount:      unset (will run with the default ServiceAccount)",
        "Status:              Failed",
        "Message:             child 'a' failed",
        "Conditions:",
        " Completed           True",
        "Created:             Thu Jan 01 00:00:00 +0000 (2 minutes ago)",
        "Started:             Thu Jan 01 00:00:00 +0000 (2 minutes ago)",
        "Finished:            Thu Jan 01 00:01:05 +0000 (55 seconds ago)",
        "Duration:            1 minute 5 seconds",
        "Progress:            1/2",
        "ResourcesDuration:   3s*(1 cpu),1m*(100Mi memory)",
        "Parameters:",
        "  a:                 1",
        "Output Parameters:",
        "  o:                 two lines",
    ]


def test_loops_are_in_the_order_of_their_items() -> None:
    names = [f"w.t({i}:v{i})" for i in (10, 2, 0)]
    wf = workflow(
        node("w", "w", "DAG", "Running", children=["t"]),
        node("t", "w.t", "TaskGroup", "Running", boundaryID="w", children=names),
        *(node(name, name, "Pod", "Running", boundaryID="w", displayName=name[2:]) for name in names),
    )
    lines = [line.partition("w-")[0].rstrip() for line in render_tree(wf, now=NOW)[2:]]
    assert lines == [" └─● t", "   ├─● t(0:v0)", "   ├─● t(2:v2)", "   └─● t(10:v10)"]


def test_control_characters_cannot_reach_the_terminal() -> None:
    wf = workflow(node("w", "w", "Pod", "Failed", message="\x1b[2Jgone\r\n"))
    assert render_tree(wf, now=NOW)[1].endswith(" [2Jgone")
    assert "\x1b" not in "".join(render_workflow(wf, now=NOW))


def test_a_malformed_status_is_shown_as_far_as_it_goes() -> None:
    wf = {"metadata": {"name": "w"}, "status": {"nodes": {"w": {"phase": 3}, "x": None}, "phase": "Odd"}}
    assert "Status:              Odd" in render_workflow(wf, now=NOW)


def test_color_marks_only_the_symbol() -> None:
    wf = workflow(node("w", "w", "Pod", "Succeeded"))
    assert render_tree(wf, now=NOW, color=True)[1].startswith(" \x1b[32m✔\x1b[0m w")


@pytest.mark.parametrize(
    ("seconds", "short", "long"),
    [
        (0, "0s", "0 seconds"),
        (59.9, "59s", "59 seconds"),
        (61, "1m", "1 minute 1 second"),
        (7300, "2h", "2 hours 1 minute"),
        (90000, "1d", "1 day 1 hour"),
        (300, "5m", "5 minutes 0 seconds"),
        (-3, "0s", "0 seconds"),
    ],
)
def test_durations(seconds: float, short: str, long: str) -> None:
    assert (duration_text(seconds), in_words(seconds)) == (short, long)


def test_suspended_is_said() -> None:
    assert is_suspended(STEPS)
    assert "Status:              Running (Suspended)" in render_workflow(STEPS, now=NOW)
    assert not is_suspended(workflow())


def test_what_can_show_the_symbols() -> None:
    assert [can_unicode(e) for e in ("UTF-8", "utf8", "ascii", "latin-1", None)] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_line_is_cut_to_the_width_of_the_terminal() -> None:
    assert clip("\x1b[32mab\x1b[0mcdef", 3) == "\x1b[32mab\x1b[0mc"
    assert clip("abcdef", 10) == "abcdef"
