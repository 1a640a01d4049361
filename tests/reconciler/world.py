"""A small world to synchronise: a repository, a cluster, a clock."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from reconciler.config import Prune, Ref, SourceConfig, TargetConfig
from reconciler.context import Context, Outcome
from reconciler.cycle import preview, synchronise
from reconciler.source import open_source
from reconciler.state import Store
from tests.reconciler.fakecluster import FakeCluster

TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: {name}
spec:
  entrypoint: main
  serviceAccountName: runner
  templates:
    - name: main
      container:
        image: alpine:3.20
        command: [echo, {word}]
"""

CALLER = """\
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata:
  name: {name}
spec:
  entrypoint: main
  serviceAccountName: runner
  templates:
    - name: main
      steps:
        - - name: call
            templateRef:
              name: {callee}
              template: main
"""

CRON = """\
apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata:
  name: {name}
spec:
  schedules:
    - "0 2 * * *"
  timezone: UTC
  startingDeadlineSeconds: 600
  concurrencyPolicy: Forbid
  workflowSpec:
    workflowTemplateRef:
      name: {template}
"""


def template(name: str = "hello", word: str = "hi") -> str:
    """A WorkflowTemplate."""
    return TEMPLATE.format(name=name, word=word)


def caller(name: str, callee: str) -> str:
    """A WorkflowTemplate that calls another."""
    return CALLER.format(name=name, callee=callee)


def cron(name: str = "nightly", template: str = "hello") -> str:
    """A CronWorkflow of a template."""
    return CRON.format(name=name, template=template)


class Repo:
    """A Git repository with a work tree."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *argv: str, data: bytes | None = None) -> str:
        """Run git in it."""
        who = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", "Ann"), ("EMAIL", "ann@example.invalid"))
        }
        env = (
            {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
            | who
            | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        )
        done = subprocess.run(
            ["git", *argv], cwd=self.path, env=env, input=data, capture_output=True, timeout=60
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def commit(self, files: dict[str, str | None], message: str = "Change") -> str:
        """Write (None: delete) files and commit; the commit."""
        for name, text in files.items():
            file = self.path / name
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}")
        return self.git("rev-parse", "HEAD")


class World:
    """All that a synchronisation needs. `events` are the logged ones; `slept` the seconds waited."""

    def __init__(self, root: Path, *, atomic_spec: bool = False, client: Any = None) -> None:
        self.root = root
        self.repo = Repo(root / "repo")
        self.cluster = client or FakeCluster(root / "cluster.json", atomic_spec=atomic_spec)
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
        self.target = TargetConfig("prod", "platform", namespace="argo", prune=Prune(enabled=True))
        self.source = SourceConfig("platform", str(self.repo.path), ref=Ref("branch", "main"))
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.slept: list[float] = []
        self.approve = ""
        self.repo.commit({"templates/hello.yaml": template(), "cron/nightly.yaml": cron()}, "First")

    def set(self, **changes: Any) -> None:
        """Change the target's configuration."""
        self.target = replace(self.target, **changes)

    def context(self) -> Context:
        """A fresh context, as a new process has."""
        state = self.root / "state"
        return Context(
            self.target,
            open_source(self.source, state / "targets" / "prod"),
            self.cluster,
            Store(state, "prod"),
            now=lambda: self.now,
            sleep=self.slept.append,
            log=lambda event, **f: self.events.append((event, f)),
            approve=self.approve,
        )

    def sync(self, hook: Any = None) -> Outcome:
        """One synchronisation by a fresh process."""
        context = self.context()
        if hook is not None:
            context.hook = hook
        context.store.lock()
        try:
            return synchronise(context)
        finally:
            context.store.unlock()

    def plan(self) -> Outcome:
        """A preview by a fresh process."""
        return preview(self.context())

    def later(self, **delta: float) -> None:
        """Let time pass."""
        self.now += timedelta(**delta)

    def state(self) -> dict[str, Any]:
        """The state on disk."""
        return Store(self.root / "state", "prod").data
