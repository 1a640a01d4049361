"""pytest: test files (`*.test.yaml`) as test items, and workflows simulated from Python tests.

pytest -p executor.pytest_plugin

def test_deploy(simulate_workflow):
    outcome = simulate_workflow("deploy.yaml", mocks=[{"match": {"template": "build"}, "outputs": {"parameters": {"tag": "v1"}}}])
    assert outcome.phase == "Succeeded"
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from argolint.errors import UserError
from executor.local import testfile, testrun


class MockedCaseFailed(Exception):
    """A case was not as expected. The text lists why."""


class CaseItem(pytest.Item):
    """One case of a test file."""

    def __init__(self, *, index: int, file: testfile.Suite, trees: dict[Path, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.index, self.file, self.trees = index, file, trees

    def runtest(self) -> None:
        subject = testrun.subject_of(self.file, self.trees)
        verdict = testrun.run_case(self.file, subject, self.index)
        if verdict.problems:
            raise MockedCaseFailed("\n".join(verdict.problems))

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if isinstance(excinfo.value, MockedCaseFailed | UserError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        line = self.file.place(("cases", self.index)).rsplit(":", 2)[1]
        return self.path, int(line) - 1, f"{self.path.name}: {self.name}"


class CaseFile(pytest.File):
    """A test file."""

    def collect(self) -> Iterator[pytest.Item]:
        try:
            file = testfile.load(self.path)
        except UserError as error:
            raise self.CollectError(str(error)) from None
        trees: dict[Path, Any] = {}
        for index, case in enumerate(file.content["cases"]):
            yield CaseItem.from_parent(self, name=str(case["name"]), index=index, file=file, trees=trees)


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> pytest.Collector | None:
    """Collect `*.test.yaml`."""
    if file_path.name.endswith(testfile.SUFFIXES):
        return CaseFile.from_parent(parent, path=file_path)
    return None


def simulate(
    workflow: str | Path | Mapping[str, Any] | Any,
    *,
    mocks: Sequence[Mapping[str, Any]] = (),
    parameters: Mapping[str, Any] | None = None,
    expect: Mapping[str, Any] | None = None,
    **case: Any,
) -> testrun.Verdict:
    """Simulate a workflow: a manifest's path, `KIND/NAME` of the present tree, an object, or anything with `to_yaml()`.

    `case` takes the other keys of a test file's case (entrypoint, clock, unmocked, shutDown). The verdict has the final `state`, the
    `trace` and `problems`. Raises UserError for what is not valid.
    """
    import yaml

    with tempfile.TemporaryDirectory() as folder:
        target = str(workflow)
        if hasattr(workflow, "to_yaml"):
            workflow = yaml.safe_load(workflow.to_yaml())
        if isinstance(workflow, Mapping):
            target = str(Path(folder) / "workflow.yaml")
            Path(target).write_text(yaml.safe_dump(dict(workflow)), encoding="utf-8")
        elif isinstance(workflow, Path) or Path(target).is_file():
            target = str(Path(target).resolve())
        here = (
            Path.cwd() / "simulate.test.yaml"
            if "/" in target and not Path(target).is_absolute()
            else Path(folder) / "simulate.test.yaml"
        )
        content = {
            "workflow": target,
            "cases": [{"name": "simulate", "mocks": list(mocks), "parameters": dict(parameters or {}), "expect": dict(expect or {}), **case}],
        }  # fmt: skip
        file = testfile.load_text(here, yaml.safe_dump(content))
        return testrun.run_case(file, testrun.subject_of(file, {}), 0)


@pytest.fixture
def simulate_workflow() -> Callable[..., testrun.Verdict]:
    """`simulate`, which raises an AssertionError when expectations or mocks were wrong."""

    def call(workflow: Any, **more: Any) -> testrun.Verdict:
        verdict = simulate(workflow, **more)
        assert not verdict.problems, "\n".join(verdict.problems)
        return verdict

    return call
