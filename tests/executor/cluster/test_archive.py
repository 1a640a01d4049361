"""The archive as a file: what is kept, and what of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from executor.cluster.archive import Archive, Query
from executor.cluster.selectors import label_matcher


def workflow(
    name: str, version: int = 1, started: str = "2026-01-01T00:00:00Z", **status: Any
) -> dict[str, Any]:
    return {
        "metadata": {
            "name": name,
            "namespace": "argo",
            "uid": f"uid-{name}",
            "resourceVersion": str(version),
            "creationTimestamp": started,
            "labels": {"name": name},
            "managedFields": [{"manager": "m"}],
        },
        "spec": {"entrypoint": "main", "templates": [{"name": "main"}]},
        "status": {"phase": "Succeeded", "startedAt": started, **status},
    }


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    made = Archive(tmp_path / "archive.db", keep=3)
    made.open()
    return made


def test_a_newer_state_takes_the_place_of_the_older_and_not_the_other_way_round(archive: Archive) -> None:
    for version, phase in ((5, "Failed"), (9, "Succeeded"), (7, "Error")):
        archive.put(workflow("a", version, phase=phase))
    found = archive.get("uid-a")
    assert found is not None
    assert found["status"]["phase"] == "Succeeded"
    assert "managedFields" not in found["metadata"]
    assert found["spec"] == workflow("a")["spec"]


def test_the_newest_are_kept_and_the_last_started_comes_first(archive: Archive) -> None:
    for number in range(101):
        archive.put(workflow(f"w{number}", started=f"2026-01-01T00:{number // 60:02}:{number % 60:02}Z"))
    names = [item["metadata"]["name"] for item in archive.select(Query())[0]]
    assert names == ["w100", "w99", "w98"]


def test_the_file_is_its_owners_and_is_read_again(tmp_path: Path, archive: Archive) -> None:
    archive.put(workflow("a"))
    archive.close()
    assert (tmp_path / "archive.db").stat().st_mode & 0o077 == 0
    again = Archive(tmp_path / "archive.db")
    again.open()
    assert again.named("argo", "a") == again.get("uid-a")
    assert again.delete("uid-a")
    assert not again.delete("uid-a")
    assert again.get("uid-a") is None


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (Query("argo"), ["b", "ab", "a"]),
        (Query("other"), []),
        (Query(name="a"), ["a"]),
        (Query(prefix="a"), ["ab", "a"]),
        (Query(contains="b"), ["b", "ab"]),
        (Query(started_after="2026-01-01T00:00:02Z"), ["b"]),
        (Query(started_before="2026-01-01T00:00:02Z"), ["a"]),
        (Query(labels=label_matcher("name in (a,b)")), ["b", "a"]),
    ],
)
def test_it_is_searched(archive: Archive, query: Query, names: list[str]) -> None:
    for second, name in enumerate(("a", "ab", "b"), 1):
        archive.put(workflow(name, started=f"2026-01-01T00:00:0{second}Z"))
    assert [item["metadata"]["name"] for item in archive.select(query)[0]] == names


def test_packed_nodes_are_unpacked(archive: Archive) -> None:
    from executor.engine.size import compress

    nodes = {"n": {"id": "n", "phase": "Succeeded"}}
    archive.put(workflow("a", compressedNodes=compress(nodes)))
    found = archive.get("uid-a")
    assert found is not None
    assert found["status"]["nodes"] == nodes


@pytest.mark.parametrize("labels", ["", "name"], ids=["by SQL", "by labels"])
def test_pages_are_cut_after_everything_else(archive: Archive, labels: str) -> None:
    for number, name in enumerate(("a", "b", "c")):
        archive.put(workflow(name, started=f"2026-01-01T00:00:0{number}Z"))
    query = Query("argo", labels=label_matcher(labels) if labels else None)
    pages = [archive.select(query, offset, 2) for offset in (0, 2, 4)]
    assert [([item["metadata"]["name"] for item in shown], total) for shown, total in pages] == [
        (["c", "b"], 3),
        (["a"], 3),
        ([], 3),
    ]


def test_a_percent_sign_is_a_letter_like_any_other(archive: Archive) -> None:
    archive.put(workflow("plain"))
    assert archive.select(Query(prefix="%")) == archive.select(Query(contains="_")) == ([], 0)
