"""`local.rules`: runtimes and images by template and image."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from argolint.errors import UserError
from executor.local.rules import Rule, matching, parse, with_image
from executor.local.settings import load_file
from executor.runtimes.probe import probe_sandbox

RULES = (Rule(image="*/kaniko*", runtime="mock"), Rule(template="smoke-*", use="alpine:3.20"), Rule(template="a", image="b", runtime="process"))  # fmt: skip


@pytest.mark.parametrize(
    ("template", "images", "index"),
    [
        ("build", ["gcr.io/tools/kaniko:v1"], 0),
        ("smoke-1", ["x/kaniko"], 0),
        ("smoke-1", ["private"], 1),
        ("a", ["b:1"], 2),
        ("a", ["c"], None),
        ("other", ["docker.io/library/python"], None),
    ],
)
def test_the_first_rule_that_matches_counts(template: str, images: list[str], index: int | None) -> None:
    assert matching(RULES, template, images) == (None if index is None else RULES[index])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "local.rules must be a list of rules"),
        ([1], r"local\.rules\[0\] must be a mapping of strings"),
        ([{"image": "x", "runtime": "docker"}], r"local\.rules\[0\]\.runtime is 'docker'"),
        ([{"image": "x"}], r"local\.rules\[0\] says too little"),
        ([{"runtime": "mock"}], r"local\.rules\[0\] says too little"),
        ([{"image": "x", "run": "mock"}], r"local\.rules\[0\] has unknown keys: run"),
    ],
)
def test_rules_are_checked(value: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse(value, "local.rules")
    assert parse([{"image": "x", "runtime": "mock"}], "p") == (Rule(image="x", runtime="mock"),)


def test_stubs_must_be_there(tmp_path: Path) -> None:
    (tmp_path / ".argolint.yaml").write_text("local: {stubs: nowhere}\n")
    with pytest.raises(UserError, match=r"local\.stubs is not a directory"):
        load_file(tmp_path / ".argolint.yaml")


def test_only_the_containers_that_are_meant_get_another_image() -> None:
    containers = [
        {"name": "wait", "image": "argoexec"},
        {"name": "main", "image": "big:1"},
        {"name": "side", "image": "other"},
    ]
    pod = {"spec": {"containers": containers}}
    assert [c["image"] for c in with_image(pod, Rule(image="big", use="small"))["spec"]["containers"]] == [
        "argoexec",
        "small",
        "other",
    ]
    assert [c["image"] for c in with_image(pod, Rule(template="t", use="small"))["spec"]["containers"]] == [
        "argoexec",
        "small",
        "small",
    ]
    assert with_image(pod, Rule(template="t", runtime="mock")) is pod


@pytest.mark.sandbox
def test_a_run_goes_by_the_rules(tmp_path: Path) -> None:
    if probe_sandbox()[0] is None:
        pytest.skip(probe_sandbox()[2])
    (tmp_path / ".argolint.yaml").write_text(
        'local:\n  stubs: stubs\n  rules:\n  - {image: "*/kaniko*", runtime: mock}\n  - {template: "smoke-*", use: "alpine:3.20"}\n'
    )
    (tmp_path / "stubs").mkdir()
    (tmp_path / "stubs/kubectl").write_text("#!/bin/sh\necho stub: $*\n")
    (tmp_path / "stubs/kubectl").chmod(0o755)
    (tmp_path / "wf.yaml").write_text(
        "kind: Workflow\nmetadata: {name: wf}\nspec:\n  entrypoint: main\n  templates:\n"
        "  - {name: main, steps: [[{name: b, template: build}], [{name: s, template: smoke-1}]]}\n"
        "  - {name: build, container: {image: 'example.com/kaniko:v1', command: [/kaniko/executor], args: [--push]}}\n"
        "  - {name: smoke-1, script: {image: 'example.com/private:v1', command: [sh], source: 'echo really; kubectl get pods'}}\n"
    )
    words = [sys.executable, "-m", "executor", "run", "wf.yaml", "--no-lint", "-o", "json", "--log"]
    done = subprocess.run(
        words, cwd=tmp_path, capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"]["phase"] == "Succeeded"
    assert "b: mock: example.com/kaniko:v1: /kaniko/executor --push" in done.stderr
    assert "s: really\ns: stub: get pods\n" in done.stderr
    assert "1 pods answered without running" in done.stderr
