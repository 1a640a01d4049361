"""A project directory, and `argorun` as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from executor.runtimes.probe import probe_sandbox

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: wf}\n"


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def workflow(self) -> dict:
        return json.loads(self.out)


class Project:
    """A directory with manifests and a way to run commands in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str) -> Path:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "executor", *words], cwd=self.path, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, "ARGOLINT_TRACEBACK": "1", **env},
        )  # fmt: skip

    def argorun(self, *words: str, **env: str) -> Done:
        process = self.start(*words, **env)
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
        return Done(process.returncode, out, err)

    def state(self, run: str = "wf") -> dict:
        return json.loads((self.path / ".argolint/runs" / run / "workflow.json").read_text())

    def phases(self, run: str = "wf") -> dict[str, str]:
        return {n["displayName"]: n["phase"] for n in self.state(run)["status"]["nodes"].values()}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / ".argolint.yaml").write_text("{}\n")
    return Project(tmp_path)


@pytest.fixture
def sandboxed(project: Project) -> Project:
    bwrap, _, why = probe_sandbox()
    if bwrap is None:
        pytest.skip(why)
    return project


@pytest.fixture
def chain() -> Callable[..., str]:
    """A DAG of steps one after the other, each of which writes its name to a claim."""

    def make(*scripts: str, gate: int | None = None) -> str:
        tasks, templates = [], []
        for index, script in enumerate(scripts):
            name = f"s{index}"
            after = f", depends: s{index - 1}" if index else ""
            tasks.append(f"      - {{name: {name}, template: t{index}{after}}}\n")
            if index == gate:
                templates.append(f"  - name: t{index}\n    suspend: {{}}\n")
                continue
            source = json.dumps(f"echo {name} >> /v/log; {script}")
            templates.append(
                f"  - name: t{index}\n    script: {{image: alpine, command: [sh], source: {source}, "
                "volumeMounts: [{name: v, mountPath: /v}]}\n"
            )
        return (
            f"{HEAD}spec:\n  entrypoint: main\n  volumes: [{{name: v, persistentVolumeClaim: {{claimName: c}}}}]\n"
            f"  templates:\n  - name: main\n    dag:\n      tasks:\n{''.join(tasks)}{''.join(templates)}"
        )

    return make


@pytest.fixture
def sandbox_here() -> None:
    """Skips where there is no sandbox."""
    bwrap, _, why = probe_sandbox()
    if bwrap is None:
        pytest.skip(why)
