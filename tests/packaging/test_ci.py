"""The GitHub Action and the GitLab template: their own script lines, run with the environment that those services give them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.packaging.scratch import GIT_ENV, copy_tree, fresh_venv, run

LIBRARY = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: library
spec:
  templates:
    - name: greet
      container: {image: "alpine:3.20", command: [echo, hello]}
"""
CALLER = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: caller
spec:
  entrypoint: main
  templates:
    - name: main
      steps:
        - - name: one
            templateRef: {name: library, template: greet}
        - - name: old
            template: nope
"""


class Service(NamedTuple):
    """A folder with the tool's own tree, programs with it installed, and a clone of a merge request."""

    tree: Path
    programs: Path
    clone: Path
    base: str


@pytest.fixture(scope="module")
def service(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Service:
    folder = tmp_path_factory.mktemp("ci")
    tree = copy_tree(repo, folder / "tree")
    origin = folder / "origin"
    origin.mkdir()
    run(["git", "init", "-q", "-b", "main"], cwd=origin)
    (origin / "library.yaml").write_text(LIBRARY)
    (origin / "caller.yaml").write_text(CALLER)
    run(["git", "add", "-A"], cwd=origin)
    run(["git", "commit", "-q", "-m", "One old mistake"], cwd=origin)
    base = run(["git", "rev-parse", "HEAD"], cwd=origin).stdout.strip()
    run(["git", "switch", "-q", "-c", "rename"], cwd=origin)
    (origin / "library.yaml").write_text(LIBRARY.replace("name: greet", "name: welcome"))
    run(["git", "commit", "-q", "-a", "-m", "A rename that forgot its caller"], cwd=origin)
    # As the checkout steps leave it: one commit, no branch of the target.
    run(
        ["git", "clone", "-q", "--depth", "1", "-b", "rename", f"file://{origin}", folder / "clone"],
        cwd=folder,
    )
    return Service(tree, fresh_venv(folder / "venv"), folder / "clone", base)


def bash(script: str, service: Service, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A step, run as `bash --noprofile --norc -eo pipefail`."""
    script_file = service.clone.parent / "step.sh"
    script_file.write_text(script)
    return run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", script_file], cwd=service.clone, check=False,
        env={**GIT_ENV, "PATH": f"{service.programs}:{os.environ['PATH']}", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
             "ARGOLINT_CACHE_DIR": str(service.clone.parent / "cache"), **env},
    )  # fmt: skip


def expand(text: str, values: dict[str, str]) -> str:
    """`${{ name }}` of an action; nothing else is used in its steps."""
    return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda match: values[match.group(1)], text)


def act(service: Service, inputs: dict[str, str], base_ref: str) -> tuple[int, str]:
    """Run the shell steps of action.yml; (exit code of the last, what it printed)."""
    action: dict[str, Any] = yaml.safe_load((service.tree / "action.yml").read_text())
    values = {"github.action_path": str(service.tree), "github.base_ref": base_ref}
    for name, one in action["inputs"].items():
        default = one["default"]
        if "&&" in default:
            assert default == "${{ github.base_ref && format('origin/{0}', github.base_ref) || '' }}"
            default = f"origin/{base_ref}" if base_ref else ""
        values[f"inputs.{name}"] = inputs.get(name, default)
    assert action["runs"]["using"] == "composite"
    code, out = 0, ""
    for step in action["runs"]["steps"]:
        if "uses" in step:
            assert step["uses"].startswith("actions/setup-python@")
            continue
        if "if" in step:
            assert step["if"] == "inputs.diff-base != ''"
            if not values["inputs.diff-base"]:
                continue
        assert step["shell"] == "bash"
        env = {name: expand(text, values) for name, text in step.get("env", {}).items()}
        done = bash(expand(step["run"], values), service, env)
        code, out = done.returncode, done.stdout
        if code:
            assert step is action["runs"]["steps"][-1], done.stdout + done.stderr
    return code, out


@pytest.mark.slow
def test_the_action_annotates_what_a_pull_request_is_to_blame_for(service: Service) -> None:
    code, out = act(service, {"sarif-file": "argolint.sarif", "args": "--fail-on error"}, "main")
    (line,) = out.splitlines()
    # The caller did not change, and the old mistake is nobody's business here.
    assert line.startswith("::error file=caller.yaml,line=11,endLine=11,col=52,endColumn=57,title=REF105 ")
    assert code == 1
    (log,) = json.loads((service.clone / "argolint.sarif").read_text())["runs"]
    assert [item["ruleId"] for item in log["results"]] == ["REF105"]
    # Code scanning matches files by these: relative to the root of the repository.
    place = log["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == "caller.yaml"


@pytest.mark.slow
def test_the_action_lints_everything_on_a_push(service: Service) -> None:
    code, out = act(service, {"version": "argolint", "paths": "caller.yaml library.yaml"}, "")
    assert code == 1
    assert [re.search(r"line=(\d+).*title=(\w+)", line).groups() for line in out.splitlines() if "::error" in line] == [  # type: ignore[union-attr]
        ("11", "REF105"), ("13", "REF101"),
    ]  # fmt: skip


@pytest.mark.slow
def test_the_gitlab_template(service: Service) -> None:
    spec, jobs = yaml.safe_load_all((service.tree / "ci/gitlab/argolint.yml").read_text())
    inputs = {name: one["default"] for name, one in spec["spec"]["inputs"].items()}
    inputs["package"] = str(service.tree)
    job = jobs["argolint"]

    def line(text: str) -> str:
        return re.sub(r"\$\[\[ *inputs\.(\w+) *\]\]", lambda match: str(inputs[match.group(1)]), text)

    # GIT_DEPTH: 0 is the whole history.
    run(["git", "fetch", "-q", "--depth", "2147483647", "origin", "rename"], cwd=service.clone)
    assert job["variables"]["GIT_DEPTH"] == 0
    script = "\n".join(line(text) for text in (*job["before_script"], *job["script"]))
    cache = {
        name: text.replace("$CI_PROJECT_DIR", str(service.clone))
        for name, text in job["variables"].items()
        if name != "GIT_DEPTH"
    }
    done = bash(script, service, {**cache, "CI_MERGE_REQUEST_DIFF_BASE_SHA": service.base})
    assert done.returncode == 1, done.stderr
    assert "caller.yaml:11:52: error" in done.stdout
    reports = job["artifacts"]["reports"]
    (issue,) = json.loads((service.clone / reports["codequality"]).read_text())
    assert issue["check_name"].startswith("REF105")
    assert issue["location"] == {"path": "caller.yaml", "lines": {"begin": 11, "end": 11}}
    suites = ET.fromstring((service.clone / reports["junit"]).read_text())
    assert suites.attrib["failures"] == "1"
