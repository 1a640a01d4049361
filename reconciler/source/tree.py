"""What a revision holds: the files that a source's patterns choose, with everything unfit refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pathspec

from argolint.errors import UserError
from reconciler.config import SourceConfig
from reconciler.model import Finding
from reconciler.source.errors import SourceError
from reconciler.text import clean

IGNORE_FILE = ".argolintignore"
LINT_CONFIGS = (".argolint.yaml", ".argolint.yml")
MAX_FILES = 20_000
MAX_TOTAL_BYTES = 128 << 20
MAX_PATH = 1024

_LFS = b"version https://git-lfs.github.com/spec/"


class Revision(NamedTuple):
    """What is wanted: `ref` is the full name (refs/heads/main) or a description, `commit` its identity."""

    ref: str
    commit: str

    @property
    def short(self) -> str:
        """Twelve digits are enough for people."""
        return self.commit[:12]


class Entry(NamedTuple):
    """One file of a listing. `mode` is Git's, in octal text; `size` in bytes, -1 where unknown."""

    path: str
    mode: str
    oid: str
    size: int


class Tree(NamedTuple):
    """The chosen files as (path, text), and what was refused or left out.

    `lint_config` is the text of the linter's configuration at the root of the repository, "" for none.
    """

    revision: Revision
    files: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    tree_id: str
    lint_config: str = ""


def choose(
    entries: Iterable[Entry], config: SourceConfig, read: Callable[[Entry], bytes], revision: Revision
) -> Tree:
    """Pick the files that `config` asks for and read them with `read`.

    Links, submodules, unsafe names and oversized files become findings; they are never followed or read.
    Raises SourceError when a path of the configuration is not there, or when there is too much to read.
    """
    listing = list(entries)
    wanted = _chooser(listing, config, read)
    findings: list[Finding] = []
    files: list[tuple[str, str]] = []
    ids: list[str] = []
    total = 0
    for entry in listing:
        if entry.mode == "160000":
            if _under(entry.path, config.paths):
                findings.append(
                    _finding("submodule", "info", "a submodule; its content is not read", entry.path)
                )
            continue
        if not _under(entry.path, config.paths) or not wanted(entry.path):
            continue
        refusal = _refuse(entry, config)
        if refusal:
            findings.append(refusal)
            continue
        total += max(entry.size, 0)
        if len(files) >= MAX_FILES or total > MAX_TOTAL_BYTES:
            raise SourceError(
                "TooLarge",
                f"{config.name}: the patterns choose more than {MAX_FILES} files or {MAX_TOTAL_BYTES >> 20} MiB",
                "narrow `paths`, `include` or `exclude`",
            )
        data = read(entry)
        if data.startswith(_LFS):
            findings.append(
                _finding(
                    "lfs-pointer",
                    "error",
                    "a Git LFS pointer, not the file itself",
                    entry.path,
                    "keep manifests out of LFS, or exclude the file",
                )
            )
            continue
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            findings.append(
                _finding(
                    "not-utf8", "error", "the file is not UTF-8 text", entry.path, "save it as UTF-8", line
                )
            )
            continue
        files.append((entry.path, text))
        ids.append(f"{entry.path}\0{entry.oid}")
    missing = [path for path in config.paths if not any(_under(e.path, (path,)) for e in listing)]
    if missing:
        raise SourceError(
            "PathNotFound",
            f"{config.name}: {clean(missing[0])} is not in the repository at {revision.short} ({clean(revision.ref)})",
            "correct `paths`, or bring the folder back; nothing is deleted because of this",
        )
    lint_config = _at_root(listing, LINT_CONFIGS, config, read)
    return Tree(revision, tuple(files), tuple(findings), _hash_lines(ids), lint_config)


def _hash_lines(lines: list[str]) -> str:
    from reconciler.model import digest

    return digest(sorted(line.encode("utf-8", "surrogateescape").hex() for line in lines))


def _refuse(entry: Entry, config: SourceConfig) -> Finding | None:
    path = entry.path
    parts = path.split("/")
    if any(0xDC80 <= ord(c) <= 0xDCFF for c in path):
        return _finding("unsafe-path", "error", "the name is not UTF-8", path, "rename the file")
    if (
        any(p in ("", ".", "..") or p.lower() == ".git" for p in parts)
        or "\\" in path
        or path.startswith("/")
    ):
        return _finding("unsafe-path", "error", "the name leaves the repository", path, "remove the file")
    if clean(path) != path or len(path) > MAX_PATH:
        return _finding(
            "unsafe-path", "error", "the name has control characters or is too long", path, "rename the file"
        )
    if entry.mode == "120000":
        return _finding(
            "symlink",
            "error",
            "a symbolic link; links are never followed",
            path,
            "replace it by the file itself, or exclude it",
        )
    if entry.size > config.max_file_bytes:
        return _finding(
            "file-too-large",
            "error",
            f"{entry.size} bytes, more than the {config.max_file_bytes} that are read of one file",
            path,
            "exclude the file, split it, or raise `max_file_bytes`",
        )
    return None


def _finding(rule: str, severity: Any, message: str, path: str, remedy: str = "", line: int = 0) -> Finding:
    return Finding(rule, severity, message, clean(path, limit=300), line, remedy)


def _under(path: str, roots: tuple[str, ...]) -> bool:
    return not roots or any(path == root or path.startswith(root + "/") for root in roots)


def _chooser(
    listing: list[Entry], config: SourceConfig, read: Callable[[Entry], bytes]
) -> Callable[[str], bool]:
    exclude = [*config.exclude, *_at_root(listing, (IGNORE_FILE,), config, read).splitlines()]
    include_spec, exclude_spec = _spec(config.include, "include"), _spec(exclude, "exclude")
    return lambda path: include_spec.match_file(path) and not exclude_spec.match_file(path)


def _at_root(
    listing: list[Entry], names: tuple[str, ...], config: SourceConfig, read: Callable[[Entry], bytes]
) -> str:
    """The text of the first plain file of these names at the root of the repository, whatever `paths` says."""
    for name in names:
        for entry in listing:
            if entry.path == name and entry.mode.startswith("100") and entry.size <= config.max_file_bytes:
                return read(entry).decode("utf-8", "replace")
    return ""


def _spec(patterns: Iterable[str], key: str) -> Any:
    try:
        # Other backends, taken when they happen to be installed, refuse names that are no UTF-8.
        return pathspec.GitIgnoreSpec.from_lines(patterns, backend="simple")
    except Exception as error:
        raise UserError(f"{key}: {error}", "write patterns as in .gitignore") from error
