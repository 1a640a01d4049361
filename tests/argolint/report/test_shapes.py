"""Formats for programs have the shape that those programs read."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

import jsonschema
import pytest

from argolint.api import Source, check
from argolint.report import View, renderer
from argolint.settings import Settings

TEXT = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: "a&<-"}
spec:
  entrypoint: mian
  templates:
  - name: main
    container: {image: "a:1", command: [x], args: [{{workflow.name}}]}
  - name: main
    container: {image: "a:1", command: [x]}
"""

POSITIVE = {"type": "integer", "minimum": 1}
REGION = {
    "type": "object", "required": ["startLine"], "additionalProperties": False,
    "properties": dict.fromkeys(("startLine", "startColumn", "endLine", "endColumn"), POSITIVE),
}  # fmt: skip
MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "physicalLocation": {
            "type": "object", "required": ["artifactLocation", "region"],
            "properties": {
                "artifactLocation": {"type": "object", "required": ["uri"], "properties": {"uri": {"type": "string", "format": "uri-reference"}}},
                "region": REGION,
            },
        },
        "logicalLocations": {"type": "array", "items": {"type": "object", "required": ["fullyQualifiedName"]}},
        "message": MESSAGE,
    },
}  # fmt: skip
# What SARIF 2.1.0 asks of the parts that are used here.
SARIF: dict[str, Any] = {
    "type": "object", "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": {
            "type": "object", "required": ["tool", "results"],
            "properties": {
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "tool": {"type": "object", "required": ["driver"], "properties": {"driver": {
                    "type": "object", "required": ["name"], "properties": {"rules": {"type": "array", "uniqueItems": True, "items": {
                        "type": "object", "required": ["id"], "properties": {"shortDescription": MESSAGE, "defaultConfiguration": {
                            "type": "object", "properties": {"level": {"enum": ["none", "note", "warning", "error"]}}}}}}}}}},
                "results": {"type": "array", "items": {
                    "type": "object", "required": ["message"],
                    "properties": {
                        "message": MESSAGE, "level": {"enum": ["none", "note", "warning", "error"]}, "ruleIndex": {"type": "integer", "minimum": 0},
                        "locations": {"type": "array", "minItems": 1, "items": LOCATION}, "relatedLocations": {"type": "array", "items": LOCATION},
                        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                        "fixes": {"type": "array", "items": {"type": "object", "required": ["artifactChanges"], "properties": {
                            "description": MESSAGE,
                            "artifactChanges": {"type": "array", "minItems": 1, "items": {
                                "type": "object", "required": ["artifactLocation", "replacements"], "properties": {
                                    "replacements": {"type": "array", "minItems": 1, "items": {
                                        "type": "object", "required": ["deletedRegion"], "properties": {"deletedRegion": REGION}}}}}}}}},
                    },
                }},
            },
        }},
    },
}  # fmt: skip
GITLAB: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "object", "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {"type": "object", "required": ["path"], "anyOf": [{"required": ["lines"]}, {"required": ["positions"]}]},
        },
    },
}  # fmt: skip
POINT = {"type": "object", "required": ["line"], "properties": {"line": POSITIVE, "column": POSITIVE}}
RDJSON: dict[str, Any] = {
    "type": "object", "required": ["diagnostics"],
    "properties": {
        "diagnostics": {"type": "array", "items": {
            "type": "object", "required": ["message", "location"],
            "properties": {
                "severity": {"enum": ["ERROR", "WARNING", "INFO", "UNKNOWN_SEVERITY"]},
                "location": {"type": "object", "required": ["path"], "properties": {"range": {
                    "type": "object", "required": ["start"], "properties": {"start": POINT, "end": POINT}}}},
                "suggestions": {"type": "array", "items": {"type": "object", "required": ["range", "text"]}},
            },
        }},
    },
}  # fmt: skip


def rendered(name: str) -> str:
    settings = Settings()
    settings.select = ("REF102", "YML102", "STR", "REL")
    report = check([Source("some dir/a.yaml", TEXT)], settings)
    assert {"REF102", "YML102"} <= {item.code for item in report.findings}
    return renderer(name)(View(report.findings, report.texts, report.summary))


@pytest.mark.parametrize(("name", "schema"), [("sarif", SARIF), ("gitlab", GITLAB), ("rdjson", RDJSON)])
def test_json_formats(name: str, schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(schema).validate(json.loads(rendered(name)))


def test_sarif_points_at_its_rules() -> None:
    run = json.loads(rendered("sarif"))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert {
        location["physicalLocation"]["artifactLocation"]["uri"]
        for result in run["results"]
        for location in result["locations"]
    } == {"some%20dir/a.yaml"}


def test_gitlab_fingerprints_differ() -> None:
    found = [item["fingerprint"] for item in json.loads(rendered("gitlab"))]
    assert len(found) == len(set(found)) > 1


def test_junit() -> None:
    root = ET.fromstring(rendered("junit"))
    suites = [root] if root.tag == "testsuite" else list(root.iter("testsuite"))
    cases = [case for suite in suites for case in suite.iter("testcase")]
    assert root.tag in ("testsuites", "testsuite")
    assert all(case.get("name") for case in cases)
    assert (
        sum(int(suite.get("failures", "0")) for suite in suites) == sum(1 for _ in root.iter("failure")) > 0
    )


def test_checkstyle() -> None:
    root = ET.fromstring(rendered("checkstyle"))
    assert root.tag == "checkstyle"
    for error in root.iter("error"):
        assert int(error.attrib["line"]) > 0
        assert error.attrib["severity"] in ("error", "warning", "info")
        assert error.attrib["message"]
        assert error.attrib["source"]
