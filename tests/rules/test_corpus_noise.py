"""How much the default profile says of other people's manifests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.corpus import findings, lines_of

# More than this is noise: people switch a linter off.
MOST_PER_100_LINES = 3.0


@pytest.mark.parametrize(
    "name", ["konstructio+gitops-template", "linz+topo-workflows", "litmuschaos+chaos-charts"]
)
def test_real_repositories_are_not_flooded(name: str, shared: Path) -> None:
    folder = shared / "corpus" / "real-world" / name
    found = findings(folder)
    assert not [one for one in found if one["code"] == "LNT901"]
    assert 100 * len(found) / lines_of(folder) <= MOST_PER_100_LINES


def test_upstream_examples_have_one_error(shared: Path) -> None:
    """Upstream's own linter passes all of them; the error is true: a key that stands twice."""
    found = findings(shared / "corpus" / "argo-examples")
    errors = [
        (Path(one["file"]).name, one["line"], one["code"]) for one in found if one["severity"] == "error"
    ]
    assert errors == [("k8s-patch-json-workflow.yaml", 13, "YML103")]
