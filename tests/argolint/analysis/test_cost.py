"""Quantities and loops."""

from __future__ import annotations

import pytest

from argolint.analysis.cost import fan_out, quantity
from argolint.model.k8s import Object
from argolint.yaml import parse


def test_quantities() -> None:
    values = ["500m", "2", 2, "1Ki", "1.5Gi", "1e3", ".5", "1GB", "{{x}}", True, None, ""]
    assert [quantity(value) for value in values] == [
        0.5, 2.0, 2.0, 1024.0, 1610612736.0, 1000.0, 0.5, None, None, None, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("loop", "times"),
    [
        ("", 1),
        ("withItems: [a, b, c]", 3),
        ("withItems: '{{x}}'", None),
        ("withParam: '[1,2]'", None),
        ("withSequence: {count: '7'}", 7),
        ("withSequence: {start: '3', end: '9'}", 7),
        ("withSequence: {end: '4'}", 5),
        ("withSequence: {count: '{{x}}'}", None),
    ],
)
def test_fan_out(loop: str, times: int | None) -> None:
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  templates:\n  - name: main\n"
        f"    steps: [[{{name: s, template: job{', ' + loop if loop else ''}}}]]\n"
    )
    spec = Object(parse(text).documents[0].root).workflow_specs[0]
    assert fan_out(next(iter(spec.templates[0].steps))) == times
