"""Pages as tests: how a page is read, and that a page that lies is found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from argolint import registry
from argolint.ruletest import cases_of, check_page, strip_markers, wrap

PAGE = """\
# No latest (ZZZ101)

Text.

## Bad

```yaml argo=3.5
- name: a
  container: {image: "x:latest", command: [run]}  # warning: [ZZZ101] latest
```

```fix
- name: a
  container: {image: "x:1", command: [run]}
```

```yaml file=extra.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
```

## Good

```yaml
- name: a
  container: {image: "x:1", command: [run]}
```
"""

MODULE = '''
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace


@rule("ZZZ101", "no-latest", on="template", severity="warning", fix="safe")
def check(template, ctx):
    """No image is called latest."""
    if template.body.text("image").endswith(":latest"):
        span = template.body.value_span("image")
        yield Finding(span, "latest is not a version", fix=replace(span, '"x:1"'))
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "rules"
    path.mkdir()
    (path / "zzz101_no_latest.py").write_text(MODULE)
    return path


def problems(folder: Path, page: str) -> list[str]:
    (folder / "zzz101_no_latest.md").write_text(page)
    rules = registry.load([str(folder)])
    return [text.partition(".md")[2] for text in check_page(rules["ZZZ101"], rules, (str(folder),))]


def test_a_page_is_read_into_cases() -> None:
    bad, good = cases_of(PAGE)
    assert (bad.good, bad.line, bad.words, list(bad.files)) == (
        False, 7, {"": "yaml", "argo": "3.5"}, ["example.yaml", "extra.yaml"]
    )  # fmt: skip
    assert bad.fixed is not None
    assert (good.good, good.fixed) == (True, None)


def test_markers_are_cut_off() -> None:
    text, marks = strip_markers("f", "a: 1  # error: [ABC101] text # warning: [ABC102]\nb: 2 # plain\n")
    assert text == "a: 1\nb: 2 # plain\n"
    assert [(mark.line, mark.severity, mark.code, mark.text) for mark in marks] == [
        (1, "warning", "ABC102", ""),
        (1, "error", "ABC101", "text"),
    ]


@pytest.mark.parametrize(
    ("fragment", "wrapped"),
    [
        ("- name: a\n  suspend: {}\n", "  entrypoint: a\n  templates:\n  - name: a\n    suspend: {}\n"),
        ("entrypoint: b\ntemplates: []\n", "  entrypoint: b\n  templates: []\n"),
        ("  templates:\n  - name: c\n", "  entrypoint: c\n  templates:\n  - name: c\n"),
        (
            "steps:\n- - name: a\n",
            "  entrypoint: main\n  templates:\n  - name: main\n    steps:\n    - - name: a\n",
        ),
    ],
)
def test_fragments_become_workflows(fragment: str, wrapped: str) -> None:
    text, before, _ = wrap(fragment)
    assert (
        text
        == f"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  generateName: example-\nspec:\n{wrapped}"
    )
    assert text.count("\n") - before == fragment.count("\n")
    assert wrap(text)[:2] == (text, 0)


def test_a_true_page(folder: Path) -> None:
    assert problems(folder, PAGE) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("(ZZZ101)", "(ZZZ102)", ":1: the first line is not"),
        ("  # warning: [ZZZ101] latest", "", ":7: example.yaml line 2: unexpected warning: [ZZZ101]"),
        ("# warning: [ZZZ101] latest", "# error: [ZZZ101]", "expected error: [ZZZ101]"),
        ("[ZZZ101] latest", "[ZZZ101] other words", "expected warning: [ZZZ101] other words"),
        ('"x:1", command: [run]}\n```\n\n```yaml file', '"x:2", command: [run]}\n```\n\n```yaml file', "the fix block is not what the fix does"),
        ("## Good", "## Other", ": no example under `## Good`"),
        ("```fix", "```text", "the rule has fixes, and the page no ```fix block"),
        ('Good\n\n```yaml\n- name: a\n  container: {image: "x:1"', 'Good\n\n```yaml\n- name: a\n  container: {image: "x:latest"', "unexpected warning"),
        ("command: [run]}  #", "comand: [run]}  #", "unexpected error: [SCH101]"),
    ],
)  # fmt: skip
def test_a_page_that_lies(folder: Path, old: str, new: str, problem: str) -> None:
    assert old in PAGE
    found = problems(folder, PAGE.replace(old, new, 1))
    assert any(problem in text for text in found), found
