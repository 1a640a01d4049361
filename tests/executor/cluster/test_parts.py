"""The parts that need no server: logs on disk, strategic merge, JSONPath, ages, protobuf."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from executor.cluster.jsonpath import parse, select
from executor.cluster.kinds import Registry
from executor.cluster.patches import strategic_merge
from executor.cluster.podlogs import LogOptions, LogWriter, follow, log_path, read
from executor.cluster.protobuf import decode
from executor.cluster.schemas import kube_data, list_strategy, schema_of
from executor.cluster.tables import duration, pod_status

# ---- logs


def test_a_log_is_written_in_the_cri_format(tmp_path: Path) -> None:
    path = log_path(tmp_path, "ns", "pod", "uid", "main")
    assert path == tmp_path / "pods" / "ns_pod_uid" / "main.log"
    writer = LogWriter(path)
    writer.write("stdout", "one\nhalf")
    writer.write("stderr", "error\n")
    writer.write("stdout", " a line\nrest")
    writer.close()
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"
    lines = path.read_text().splitlines()
    assert [re.sub(stamp, "T", line) for line in lines] == [
        "T stdout F one",
        "T stderr F error",
        "T stdout F half a line",
        "T stdout F rest",
    ]


def test_long_lines_are_written_in_pieces_and_read_whole(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path / "main.log")
    text = "x" * 40_000
    writer.write("stdout", text + "\nshort\n")
    writer.close()
    tags = [line.split(" ")[2] for line in (tmp_path / "main.log").read_text().splitlines()]
    assert tags == ["P", "P", "F", "F"]
    assert read(tmp_path / "main.log").decode() == text + "\nshort\n"
    assert read(tmp_path / "main.log", LogOptions(tail=1)).decode() == "short\n"
    assert read(tmp_path / "main.log", LogOptions(timestamps=True)).decode().count("Z ") == 2


def test_reading_options(tmp_path: Path) -> None:
    path = tmp_path / "main.log"
    path.write_text(
        "2026-01-01T00:00:00.000000000Z stdout F old\n"
        "2026-01-02T00:00:00.000000000Z stderr F new\n"
        "2026-01-03T00:00:00.000000000Z stdout F newest\n"
        "not an entry\n"
        "2026-01-03T00:00:00.000000000Z stdout F not yet comp"
    )
    assert read(path).decode() == "old\nnew\nnewest\n"
    assert read(path, LogOptions(since="2026-01-02T00:00:00Z")).decode() == "new\nnewest\n"
    assert read(path, LogOptions(stream="stdout", tail=1)).decode() == "newest\n"
    assert read(path, LogOptions(tail=0)).decode() == ""
    assert read(path, LogOptions(limit=5)).decode() == "old\nn"
    assert read(tmp_path / "none.log") == b""


def test_following_reads_what_is_added_until_the_end(tmp_path: Path) -> None:
    async def run() -> str:
        writer = LogWriter(tmp_path / "main.log")
        writer.write("stdout", "one\n")
        over: list[bool] = []
        text = b""
        async for chunk in follow(tmp_path / "main.log", LogOptions(), lambda: bool(over)):
            text += chunk
            if text.endswith(b"one\n"):
                writer.write("stdout", "two\n")
                over.append(True)
        writer.close()
        return text.decode()

    assert asyncio.run(asyncio.wait_for(run(), 10)) == "one\ntwo\n"


# ---- strategic merge


def merged(target: Any, patch: Any) -> Any:
    resource = Registry.builtin().find("", "v1", "pods")
    assert resource is not None
    schema = schema_of(resource)
    return strategic_merge(target, patch, lambda path: list_strategy(schema, path))


def containers(*rows: tuple[str, str]) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": name, "image": image} for name, image in rows]}}


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        (
            containers(("a", "1"), ("b", "1")),
            containers(("b", "2"), ("c", "1")),
            containers(("a", "1"), ("b", "2"), ("c", "1")),
        ),
        (
            containers(("a", "1"), ("b", "1")),
            {"spec": {"containers": [{"name": "a", "$patch": "delete"}]}},
            containers(("b", "1")),
        ),
        (
            containers(("a", "1"), ("b", "1")),
            {"spec": {"containers": [{"$patch": "replace"}, {"name": "c", "image": "1"}]}},
            containers(("c", "1")),
        ),
        (
            containers(("a", "1"), ("b", "1")),
            {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}},
            containers(("b", "1"), ("a", "1")),
        ),
        (
            {"spec": {"containers": [{"name": "a", "args": ["x", "y"]}]}},
            {"spec": {"containers": [{"name": "a", "args": ["z"]}]}},
            {"spec": {"containers": [{"name": "a", "args": ["z"]}]}},
        ),
        (
            {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}},
            {
                "spec": {
                    "volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/"}}]
                }
            },
            {"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}},
        ),
        (
            {"metadata": {"labels": {"a": "1", "b": "1"}}},
            {"metadata": {"labels": {"a": None}}},
            {"metadata": {"labels": {"b": "1"}}},
        ),
    ],
)
def test_strategic_merge_of_pods(target: Any, patch: Any, expected: Any) -> None:
    assert merged(target, patch) == expected


# ---- the rest


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".spec.name", ["x"]),
        ("{.spec.name}", ["x"]),
        (".spec.list[0].v", [1]),
        (".spec.list[-1].v", [2]),
        (".spec.list[*].v", [1, 2]),
        ('.spec.list[?(@.k=="b")].v', [2]),
        (".spec.list[?(@.k!='b')].v", [1]),
        (".spec['dotted.key']", ["d"]),
        (r".spec.dotted\.key", ["d"]),
        (".spec.nope.deeper", []),
    ],
)
def test_json_paths(path: str, expected: list[Any]) -> None:
    obj = {"spec": {"name": "x", "dotted.key": "d", "list": [{"k": "a", "v": 1}, {"k": "b", "v": 2}]}}
    assert select(parse(path), obj) == expected


def test_a_json_path_beyond_the_subset_is_refused() -> None:
    with pytest.raises(ValueError, match="not understood at"):
        parse(".spec[?(@.a > 1)]..b")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "5s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (3600, "60m"),
        (4 * 3600, "4h"),
        (30 * 3600, "30h"),
        (3 * 86400, "3d"),
        (400 * 86400, "400d"),
        (800 * 86400, "2y70d"),
    ],
)
def test_ages_are_printed_as_kubectl_prints_them(seconds: int, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ({"phase": "Pending"}, "Pending"),
        ({"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]}, "Running"),
        (
            {
                "phase": "Failed",
                "containerStatuses": [{"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}],
            },
            "Error",
        ),
        (
            {"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull"}}}]},
            "ErrImagePull",
        ),
        (
            {"phase": "Pending", "initContainerStatuses": [{"state": {"running": {}}}, {"state": {}}]},
            "Init:0/2",
        ),
        ({"phase": "Failed", "reason": "Evicted"}, "Evicted"),
    ],
)
def test_the_status_word_of_a_pod(status: dict[str, Any], word: str) -> None:
    assert pod_status({"metadata": {}, "spec": {}, "status": status}) == word


def test_protobuf_of_a_config_map() -> None:
    def field(number: int, data: bytes) -> bytes:
        return bytes([number << 3 | 2, len(data)]) + data

    meta = field(1, b"name") + field(3, b"") + bytes([7 << 3, 0])
    entry = field(1, b"k") + field(2, b"v")
    message = field(1, meta) + field(2, entry)
    body = b"k8s\x00" + field(1, field(1, b"v1") + field(2, b"ConfigMap")) + field(2, message)
    assert decode(body) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "name"},
        "data": {"k": "v"},
    }


def test_protobuf_keeps_a_zero_that_was_set() -> None:
    """Go writes a pointer only when it is set: a grace period of 0 is meant, and `orphanDependents: false` too."""
    options = bytes([1 << 3, 0, 3 << 3, 0]) + bytes([5 << 3 | 2, 0])
    kind = b"\x0a\x02v1\x12\x0dDeleteOptions"
    body = b"k8s\x00" + bytes([1 << 3 | 2, len(kind)]) + kind + bytes([2 << 3 | 2, len(options)]) + options
    assert decode(body) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 0,
        "orphanDependents": False,
        "dryRun": [""],
    }


def test_the_generated_data_covers_every_built_in_kind() -> None:
    measured = ("NodeMetrics", "PodMetrics")  # nobody writes them
    kinds = [item for item in Registry.builtin().by_path.values() if item.kind not in measured]
    missing = [item.kind for item in kinds if schema_of(item) is None]
    assert missing == []
    assert kube_data()["version"].startswith("v1.")
