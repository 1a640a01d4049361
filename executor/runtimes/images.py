"""Images and the host toolchains that stand for them: declared rules, first match wins, never a silent guess.

The shipped table covers the base images that people use in examples; `local.images` of the configuration comes first:

    local:
      images:
        "registry.example.com/ci/python:*": {like: python}
        "example.com/tool:v1": {like: alpine, entrypoint: [/usr/bin/tool], env: {LANG: C}}
"""

from __future__ import annotations

import fnmatch
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from argolint.errors import UserError
from executor.runtimes.base import Profile

PROGRAMS = Path(__file__).resolve().parent / "programs"
CONFIG_KEY = "local.images"

_COREUTILS = "host sh and coreutils"


def _ash() -> dict[str, str]:
    """bash as `sh`: nearer to busybox's ash ($RANDOM, [[, pipefail, echo -e) than the host's dash is."""
    bash, sh = os.path.realpath("/usr/bin/bash"), os.path.realpath("/usr/bin/sh")
    return {sh: bash} if os.path.isfile(bash) and sh.startswith("/usr/") and sh != bash else {}


def _python_prefix() -> str:
    """The prefix of the Python that runs us, free of any virtual environment."""
    return os.path.realpath(sys.base_prefix)


def _python_profile() -> Profile:
    prefix = _python_prefix()
    bin_dir = os.path.join(prefix, "bin")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    interpreter = os.path.join(bin_dir, f"python{version}")
    if not os.path.exists(interpreter):
        interpreter = os.path.realpath(sys.executable)
    outside = () if prefix == "/usr" or prefix.startswith("/usr/") else (prefix,)
    env = {"LANG": "C.UTF-8", "PYTHON_VERSION": "{}.{}.{}".format(*sys.version_info[:3])}
    return Profile(
        toolchain=f"host Python {version} ({interpreter})",
        cmd=("python3",),
        path=(bin_dir,) if outside else (),
        files={"/.argorun/bin/python": interpreter, "/.argorun/bin/python3": interpreter},
        binds=outside,
        env=env,
    )


def toolchains() -> dict[str, Profile]:
    """The host toolchains that an image may be mapped to, by name."""
    say, cow = str(PROGRAMS / "argosay"), str(PROGRAMS / "cowsay")
    return {
        "alpine": Profile(_COREUTILS, cmd=("/bin/sh",), files=_ash()),
        "busybox": Profile(_COREUTILS, cmd=("sh",), files=_ash()),
        "debian": Profile("host bash and coreutils", cmd=("bash",)),
        "python": _python_profile(),
        "python-alpine": replace(_python_profile(), files={**_python_profile().files, **_ash()}),
        "node": Profile("host Node.js", cmd=("node",)),
        "git": Profile("host git", entrypoint=("git",), cmd=("--help",)),
        "curl": Profile("host curl", entrypoint=("curl",)),
        "argosay": Profile(
            "argosay stand-in",
            entrypoint=("/argosay",),
            files={"/argosay": say, "/.argorun/bin/argosay": say, "/.argorun/bin/cowsay": cow},
        ),
        "cowsay": Profile(
            "cowsay stand-in",
            cmd=("/bin/bash",),
            files={"/.argorun/bin/cowsay": cow, "/usr/games/cowsay": cow},
        ),
    }


# Globs on the image without registry prefix docker.io/ and library/; first match wins.
SHIPPED: tuple[tuple[str, str], ...] = (
    ("argoproj/argosay", "argosay"),
    ("argoproj/argoexec", "alpine"),
    ("docker/whalesay", "cowsay"),
    ("rancher/cowsay", "cowsay"),
    ("alpine", "alpine"),
    ("busybox", "busybox"),
    ("bash", "debian"),
    ("debian", "debian"),
    ("ubuntu", "debian"),
    ("centos", "debian"),
    ("rockylinux", "debian"),
    ("fedora", "debian"),
    ("amazonlinux", "debian"),
    ("python:*alpine*", "python-alpine"),
    ("python", "python"),
    ("node", "node"),
    ("alpine/git", "git"),
    ("bitnami/git", "git"),
    ("curlimages/curl", "curl"),
    ("alpine/curl", "curl"),
)


def short_name(image: str) -> str:
    """The image as people write it: no docker.io/, no library/, no digest."""
    name = image.split("@", 1)[0]
    for prefix in ("docker.io/", "index.docker.io/", "registry-1.docker.io/"):
        name = name.removeprefix(prefix)
    return name.removeprefix("library/")


def repository(image: str) -> str:
    """The short name without its tag."""
    name = short_name(image)
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.split(':', 1)[0]}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the map: images that match `pattern` (a glob) are run by `profile`."""

    pattern: str
    profile: Profile

    def matches(self, image: str) -> bool:
        return any(
            fnmatch.fnmatchcase(name, self.pattern) for name in (image, short_name(image), repository(image))
        )


@dataclass(frozen=True, slots=True)
class ImageMap:
    """Rules in order, the user's before the shipped ones."""

    rules: tuple[Rule, ...]

    def lookup(self, image: str) -> Profile | None:
        """The profile that stands for `image`, or None when no rule names it."""
        return next((rule.profile for rule in self.rules if rule.matches(image)), None)

    def commands(self, images: Sequence[str]) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        """image -> (entrypoint, cmd) of every image of `images` that a rule names."""
        found = {image: self.lookup(image) for image in images}
        return {image: (p.entrypoint, p.cmd) for image, p in found.items() if p is not None}


def _strings(value: Any, place: str) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise UserError(f"{place} must be a list of strings", "write it as [one, two]")


def _unpacked(folder: str, place: str) -> Profile:
    """An unpacked image: a directory with its files, or an OCI bundle (config.json beside rootfs). Raises UserError."""
    root = os.path.abspath(os.path.expanduser(folder))
    config: Any = {}
    if os.path.isfile(os.path.join(root, "config.json")) and os.path.isdir(os.path.join(root, "rootfs")):
        try:
            with open(os.path.join(root, "config.json"), encoding="utf-8") as stream:
                config = json.load(stream).get("process") or {}
        except (OSError, ValueError, AttributeError) as error:
            raise UserError(f"{place}.rootfs: {root}/config.json cannot be read: {error}") from None
        root = os.path.join(root, "rootfs")
    if not os.path.isdir(root):
        raise UserError(
            f"{place}.rootfs is not a directory: {root}",
            "unpack the image there: podman export CONTAINER | tar -x",
        )
    env = dict(pair.split("=", 1) for pair in config.get("env") or [] if "=" in str(pair))
    return Profile(
        f"unpacked image {root}", cmd=tuple(map(str, config.get("args") or ("sh",))), env=env,
        workdir=str(config.get("cwd") or "/"), rootfs=root,
    )  # fmt: skip


def _user_rule(pattern: str, value: Any, known: Mapping[str, Profile]) -> Rule:
    place = f"{CONFIG_KEY}[{pattern!r}]"
    if isinstance(value, str):
        value = {"like": value}
    if not isinstance(value, Mapping):
        raise UserError(
            f"{place} must be a toolchain name or a mapping", f"toolchains: {', '.join(sorted(known))}"
        )
    unknown = set(value) - {"like", "rootfs", "entrypoint", "cmd", "env", "path", "workdir"}
    if unknown:
        raise UserError(
            f"{place} has unknown keys: {', '.join(sorted(map(str, unknown)))}",
            "known: like, rootfs, entrypoint, cmd, env, path, workdir",
        )
    like = value.get("like", "debian")
    if like not in known:
        raise UserError(
            f"{place}.like names no toolchain: {like!r}", f"toolchains: {', '.join(sorted(known))}"
        )
    profile = _unpacked(str(value["rootfs"]), place) if "rootfs" in value else known[like]
    if "rootfs" in value and {"like", "path"} & set(value):
        raise UserError(f"{place} has rootfs beside like or path", "an unpacked image has its own programs")
    if "entrypoint" in value or "cmd" in value:
        profile = replace(profile, entrypoint=(), cmd=())
    if "entrypoint" in value:
        profile = replace(profile, entrypoint=_strings(value["entrypoint"], f"{place}.entrypoint"))
    if "cmd" in value:
        profile = replace(profile, cmd=_strings(value["cmd"], f"{place}.cmd"))
    if "env" in value:
        if not isinstance(value["env"], Mapping):
            raise UserError(f"{place}.env must be a mapping", "write it as {NAME: value}")
        profile = replace(profile, env={**profile.env, **{str(k): str(v) for k, v in value["env"].items()}})
    if "path" in value:
        extra = tuple(
            os.path.abspath(os.path.expanduser(item)) for item in _strings(value["path"], f"{place}.path")
        )
        profile = replace(profile, path=extra + profile.path, binds=extra + profile.binds)
    if "workdir" in value:
        profile = replace(profile, workdir=str(value["workdir"]))
    return Rule(pattern, profile)


def image_map(configured: Mapping[str, Any] | None = None) -> ImageMap:
    """The shipped rules below those of `configured` (the value of `local.images`). Raises UserError."""
    known = toolchains()
    own = tuple(_user_rule(str(pattern), value, known) for pattern, value in (configured or {}).items())
    return ImageMap(own + tuple(Rule(pattern, known[name]) for pattern, name in SHIPPED))


def with_stubs(images: ImageMap, folder: str) -> ImageMap:
    """The rules with the programs of a directory before all others."""
    return ImageMap(
        tuple(
            replace(
                rule,
                profile=replace(
                    rule.profile, path=(folder, *rule.profile.path), binds=(*rule.profile.binds, folder)
                ),
            )
            for rule in images.rules
        )
    )


def unknown_image(image: str) -> str:
    """What a user reads when no rule names `image`."""
    return (
        f'no rule maps image "{image}" to a toolchain of this machine; add {CONFIG_KEY}: {{"{repository(image)}:*": {{like: debian}}}} '
        "to .argolint.yaml, or run it with --runtime container"
    )


class UnknownImage(Exception):
    """A container's image has no rule. The text is what the user reads."""

    def __init__(self, container: str, message: str) -> None:
        super().__init__(message)
        self.container = container
