"""Where the top-level folders rules/ and schemas/ go when a wheel is built: inside the package.

An editable install reads them from the checkout instead, so nothing is copied there; a static
`force-include` would put a second, stale `argolint` into site-packages that hides the real one.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DataFolders(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the data folders to a standard wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling with `version` "standard" or "editable" before files are collected."""
        if version == "standard":
            for folder in ("rules", "schemas"):
                build_data["force_include"][folder] = f"argolint/{folder}"
