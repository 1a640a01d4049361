"""The settings of a run, with their defaults. Where they come from is the business of argolint.config."""

from __future__ import annotations

from typing import Any

LATEST_ARGO = (4, 1)


class Settings:
    """What a run is told. Every field has a default, so `Settings()` is a run without configuration.

    severity            code, name, prefix or ALL -> error, warning or info
    per_file_ignores    glob (relative to `root`) -> selectors
    argo_version        the release that will run the manifests, as (major, minor)
    external_references what a reference to an object outside the tree is: ignore, info, warning or error
    rules               folders of more rules
    plugins             whether rules that installed packages offer (entry point argolint.rules) are used
    render              commands whose output is linted too, with --render
    options             settings that single rules declare and read
    root                the folder that globs and cross-file rules start from ("" = the current one)
    tools               the programs that enabled rules ask (shellcheck, ruff), with their times; "" for none
    config              the configuration file that was read; "" for none
    """

    __slots__ = (
        "argo_version", "baseline", "config", "exclude", "extend_ignore", "extend_select", "external_references", "fail_on",
        "ignore", "options", "origins", "per_file_ignores", "plugins", "profile", "render", "root", "rules", "select", "severity", "tools",
    )  # fmt: skip

    def __init__(self) -> None:
        self.select: tuple[str, ...] = ()
        self.ignore: tuple[str, ...] = ()
        self.extend_select: tuple[str, ...] = ()
        self.extend_ignore: tuple[str, ...] = ()
        self.severity: dict[str, str] = {}
        self.per_file_ignores: dict[str, tuple[str, ...]] = {}
        self.profile = "default"
        self.fail_on = "warning"
        self.argo_version: tuple[int, int] = LATEST_ARGO
        self.external_references = "warning"
        self.rules: tuple[str, ...] = ()
        self.plugins = False
        self.render: tuple[str, ...] = ()
        self.exclude: tuple[str, ...] = ()
        self.options: dict[str, Any] = {}
        self.baseline = ""
        self.root = ""
        self.config = ""
        self.tools = ""
        # field -> where its value came from, for --show-settings
        self.origins: dict[str, str] = {}

    @property
    def release_stated(self) -> bool:
        """Whether somebody said which release will run the manifests; else it is the latest, for want of better knowledge."""
        return "argo_version" in self.origins or self.argo_version != LATEST_ARGO

    def key(self) -> str:
        """A text that differs whenever findings may differ."""
        return repr(
            [self.release_stated]
            + [
                (name, getattr(self, name))
                for name in self.__slots__
                if name not in ("fail_on", "origins", "baseline", "root", "config")
            ]
        )
