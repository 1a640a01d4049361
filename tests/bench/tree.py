"""A generated GitOps repository: as many files as asked for, of the kinds and the size that real ones have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

TEAMS = ("data", "billing", "search", "platform", "media")


def _head(kind: str, name: str, team: str, generate: bool = False) -> str:
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata:\n"
        f"  {'generateName' if generate else 'name'}: {name}{'-' if generate else ''}\n  namespace: {team}\n"
        f"  labels:\n    app.kubernetes.io/part-of: {team}\n    app.kubernetes.io/managed-by: gitops\n"
    )


def _library(n: int, team: str) -> str:
    return (
        _head("WorkflowTemplate", f"library-{n}", team)
        + f"""\
spec:
  serviceAccountName: runner
  templates:
  - name: build
    inputs:
      parameters:
      - name: image
      - name: tag
        value: "1.{n}"
    container:
      image: "registry.example.com/{team}/build:2.4.{n % 10}"
      command: [sh, -ec]
      args:
      - |
        echo "building {{{{inputs.parameters.image}}}}:{{{{inputs.parameters.tag}}}}"
        make image
      resources:
        requests: {{cpu: 200m, memory: 256Mi}}
        limits: {{memory: 512Mi}}
    retryStrategy:
      limit: "3"
      retryPolicy: OnTransientError
      backoff: {{duration: 10s, factor: "2", maxDuration: 5m}}
    outputs:
      parameters:
      - name: digest
        valueFrom: {{path: /tmp/digest}}
  - name: count
    inputs:
      parameters:
      - name: rows
        value: "{n + 3}"
    script:
      image: "python:3.12-slim"
      command: [python]
      source: |
        import json
        rows = int("{{{{inputs.parameters.rows}}}}")
        print(json.dumps([i for i in range(rows)]))
      resources:
        requests: {{cpu: 100m, memory: 64Mi}}
        limits: {{memory: 128Mi}}
"""
    )


def _steps(n: int, team: str) -> str:
    return (
        _head("Workflow", f"release-{n}", team, True)
        + f"""\
spec:
  entrypoint: main
  serviceAccountName: runner
  activeDeadlineSeconds: 3600
  ttlStrategy: {{secondsAfterCompletion: 86400}}
  podGC: {{strategy: OnPodCompletion}}
  arguments:
    parameters:
    - name: image
      value: app-{n}
  templates:
  - name: main
    steps:
    - - name: build
        templateRef: {{name: library-{n}, template: build}}
        arguments:
          parameters:
          - {{name: image, value: "{{{{workflow.parameters.image}}}}"}}
    - - name: count
        templateRef: {{name: library-{n}, template: count}}
      - name: scan
        template: scan
        when: "'{{{{workflow.parameters.image}}}}' != 'none'"
        arguments:
          parameters:
          - {{name: digest, value: "{{{{steps.build.outputs.parameters.digest}}}}"}}
    - - name: tell
        template: tell
        arguments:
          parameters:
          - {{name: message, value: "{{{{=steps['count'].outputs.result}}}} rows"}}
  - name: scan
    inputs:
      parameters: [{{name: digest}}]
    container:
      image: "registry.example.com/scan:0.{n % 20}"
      args: [scan, "{{{{inputs.parameters.digest}}}}"]
      resources:
        requests: {{cpu: 100m, memory: 64Mi}}
        limits: {{memory: 128Mi}}
  - name: tell
    inputs:
      parameters: [{{name: message}}]
    container:
      image: "curlimages/curl:8.9.1"
      command: [curl, -d, "{{{{inputs.parameters.message}}}}", "https://example.com/hook"]
      resources:
        requests: {{cpu: 10m, memory: 16Mi}}
        limits: {{memory: 32Mi}}
"""
    )


def _dag(n: int, team: str) -> str:
    return (
        _head("WorkflowTemplate", f"pipeline-{n}", team)
        + f"""\
spec:
  entrypoint: main
  serviceAccountName: runner
  onExit: cleanup
  templates:
  - name: main
    dag:
      tasks:
      - name: extract
        template: job
        arguments:
          parameters: [{{name: what, value: extract}}]
      - name: check
        depends: extract.Succeeded
        template: job
        arguments:
          parameters: [{{name: what, value: "{{{{tasks.extract.outputs.result}}}}"}}]
      - name: load
        depends: "check && !extract.Failed"
        template: job
        withItems: [a, b, c]
        arguments:
          parameters: [{{name: what, value: "{{{{item}}}}"}}]
      - name: report
        depends: load || check.Failed
        template: job
        arguments:
          parameters: [{{name: what, value: "{{{{=sprig.upper(tasks.check.outputs.result)}}}}"}}]
  - name: job
    inputs:
      parameters: [{{name: what}}]
    container:
      image: "registry.example.com/{team}/etl:{n}.0.1"
      command: [etl]
      args: ["--what", "{{{{inputs.parameters.what}}}}"]
      env:
      - {{name: RUN, value: "{{{{workflow.name}}}}"}}
      resources:
        requests: {{cpu: 250m, memory: 128Mi}}
        limits: {{memory: 256Mi}}
  - name: cleanup
    container:
      image: "registry.example.com/{team}/etl:{n}.0.1"
      command: [etl, clean]
      resources:
        requests: {{cpu: 10m, memory: 16Mi}}
        limits: {{memory: 32Mi}}
"""
    )


def _cron(n: int, team: str) -> str:
    return (
        _head("CronWorkflow", f"nightly-{n}", team)
        + f"""\
spec:
  schedules: ["{n % 60} {n % 24} * * *"]
  timezone: Etc/UTC
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 600
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  workflowSpec:
    workflowTemplateRef: {{name: pipeline-{n - 1}}}
"""
    )


def _rbac(n: int, team: str) -> str:
    head = f"metadata:\n  name: {{}}\n  namespace: {team}\n"
    name = "runner" if n < 5 * len(TEAMS) else f"runner-{n}"
    return (
        f"apiVersion: v1\nkind: ServiceAccount\n{head.format(name)}---\n"
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n{head.format(name)}rules:\n"
        "- apiGroups: [argoproj.io]\n  resources: [workflowtaskresults]\n  verbs: [create, patch]\n---\n"
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n{head.format(name)}"
        f"roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {name}}}\n"
        f"subjects:\n- {{kind: ServiceAccount, name: {name}, namespace: {team}}}\n"
    )


MAKERS: tuple[tuple[str, Callable[[int, str], str]], ...] = (
    ("library", _library), ("release", _steps), ("pipeline", _dag), ("cron", _cron), ("rbac", _rbac),
)  # fmt: skip


def make(folder: Path, files: int) -> int:
    """Write that many manifests under a folder, in subfolders of a team each; their size in bytes altogether.

    Every fifth file is of one kind, and files that refer to each other stand in one folder.
    """
    size = 0
    for number in range(files):
        group, which = divmod(number, len(MAKERS))
        team = TEAMS[group % len(TEAMS)]
        name, maker = MAKERS[which]
        base = group * len(MAKERS)
        text = maker(base + 3 if name == "cron" else base + 2 if name == "pipeline" else base, team)
        path = folder / team / f"group-{group // 100}" / f"{name}-{group}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        size += len(text)
    return size
