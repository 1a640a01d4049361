"""Container paths seen from the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from executor.runtimes.base import Mount
from executor.runtimes.rootfs import resolve


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "a").mkdir(parents=True)
    (tmp_path / "vol" / "deep").mkdir(parents=True)
    return tmp_path / "root"


def test_plain_paths_and_mounts(root: Path) -> None:
    mounts = (Mount(root.parent / "vol", "/mnt/v"), Mount(root.parent / "vol" / "deep", "/mnt/v/x"))
    assert resolve("/a/b", root) == root / "a/b"
    assert resolve("/mnt/v/f", root, mounts) == root.parent / "vol/f"
    assert resolve("/mnt/v/x/f", root, mounts) == root.parent / "vol/deep/f"
    assert resolve("/mnt/vv", root, mounts) == root / "mnt/vv"


def test_links_stay_inside(root: Path) -> None:
    (root / "abs").symlink_to("/etc/passwd")
    (root / "up").symlink_to("../../../../etc/passwd")
    (root / "into").symlink_to("/mnt/v/f")
    (root / "loop").symlink_to("loop")
    mounts = (Mount(root.parent / "vol", "/mnt/v"),)
    assert resolve("/abs", root) == root / "etc/passwd"
    assert resolve("/up", root) == root / "etc/passwd"
    assert resolve("/../../..", root) == root
    assert resolve("/into", root, mounts) == root.parent / "vol/f"
    assert resolve("/loop", root) is None
    assert resolve("/abs", root, follow_last=False) == root / "abs"
