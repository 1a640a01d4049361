"""The pages of rules as tests: what a page says is bad must be found, at that line, and what it says is good must not.

A page has sections `## Bad` and `## Good`. In a section, a fence ```` ```yaml ```` starts a case; fences ```` ```yaml file=x.yaml ```` behind it
add files to that case; ```` ```fix ```` holds the case's text after the rule's fixes. A fence may have more words: `argo=3.5` sets the target version,
`select=CODE,…` enables rules beside the page's own, `option.NAME=VALUE` (YAML) sets an option, `external=LEVEL` external-references, `raw` keeps the text
from being wrapped. A marker `# error: [CODE]` (or warning, info) at the end of a line says what is found on that line.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from argolint import registry
from argolint.api import Report, Source, check_with
from argolint.fix import compatible, edits_of
from argolint.rule import Rule
from argolint.runner import Plan
from argolint.settings import Settings
from argolint.yaml.edit import apply_edits
from argolint.yaml.loader import parse

_FENCE = re.compile(r"^(`{3,})[ \t]*([^\n`]*)\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^##[ \t]+(.+?)[ \t]*$", re.MULTILINE)
_MARKER = re.compile(r"[ \t]*# (error|warning|info): \[([A-Z]{3}\d{3})\](?:[ \t]+([^#\n]*?))?[ \t]*$")


class Expected(NamedTuple):
    """A marker: on this line of this file, that code with that severity, its message containing `text`."""

    path: str
    line: int
    severity: str
    code: str
    text: str


class Case(NamedTuple):
    """A fence of a page with the files that go with it. `line` is where it starts in the page."""

    line: int
    good: bool
    words: dict[str, str]
    files: dict[str, str]
    fixed: str | None


MAIN = "example.yaml"


def cases_of(page: str) -> list[Case]:
    """The cases of a page, in order."""
    cases: list[Case] = []
    headings = [(match.start(), match.group(1).lower()) for match in _HEADING.finditer(page)]
    for match in _FENCE.finditer(page):
        words = _words(match.group(2))
        heading = next((text for at, text in reversed(headings) if at < match.start()), "")
        good, bad = heading.startswith("good"), heading.startswith("bad")
        language = words.get("", "")
        body = match.group(3)
        line = page.count("\n", 0, match.start()) + 1
        if language == "fix" and cases:
            cases[-1] = cases[-1]._replace(fixed=body)
        elif language in ("yaml", "yml", "json") and (good or bad):
            name = words.get("file", MAIN)
            if cases and name != MAIN and name not in cases[-1].files and cases[-1].good == good:
                cases[-1].files[name] = body
            else:
                cases.append(Case(line, good, words, {name: body}, None))
    return cases


def _words(info: str) -> dict[str, str]:
    words: dict[str, str] = {}
    for i, word in enumerate(info.split()):
        key, equals, value = word.partition("=")
        words["" if i == 0 else key] = word if i == 0 else (value if equals else "yes")
    return words


def strip_markers(path: str, text: str) -> tuple[str, list[Expected]]:
    """The text without its markers, and what they expect."""
    lines: list[str] = []
    expected: list[Expected] = []
    for number, line in enumerate(text.split("\n"), 1):
        while match := _MARKER.search(line):
            expected.append(
                Expected(path, number, match.group(1), match.group(2), (match.group(3) or "").strip())
            )
            line = line[: match.start()]
        lines.append(line)
    return "\n".join(lines), expected


_WRAPPED = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  generateName: example-\nspec:\n"
_SPEC_KEY = re.compile(r"^[a-zA-Z]+:")


def wrap(text: str) -> tuple[str, int, int]:
    """A fragment as a whole Workflow: (text, lines put before it, columns it was shifted by).

    Fragments are: a list of templates (the first is the entrypoint); the keys of a spec; `templates`, `spec` or
    `steps` at any indentation. A text that has `apiVersion` or `kind` at its left margin is left as it is.
    """
    if (
        re.search(r"^(apiVersion|kind)[ \t]*:", text, re.MULTILINE)
        or text.lstrip()[:1] == "{"
        or not text.strip()
    ):
        return text, 0, 0
    body = _dedented(text)
    shift = 2
    head = _WRAPPED
    first = next(line for line in body.split("\n") if line.strip() and not line.lstrip().startswith("#"))
    if first.startswith("- "):
        name = re.search(r"^- name:[ \t]*([\w.-]+)", body, re.MULTILINE)
        head += f"  entrypoint: {name.group(1) if name else 'main'}\n  templates:\n"
    elif re.match(
        r"(steps|dag|container|script|inputs|outputs|resource|suspend|http|containerSet|data|plugin)[ \t]*:",
        first,
    ):
        head += "  entrypoint: main\n  templates:\n  - name: main\n"
        shift = 4
    elif not re.search(r"^(entrypoint|workflowTemplateRef)[ \t]*:", body, re.MULTILINE):
        name = re.search(r"^[ \t]*- name:[ \t]*([\w.-]+)", body[body.find("templates:") :], re.MULTILINE)
        head += f"  entrypoint: {name.group(1) if name else 'main'}\n"
    elif first.startswith("spec:"):
        head = head[: -len("spec:\n")]
        shift = 0
    indented = "".join(
        (" " * shift + line if line.strip() else line) for line in body.splitlines(keepends=True)
    )
    return head + indented, head.count("\n"), shift


def _dedented(text: str) -> str:
    lines = [line for line in text.split("\n") if line.strip()]
    margin = min(len(line) - len(line.lstrip(" ")) for line in lines)
    return "\n".join(line[margin:] if line.strip() else line for line in text.split("\n"))


class Linted(NamedTuple):
    """A case as it was linted: what its markers expect, and how many lines were put before each file to make it a whole."""

    report: Report
    sources: list[Source]
    expected: list[Expected]
    offsets: dict[str, int]


def sources_of(case: Case) -> tuple[list[Source], list[Expected], dict[str, int]]:
    """The files of a case, whole and without markers; what the markers expect; and how many lines were put before each file."""
    sources: list[Source] = []
    expected: list[Expected] = []
    offsets: dict[str, int] = {}
    for name, body in case.files.items():
        text, marks = strip_markers(name, body)
        if "raw" in case.words:
            whole, before = text, 0
        else:
            whole, before, _ = wrap(text)
        offsets[name] = before
        sources.append(Source(name, whole))
        expected.extend(mark._replace(line=mark.line + before) for mark in marks)
    return sources, expected, offsets


def lint_case(case: Case, item: Rule, rules: registry.Rules, folders: tuple[str, ...] = ()) -> Linted:
    """Lint a case of a rule's page, without its markers, with the rule and what the case asks for."""
    settings = settings_of(case, item, folders)
    sources, expected, offsets = sources_of(case)
    return Linted(check_with(Plan(rules, settings), sources, settings), sources, expected, offsets)


def run_case(case: Case, item: Rule, rules: registry.Rules, folders: tuple[str, ...] = ()) -> list[str]:
    """Everything that is wrong with a case of a rule's page; [] when the page tells the truth."""
    report, sources, expected, offsets = lint_case(case, item, rules, folders)
    problems = [f"the rule crashed:\n{text}" for text in report.tracebacks]
    problems += _compare(case, item, report, expected, offsets)
    if not problems and item.fix is not None and not case.good:
        problems += _check_fix(case, item, report, sources)
    return problems


def settings_of(case: Case, item: Rule, folders: tuple[str, ...] = ()) -> Settings:
    """The settings that a case of a rule's page asks for: the defaults, with the rule itself."""
    settings = Settings()
    settings.rules = folders
    chosen = [text for text in case.words.get("select", "").split(",") if text]
    settings.extend_select = (item.code, *chosen)
    if "argo" in case.words:
        major, _, minor = case.words["argo"].partition(".")
        settings.argo_version = (int(major), int(minor))
        settings.origins["argo_version"] = "the page"
    if "external" in case.words:
        settings.external_references = case.words["external"]
    for key, value in case.words.items():
        if key.startswith("option."):
            settings.options[key[7:]] = parse(value).documents[0].root
    return settings


def _compare(
    case: Case, item: Rule, report: Report, expected: list[Expected], offsets: dict[str, int]
) -> list[str]:
    problems: list[str] = []
    waiting = list(expected)
    named = {mark.code for mark in expected} | {item.code}
    for finding in report.findings:
        line = report.texts[finding.path].line_col(finding.start)[0] if finding.path in report.texts else 0
        shown = line - offsets.get(finding.path, 0)
        match = next(
            (
                mark for mark in waiting
                if (mark.path, mark.line, mark.severity, mark.code) == (finding.path, line, finding.severity, finding.code)
                and mark.text in finding.message
            ),
            None,
        )  # fmt: skip
        if match is not None:
            waiting.remove(match)
        elif finding.code in named or finding.severity == "error":
            problems.append(
                f"{finding.path} line {shown}: unexpected {finding.severity}: [{finding.code}] {finding.message}"
            )
    for mark in waiting:
        problems.append(
            f"{mark.path} line {mark.line - offsets[mark.path]}: expected {mark.severity}: [{mark.code}] {mark.text}".rstrip()
        )
    if not case.good and not any(mark.code == item.code for mark in expected):
        problems.append(f"a Bad example without a marker for {item.code}")
    if case.good and any(mark.code == item.code for mark in expected):
        problems.append(f"a Good example with a marker for {item.code}")
    return problems


def _check_fix(case: Case, item: Rule, report: Report, sources: list[Source]) -> list[str]:
    mine = [finding for finding in report.findings if finding.code == item.code and finding.fix is not None]
    if case.fixed is None:
        return []
    main = sources[0]
    got = apply_edits(main.text, edits_of(compatible([item for item in mine if item.path == main.path])))
    wanted_text, _ = strip_markers(main.path, case.fixed)
    wanted = wanted_text if "raw" in case.words else wrap(wanted_text)[0]
    if got == wanted:
        return []
    import difflib

    diff = "".join(
        difflib.unified_diff(wanted.splitlines(True), got.splitlines(True), "fix block", "applied fix")
    )
    return [f"the fix block is not what the fix does:\n{diff}"]


def check_page(item: Rule, rules: registry.Rules, folders: tuple[str, ...] = ()) -> list[str]:
    """Everything that is wrong with a rule's page, one text each with the line of the page; [] when all is well."""
    path = Path(registry.page_path(item))
    if not path.is_file():
        return [f"{path}: missing; every rule has a page"]
    page = path.read_text(encoding="utf-8")
    problems: list[str] = []
    if not re.match(rf"# .*\({item.code}\)[ \t]*$", page.partition("\n")[0]):
        problems.append(f"{path}:1: the first line is not `# Title ({item.code})`")
    cases = cases_of(page)
    if not any(not case.good for case in cases):
        problems.append(f"{path}: no example under `## Bad`")
    if not any(case.good for case in cases):
        problems.append(f"{path}: no example under `## Good`")
    if item.fix is not None and not any(case.fixed is not None for case in cases):
        problems.append(f"{path}: the rule has fixes, and the page no ```fix block")
    for case in cases:
        problems.extend(f"{path}:{case.line}: {text}" for text in run_case(case, item, rules, folders))
    return problems
