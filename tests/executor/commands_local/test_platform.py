"""What a run changes about images and variables: `-P`, `local.pass_env`, `-o yaml`."""

from __future__ import annotations

import pytest
import yaml

from argolint.errors import UserError
from executor.local.rules import Rule, from_words
from executor.local.secrets import among
from executor.local.settings import load_file

from .conftest import HEAD, Project

TWO = f"""{HEAD}spec:
  entrypoint: main
  templates:
  - name: main
    steps: [[{{name: a, template: push}}], [{{name: b, template: show}}]]
  - {{name: push, container: {{image: "registry.example.com/kaniko:v1", command: [/kaniko/executor]}}}}
  - name: show
    script: {{image: "registry.example.com/tool:v2", command: [sh], source: 'echo "$HTTPS_PROXY/$MY_TOKEN/$OTHER/$OWN"', env: [{{name: OWN, value: own}}]}}
"""


def test_words_are_rules() -> None:
    assert from_words(["*/kaniko*=mock", "a=b:1=c:2", "template:smoke-*=container"]) == (
        Rule(image="*/kaniko*", runtime="mock"),
        Rule(image="a=b:1", use="c:2"),
        Rule(template="smoke-*", runtime="container"),
    )
    for word in ("x", "=y", "x="):
        with pytest.raises(UserError, match="is not IMAGE=RUNTIME or IMAGE=IMAGE"):
            from_words([word])


def test_variables_whose_names_say_so_are_secrets() -> None:
    named = {"GITHUB_TOKEN": "a", "HTTPS_PROXY": "b", "DB_PASSWORD": "c", "API_KEY": "d", "KEYBOARD": "e"}
    assert among(named) == {"env/GITHUB_TOKEN": "a", "env/DB_PASSWORD": "c", "env/API_KEY": "d"}


@pytest.mark.parametrize("value", ["HOME", "[1]", "['A-B']"])
def test_a_pass_env_that_is_no_list_of_names_is_refused(project: Project, value: str) -> None:
    path = project.write(".argolint.yaml", f"local: {{pass_env: {value}}}\n")
    with pytest.raises(UserError, match="must be a list of names of variables"):
        load_file(path)


@pytest.mark.sandbox
def test_images_are_replaced_and_variables_passed_for_a_run_and_its_retry(sandboxed: Project) -> None:
    sandboxed.write("wf.yaml", TWO)
    sandboxed.write(".argolint.yaml", "local: {pass_env: [HTTPS_PROXY, MY_TOKEN, OWN, NOT_SET]}\n")
    unknown = sandboxed.argorun("run", "wf.yaml", "--no-lint", "-q")
    assert unknown.code == 4
    words = ["-P", "*/kaniko*=mock", "-P", "*/tool*=alpine:3.20"]
    env = {"HTTPS_PROXY": "http://proxy:1", "MY_TOKEN": "canary-token", "OTHER": "other", "OWN": "mine"}
    done = sandboxed.argorun("run", "wf.yaml", "--no-lint", "-o", "yaml", *words, **env)
    assert done.code == 0, done.err
    assert yaml.safe_load(done.out)["status"]["phase"] == "Succeeded"
    assert sandboxed.argorun("logs", "wf", "b").out == "b: http://proxy:1/***//own\n"
    assert yaml.safe_load(sandboxed.argorun("get", "wf", "-o", "yaml").out)["metadata"]["name"] == "wf"
    again = sandboxed.argorun("retry", "wf", "--from", "b", "-q", **env)
    assert again.code == 0, again.err
    kept = [p for p in (sandboxed.path / ".argolint").rglob("*") if p.is_file()]
    assert [str(p) for p in kept if b"canary-token" in p.read_bytes()] == []
