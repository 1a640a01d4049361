"""Settings inside ConfigMaps, and where they are written."""

from __future__ import annotations

from argolint.analysis.controller_config import settings_of
from argolint.context import Context, File
from argolint.settings import Settings
from argolint.text import SourceText
from argolint.yaml import parse

MANY = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: workflow-controller-configmap}
data:
  parallelism: "10"
  persistence: |
    archive: true
  broken: "{a: 1"
"""
ONE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: workflow-controller-configmap}
data:
  config: |
    parallelism: 10
    persistence:
      archive: true
"""


def read(text: str) -> tuple[list[tuple[str, str, object]], list[str]]:
    """(name, what stands at the key, value) of each setting, and the texts that cannot be read."""
    file = File("a.yaml", SourceText(text), parse(text))
    found, broken = settings_of(file.objects[0][0], Context(file, Settings(), None))
    return (
        [(one.name, text[one.key.start : one.key.end], one.value) for one in found],
        [problem.message for problem in broken],
    )


def test_a_key_each() -> None:
    found, broken = read(MANY)
    assert found == [("parallelism", "parallelism", 10), ("persistence", "persistence", {"archive": True})]
    assert len(broken) == 1


def test_all_in_one_key() -> None:
    found, broken = read(ONE)
    assert found == [("parallelism", "parallelism", 10), ("persistence", "persistence", {"archive": True})]
    assert broken == []
