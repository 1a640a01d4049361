"""Which files to lint: files, folders and globs from the command line; ignore files; a sniff at the content."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import NamedTuple

from argolint.errors import UserError
from argolint.patterns import lazy

SUFFIXES = (".yaml", ".yml", ".json")
IGNORE_FILES = (".gitignore", ".argolintignore")
SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".argolint", ".argolint_cache",
     ".mypy_cache", ".ruff_cache", ".pytest_cache"}
)  # fmt: skip
_SNIFF = (b"argoproj.io", b"rbac.authorization.k8s.io")
_KIND = re.compile(rb"""^[ \t]*(?:- )?["']?kind["']?[ \t]*:""", re.MULTILINE)
_API = re.compile(rb"""["']?apiVersion["']?[ \t]*:""")
# What only Argo's kinds say of themselves: a manifest of theirs whose apiVersion was forgotten. Other tools have a
# `kind: Workflow`, too, but no `entrypoint` in it.
_OURS = lazy(
    rb"""(?:^[ \t]*(?:- )?|[{,][ \t]*)["']?kind["']?[ \t]*:[ \t]*["']?"""
    rb"""(?:(?:Cluster)?WorkflowTemplate|WorkflowEventBinding|CronWorkflow|EventSource|EventBus|Sensor"""
    rb"""|(?P<shared>Workflow))["']?[ \t]*(?:[,}#]|\r?$)""",
    re.MULTILINE,
)
_OURS_INSIDE = lazy(rb"""^[ \t]+["']?(?:entrypoint|workflowTemplateRef)["']?[ \t]*:""", re.MULTILINE)


class Found(NamedTuple):
    """A file to lint: its path as reports name it, and whether the user named it (and not a folder around it).

    `unreadable`: why a folder cannot be searched; `path` is that folder, then.
    """

    path: str
    explicit: bool
    stat: os.stat_result
    unreadable: str = ""


def discover(
    paths: Sequence[str], exclude: Sequence[str] = (), root: str = "", *, strict: bool = False
) -> list[Found]:
    """The files that the paths mean, each once, in a stable order.

    Files that are named are taken as they are, unless `strict`, for callers that do not choose what they name; folders
    are searched for YAML and JSON files that no ignore file and no `exclude` glob (relative to `root`) leaves out.
    Raises UserError for a path that does not exist.
    """
    found: dict[str, Found] = {}
    excluded = Ignore.of_patterns(exclude)
    for path in paths:
        if os.path.exists(path):
            _add(path, found, excluded, root)
        elif glob.has_magic(path):
            matches = sorted(glob.glob(path, recursive=True))
            if not matches:
                raise UserError(
                    f"{path}: no file matches", "check the pattern, and quote it so that the shell leaves it"
                )
            for match in matches:
                _add(match, found, excluded, root)
        else:
            raise UserError(f"{path}: no such file or folder", "check the path")
    if strict:
        read = cache(_ignores_in)  # most of the files share their folders
        last = (os.path.abspath(root or "."), excluded)
        found = {
            path: file for path, file in found.items() if not (file.explicit and _left_out(path, last, read))
        }
    if len(paths) > 1:  # `a.yaml` and `/work/a.yaml` may be one
        found = {os.path.abspath(path): file for path, file in reversed(found.items())}
        return list(reversed(found.values()))
    return list(found.values())


def _add(path: str, found: dict[str, Found], excluded: Ignore, root: str) -> None:
    if os.path.isdir(path):
        for file in _walk(path, excluded, root):
            found.setdefault(file.path, file)
    else:
        found.setdefault(os.path.normpath(path), Found(_shown(path), True, os.stat(path)))


def _left_out(path: str, last: tuple[str, Ignore], read: Callable[[str], list[tuple[str, Ignore]]]) -> bool:
    """Whether an ignore file or the patterns `last` leave out a file, or a folder that it is in; `read` has those of a folder."""
    full = os.path.abspath(path)
    folder = os.path.dirname(full)
    for where, ignore in [*_ignores_above(folder, read), *read(folder), last]:
        parts = _below(full, where).split(os.sep)
        folders = (os.sep.join(parts[:count]) for count in range(1, len(parts)))
        if ignore.matches(os.sep.join(parts), False) or any(ignore.matches(name, True) for name in folders):
            return True
    return False


def _shown(path: str) -> str:
    return path[2:] if path.startswith("./") else path


def _walk(top: str, excluded: Ignore, root: str) -> Iterable[Found]:
    top = os.path.normpath(top)
    base = os.path.abspath(root or ".")
    folder = os.path.abspath(top)
    ignores = [(where, ignore) for where, ignore in _ignores_above(folder) if ignore.rules]
    if excluded.rules:
        ignores.append((base, excluded))
    yield from _scan("" if top == "." else top + os.sep, folder, ignores)


def _ignores_in(folder: str) -> list[tuple[str, Ignore]]:
    found = []
    for name in IGNORE_FILES:
        try:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                found.append((folder, Ignore.of_patterns(file.read().splitlines())))
        except OSError:
            continue
    return found


def _ignores_above(
    folder: str, read: Callable[[str], list[tuple[str, Ignore]]] = _ignores_in
) -> Iterable[tuple[str, Ignore]]:
    """The ignore files of the folders above, up to the root of the Git work tree."""
    chain: list[str] = []
    current = folder
    while not os.path.exists(os.path.join(current, ".git")):
        parent = os.path.dirname(current)
        if parent == current:
            return  # not in a Git work tree: what lies above has no say
        current = parent
        chain.append(current)
    for above in reversed(chain):
        yield from read(above)


def _scan(prefix: str, folder: str, ignores: list[tuple[str, Ignore]]) -> Iterable[Found]:
    """The files of a folder; `prefix` goes before their names, `ignores` are absolute folder and patterns."""
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=_name_of)
    except OSError as error:
        if isinstance(error, PermissionError):
            shown = prefix.rstrip(os.sep) or "."
            yield Found(shown, False, os.stat(folder), error.strerror or "")
        return
    if any(entry.name in IGNORE_FILES for entry in listed):
        ignores = [*ignores, *((where, ignore) for where, ignore in _ignores_in(folder) if ignore.rules)]
    for entry in listed:
        name = entry.name
        try:
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder:
                if name in SKIPPED_FOLDERS:
                    continue
            elif not name.endswith(SUFFIXES) or not entry.is_file():
                continue
            if ignores:
                full = f"{folder}{os.sep}{name}"
                if any(ignore.matches(_below(full, where), is_folder) for where, ignore in ignores):
                    continue
            if is_folder:
                yield from _scan(f"{prefix}{name}{os.sep}", f"{folder}{os.sep}{name}", ignores)
            else:
                yield Found(prefix + name, False, entry.stat())
        except OSError:
            continue


def _name_of(entry: os.DirEntry[str]) -> str:
    return entry.name


def _below(path: str, folder: str) -> str:
    """A path relative to a folder above it."""
    if path.startswith(folder) and path[len(folder) : len(folder) + 1] == os.sep:
        return path[len(folder) + 1 :]
    return os.path.relpath(path, folder)


class Ignore:
    """The patterns of a .gitignore file. Of the patterns that match, the last decides."""

    __slots__ = ("rules",)

    def __init__(self, rules: list[tuple[re.Pattern[str], bool, bool]]) -> None:
        self.rules = rules

    @classmethod
    def of_patterns(cls, lines: Iterable[str]) -> Ignore:
        """Read the lines of an ignore file; comments and blank lines are skipped."""
        rules: list[tuple[re.Pattern[str], bool, bool]] = []
        for line in lines:
            text = line.rstrip() if not line.endswith("\\ ") else line
            if not text or text.startswith("#"):
                continue
            negated = text.startswith("!")
            text = text[1:] if negated else text
            folder_only = text.endswith("/")
            text = text.rstrip("/")
            if text:
                try:
                    rules.append((re.compile(pattern(text)), negated, folder_only))
                except re.error:
                    continue  # such as [z-a]: Git, too, takes it for a pattern that nothing matches
        return cls(rules)

    def matches(self, path: str, is_folder: bool) -> bool:
        """Whether a path (relative to the ignore file) is left out."""
        ignored = False
        path = path.replace(os.sep, "/")
        for regex, negated, folder_only in self.rules:
            if folder_only and not is_folder:
                continue
            if regex.match(path):
                ignored = not negated
        return ignored


def pattern(text: str) -> str:
    """A gitignore pattern as a regular expression over a relative path (Git docs: gitignore, pattern format)."""
    anchored = "/" in text
    text = text.lstrip("/")
    out: list[str] = [] if anchored else ["(?:.*/)?"]
    at = 0
    while at < len(text):
        if text.startswith("**/", at):
            out.append("(?:.*/)?")
            at += 3
        elif text.startswith("/**", at) and at + 3 == len(text):
            out.append("/.*")
            at += 3
        elif text[at] == "*":
            while at < len(text) and text[at] == "*":
                at += 1
            out.append("[^/]*")
        elif text[at] == "?":
            out.append("[^/]")
            at += 1
        elif text[at] == "[" and "]" in text[at + 2 :]:
            close = text.index("]", at + 2)
            inner = text[at + 1 : close].replace("\\", "\\\\")
            out.append("[" + ("^" + inner[1:] if inner[0] in "!^" else inner) + "]")
            at = close + 1
        elif text[at] == "\\" and at + 1 < len(text):
            out.append(re.escape(text[at + 1]))
            at += 2
        else:
            out.append(re.escape(text[at]))
            at += 1
    return "".join(out) + r"\Z"


def glob_matches(glob_text: str, path: str) -> bool:
    """Whether a configuration glob (gitignore rules, or a folder above the file) matches a relative path."""
    expression = pattern(glob_text.rstrip("/"))
    path = path.replace(os.sep, "/")
    return re.match(expression[:-2] + r"(?:/.*)?\Z", path) is not None


KUSTOMIZATION_FILES = ("kustomization.yaml", "kustomization.yml")


def is_manifest(data: bytes, path: str = "") -> bool:
    """Whether a file found in a folder looks like Kubernetes manifests that matter here."""
    if path.endswith(KUSTOMIZATION_FILES):
        return True
    if any(mark in data for mark in _SNIFF):
        return True
    if data.lstrip()[:1] == b"{":
        return b'"kind"' in data and (b'"apiVersion"' in data or _is_ours(data))
    return _KIND.search(data) is not None and (_API.search(data) is not None or _is_ours(data))


def _is_ours(data: bytes) -> bool:
    """Whether a text without any apiVersion has a kind that Argo alone has."""
    kinds = list(_OURS.finditer(data))
    return any(not kind["shared"] for kind in kinds) or (
        bool(kinds) and _OURS_INSIDE.search(data) is not None
    )


# What only Helm gives a meaning to. (A Sensor's own Go templates speak of `.Input`.)
_HELM = lazy(
    r"\{\{-?\s*(?:\.(?:Values|Release|Chart|Files|Capabilities)\b|include\s+\"|template\s+\"|toYaml\s+\.|['\"`]\{\{)"
)
# Marks of Go templates and of Jinja, which are proof only in a file that does not parse.
_CONTROL = lazy(
    r"^[ \t]*(?:- )?(?:\{\{-?\s*(?:range|with|if|else|end|define|block|tpl|/\*)\b|\{\{-|\{%-?\s|\{\{\s*\w+\s*\|)",
    re.MULTILINE,
)


def is_helm(text: str) -> bool:
    """Whether a text is a Helm template, even one that happens to parse as YAML."""
    return "{{" in text and _HELM.search(text) is not None


def is_unrendered(text: str) -> bool:
    """Whether a text that does not parse is a Helm, Go or Jinja template that becomes YAML when it is rendered."""
    return is_helm(text) or _CONTROL.search(text) is not None
