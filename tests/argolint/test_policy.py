"""Rules without code."""

from __future__ import annotations

from pathlib import Path

import pytest

from argolint.api import Source, check
from argolint.policy import PolicyError, load, segments
from argolint.settings import Settings

FLOW = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: a-, labels: {a.b/c: "1"}}
spec:
  parallelism: 50
  templates:
  - name: main
    container: {image: "evil/x:1", command: [x]}
  - name: other
    container: {image: "good/x:1", command: [x]}
"""


def lint(folder: Path, policy: str, text: str = FLOW) -> list[tuple[int, str]]:
    (folder / "org101_own.yaml").write_text(f"code: ORG101\nname: own\nseverity: warning\n{policy}")
    settings = Settings()
    settings.rules = (str(folder),)
    settings.select = ("ORG",)
    report = check([Source("a.yaml", text)], settings)
    return [(report.texts["a.yaml"].line_col(item.start)[0], item.message) for item in report.findings]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ('given: "**.image"\nassert: {starts-with: good/}\nmessage: "no `{value}`"', [(8, "no `evil/x:1`")]),
        ("given: spec.templates[*].name\nassert: {matches: m}\nmessage: bad", [(9, "bad")]),
        ("given: spec.templates[0].name\nassert: {equals: x}\nmessage: bad", [(7, "bad")]),
        ("given: spec.parallelism\nassert: {max: 10}\nmessage: bad", [(5, "bad")]),
        ("given: spec.parallelism\nassert: {min: 10, max: 60}\nmessage: bad", []),
        ("given: spec.entrypoint\nassert: {exists: true}\nmessage: bad", [(5, "bad")]),
        ("given: spec.parallelism\nassert: {exists: false}\nmessage: bad", [(5, "bad")]),
        ("given: metadata.labels['a.b/c']\nassert: {one-of: ['2']}\nmessage: bad", [(3, "bad")]),
        ("given: metadata.labels.*\nassert: {not-equals: '1'}\nmessage: bad", [(3, "bad")]),
        ("given: spec.nope.*.x\nassert: {equals: 1}\nmessage: bad", []),
        ("kinds: [CronWorkflow]\ngiven: spec.parallelism\nassert: {max: 1}\nmessage: bad", []),
    ],
)
def test_assertions(tmp_path: Path, policy: str, expected: list[tuple[int, str]]) -> None:
    assert lint(tmp_path, policy) == expected


def test_options_of_a_policy_are_settings(tmp_path: Path) -> None:
    (tmp_path / "org101_own.yaml").write_text(
        "code: ORG101\nname: own\nseverity: warning\noptions: {limit: 10}\n"
        "given: spec.parallelism\nassert: {max: {option: limit}}\nmessage: bad\n"
    )
    settings = Settings()
    settings.rules = (str(tmp_path),)
    settings.select = ("ORG",)
    assert len(check([Source("a.yaml", FLOW)], settings).findings) == 1
    settings.options = {"limit": 60}
    assert check([Source("a.yaml", FLOW)], settings).findings == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code: ORG101\n", "`name` is missing"),
        ("a: [", "expected"),
        ("- a\n", "not a mapping"),
        ("code: ORG101\nname: x\nseverity: error\ngiven: a\nassert: {is: 1}\nmessage: m\n", "unknown `is`"),
        (
            "code: ORG101\nname: x\nseverity: error\ngiven: a\nassert: {matches: '('}\nmessage: m\n",
            "`matches`",
        ),
        (
            "code: ORG101\nname: x\nseverity: error\ngiven: a\nassert: {}\nmessage: m\nwhy: x\n",
            "unknown field `why`",
        ),
    ],
)
def test_a_policy_that_is_wrong_says_where(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "org101_x.yaml"
    path.write_text(text)
    with pytest.raises(PolicyError, match=message):
        load(str(path))


def test_paths() -> None:
    assert segments("spec.templates[*].steps[0][1].name") == [
        "spec",
        "templates",
        "[*]",
        "steps",
        0,
        1,
        "name",
    ]
    assert segments("**['a.b']") == ["**", "a.b"]
