"""Which runtime is taken: isolation is given up only by whoever asks for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from argolint.errors import UserError
from executor.runtimes import podman, probe
from executor.runtimes.process import ProcessRuntime


@pytest.fixture
def no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "probe_sandbox", lambda: (None, False, "no namespaces"))


@pytest.mark.usefixtures("no_sandbox")
def test_without_sandbox_and_engine_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(podman, "probe_engine", lambda: (None, "podman: broken"))
    with pytest.raises(UserError) as found:
        probe.choose("auto")
    assert (
        found.value.message == "nothing here keeps steps apart from your files: no namespaces; podman: broken"
    )
    assert str(found.value.remedy).endswith("or let steps run as you, on your files: --runtime process")
    assert found.value.exit_code == 4


@pytest.mark.usefixtures("no_sandbox")
def test_without_sandbox_an_engine_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = podman.PodmanRuntime("/usr/bin/podman", ())
    monkeypatch.setattr(podman, "probe_engine", lambda: (engine, "a trial ran"))
    assert probe.choose("auto") == (engine, "container (a trial ran; no namespaces)")


@pytest.mark.usefixtures("no_sandbox")
def test_who_asks_for_processes_gets_them_and_is_told() -> None:
    choice = probe.choose("process")
    assert isinstance(choice.runtime, ProcessRuntime)
    assert choice.why == "process (no isolation: no namespaces)"


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"user/max_user_namespaces": "0"}, "sudo sysctl -w user.max_user_namespaces=10000"),
        ({"kernel/apparmor_restrict_unprivileged_userns": "1"}, "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        ({"kernel/unprivileged_userns_clone": "0"}, "sudo sysctl -w kernel.unprivileged_userns_clone=1"),
    ],
)  # fmt: skip
def test_the_remedy_names_what_this_machine_forbids(
    monkeypatch: pytest.MonkeyPatch, facts: dict[str, str], told: str
) -> None:
    monkeypatch.setattr(
        probe, "_first_line", lambda path: facts.get(str(path).removeprefix("/proc/sys/"), "")
    )
    assert probe.remedy().startswith(f"allow user namespaces ({told}); or install podman or docker; or ")


def test_a_trial_is_made_again_when_the_machine_permits_something_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trials: list[str] = []

    def trial(bwrap: str) -> tuple[bool, bool, str]:
        trials.append(bwrap)
        return len(trials) == 1, True, "forbidden"

    binary = tmp_path / "bwrap"
    binary.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("executor.runtimes.sandbox.find_bwrap", lambda: str(binary))
    monkeypatch.setattr("executor.runtimes.sandbox.probe", trial)
    assert probe.probe_sandbox() == (str(binary), True, "")
    assert probe.probe_sandbox() == (str(binary), True, "")
    assert len(trials) == 1
    assert json.loads((tmp_path / "argolint/runtime.json").read_text())["overlay"] is True
    real = probe._first_line
    monkeypatch.setattr(
        probe, "_first_line", lambda path: "0" if path.name == "max_user_namespaces" else real(path)
    )
    assert probe.probe_sandbox() == (None, False, "bubblewrap cannot make a sandbox here: forbidden")
