"""Which toolchain stands for an image."""

from __future__ import annotations

import pytest

from argolint.errors import UserError
from executor.runtimes.images import image_map, repository, short_name, unknown_image


@pytest.mark.parametrize(
    ("image", "toolchain"),
    [
        ("alpine", "host sh and coreutils"),
        ("alpine:3.20", "host sh and coreutils"),
        ("docker.io/library/busybox:latest", "host sh and coreutils"),
        ("debian:bookworm-slim@sha256:0000", "host bash and coreutils"),
        ("argoproj/argosay:v2", "argosay stand-in"),
        ("docker/whalesay", "cowsay stand-in"),
        ("localhost:5000/alpine", None),
        ("alpine-evil", None),
        ("registry.example.com/python:3", None),
        ("", None),
    ],
)
def test_the_shipped_rules(image: str, toolchain: str | None) -> None:
    profile = image_map().lookup(image)
    assert (profile.toolchain if profile else None) == toolchain


def test_names() -> None:
    assert short_name("index.docker.io/library/python:3@sha256:0") == "python:3"
    assert repository("localhost:5000/a/b:tag") == "localhost:5000/a/b"


def test_users_rules_come_first() -> None:
    images = image_map({"alpine:*": {"like": "debian", "cmd": ["x"], "env": {"A": 1}}, "*/team/*": "python"})
    profile = images.lookup("alpine:3")
    assert profile is not None
    assert (profile.toolchain, profile.entrypoint, profile.cmd, dict(profile.env)) == (
        "host bash and coreutils",
        (),
        ("x",),
        {"A": "1"},
    )
    assert images.commands(["alpine:3", "nope", "argoproj/argosay:v2"]) == {
        "alpine:3": ((), ("x",)),
        "argoproj/argosay:v2": (("/argosay",), ()),
    }
    python = images.lookup("registry/team/tool:1")
    assert python is not None
    assert python.toolchain.startswith("host Python")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"a": 1}, "local.images['a'] must be a toolchain name or a mapping"),
        ({"a": {"like": "windows"}}, "local.images['a'].like names no toolchain: 'windows'"),
        ({"a": {"likes": "x"}}, "local.images['a'] has unknown keys: likes"),
        ({"a": {"cmd": "x"}}, "local.images['a'].cmd must be a list of strings"),
        ({"a": {"env": []}}, "local.images['a'].env must be a mapping"),
    ],
)
def test_bad_rules_name_their_place(rules: dict, message: str) -> None:
    with pytest.raises(UserError) as caught:
        image_map(rules)
    assert caught.value.message == message
    assert caught.value.remedy


def test_the_message_for_an_unknown_image_names_the_key_to_add() -> None:
    assert 'local.images: {"example.com/t:*": {like: debian}}' in unknown_image("example.com/t:v1")
