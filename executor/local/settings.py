"""The `local` section of `.argolint.yaml`: how runs on this machine behave."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from argolint.errors import UserError
from executor.local.rules import Rule, parse

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RUNTIMES = ("auto", "process", "container", "mock")
KEYS = ("images", "runtime", "jobs", "network", "plugins", "rules", "stubs", "sources", "pass_env")


class LocalSettings(NamedTuple):
    """`images` maps globs to toolchains, `jobs` caps pods at once (0: the default), `network` False cuts steps off; `plugins` are the
    addresses of executor plugins by name, `rules` the runtimes and images of some pods, `stubs` a directory of programs that
    steps find before all others, `sources` the checkouts that git artifacts are taken from, `pass_env` the variables of this
    machine that steps see."""

    images: Mapping[str, Any]
    runtime: str = "auto"
    jobs: int = 0
    network: bool = True
    plugins: Mapping[str, str] = {}
    rules: tuple[Rule, ...] = ()
    stubs: str = ""
    sources: Mapping[str, Path] = {}
    pass_env: tuple[str, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        """The variables of `pass_env` that are set."""
        return {name: os.environ[name] for name in self.pass_env if name in os.environ}


def load(root: Path) -> LocalSettings:
    """The section of the configuration file in `root`; the defaults when there is none. Raises UserError."""
    path = next(
        (root / name for name in (".argolint.yaml", ".argolint.yml") if (root / name).is_file()), None
    )
    return LocalSettings({}) if path is None else load_file(path)


def load_file(path: Path) -> LocalSettings:
    """The section of this configuration file. Raises UserError."""
    from executor.local.documents import objects_in, read_text

    documents = objects_in(str(path), read_text(path))
    section = documents[0].get("local") if documents else None
    if section is None:
        return LocalSettings({})
    if not isinstance(section, dict):
        raise UserError(f"{path}: local must be a mapping", f"known keys: {', '.join(KEYS)}")
    unknown = sorted(set(section) - set(KEYS))
    if unknown:
        raise UserError(
            f"{path}: local has unknown keys: {', '.join(unknown)}", f"known keys: {', '.join(KEYS)}"
        )
    runtime, jobs, network = (
        section.get("runtime", "auto"),
        section.get("jobs", 0),
        section.get("network", True),
    )
    if runtime not in RUNTIMES:
        raise UserError(f"{path}: local.runtime is {runtime!r}", f"use one of {', '.join(RUNTIMES)}")
    if not isinstance(jobs, int) or isinstance(jobs, bool) or jobs < 0:
        raise UserError(f"{path}: local.jobs must be a number of pods, not {jobs!r}", "use 0 for the default")
    if not isinstance(network, bool):
        raise UserError(f"{path}: local.network must be true or false, not {network!r}")
    images = section.get("images") or {}
    if not isinstance(images, dict):
        raise UserError(
            f"{path}: local.images must be a mapping of image globs",
            'write it as {"image:*": {like: debian}}',
        )
    images = {pattern: _placed(value, path.parent) for pattern, value in images.items()}
    stubs = section.get("stubs") or ""
    if stubs:
        stubs = str(path.parent.resolve() / Path(str(stubs)).expanduser())
        if not Path(stubs).is_dir():
            raise UserError(f"{path}: local.stubs is not a directory: {stubs}", "put the programs there")
    sources = section.get("sources") or {}
    if not isinstance(sources, dict) or not all(isinstance(v, str) for v in sources.values()):
        raise UserError(
            f"{path}: local.sources must map git repositories to directories", "write it as {URL: ../app}"
        )
    checkouts = {str(k): path.parent.resolve() / Path(v).expanduser() for k, v in sources.items()}
    for repository, folder in checkouts.items():
        if not folder.is_dir():
            raise UserError(f"{path}: local.sources: {repository}: there is no directory {folder}")
    rules = parse(section.get("rules"), f"{path}: local.rules")
    plugins = section.get("plugins") or {}
    if not isinstance(plugins, dict) or not all(
        isinstance(address, str) and address.startswith(("http://", "https://"))
        for address in plugins.values()
    ):
        raise UserError(
            f"{path}: local.plugins must map executor plugins to addresses",
            "write it as {hello: http://127.0.0.1:4355}",
        )
    passed = section.get("pass_env") or []
    if not isinstance(passed, list) or not all(
        isinstance(name, str) and _NAME.fullmatch(name) for name in passed
    ):
        raise UserError(
            f"{path}: local.pass_env must be a list of names of variables", "write it as [HTTPS_PROXY]"
        )
    return LocalSettings(
        images,
        runtime,
        jobs,
        network,
        {str(k): v for k, v in plugins.items()},
        rules,
        stubs,
        checkouts,
        tuple(passed),
    )


def _placed(value: Any, folder: Path) -> Any:
    """An image's rule with the place of its unpacked root counted from the configuration file."""
    if isinstance(value, dict) and isinstance(value.get("rootfs"), str):
        return {**value, "rootfs": str(folder.resolve() / Path(value["rootfs"]).expanduser())}
    return value
