"""Who a process is to HDFS, and files that hold secrets."""

from __future__ import annotations

import os
import stat
import threading

import pytest

from executor.artifacts.hdfs import USER, Identity
from executor.artifacts.secretfiles import secret_file


def test_transfers_of_one_user_go_side_by_side_and_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(USER, "nobody")
    identity, both, seen = Identity(), threading.Barrier(2), []
    release = threading.Event()

    def transfer(user: str, together: bool) -> None:
        with identity.of(user):
            if together:
                both.wait(30)  # fails unless the other one of this user is in here too
                release.wait(30)
            seen.append((user, os.environ[USER]))

    first = [threading.Thread(target=transfer, args=("ann", True)) for _ in range(2)]
    for thread in first:
        thread.start()
    other = threading.Thread(target=transfer, args=("bob", False))
    with identity.of("ann"):
        other.start()
        release.set()
        for thread in first:
            thread.join(30)
        assert seen == [("ann", "ann"), ("ann", "ann")]
    other.join(30)
    assert seen[2:] == [("bob", "bob")]
    assert os.environ[USER] == "nobody"
    with identity.of(""):
        assert os.environ[USER] == "nobody"


def test_a_secret_for_a_library_is_a_file_that_is_nowhere_on_disk() -> None:
    path = secret_file("key\ntab")
    with open(path, "rb") as stream:
        assert stream.read() == b"key\ntab"
    assert secret_file("key\ntab") == path
    assert secret_file("other") != path
    assert os.readlink(path).startswith("/memfd:argorun-secret")
    assert stat.S_ISREG(os.stat(path).st_mode)
