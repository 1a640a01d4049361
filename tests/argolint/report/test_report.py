"""Renderers: exact output for one small report."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from argolint.diagnostic import Diagnostic, Edit, Fix, ObjectRef, Related, Safety
from argolint.report import FORMATS, View, printable, renderer
from argolint.report.text import Mark, columns, fixable, snippet
from argolint.text import SourceText

A = "kind: X\nname: \x1b[31mevil\nwide: 中文 bad\n\ttab: here\n"
B = "other: thing\n"


def view(color: bool = False) -> View:
    start = A.index("bad")
    findings = [
        Diagnostic(
            "ABC101", "some-rule", "error", "`bad` is <wrong> & \x1b[2J", "a.yaml", start, start + 3, "write `good`",
            ObjectRef("X", "ns", "n"), "spec.wide", (Related("b.yaml", 7, 12, "see here"), Related("a.yaml", 0, 4, "and here")),
            Fix("safe", (Edit(start, start + 3, "good"),), "spell it right"), "f1",
        ),
        Diagnostic("ABC102", "other-rule", "info", "a tab", "a.yaml", A.index("here"), A.index("here") + 4, fingerprint="f2"),
    ]  # fmt: skip
    texts = {"a.yaml": SourceText(A), "b.yaml": SourceText(B)}
    summary = {"files": 2, "objects": 1, "error": 1, "warning": 0, "info": 1, "fixable": 1}
    return View(findings, texts, summary, color)


def test_text() -> None:
    assert renderer("text")(view()) == (
        "a.yaml:3:10: error: `bad` is <wrong> & \\x1b[2J [ABC101 some-rule]\n"
        "   |\n"
        " 1 | kind: X\n"
        "   | ^^^^ and here\n"
        " 2 | name: \\x1b[31mevil\n"
        " 3 | wide: 中文 bad\n"
        "   |            ^^^\n"
        "   --> b.yaml:1:8\n"
        "   |\n"
        " 1 | other: thing\n"
        "   |        ^^^^^ see here\n"
        "   = help: write `good`\n"
        "   = fixable with --fix\n"
        "\n"
        "a.yaml:4:7: info: a tab [ABC102 other-rule]\n"
        "   |\n"
        " 4 |     tab: here\n"
        "   |          ^^^^\n"
        "\n"
        "1 error, 1 info in 2 files (1 object); 1 fixable with --fix\n"
    )


def test_colours_only_when_asked_for() -> None:
    assert "\x1b" not in renderer("text")(view())
    assert "\x1b[1;31merror\x1b[0m" in renderer("text")(view(color=True))


def test_the_line_for_grep_has_the_same_colours_and_links() -> None:
    plain = view()
    coloured = plain._replace(color=True, links={"ABC101": "file:///page.md"})
    line = renderer("concise")(coloured).splitlines()[0]
    assert line == (
        "\x1b[1ma.yaml:3:10\x1b[0m: \x1b[1;31merror\x1b[0m: `bad` is <wrong> & \\x1b[2J "
        "\x1b[2m\x1b]8;;file:///page.md\x1b\\[ABC101 some-rule]\x1b]8;;\x1b\\\x1b[0m"
    )


@pytest.mark.parametrize(
    ("safeties", "text"),
    [
        ([], ""),
        (["safe"], "; 1 fixable with --fix"),
        (["unsafe", "unsafe"], "; 2 fixable with --fix --unsafe-fixes"),
        (["safe", "unsafe", "unsafe"], "; 1 fixable with --fix, 2 more with --unsafe-fixes"),
    ],
)
def test_the_summary_says_which_repairs_need_a_second_look(safeties: list[Safety], text: str) -> None:
    found = [view().findings[0]._replace(fix=Fix(safety, ())) for safety in safeties]
    assert fixable([*found, view().findings[1]]) == text


def test_a_label_on_the_same_line_shares_it() -> None:
    text = "{image: a, image: b}\n"
    finding = Diagnostic(
        "ABC101", "x", "error", "twice", "a.yaml", 11, 16, related=(Related("a.yaml", 1, 6, "first here"),)
    )
    summary = {"files": 1, "objects": 1, "error": 1, "warning": 0, "info": 0, "fixable": 0}
    assert renderer("text")(View([finding], {"a.yaml": SourceText(text)}, summary, quiet=True)) == (
        "a.yaml:1:12: error: twice [ABC101 x]\n"
        "   |\n"
        " 1 | {image: a, image: b}\n"
        "   |            ^^^^^\n"
        "   |  ^^^^^ first here\n"
    )


def test_no_findings() -> None:
    empty = View([], {}, {"files": 1, "objects": 2, "error": 0, "warning": 0, "info": 0, "fixable": 0})
    assert renderer("text")(empty) == "no problems in 1 file (2 objects)\n"
    assert json.loads(renderer("json")(empty))["findings"] == []
    assert [renderer(name)(empty) for name in ("jsonl", "github", "azure")] == ["", "", ""]
    assert ET.fromstring(renderer("junit")(empty)).attrib == {
        "name": "argolint",
        "tests": "1",
        "failures": "0",
        "errors": "0",
    }


def test_concise() -> None:
    assert renderer("concise")(view()) == (
        "a.yaml:3:10: error: `bad` is <wrong> & \\x1b[2J [ABC101 some-rule]\n"
        "a.yaml:4:7: info: a tab [ABC102 other-rule]\n"
        "1 error, 1 info in 2 files (1 object); 1 fixable with --fix\n"
    )


def test_json_is_the_published_shape() -> None:
    document = json.loads(renderer("json")(view()))
    assert document["version"] == 1
    assert document["summary"] == {
        "files": 2,
        "objects": 1,
        "error": 1,
        "warning": 0,
        "info": 1,
        "fixable": 1,
    }
    assert document["findings"][0] == {
        "code": "ABC101", "name": "some-rule", "severity": "error", "message": "`bad` is <wrong> & \x1b[2J", "help": "write `good`",
        "file": "a.yaml", "line": 3, "column": 10, "end_line": 3, "end_column": 13,
        "object": {"kind": "X", "namespace": "ns", "name": "n"}, "path": "spec.wide",
        "related": [
            {"file": "b.yaml", "line": 1, "column": 8, "end_line": 1, "end_column": 13, "message": "see here"},
            {"file": "a.yaml", "line": 1, "column": 1, "end_line": 1, "end_column": 5, "message": "and here"},
        ],
        "fix": {"safety": "safe", "edits": [{"line": 3, "column": 10, "end_line": 3, "end_column": 13, "text": "good"}]},
        "fingerprint": "f1",
    }  # fmt: skip
    assert document["findings"][1]["fix"] is None
    assert [json.loads(line) for line in renderer("jsonl")(view()).splitlines()] == document["findings"]


def test_github_escapes_what_would_end_the_command() -> None:
    first = renderer("github")(view()).splitlines()[0]
    assert first == (
        "::error file=a.yaml,line=3,endLine=3,col=10,endColumn=13,title=ABC101 some-rule::"
        "`bad` is <wrong> & \\x1b[2J%0Awrite `good`"
    )


def test_sarif() -> None:
    run = json.loads(renderer("sarif")(view()))["runs"][0]
    assert [item["id"] for item in run["tool"]["driver"]["rules"]] == ["ABC101", "ABC102"]
    result = run["results"][0]
    assert (result["ruleIndex"], result["level"], result["partialFingerprints"]) == (
        0,
        "error",
        {"argolint/v1": "f1"},
    )
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a.yaml"},
        "region": {"startLine": 3, "startColumn": 10, "endLine": 3, "endColumn": 13},
    }
    assert result["fixes"][0]["artifactChanges"][0]["replacements"][0]["insertedContent"] == {"text": "good"}


def test_xml_formats_are_well_formed() -> None:
    junit = ET.fromstring(renderer("junit")(view()))
    assert [failure.get("message") for failure in junit.iter("failure")] == [
        "`bad` is <wrong> & \\x1b[2J",
        "a tab",
    ]
    checkstyle = ET.fromstring(renderer("checkstyle")(view()))
    assert [(error.get("line"), error.get("column"), error.get("source")) for error in checkstyle.iter("error")] == [
        ("3", "10", "argolint.ABC101"), ("4", "7", "argolint.ABC102"),
    ]  # fmt: skip


def test_gitlab_azure_and_rdjson() -> None:
    assert json.loads(renderer("gitlab")(view()))[1]["location"] == {
        "path": "a.yaml",
        "lines": {"begin": 4, "end": 4},
    }
    assert renderer("azure")(view()).splitlines()[1] == (
        "##vso[task.logissue type=warning;sourcepath=a.yaml;linenumber=4;columnnumber=7;code=ABC102;]a tab"
    )
    first = json.loads(renderer("rdjson")(view()))["diagnostics"][0]
    # Columns of this format count bytes: the two wide characters take three each.
    assert first["location"]["range"]["start"] == {"line": 3, "column": 14}
    assert first["suggestions"][0]["text"] == "good"


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_survives_a_file_that_is_not_there(name: str) -> None:
    finding = Diagnostic(
        "ABC101", "x", "error", "m", "gone.yaml", 5, 9, related=(Related("too.yaml", 1, 2, "l"),)
    )
    summary = {"files": 0, "objects": 0, "error": 1, "warning": 0, "info": 0, "fixable": 0}
    assert "gone.yaml" in renderer(name)(View([finding], {}, summary))


def test_long_lines_are_cut_around_the_span() -> None:
    text = "a: " + "x" * 300 + "HERE" + "y" * 300
    lines = snippet(SourceText(text), [Mark(303, 307, "", "error")], 2, False)
    shown, carets = lines[1], lines[2]
    assert len(shown) < 130
    assert shown.count("…") == 2
    at = carets.index("^")
    assert shown[at : at + 4] == "HERE"


def test_several_marks_share_a_frame() -> None:
    text = "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\n"
    marks = [
        Mark(text.index("6"), text.index("6") + 1, "last", "error"),
        Mark(0, 1, "first", "related"),
        Mark(text.index("c"), text.index("c") + 4, "third", "related"),
    ]
    assert snippet(SourceText(text), marks, 2, False) == [
        "   |",
        " 1 | a: 1",
        "   | ^ first",
        " 2 | b: 2",
        " 3 | c: 3",
        "   | ^^^^ third",
        "   …",
        " 6 | f: 6",
        "   |    ^ last",
    ]


def test_marks_far_apart_on_a_long_line_get_a_window_each() -> None:
    text = "a: HERE" + "x" * 300 + "THERE"
    lines = snippet(SourceText(text), [Mark(3, 7, "", "error"), Mark(307, 312, "", "related")], 2, False)
    assert [line[:12] for line in lines if "|" in line][1::2] == [" 1 | a: HERE", " 1 | …xxxxxx"]
    for shown, carets in zip(lines[1::2], lines[2::2]):
        assert {shown[i] for i, char in enumerate(carets) if char == "^"} <= set("THERE")


def test_codes_are_links_when_pages_are_known() -> None:
    shown = renderer("text")(view()._replace(links={"ABC101": "file:///rules/abc101.md"}))
    assert "\x1b]8;;file:///rules/abc101.md\x1b\\[ABC101 some-rule]\x1b]8;;\x1b\\" in shown


def test_spans_of_many_lines_are_shortened() -> None:
    text = "".join(f"line{i}\n" for i in range(10))
    lines = snippet(SourceText(text), [Mark(0, len(text), "", "error")], 2, False)
    assert lines[-1] == "   | … 6 more lines"


def test_text_from_manifests_cannot_drive_the_terminal() -> None:
    assert printable("a\x1b]0;x\x07b\u202ec\td\x9b") == "a\\x1b]0;x\\x07b\\u202ec\td\\x9b"
    assert columns("中a\u0301") == 3
