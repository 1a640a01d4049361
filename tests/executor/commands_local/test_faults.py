"""Steps that misbehave, disks that fill, runs that are killed: the run ends, says so, and leaves nothing behind."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from executor.runtimes.logpump import LogPump
from executor.runtimes.probe import probe_sandbox

from .conftest import HEAD, Project

pytestmark = pytest.mark.sandbox
REPO = Path(__file__).resolve().parents[3]


def one(script: str, *, spec: str = "", template: str = "") -> str:
    source = json.dumps(script)
    return f"{HEAD}spec:\n  entrypoint: main\n{spec}  templates:\n  - name: main\n{template}    script: {{image: debian, command: [bash], source: {source}}}\n"


def processes_with(mark: str) -> list[int]:
    """The processes whose command line has a mark in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def gone(mark: str, patience: float = 10.0) -> bool:
    until = time.monotonic() + patience
    while processes_with(mark) and time.monotonic() < until:
        time.sleep(0.1)
    return processes_with(mark) == []


def test_a_step_that_ignores_sigterm_and_forks_is_killed_with_all_it_started(sandboxed: Project) -> None:
    mark = "31.4159"
    script = f"trap '' TERM; (trap '' TERM; setsid sleep {mark}) & sleep {mark}"
    sandboxed.write(
        "wf.yaml",
        one(
            script,
            template="    activeDeadlineSeconds: 1\n    podSpecPatch: '{\"terminationGracePeriodSeconds\": 1}'\n",
        ),
    )
    done = sandboxed.argorun("run", "wf.yaml", "--no-lint")
    assert done.code == 1
    assert "Pod was active on the node longer than the specified deadline" in done.out
    assert gone(f"sleep\0{mark}")


def test_a_killed_argorun_leaves_no_process(sandboxed: Project) -> None:
    mark = "27.1828"
    sandboxed.write("wf.yaml", one(f"setsid sleep {mark} & sleep {mark}"))
    process = sandboxed.start("run", "wf.yaml", "--no-lint")
    until = time.monotonic() + 20
    while len(processes_with(f"sleep\0{mark}")) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert gone(f"sleep\0{mark}")
    assert sandboxed.argorun("stop", "wf", "-q").code == 0
    assert sandboxed.phases() == {"wf": "Failed"}


@pytest.mark.parametrize(
    ("script", "code", "shown"),
    [
        (r"printf 'a\xff\x1b[2J\n'; exit 0", 0, "wf: a\ufffd\\x1b[2J\n"),
        ("kill -SEGV $BASHPID", 1, "main: Error (exit code 139)"),
        ("rm -rf /argo /etc/* /usr/bin/* 2>/dev/null; exit 0", 0, "wf  Succeeded"),
        ("exit 300", 1, "main: Error (exit code 44)"),
    ],
)  # fmt: skip
def test_odd_ends(sandboxed: Project, script: str, code: int, shown: str) -> None:
    sandboxed.write("wf.yaml", one(script))
    done = sandboxed.argorun("run", "wf.yaml", "--no-lint")
    assert done.code == code, done
    assert shown in done.out
    assert Path("/usr/bin/env").exists()


def test_inputs_that_are_deleted_are_only_a_copy(sandboxed: Project) -> None:
    sandboxed.write(
        "wf.yaml",
        f"{HEAD}spec:\n  entrypoint: main\n  templates:\n  - name: main\n    steps:\n    - - {{name: make, template: make}}\n"
        "    - - {name: one, template: use, arguments: {artifacts: [{name: f, from: '{{steps.make.outputs.artifacts.f}}'}]}}\n"
        "    - - {name: two, template: use, arguments: {artifacts: [{name: f, from: '{{steps.make.outputs.artifacts.f}}'}]}}\n"
        "  - name: make\n    outputs: {artifacts: [{name: f, path: /out/d}]}\n    container: {image: alpine, command: [sh, -c, 'mkdir -p /out/d; echo x > /out/d/x']}\n"
        "  - name: use\n    inputs: {artifacts: [{name: f, path: /in}]}\n    container: {image: alpine, command: [sh, -c, 'cat /in/x && rm -rf /in/*']}\n",
    )
    done = sandboxed.argorun("run", "wf.yaml", "--no-lint")
    assert done.code == 0, done
    assert "one: x\n" in done.out
    assert "two: x\n" in done.out


def test_the_log_of_a_step_that_never_stops_printing_is_bounded(tmp_path: Path) -> None:
    log, result = tmp_path / "log", tmp_path / "result"
    pump = LogPump(
        log, limit=1000, mask=lambda text: text.replace("geheim", "***"), result=result, result_limit=10
    )
    pump.start()
    with os.fdopen(os.dup(pump.stdout), "wb") as out:
        out.write(b"geheim\n" * 100_000)
    with os.fdopen(os.dup(pump.stderr), "wb") as err:
        err.write(b"\xff\n")
    pump.close_writers()
    pump.join()
    text = log.read_bytes()
    assert b"geheim" not in text
    assert len(text) < 1200
    assert text.count(b"[argorun: the log is longer than 1000 bytes; the rest is not kept]") == 1
    assert result.read_bytes() == (b"geheim\n" * 2)[-10:]


def test_a_gigabyte_of_output_neither_fills_the_disk_nor_stops_the_run(sandboxed: Project) -> None:
    sandboxed.write("wf.yaml", one("head -c 200000000 /dev/zero | tr '\\0' 'a'; echo; echo end"))
    done = sandboxed.argorun("run", "wf.yaml", "--no-lint", "--no-log", "-o", "json")
    assert done.code == 0, done.err
    log = sandboxed.path / ".argolint/runs/wf/pods/default_wf/logs/main.log"
    assert log.stat().st_size < 65 << 20
    assert (
        log.read_bytes()[-80:].decode().splitlines()[-1]
        == "[argorun: the log is longer than 67108864 bytes; the rest is not kept]"
    )


def test_a_full_disk_fails_the_step_and_not_argorun(tmp_path: Path) -> None:
    if probe_sandbox()[0] is None:
        pytest.skip(probe_sandbox()[2])
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(small)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        project = Project(small)
        project.write("wf.yaml", one("dd if=/dev/zero of=/big bs=1M count=16 || { echo no space; exit 9; }"))
        done = project.argorun("run", "wf.yaml", "--no-lint")
        assert done.code == 1, done
        assert "internal error" not in done.err
        assert "main: Error (exit code 9)" in done.out
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)


def fingerprint(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if ".argolint/" not in f"{path}/" and path.is_file():
            found[str(path.relative_to(folder))] = (
                f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
            )
    return found


def test_nothing_of_the_users_tree_changes(sandboxed: Project) -> None:
    here = sandboxed.path
    sandboxed.write("data/keep.txt", "mine\n")
    sandboxed.write(
        "wf.yaml",
        one(
            f"rm -rf {here} /root /home; mkdir -p {here}; echo > {here}/wf.yaml; echo > /data; cd / && rm -rf data"
        ),
    )
    before = fingerprint(here)
    assert sandboxed.argorun("run", "wf.yaml", "--no-lint").code == 0
    assert fingerprint(here) == before


def test_an_ordinary_user_runs_a_workflow(tmp_path_factory: pytest.TempPathFactory) -> None:
    if os.geteuid() != 0:
        pytest.skip("the other tests run as an ordinary user already")
    if shutil.which("setpriv") is None:
        pytest.skip("there is no setpriv to become another user with")
    import tempfile

    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "wf.yaml").write_text(one("id -u; echo out > /file"))
        (folder / "wf.yaml").chmod(0o644)
        words = [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            sys.executable,
            "-m",
            "executor",
            "run",
            "wf.yaml",
            "--no-lint",
        ]
        env = {"PATH": "/usr/bin:/bin", "HOME": name, "PYTHONPATH": str(REPO), "PYTHONDONTWRITEBYTECODE": "1"}
        trial = subprocess.run(
            [*words[:5], "-c", "import executor.cli"],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        if trial.returncode:
            pytest.skip(
                f"an ordinary user cannot read this Python or this checkout: {trial.stderr.strip().splitlines()[-1:]}"
            )
        done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert (folder / ".argolint/runs/wf/workflow.json").stat().st_uid == 65534
        if "bubblewrap" in done.stderr:
            assert "wf: 0\n" in done.stdout
