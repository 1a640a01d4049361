"""Secrets: what is needed, where values come from, and that no value is ever printed or kept."""

from __future__ import annotations

import base64
import json
import urllib.parse
from pathlib import Path

import pytest

from argolint.errors import UserError
from executor.engine.contract import Context
from executor.local import secrets
from executor.local.masking import Masker, forms_of
from executor.local.objects import ObjectStore

CANARY = "c4n4ry value/with+specials"
SECOND = "line-one-of-it\nline-two-of-it"


def workflow(template: dict) -> dict:
    return {
        "metadata": {"name": "w", "namespace": "default"},
        "spec": {"entrypoint": "main", "templates": [{"name": "main", **template}, {"name": "unused", "container": {
            "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "never", "key": "k"}}}]}}]},
    }  # fmt: skip


def test_what_a_workflow_needs() -> None:
    found = secrets.needs(
        [
            workflow(
                {
                    "container": {
                        "env": [
                            {"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
                            {
                                "name": "O",
                                "valueFrom": {"secretKeyRef": {"name": "db", "key": "o", "optional": True}},
                            },
                            {"name": "T", "valueFrom": {"secretKeyRef": {"name": "{{x}}", "key": "o"}}},
                        ],
                        "envFrom": [{"secretRef": {"name": "all"}}],
                    },
                    "inputs": {
                        "artifacts": [
                            {
                                "name": "src",
                                "git": {"repo": "r", "passwordSecret": {"name": "git", "key": "p"}},
                            },
                            {"name": "s3", "s3": {"accessKeySecret": {"name": "s3", "key": "a"}}},
                        ]
                    },
                }
            )
        ],
        Context(),
    )
    assert found == [
        secrets.Need("all", "", "Workflow w: main.container.envFrom[0].secretRef"),
        secrets.Need("db", "o", "Workflow w: main.container.env[O].valueFrom.secretKeyRef", True),
        secrets.Need("db", "password", "Workflow w: main.container.env[P].valueFrom.secretKeyRef"),
        secrets.Need("git", "p", "Workflow w: main.inputs.artifacts[src].git.passwordSecret"),
    ]


def test_templates_of_other_files_and_their_volumes_count() -> None:
    template = {
        "kind": "WorkflowTemplate",
        "spec": {
            "volumes": [{"name": "v", "secret": {"secretName": "mounted", "items": [{"key": "a"}]}}, {"name": "w", "secret": {"secretName": "not"}}],
            "templates": [{"name": "t", "container": {"volumeMounts": [{"name": "v"}]}}],
        },
    }  # fmt: skip
    steps = {"steps": [[{"name": "s", "templateRef": {"name": "lib", "template": "t"}}]]}
    context = Context(workflow_templates={("default", "lib"): template})
    assert secrets.needs([workflow(steps)], context) == [
        secrets.Need("mounted", "a", "WorkflowTemplate lib: spec.volumes[v].secret")
    ]


def test_later_sources_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lines.env").write_text("# a comment\ndb/password=from-lines=1\ndb/user=u\n")
    Path("more.yaml").write_text("kind: Secret\nmetadata: {name: tls}\nstringData: {a.b: x}\n")
    needed = [
        secrets.Need("db", "password", ""),
        secrets.Need("my-db", "a.b", ""),
        secrets.Need("all", "", ""),
    ]
    environ = {"ARGOLINT_SECRET_MY_DB__A_B": "env", "ARGOLINT_SECRET_ALL__key": "k", "OTHER": "x"}
    given = secrets.Given(("lines.env", "more.yaml"), ("db/user=word",))
    assert secrets.values(given, needed, environ) == {
        ("db", "password"): "from-lines=1", ("db", "user"): "word", ("tls", "a.b"): "x", ("my-db", "a.b"): "env", ("all", "key"): "k",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [("db=x", "s.env:1: 'db' is not NAME/KEY=VALUE"), ("\nhunter22", r"s.env:2: '\.\.\.' is not NAME/KEY=VALUE"),
     ("kind: ConfigMap\n", "s.env has a ConfigMap"), ("kind: Secret\nmetadata: {name: a}\ndata: {k: '$'}\n", None)],
)  # fmt: skip
def test_a_bad_secret_file_is_refused_without_its_values(tmp_path, monkeypatch, text, message) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.env").write_text(text)
    if message is None:
        secrets.read_file("s.env")
        return
    with pytest.raises(UserError, match=message):
        secrets.read_file("s.env")


def test_a_tracked_secret_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    monkeypatch.chdir(tmp_path)
    Path("s.env").write_text("a/b=c\n")
    subprocess.run(["git", "init", "-q"], check=True)
    secrets.values(secrets.Given(("s.env",)), [], {})
    subprocess.run(["git", "add", "s.env"], check=True)
    with pytest.raises(UserError, match=r"s\.env holds secrets and is tracked by Git"):
        secrets.values(secrets.Given(("s.env",)), [], {})


def test_everything_missing_is_listed_with_its_places() -> None:
    store = ObjectStore()
    needed = [
        secrets.Need("db", "password", "here"), secrets.Need("db", "password", "there"), secrets.Need("tls", "", "spec"),
        secrets.Need("db", "user", "here"), secrets.Need("gone", "k", "x", True),
    ]  # fmt: skip
    secrets.provide(store, ["default"], secrets.Given(words=("db/user=me",)), needed, {})
    with pytest.raises(UserError) as caught:
        secrets.preflight(store, [], {"default": needed})
    assert caught.value.message == (
        "nothing was run, secrets are missing:\n  db/password\n      here\n      there\n  tls\n      spec"
    )
    assert caught.value.exit_code == 4
    secrets.provide(store, ["default"], secrets.Given(dummy=True), needed, {})
    secrets.preflight(store, [], {"default": needed})
    assert secrets.known_values(store)["db/password"] == "dummy-db-password"


def test_masking_goes_both_ways() -> None:
    mask = Masker({"a/b": CANARY, "a/c": SECOND, "a/d": "no"})
    encoded = base64.b64encode(CANARY.encode()).decode()
    inner = base64.b64encode(b"user:" + CANARY.encode() + b":more").decode()
    value = {
        "plain": f"x {CANARY} y", "lines": "p line-two-of-it q", "base64": encoded, "inner": inner,
        "url": f"https://u:{urllib.parse.quote(CANARY, safe='')}@host", "json": json.dumps({"k": SECOND}), CANARY: 1, "n": [None, True],
    }  # fmt: skip
    hidden = mask.object(value)
    assert hidden["plain"] == "x *** y"
    assert hidden["lines"] == "p *** q"
    assert hidden["base64"].startswith("***")
    assert "***" in hidden["inner"]
    assert hidden["url"] == "https://u:***@host"
    assert hidden["json"] == '{"k": "***"}'
    assert hidden["n"] == [None, True]
    sealed = mask.seal(value)
    assert "c4n4ry" not in json.dumps({k: v for k, v in sealed.items() if k != CANARY})
    assert mask.unseal(sealed) == value
    assert mask.too_short == ["a/d"]
    assert forms_of("no") == []


STEP = """apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: wf}
spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: leak, template: leak}
    - - {name: use, template: use, arguments: {parameters: [{name: p, value: "{{steps.leak.outputs.result}}"}]}}
    - - {name: fail, template: fail}
  - name: leak
    script:
      image: alpine
      command: [sh]
      env: [{name: S, valueFrom: {secretKeyRef: {name: canary, key: one}}}]
      source: |
        echo "$S"; echo "$S" | base64 >&2; printf '%s' "$S" >&2
  - name: use
    inputs: {parameters: [{name: p}]}
    container: {image: alpine, command: [sh, -c, 'test "{{inputs.parameters.p}}" = "c4n4ry value/with+specials" && echo equal']}
  - name: fail
    container:
      image: alpine
      env: [{name: S, valueFrom: {secretKeyRef: {name: canary, key: two}}}]
      command: [sh, -c, 'echo "$S" | tail -n 1; echo "$S" > /dev/termination-log; exit 3']
"""


@pytest.mark.sandbox
@pytest.mark.parametrize("output", ["tree", "json"])
def test_a_canary_is_seen_nowhere_and_used_everywhere(tmp_path: Path, output: str) -> None:
    import os
    import subprocess
    import sys

    (tmp_path / ".argolint.yaml").write_text("{}\n")
    (tmp_path / "wf.yaml").write_text(STEP)
    words = [sys.executable, "-m", "executor", "run", "wf.yaml", "--no-lint", "--log", "-o", output]
    lacking = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert lacking.returncode == 4
    assert "canary/one\n      Workflow wf: leak.script.env[S].valueFrom.secretKeyRef" in lacking.stderr
    env = {**os.environ, "ARGOLINT_SECRET_CANARY__ONE": CANARY, "ARGOLINT_SECRET_CANARY__TWO": SECOND}
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 1
    assert "equal" in done.stdout + done.stderr, done.stderr
    report = [sys.executable, "-m", "executor", "report", "wf"]
    subprocess.run(report, cwd=tmp_path, capture_output=True, check=True, env=env)
    needles = {form for value in (CANARY, SECOND) for form in forms_of(value)}
    kept = [p for p in (tmp_path / ".argolint/runs").rglob("*") if p.is_file() and "/root/" not in str(p)]
    assert {"workflow.json", "final.json", "main.log", "events.jsonl", "report.html"} <= {
        p.name for p in kept
    }
    for place, text in [
        ("stdout", done.stdout),
        ("stderr", done.stderr),
        *((str(p), p.read_text(errors="replace")) for p in kept),
    ]:
        assert [n for n in needles if n in text] == [], place
    again = subprocess.run(
        [sys.executable, "-m", "executor", "retry", "wf", "--from", "use", "--log", "-o", "json"], cwd=tmp_path, capture_output=True, text=True,
        check=False, env=env,
    )  # fmt: skip
    assert again.returncode == 1, again.stderr
    assert "use: equal" in again.stderr
