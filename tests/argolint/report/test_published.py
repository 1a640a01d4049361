"""Report formats against what others publish: Jenkins' JUnit schema, OASIS' SARIF schema, reviewdog's schema and reviewdog itself."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from argolint.api import Report, Source, check
from argolint.report import View, renderer
from argolint.settings import Settings
from tests.argolint.hostile import CASES
from tests.argolint.report.published import published

xmlschema = pytest.importorskip("xmlschema")

TEXT = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: "a&<-", labels: {x: "ü 中 😀"}}
spec:
  entrypoint: mian
  templates:
  - name: main
    container: {image: "a:1", command: [x], args: [{{workflow.name}}]}
  - name: main
    container: {image: "a:1", command: [x]}
"""
SOME = ("one line many keys", "dag cycle", "doc roles")


@cache
def reports() -> tuple[Report, ...]:
    """Nothing found, a few findings with repairs and related places, and a thousand in texts that mean harm."""
    return (
        check([Source("a.yaml", TEXT.partition("spec:")[0].replace("Workflow", "Gateway"))]),
        check([Source("some dir/ä.yaml", TEXT), Source("b.yaml", TEXT)], Settings()),
        check([Source(f"{name}.yaml", text) for name, text in CASES.items() if name in SOME]),
    )


def rendered(name: str) -> list[str]:
    found = [renderer(name)(View(report.findings, report.texts, report.summary)) for report in reports()]
    assert [len(report.findings) > least for report, least in zip(reports()[1:], (5, 1000))] == [True, True]
    return found


def test_junit() -> None:
    schema = xmlschema.XMLSchema(str(published("junit-10.xsd")))
    for text in rendered("junit"):
        assert [str(error.reason) for error in schema.iter_errors(text)] == []


@pytest.mark.parametrize(("name", "file"), [("sarif", "sarif-2.1.0.json"), ("rdjson", "rdjson.json")])
def test_json(name: str, file: str) -> None:
    schema = json.loads(published(file).read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    for text in rendered(name):
        assert [error.message for error in validator.iter_errors(json.loads(text))] == []


@pytest.mark.parametrize("name", ["checkstyle", "rdjson", "sarif"])
def test_reviewdog_reads_it(name: str, tmp_path: Path) -> None:
    program = published("reviewdog")
    report = reports()[1]
    for path, source in report.texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(source.text, encoding="utf-8")
    done = subprocess.run(
        [str(program), f"-f={name}", "-reporter=local", "-filter-mode=nofilter", "-diff=true"],
        input=rendered(name)[1], cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr, len(lines)) == (0, "", len(report.findings))
    if name == "checkstyle":  # the others are shown as they came in
        places = ((item.path, *report.texts[item.path].line_col(item.start)) for item in report.findings)
        expected = [f"{path}:{line}:{column}:" for path, line, column in places]
        assert sorted(" ".join(line.split(" ")[:-1]).partition(": ")[0] + ":" for line in lines) == sorted(
            expected
        )
