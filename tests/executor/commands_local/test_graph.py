"""`argorun graph` and `argorun report`: whole outputs, and nothing of a workflow is taken for markup."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from xml.etree import ElementTree

from executor.local import graph, report

from .conftest import HEAD, Project

FORK = f"""{HEAD}spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - [{{name: a, template: work}}]
    - [{{name: b, template: work, withItems: [x, z]}}, {{name: c, template: work, when: "1 == 2"}}]
  - {{name: work, container: {{image: alpine, command: ["true"]}}}}
"""


def test_a_file_is_drawn_as_it_would_run(project: Project) -> None:
    project.write("wf.yaml", FORK)
    assert project.argorun("graph", "wf.yaml").out.splitlines() == [
        "flowchart TD",
        '  n0(["wf<br/>main"])',
        '  n2["a<br/>work"]',
        '  n4["b(0:x)<br/>work"]',
        '  n5["b(1:z)<br/>work"]',
        '  n6["○ c<br/>work"]:::Skipped',
        "  n0 --> n2",
        "  n2 --> n4",
        "  n2 --> n5",
        "  n2 --> n6",
        "  classDef Skipped fill:#eeeeee,stroke:#888,color:#222",
    ]


def test_a_run_is_drawn_with_phases_and_reported(sandboxed: Project) -> None:
    sandboxed.write(
        "wf.yaml",
        f"{HEAD}spec:\n  entrypoint: m\n  templates:\n  - name: m\n    script: {{image: alpine, command: [sh], source: 'echo \"<b>&\"; exit 1'}}\n",
    )
    sandboxed.argorun("run", "wf.yaml", "--no-lint")
    dot = sandboxed.argorun("graph", "wf", "-o", "dot").out
    assert re.sub(r"\d+s", "0s", dot).splitlines() == [
        'digraph "wf" {',
        '  node [shape=box, style="rounded,filled", fillcolor=white, fontname="sans-serif"];',
        '  "wf" [label="✖ wf\\nm\\n0s", fillcolor="#ffd6d6"];',
        "}",
    ]
    done = sandboxed.argorun("report", "@latest")
    page = sandboxed.path / ".argolint/runs/wf/report.html"
    assert (done.code, done.out.strip()) == (0, str(page))
    text = page.read_text()
    assert '<h1>wf <span class="Failed">Failed</span></h1>' in text
    assert "<p>log of main</p><pre>&lt;b&gt;&amp;</pre>" in text
    assert "fidelity: approximate" in text
    assert sandboxed.argorun("report", "wf", "-o", "-").out == text
    refused = sandboxed.argorun("report", "wf", "-o", "no/such/dir.html")
    assert refused.code == 2
    assert "cannot write no/such/dir.html" in refused.err


def test_a_drawing_has_every_node_in_the_colour_of_its_phase(project: Project) -> None:
    project.write("wf.yaml", FORK)
    drawn = project.argorun("graph", "wf.yaml", "-o", "svg").out
    tree = ElementTree.fromstring(drawn)
    space = "{http://www.w3.org/2000/svg}"
    texts = [element.text for element in tree.iter(f"{space}text")]
    assert texts == ["wf", "main", "a", "work", "b(0:x)", "work", "b(1:z)", "work", "○ c", "work"]
    fills = [element.get("fill") for element in tree.iter(f"{space}rect")][1:]
    assert fills == ["#ffffff", "#ffffff", "#ffffff", "#ffffff", "#eeeeee"]
    assert len(list(tree.iter(f"{space}path"))) == 1 + 4
    project.write("two.yaml", f"{FORK}---\n{FORK.replace('name: wf', 'name: other')}")
    several = project.argorun("graph", "two.yaml", "-o", "svg")
    assert (several.code, "two.yaml has 2 workflows" in several.err) == (2, True)


def test_a_target_that_is_nothing_is_refused(project: Project) -> None:
    done = project.argorun("graph", "nothing")
    assert done.code == 2
    assert "there is no file and no run nothing" in done.err


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        assert not any(name.startswith("on") or name == "src" for name, _ in attrs)


HOSTILE = "<script>alert(1)</script>\"'`\n\x1b[31m\u202e]"


def test_hostile_text_is_shown_not_obeyed() -> None:
    node = {
        "id": HOSTILE, "name": HOSTILE, "displayName": HOSTILE, "templateName": HOSTILE, "type": "Pod", "phase": HOSTILE,
        "message": HOSTILE, "startedAt": "2026-01-01T00:00:00Z", "inputs": {"parameters": [{"name": HOSTILE, "value": HOSTILE}]},
    }  # fmt: skip
    workflow = {
        "metadata": {"name": HOSTILE},
        "status": {"phase": HOSTILE, "message": HOSTILE, "nodes": {HOSTILE: node}},
    }
    page = report.html(
        [workflow], {"fidelity": HOSTILE}, {HOSTILE: [(HOSTILE, report.last_lines(HOSTILE.encode()))]}
    )
    parser = _Tags()
    parser.feed(page)
    assert "script" not in parser.found
    assert "\x1b" not in page
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    ElementTree.fromstring("\n".join(graph.svg(workflow, moment)))
    for lines in (list(draw(workflow, moment)) for draw in (graph.mermaid, graph.dot, graph.svg)):
        text = "\n".join(lines)
        assert "\x1b" not in text
    mermaid = list(graph.mermaid(workflow, moment))
    assert len(mermaid) == 2
    assert mermaid[1].count('"') == 2


def test_the_end_of_a_long_log_is_shown() -> None:
    text = report.last_lines(b"".join(b"line %d\n" % i for i in range(1000)))
    assert text.splitlines()[0] == "…"
    assert text.splitlines()[1:] == [f"line {i}" for i in range(800, 1000)]
