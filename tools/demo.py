"""The main job, shown from end to end: `make demo` (or `python -m tools.demo [--keep]`).

Lints a broken and a healthy repository, puts the healthy one into Git, starts the embedded cluster with a reconciler that
follows it, runs a workflow, pushes a commit that must be refused and one that must be applied, and waits for a schedule to fire.
Everything happens in a temporary folder and on loopback, and is gone afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
NAMESPACE = "argo"
STEP_TIMEOUT = 60.0


class DemoFailed(Exception):
    """A step did not do what it is meant to show."""


def say(number: int, title: str) -> None:
    """Print the heading of a step."""
    print(
        f"\n\033[1m── {number}. {title}\033[0m" if sys.stdout.isatty() else f"\n== {number}. {title}",
        flush=True,
    )


def show(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    expect: int | None = 0,
    env: dict[str, str] | None = None,
) -> int:
    """Run a command as a user would type it, with its output on ours; DemoFailed when its exit code is another one."""
    words = [str(word) for word in argv]
    print("$ " + " ".join([Path(words[0]).name, *words[1:]]), flush=True)
    code = subprocess.run(words, cwd=cwd, env=env, stdin=subprocess.DEVNULL).returncode
    if expect is not None and code != expect:
        raise DemoFailed(f"{Path(words[0]).name} {words[1]} ended with {code}, not {expect}")
    return code


def quiet(argv: Sequence[str | Path], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command and return what it printed; DemoFailed with its messages when it fails."""
    done = subprocess.run(
        [str(w) for w in argv], cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode not in (0, 2):
        raise DemoFailed(f"{' '.join(str(w) for w in argv)}\n{done.stdout}{done.stderr}")
    return done.stdout


def wait_for(what: str, probe: Callable[[], Any], timeout: float = STEP_TIMEOUT) -> Any:
    """Call `probe` until it gives something true, and return that; DemoFailed after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found = probe()
        if found:
            return found
        time.sleep(0.3)
    raise DemoFailed(f"waited {timeout:.0f} s in vain for {what}")


def kubectl_binary() -> str:
    """The kubectl of the environment that runs this, else the one on PATH."""
    found = shutil.which("kubectl", path=f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise DemoFailed("no kubectl: `make setup` installs one into .venv")
    return found


class Demo:
    """The folder, the repository and the cluster of one demonstration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "platform"
        self.remote = folder / "platform.git"
        self.data = folder / "cluster"
        self.kubeconfig = folder / "kubeconfig"
        self.config = folder / "argosync.yaml"
        self.env = {
            **os.environ,
            "KUBECONFIG": str(self.kubeconfig),
            "GIT_AUTHOR_NAME": "Demo",
            "GIT_AUTHOR_EMAIL": "demo@example.com",
            "GIT_COMMITTER_NAME": "Demo",
            "GIT_COMMITTER_EMAIL": "demo@example.com",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        self.kubectl = [
            kubectl_binary(),
            f"--kubeconfig={self.kubeconfig}",
            f"--cache-dir={folder / 'kube-cache'}",
        ]

    # --- the repository ---

    def git(self, *words: str) -> str:
        """Run git in the work tree."""
        return quiet(["git", *words], cwd=self.work, env=self.env)

    def make_repository(self) -> None:
        """Copy the healthy example, commit it, and push it to a bare repository."""
        shutil.copytree(REPO / "examples" / "platform", self.work)
        quiet(["git", "init", "-q", "--bare", "-b", "main", str(self.remote)], env=self.env)
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", str(self.remote))
        self.push("Add the platform's templates")

    def push(self, message: str) -> str:
        """Commit everything and push it; the commit id."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        self.git("push", "-q", "origin", "main")
        return self.git("rev-parse", "HEAD").strip()

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a piece of text in a file of the work tree."""
        path = self.work / file
        text = path.read_text()
        if old not in text:
            raise DemoFailed(f"{file} has no {old!r}")
        path.write_text(text.replace(old, new, 1))

    # --- the cluster ---

    def start_cluster(self) -> None:
        """Start the embedded cluster with a reconciler that follows the repository."""
        self.config.write_text(
            textwrap.dedent(f"""\
                version: 1
                state: {self.folder / "sync"}
                sources:
                  - name: platform
                    url: {self.remote}
                    ref:
                      branch: main
                    interval: 1s
                targets:
                  - name: cluster
                    source: platform
                    namespace: {NAMESPACE}
                """)
        )
        show(
            [
                BIN / "argorun",
                "up",
                "--detach",
                "--data",
                self.data,
                "--kubeconfig",
                self.kubeconfig,
                "--port",
                "0",
                "--sync",
                self.config,
            ],
            env=self.env,
        )

    def stop_cluster(self) -> None:
        """Stop it, whatever state it is in."""
        if self.data.exists():
            subprocess.run(
                [BIN / "argorun", "down", "--data", self.data], stdin=subprocess.DEVNULL, capture_output=True
            )

    def names(self, kind: str, *more: str) -> list[str]:
        """The names of a kind's objects in the demo's namespace, [] when there are none yet."""
        done = subprocess.run(
            [*self.kubectl, "-n", NAMESPACE, "get", kind, "-o", "json", *more],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        return (
            [item["metadata"]["name"] for item in json.loads(done.stdout)["items"]]
            if done.returncode == 0
            else []
        )

    def sync_state(self) -> dict[str, Any]:
        """What the reconciler says of its first target."""
        done = subprocess.run(
            [BIN / "argosync", "status", "--config", self.config, "-o", "json"],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=self.env,
        )
        try:
            targets = json.loads(done.stdout)["targets"]
        except (ValueError, KeyError):
            return {}
        return targets[0] if targets else {}

    def applied(self) -> str:
        """The commit that the reconciler applied last, "" when none."""
        return str((self.sync_state().get("applied") or {}).get("commit", ""))

    def refused(self) -> str:
        """The commit that the reconciler refused, when that is the last thing it did."""
        attempted = self.sync_state().get("attempted") or {}
        return str(attempted.get("commit", "")) if attempted.get("reason") == "Refused" else ""


def run(demo: Demo) -> None:
    """The demonstration itself; DemoFailed as soon as something is not as it should be."""
    say(1, "Lint a repository with the usual mistakes")
    show([BIN / "argolint", "check", "--no-cache", "examples/broken"], cwd=REPO, expect=1)

    say(2, "Lint a healthy one, and put it into Git")
    show([BIN / "argolint", "check", "--no-cache", "examples/platform"], cwd=REPO)
    demo.make_repository()
    print(demo.git("log", "--oneline").strip())

    say(3, "Start the embedded cluster; the reconciler follows the repository")
    demo.start_cluster()
    show([*demo.kubectl, "apply", "-f", demo.work / "rbac"])
    wait_for("the templates to arrive", lambda: {"checks", "release"} <= set(demo.names("workflowtemplates")))
    wait_for("the CronWorkflow to arrive", lambda: "heartbeat" in demo.names("cronworkflows"))
    show([*demo.kubectl, "-n", NAMESPACE, "get", "workflowtemplates,cronworkflows"])

    say(4, "Run a workflow from a template, with its logs")
    show(
        [
            BIN / "argorun",
            "submit",
            "--from",
            "workflowtemplate/release",
            "-n",
            NAMESPACE,
            "-p",
            "version=1.4.0",
            "--watch",
            "--log",
            "--kubeconfig",
            demo.kubeconfig,
        ],
        env=demo.env,
    )

    say(5, "Push a commit that breaks a reference: it is refused, the last good revision stays")
    good = demo.git("rev-parse", "HEAD").strip()
    demo.edit("templates/release.yaml", "template: unit-test", "template: unit-tests")
    bad = demo.push("Rename a step, but not everywhere")
    wait_for("the refusal", lambda: demo.refused() == bad)
    show([BIN / "argosync", "status", "--config", demo.config], env=demo.env, expect=None)
    if demo.applied() != good:
        raise DemoFailed("the last good revision did not stay")
    live = quiet([*demo.kubectl, "-n", NAMESPACE, "get", "workflowtemplate", "release", "-o", "yaml"])
    if "template: unit-tests" in live:
        raise DemoFailed("the broken template reached the cluster")
    print(f"still applied: {good[:12]}; refused: {bad[:12]}")

    say(6, "Push the fix: it is applied")
    demo.edit("templates/release.yaml", "template: unit-tests", "template: unit-test")
    demo.edit("templates/release.yaml", "value: 1.0.0", "value: 1.1.0")
    fixed = demo.push("Name the step as it is called")
    wait_for("the fix to be applied", lambda: demo.applied() == fixed)
    show([BIN / "argosync", "status", "--config", demo.config], env=demo.env, expect=None)

    say(7, "The CronWorkflow fires")
    selector = "workflows.argoproj.io/cron-workflow=heartbeat,workflows.argoproj.io/phase=Succeeded"
    wait_for("a run of the schedule", lambda: demo.names("workflows", "-l", selector))
    show([*demo.kubectl, "-n", NAMESPACE, "get", "workflows"])


def main() -> int:
    """Run the demonstration and clean up, also after ^C; 0 when everything was as it should be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", action="store_true", help="leave the cluster up and print its kubeconfig")
    keep = parser.parse_args().keep
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="argolint-demo-"))
    started = time.monotonic()
    failed = False
    demo = None
    try:
        demo = Demo(folder)
        run(demo)
        print(f"\nAll of it in {time.monotonic() - started:.0f} s.")
    except DemoFailed as error:
        failed = True
        print(f"\ndemo: {error}", file=sys.stderr)
        for log in sorted((folder / "cluster" / "logs").glob("*.log")):
            tail = log.read_text(errors="replace").splitlines()[-15:]
            print(f"--- {log.name}\n" + "\n".join(tail), file=sys.stderr)
    except KeyboardInterrupt:
        failed = True
        keep = False
        print("\ndemo: interrupted, cleaning up", file=sys.stderr)
    finally:
        if demo is not None and keep and not failed:
            print(
                f"\nThe cluster is up. Use it:\n  export KUBECONFIG={demo.kubeconfig}\n  {demo.kubectl[0]} get workflows -A"
            )
            print(f"Stop it:\n  {BIN / 'argorun'} down --data {demo.data} && rm -r {folder}")
        else:
            if demo is not None:
                demo.stop_cluster()
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
