"""Running rules in memory: findings, suppressions, crashes, selection, fingerprints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from argolint import registry
from argolint.api import Report, Source, check, check_with, parse_objects
from argolint.context import Context
from argolint.rule import Elsewhere, Finding, rule, rules_in
from argolint.runner import Plan, is_enabled, severity_of
from argolint.settings import Settings
from argolint.yaml import parse

TEXT = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - name: a
        template: nope
  - name: other
    container: {image: a, image: b}
"""


def lint(*texts: str, select: str = "REF101,YML103,LNT101,LNT104", **changes: Any) -> Report:
    settings = Settings()
    settings.select = tuple(select.split(","))
    for name, value in changes.items():
        setattr(settings, name, value)
    names = ["a.yaml", "b.yaml", "c.yaml"]
    return check([Source(name, text) for name, text in zip(names, texts)], settings)


def shown(report: Report) -> list[tuple[str, str, int, int]]:
    return [(item.code, item.path, *report.texts[item.path].line_col(item.start)) for item in report.findings]


def test_findings_are_sorted_and_complete() -> None:
    report = lint(TEXT)
    assert shown(report) == [("REF101", "a.yaml", 10, 19), ("YML103", "a.yaml", 12, 27)]
    first = report.findings[0]
    assert first.message == "template `nope` is not defined in this Workflow"
    assert first.where == "spec.templates[0].steps[0][0].template"
    assert first.object == ("Workflow", "", "a-")
    assert report.summary == {"files": 1, "objects": 1, "error": 2, "warning": 0, "info": 0, "fixable": 0}


def with_line(number: int, new: str) -> str:
    lines = TEXT.split("\n")
    lines[number - 1] = new
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (with_line(10, "        template: nope  # argolint: ignore[REF101] because"), ["YML103"]),
        (with_line(10, "        template: nope  # argolint: ignore[undefined-template]"), ["YML103"]),
        (with_line(10, "        template: nope  # argolint: ignore[REF]"), ["YML103"]),
        (with_line(10, "        template: nope  # argolint: ignore"), ["YML103"]),
        (with_line(8, "    # argolint: ignore[REF101] the whole list\n    steps:"), ["YML103"]),
        (with_line(9, "    # argolint: ignore[REF101]\n    - - name: a"), ["YML103"]),
        (with_line(5, "  # argolint: ignore[REF101]\n  entrypoint: main"), ["LNT101", "REF101", "YML103"]),
        (f"# argolint: ignore-file[REF101,YML103] vendored\n{TEXT}", []),
        (f"# argolint: ignore-file\n{TEXT}", []),
        (
            with_line(
                3,
                "metadata: {generateName: a-, annotations: {argolint.dev/ignore: 'REF101,YML103 generated'}}",
            ),
            [],
        ),
        (
            with_line(10, "        template: 'nope'  # argolint: ignore[YML103]"),
            ["LNT101", "REF101", "YML103"],
        ),
        (with_line(10, "        template: nope  # argolint: ignore REF101 why"), ["LNT104", "YML103"]),
        (with_line(10, "        template: nope  # argolint: disable=REF101"), ["LNT104", "REF101", "YML103"]),
        (with_line(11, "  - name: '# argolint: ignore[REF101]'"), ["REF101", "YML103"]),
    ],
)
def test_suppressions(text: str, left: list[str]) -> None:
    assert sorted(item.code for item in lint(text).findings) == left


def test_an_unused_selector_beside_a_used_one_is_named() -> None:
    report = lint(with_line(10, "        template: nope  # argolint: ignore[REF101, YML103] x"))
    unused = next(item for item in report.findings if item.code == "LNT101")
    assert unused.message == "this suppression of `YML103` suppresses nothing"
    assert unused.fix is None


def test_suppressions_of_rules_that_did_not_run_are_left_alone() -> None:
    assert [
        item.code
        for item in lint(with_line(10, "        template: main  # argolint: ignore[STP101]")).findings
    ] == ["YML103"]


def test_fingerprints_survive_moved_lines_and_tell_twins_apart() -> None:
    twice = TEXT.replace("template: nope", "template: nope\n      - name: b\n        template: nope")
    before = [item.fingerprint for item in lint(twice).findings if item.code == "REF101"]
    after = [item.fingerprint for item in lint(f"# moved\n\n{twice}").findings if item.code == "REF101"]
    assert before == after
    assert len(set(before)) == 2


def test_a_node_that_two_aliases_share_is_reported_once() -> None:
    text = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-}
spec:
  entrypoint: m
  templates:
  - name: m
    steps:
    - - &s {name: a, template: nope}
    - - *s
"""
    assert shown(lint(text)) == [("REF101", "a.yaml", 9, 32)]


def test_references_across_files_and_namespaces() -> None:
    template = "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: t%s}\nspec: {templates: [{name: x, container: {image: a}}]}\n"
    use = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: a-%s}\nspec: {entrypoint: m, templates: [{name: m, steps: [[{name: a, templateRef: {name: t, template: gone}}]]}]}\n"
    report = lint(use % "", template % "", select="REF104,REF105")
    assert [(item.code, item.severity, item.message) for item in report.findings] == [
        ("REF105", "error", "WorkflowTemplate `t` has no template `gone`")
    ]
    assert [label.path for label in report.findings[0].related] == ["b.yaml"]
    # One that does not say its namespace matches any; two that differ do not.
    assert [
        item.code for item in lint(use % ", namespace: p", template % "", select="REF104,REF105").findings
    ] == ["REF105"]
    other = lint(use % ", namespace: p", template % ", namespace: q", select="REF104,REF105,REF107")
    assert [item.code for item in other.findings] == ["REF107"]
    for level, severities in (("ignore", []), ("info", ["info"]), ("error", ["error"])):
        report = lint(use % "", select="REF104", external_references=level)
        assert [item.severity for item in report.findings] == severities


def test_selection_most_specific_wins() -> None:
    rules = registry.load()
    settings = Settings()

    def enabled(code: str) -> bool:
        return is_enabled(rules[code], settings)

    assert enabled("REF101")
    settings.ignore = ("REF",)
    assert not enabled("REF101")
    settings.extend_select = ("REF101",)
    assert enabled("REF101")
    assert not enabled("REF105")
    settings = Settings()
    settings.select = ("YML",)
    assert not enabled("REF101")
    assert enabled("YML101")
    settings.ignore = ("yaml-syntax-error",)
    assert not enabled("YML101")


def test_severity_can_be_remapped() -> None:
    rules = registry.load()
    settings = Settings()
    settings.severity = {"ALL": "info", "REF": "warning", "REF101": "error"}
    assert [severity_of(rules[code], settings) for code in ("YML101", "REF105", "REF101")] == [
        "info",
        "warning",
        "error",
    ]
    assert [item.severity for item in lint(TEXT, severity={"undefined-template": "info"}).findings] == [
        "info",
        "error",
    ]


def test_per_file_ignores() -> None:
    report = lint(TEXT, TEXT, per_file_ignores={"a.*": ("REF",), "b.yaml": ("ALL",)})
    assert [(item.code, item.path) for item in report.findings] == [("YML103", "a.yaml")]


@rule("TST101", "crash", on="spec", severity="warning")
def crash(spec: Any, ctx: Context) -> Iterator[Finding]:
    """Crashes."""
    yield Finding(spec.key_span("entrypoint"), "before the crash")
    raise KeyError("boom")


@rule("TST102", "every-object", on="project", severity="info", options={"word": "seen"})
def every_object(index: Any, ctx: Context) -> Iterator[Finding]:
    """Reports every object of the index."""
    for fact in index.objects:
        loaded = index.load(fact)
        yield Finding(
            Elsewhere(fact.path, fact.start, fact.end, fact.where),
            f"{ctx.option('word')} {loaded.kind}",
            object=fact.ref,
        )


@rule("TST103", "peeks", on="object", severity="info")
def peeks(obj: Any, ctx: Context) -> Iterator[Finding]:
    """Uses the index without saying so."""
    yield Finding(obj, str(len(ctx.index.objects)))


def run_own(*codes: str, **options: Any) -> Report:
    rules = registry.Rules()
    for item in rules_in(globals()):
        if item.code in codes:
            rules[item.code] = item
    settings = Settings()
    settings.options = options
    return check_with(Plan(rules, settings), [Source("a.yaml", TEXT)], settings)


def test_a_crash_becomes_a_finding_and_the_run_goes_on() -> None:
    report = run_own("TST101", "TST102")
    assert [(item.code, item.message) for item in report.findings] == [
        ("TST102", "seen Workflow"),
        ("TST101", "before the crash"),
        ("LNT901", "rule TST101 (crash) crashed: KeyError: 'boom'"),
    ] or {item.code for item in report.findings} == {"TST101", "TST102", "LNT901"}
    assert "KeyError: 'boom'" in report.tracebacks[0]
    assert report.summary["error"] == 1


def test_project_rules_see_all_objects_and_options() -> None:
    assert [item.message for item in run_own("TST102", word="found").findings] == ["found Workflow"]


def test_the_index_is_for_rules_that_say_so() -> None:
    (finding,) = run_own("TST103").findings
    assert (finding.code, "cross_file=True" in finding.message) == ("LNT901", True)


@pytest.mark.parametrize(
    "arguments",
    [
        {"code": "ABC1"}, {"name": "Not Kebab"}, {"on": "nothing"}, {"severity": "fatal"}, {"fix": "maybe"},
    ],
)  # fmt: skip
def test_a_declaration_that_makes_no_sense_is_refused(arguments: dict[str, str]) -> None:
    given: dict[str, Any] = {"code": "ABC101", "name": "a-b", "on": "spec", "severity": "error", **arguments}
    with pytest.raises(ValueError):
        rule(given.pop("code"), given.pop("name"), **given)


def test_parse_objects() -> None:
    text = "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: A}, {apiVersion: v1, kind: B}]\n---\na: [\n---\nkind: C\n"
    assert [(path, obj["kind"]) for path, obj in parse_objects([Source("x", text)])] == [
        ("x", "A"),
        ("x", "B"),
        ("x", "C"),
    ]


def test_hostile_texts_give_findings_not_exceptions() -> None:
    for text in (
        "[" * 5000,
        "a: \x00",
        "\ud800",
        "a: &a [*a]",
        "{" * 300,
        "- - - " * 400,
        "? [a, b]\n: c\n",
        "kind: [x]\napiVersion: {}\n",
    ):
        report = lint(text, select="ALL")
        assert [item.code for item in report.findings if item.code == "LNT901"] == []


@pytest.mark.parametrize(
    "text",
    ["a: {{x\n", "a: {{" + " " * 3000 + "x\n", "a: {{x}} y\n", "- {{x}}\n", "a: *b\n", "a: &a [*a]\n", "a: [\n", "[" * 999 + "\n", "a: {{" + "x" * 3000 + "}}\n",
     "{{x}}: {{y}}\n", "a: {b: {{x}}, c: [{{y}} z]}\n", "x: {{=a ? 'b' : 'c'}}\n"],
)  # fmt: skip
def test_no_document_is_left_out_in_silence(text: str) -> None:
    document = parse(text).documents[0]
    assert document.problems
    report = lint(f"{text}---\n{TEXT}", select="YML,REF101")
    lines = {
        report.texts["a.yaml"].line_col(item.start)[0]
        for item in report.findings
        if item.code.startswith("YML1")
    }
    assert 1 in lines
    assert "REF101" in {item.code for item in report.findings}


def test_a_block_is_switched_off_and_on_again() -> None:
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: a-}\nspec:\n  entrypoint: main\n  templates:\n  - name: main\n    steps:\n"
        "    # argolint: disable[REF101] written elsewhere\n    - - {name: a, template: x}\n    # argolint: enable[REF101]\n"
        "    - - {name: b, template: z}\n    # argolint: disable[REF101] nothing here\n"
    )
    report = lint(text, select="REF101,LNT")
    lines = [
        (item.code, report.texts[item.path].line_col(item.start)[0])
        for item in report.findings
        if item.code != "LNT103"
    ]
    assert lines == [("REF101", 12), ("LNT101", 13)]
