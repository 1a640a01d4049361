"""Where manifests come from: a Git repository, or a plain folder."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from argolint.errors import UserError
from reconciler.config import SourceConfig
from reconciler.source.environment import local_path, scheme_of
from reconciler.source.errors import SourceError
from reconciler.source.tree import Revision, Tree

__all__ = ["Revision", "Source", "SourceError", "Tree", "open_source"]


class Source(Protocol):
    """What the loop needs of a source."""

    config: SourceConfig

    def poll(self) -> Revision:
        """What is wanted now, cheaply."""

    def fetch(self, revision: Revision) -> Revision:
        """Bring it here."""

    def read(self, revision: Revision) -> Tree:
        """Its chosen files."""

    def contains(self, revision: Revision, commit: str) -> bool:
        """Whether `commit` is in the history of the revision."""

    def describe(self, revision: Revision) -> dict[str, str]:
        """Author, time, subject."""


def open_source(config: SourceConfig, state: Path) -> Source:
    """The source that `config` describes, with its clone under `state`. Raises UserError when git is missing."""
    place = Path(local_path(config.url))
    asked = config.type == "directory" and place.is_dir()
    if asked or (config.type == "" and scheme_of(config.url) == "file" and _plain_folder(place)):
        from reconciler.source.directory import DirectorySource

        return DirectorySource(config)
    if config.type == "directory":
        raise UserError(
            f"{config.name}: {config.url} is not a folder", "a directory source is a path on this machine"
        )
    try:
        import git  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"Git cannot be used: {str(error).splitlines()[0]}",
            "install git, and `pip install 'argolint[sync]'`",
        ) from error
    from reconciler.source.git import GitSource

    return GitSource(config, state / "sources" / config.name)


def _plain_folder(path: Path) -> bool:
    return path.is_dir() and not (path / ".git").exists() and not _bare(path)


def _bare(path: Path) -> bool:
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()
