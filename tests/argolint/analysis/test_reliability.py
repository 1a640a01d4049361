"""What retries and locks add up to."""

from __future__ import annotations

from argolint.analysis.reliability import Budget, budget, nested_locks, seconds, shown, waits, whole
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.yaml import parse


def view(text: str) -> View:
    return View(parse(text).documents[0].root)


def test_numbers() -> None:
    assert [seconds(value) for value in (5, "5", "1m30s", "1d", "{{x}}", True, None)] == [
        5.0, 5.0, 90.0, None, None, None, None,
    ]  # fmt: skip
    assert [whole(value) for value in (3, "3", "-1", "three", "1.5", True, None)] == [
        3, 3, -1, None, None, None, None,
    ]  # fmt: skip
    assert [shown(value) for value in (0, 45, 90, 3600, 5400, 0.5)] == [
        "0s",
        "45s",
        "1m30s",
        "1h",
        "1h30m",
        "0.5s",
    ]


def test_waits_grow_to_the_cap() -> None:
    backoff = view("{duration: 10s, factor: '2', cap: 1m}")
    assert waits(backoff, 5) == [10.0, 20.0, 40.0, 60.0, 60.0]
    assert waits(view("{duration: 10s}"), 3) == [10.0, 10.0, 10.0]
    assert waits(view("{duration: '{{x}}'}"), 3) is None


def test_the_last_retry_does_not_fit() -> None:
    strategy = view("{limit: '5', backoff: {duration: 10s, factor: '2', maxDuration: 3m}}")
    assert budget(strategy) == Budget(5, 4, [10.0, 20.0, 40.0, 80.0, 160.0], 180.0)
    assert budget(view("{limit: 2, backoff: {duration: 10s, maxDuration: 3m}}")) == Budget(
        2, 2, [10.0, 10.0], 180.0
    )
    assert budget(view("{backoff: {duration: 10s, maxDuration: 3m}}")) is None


def test_locks_within_locks() -> None:
    root = (
        parse(
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n"
            "  synchronization: {mutexes: [{name: a}]}\n  templates:\n"
            "  - name: main\n    steps: [[{name: s, template: job, when: 'x == y'}]]\n"
            "  - name: job\n    synchronization: {mutexes: [{name: b}, {name: '{{x}}'}]}\n"
        )
        .documents[0]
        .root
    )
    spec = Object(root).workflow_specs[0]
    found = [(held.label, taken.label) for held, taken, _ in nested_locks(spec)]
    assert found == [("mutex `a`", "mutex `b`")]
