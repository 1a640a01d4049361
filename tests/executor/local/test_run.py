"""`argorun run` as a user types it: whole objects, exit codes, what is printed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
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


@pytest.fixture
def project(tmp_path: Path) -> Path:
    bwrap, _, why = probe_sandbox()
    if bwrap is None:
        pytest.skip(why)
    (tmp_path / ".argolint.yaml").write_text("{}\n")
    return tmp_path


def start(project: Path, *words: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "executor", "run", *words],
        cwd=project,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "ARGOLINT_TRACEBACK": "1"},
    )


@pytest.fixture
def argorun(project: Path) -> Callable[..., Done]:
    def run(text: str, *words: str, lint: bool = False) -> Done:
        (project / "wf.yaml").write_text(text)
        process = start(project, "wf.yaml", *words, *([] if lint else ["--no-lint"]))
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
        return Done(process.returncode, out, err)

    return run


def one(script: str, **more: str) -> str:
    extra = "".join(f"  {key}: {value}\n" for key, value in more.items())
    command = json.dumps(["sh", "-c", script])
    return f"{HEAD}spec:\n  entrypoint: main\n{extra}  templates:\n  - name: main\n    container: {{image: alpine, command: {command}}}\n"


@pytest.mark.sandbox
def test_success_prints_the_final_object_only(argorun) -> None:
    done = argorun(one("echo hello"), "-o", "json")
    assert done.code == 0
    status = done.workflow["status"]
    assert (status["phase"], status["progress"]) == ("Succeeded", "1/1")
    (node,) = status["nodes"].values()
    assert (node["name"], node["type"], node["phase"]) == ("wf", "Pod", "Succeeded")
    assert "fidelity: approximate (image alpine → host sh and coreutils ×1)" in done.err


@pytest.mark.sandbox
def test_a_failed_run_shows_the_last_lines_of_the_log(argorun, project: Path) -> None:
    done = argorun(one("echo before; exit 3"), "--no-log")
    assert done.code == 1
    assert done.out.splitlines()[0] == "wf  Failed  main: Error (exit code 3)"
    assert "--- wf: main: Error (exit code 3)\n    template main at wf.yaml:7\n    before\n" in done.err
    saved = json.loads((project / ".argolint/runs/wf/workflow.json").read_text())
    assert saved["status"]["phase"] == "Failed"
    assert (project / ".argolint/runs/wf/pods/default_wf/logs/main.log").read_text() == "before\n"
    assert (project / ".argolint/.gitignore").read_text() == "*\n"


@pytest.mark.sandbox
def test_an_unknown_image_cannot_run_here(argorun) -> None:
    done = argorun(one("true").replace("alpine", "example.com/tool:v1"))
    assert done.code == 4
    assert 'no rule maps image "example.com/tool:v1"' in done.out
    assert "local.images" in done.out


@pytest.mark.sandbox
def test_images_are_mapped_by_the_configuration(argorun, project: Path) -> None:
    config = 'local:\n  images:\n    "example.com/*": {like: alpine, env: {WHO: config}, entrypoint: [sh, -c, "echo $WHO"]}\n'
    (project / ".argolint.yaml").write_text(config)
    text = f"{HEAD}spec: {{entrypoint: main, templates: [{{name: main, container: {{image: 'example.com/tool:v1'}}}}]}}"
    done = argorun(text, "--log")
    assert done.code == 0, done
    assert "wf: config\n" in done.out


@pytest.mark.sandbox
def test_logs_cannot_drive_the_terminal(argorun) -> None:
    done = argorun(one(r"printf 'a\033[2Jb\377\n'"), "--log")
    assert "wf: a\\x1b[2Jb\ufffd\n" in done.out


@pytest.mark.sandbox
def test_secrets_of_the_tree_are_given_and_masked(argorun, project: Path) -> None:
    (project / "secret.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: hunter22}\n"
    )
    text = one("echo $K | wc -c; echo value=$K").replace(
        "image: alpine,", "image: alpine, env: [{name: K, valueFrom: {secretKeyRef: {name: s, key: k}}}],"
    )
    done = argorun(text, "--log")
    assert done.code == 0
    assert "wf: 9\n" in done.out
    assert "wf: value=***\n" in done.out


@pytest.mark.sandbox
def test_parameters_entrypoint_and_names(argorun, project: Path) -> None:
    text = (
        f"{HEAD}spec:\n  entrypoint: other\n  arguments: {{parameters: [{{name: a, value: x}}, {{name: b, value: y}}]}}\n"
        "  templates:\n  - name: other\n    suspend: {}\n  - name: main\n    container:\n      image: alpine\n"
        "      command: [echo, '{{workflow.parameters.a}}-{{workflow.parameters.b}}']\n"
    )
    (project / "p.yaml").write_text("a: from-file\nb: from-file\n")
    done = argorun(
        text,
        "-p",
        "b=from-flag",
        "-f",
        "p.yaml",
        "--entrypoint",
        "main",
        "--generate-name",
        "gen-",
        "--log",
        "-q",
    )
    assert done.code == 0
    name = done.out.split()[0].rstrip(":")
    assert name.startswith("gen-")
    assert f"{name}: from-file-from-flag\n" in done.out


@pytest.mark.sandbox
def test_a_template_of_the_tree_is_found(argorun, project: Path) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "t.yaml").write_text(
        "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: lib}\nspec:\n  entrypoint: hi\n"
        "  templates:\n  - name: hi\n    container: {image: alpine, command: [echo, from-lib]}\n"
    )
    done = argorun(f"{HEAD}spec: {{workflowTemplateRef: {{name: lib}}}}", "--log")
    assert (done.code, done.out.splitlines()[0]) == (0, "wf: from-lib")
    process = start(project, "wftmpl/lib", "-q", "--log", "--no-lint")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.splitlines()[0].endswith(": from-lib")


@pytest.mark.sandbox
def test_a_cron_workflow_runs_once(argorun) -> None:
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: CronWorkflow\nmetadata: {name: nightly}\nspec:\n  schedules: ['0 0 * * *']\n"
        "  workflowSpec:\n    entrypoint: main\n    templates:\n    - name: main\n      container: {image: alpine, command: [echo, tick]}\n"
    )
    done = argorun(text, "-o", "json")
    assert done.code == 0
    meta = done.workflow["metadata"]
    assert meta["name"].startswith("nightly-")
    assert meta["labels"]["workflows.argoproj.io/cron-workflow"] == "nightly"


@pytest.mark.sandbox
def test_a_suspended_run_says_so(argorun) -> None:
    done = argorun(f"{HEAD}spec: {{entrypoint: main, templates: [{{name: main, suspend: {{}}}}]}}")
    assert done.code == 5
    assert "wf is suspended: a person must resume it" in done.err


@pytest.mark.sandbox
def test_lint_errors_stop_the_run(argorun, project: Path) -> None:
    text = one("touch /tmp/x").replace("entrypoint: main", "entrypoint: mian")
    done = argorun(text, lint=True)
    assert done.code == 2
    assert "wf.yaml:5:15: error:" in done.err
    assert "nothing was run" in done.err
    assert not (project / ".argolint").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "wf.yaml:1:"),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nspec: {}\n",
            "has nothing to run (ConfigMap)",
        ),
        ("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: x}\n", "has no spec"),
        (one("true").replace("name: wf", "name: NOT_OK"), "is not a name that Kubernetes takes"),
        (one("true").replace("{name: wf}", "[wf]"), "wf.yaml: metadata is not a mapping"),
        (one("true").replace("name: wf", "name: 7"), "metadata.name is not a string: 7"),
        (
            one("true").replace("name: wf", "name: wf, labels: {a: 1}"),
            "metadata.labels is not a mapping of strings",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_with_its_place(argorun, text: str, words: str) -> None:
    done = argorun(text)
    assert done.code == 2
    assert words in done.err
    assert "Traceback" not in done.err


def test_usage_errors(project: Path) -> None:
    for words, said in [
        (["nope.yaml"], "there is no file nope.yaml"),
        (["wftmpl/nope"], "there is no WorkflowTemplate 'nope'"),
        (["."], "is a directory"),
    ]:
        process = start(project, *words)
        _, err = process.communicate(timeout=30)
        assert (process.returncode, said in err) == (2, True), err


EXIT_HANDLER = """spec:
  entrypoint: main
  onExit: bye
  templates:
  - name: main
    container: {image: alpine, command: [sh, -c, "echo started; exec sleep 60"]}
  - name: bye
    container: {image: alpine, command: [sh, -c, "echo handler ran"]}
"""


def _interrupted(project: Path, *, times: int) -> Done:
    (project / "wf.yaml").write_text(HEAD + EXIT_HANDLER)
    process = start(project, "wf.yaml", "--no-lint", "--log")
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first == "wf: started\n"
    for _ in range(times):
        os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=40)
    return Done(process.returncode, out, err)


@pytest.mark.sandbox
def test_an_interrupt_stops_and_runs_the_exit_handler(project: Path) -> None:
    done = _interrupted(project, times=1)
    assert done.code == 130
    assert "handler ran\n" in done.out


@pytest.mark.sandbox
def test_a_second_interrupt_kills(project: Path) -> None:
    (project / "wf.yaml").write_text(
        (HEAD + EXIT_HANDLER).replace(
            "echo started; exec sleep 60", "trap : TERM INT; echo started; while :; do sleep 0.1; done"
        )
    )
    process = start(project, "wf.yaml", "--no-lint", "--log")
    assert process.stdout is not None
    assert process.stdout.readline() == "wf: started\n"
    os.kill(process.pid, signal.SIGINT)
    assert process.stderr is not None
    while "stopping" not in process.stderr.readline():
        pass
    os.kill(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "handler ran" not in out


@pytest.mark.sandbox
def test_a_run_that_is_killed_leaves_no_process_behind(project: Path) -> None:
    marker = f"61.{os.getpid()}"
    (project / "wf.yaml").write_text(
        (HEAD + EXIT_HANDLER).replace("exec sleep 60", f"sleep {marker} & sleep {marker}")
    )
    process = start(project, "wf.yaml", "--no-lint", "--log")
    assert process.stdout is not None
    assert process.stdout.readline() == "wf: started\n"
    process.kill()
    process.communicate(timeout=10)
    until = time.monotonic() + 10
    while _sleepers(marker):
        assert time.monotonic() < until, "a step outlived its run"
        time.sleep(0.05)


def _sleepers(marker: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"sleep\0{marker}".encode() in (entry / "cmdline").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return found


@pytest.mark.sandbox
def test_two_workflows_of_a_file_share_a_mutex(argorun, project: Path) -> None:
    text = "---\n".join(
        one("echo in; sleep 0.4; echo out", synchronization="{mutexes: [{name: m}]}").replace(
            "name: wf", f"name: {name}"
        )
        for name in ("one", "two")
    )
    done = argorun(text, "--log")
    assert done.code == 0, done
    order = [line for line in done.out.splitlines() if line.endswith((": in", ": out"))]
    assert order in (
        ["one: in", "one: out", "two: in", "two: out"],
        ["two: in", "two: out", "one: in", "one: out"],
    )
    states = [
        json.loads((project / f".argolint/runs/one/{name}.json").read_text())
        for name in ("workflow", "workflow-two")
    ]
    assert [state["status"]["phase"] for state in states] == ["Succeeded", "Succeeded"]


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.end_headers()
        self.wfile.write(b"got " + body)

    def log_message(self, *_: object) -> None:
        return


@pytest.mark.sandbox
def test_http_templates(argorun) -> None:
    server = HTTPServer(("127.0.0.1", 0), _Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/x"
        text = f"{HEAD}spec:\n  entrypoint: main\n  templates:\n  - name: main\n    http: {{url: '{url}', method: POST, body: it}}\n"
        done = argorun(text, "-o", "json")
    finally:
        server.shutdown()
        server.server_close()
    assert done.code == 0
    (node,) = done.workflow["status"]["nodes"].values()
    assert (node["type"], node["outputs"]["result"]) == ("HTTP", "got it")


RESOURCES = """spec:
  entrypoint: main
  templates:
  - name: main
    steps:
    - - {name: job, template: job}
    - - {name: child, template: child}
    - - {name: put, template: put}
    - - {name: get, template: get}
    - - name: show
        template: show
        arguments: {parameters: [{name: v, value: "{{steps.get.outputs.parameters.v}}"}]}
  - name: job
    resource:
      action: create
      successCondition: status.succeeded > 0
      failureCondition: status.failed > 0
      manifest: |
        {apiVersion: batch/v1, kind: Job, metadata: {name: job}, spec: {template: {spec: {restartPolicy: Never,
         containers: [{name: c, image: busybox, command: [echo, from-job]}]}}}}
  - name: child
    resource:
      action: create
      successCondition: status.phase == Succeeded
      failureCondition: status.phase in (Failed, Error)
      manifest: |
        {apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: child}, spec: {entrypoint: m,
         templates: [{name: m, container: {image: alpine, command: [echo, from-child]}}]}}
  - name: put
    resource: {action: apply, manifest: "{apiVersion: v1, kind: ConfigMap, metadata: {name: cm}, data: {a: one}}"}
  - name: get
    resource: {action: get, manifest: "{apiVersion: v1, kind: ConfigMap, metadata: {name: cm}}"}
    outputs: {parameters: [{name: v, valueFrom: {jsonPath: "{.data.a}"}}]}
  - name: show
    inputs: {parameters: [{name: v}]}
    container: {image: alpine, command: [echo, "got {{inputs.parameters.v}}"]}
"""


@pytest.mark.sandbox
def test_resource_templates_have_an_object_store_and_jobs_and_workflows_run(argorun) -> None:
    done = argorun(HEAD + RESOURCES, "--log")
    assert done.code == 0, done
    for line in ("job-0: from-job\n", "child: from-child\n", "show: got one\n"):
        assert line in done.out


@pytest.mark.sandbox
def test_a_resource_that_fails_its_condition(argorun) -> None:
    done = argorun(HEAD + RESOURCES.replace("[echo, from-child]", "['false']"), "-o", "json")
    assert done.code == 1
    node = next(n for n in done.workflow["status"]["nodes"].values() if n["displayName"] == "child")
    assert "failure condition 'status.phase in (Failed, Error)' evaluated true" in node["message"]


def test_the_mock_runtime_starts_nothing(argorun) -> None:
    done = argorun(one("exit 9").replace("alpine", "example.com/anything:1"), "--runtime", "mock")
    assert done.code == 0
    assert "mock: no container was started" in done.err
