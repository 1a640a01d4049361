"""Configuration: the nearest `.argolint.yaml` up to the Git root, or `[tool.argolint]` in `pyproject.toml`.

Nothing is guessed: an unknown key or a value of the wrong kind is an error that names its line and suggests the right one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from argolint import registry
from argolint.diagnostic import SEVERITY_RANK
from argolint.errors import UserError
from argolint.project.index import did_you_mean
from argolint.settings import LATEST_ARGO, Settings
from argolint.text import SourceText, decode
from argolint.yaml.loader import parse
from argolint.yaml.nodes import Map

NAMES = (".argolint.yaml", ".argolint.yml")
PROFILES = ("minimal", "default", "strict", "all")
EXTERNAL = ("ignore", "info", "warning", "error")
OLDEST_ARGO = (3, 4)
# Sections of the same file that are not the linter's: `local` is argorun's.
OTHER_TOOLS = frozenset({"local"})


class Wrong(Exception):
    """A value that does not fit; carries what is wrong and what would fit."""


def find(start: str) -> str:
    """The configuration file for a folder: the nearest one, not above the root of its Git work tree; "" for none."""
    folder = os.path.abspath(start)
    while True:
        for name in NAMES:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                return path
        path = os.path.join(folder, "pyproject.toml")
        if os.path.isfile(path) and _pyproject_table(path) is not None:
            return path
        parent = os.path.dirname(folder)
        if os.path.exists(os.path.join(folder, ".git")) or parent == folder:
            return ""
        folder = parent


def git_root(start: str) -> str:
    """The root of the Git work tree that holds a folder; "" outside of one."""
    folder = os.path.abspath(start)
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return ""
        folder = parent
    return folder


def load(path: str) -> Settings:
    """The settings of a configuration file. Raises UserError that names the place of whatever is wrong."""
    settings = Settings()
    settings.root = os.path.dirname(os.path.abspath(path))
    if os.path.basename(path) == "pyproject.toml":
        table = _pyproject_table(path) or {}
        for key, value in table.items():
            _set(settings, key, value, f"{path}: [tool.argolint]", path)
        return settings
    try:
        with open(path, "rb") as file:
            text, wrong = decode(file.read())
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}", "check --config") from error
    if wrong:
        raise UserError(f"{path}: {wrong}", "save it as UTF-8")
    source = SourceText(text)
    stream = parse(text)
    problems = [
        *stream.problems,
        *(problem for document in stream.documents for problem in document.problems),
    ]
    if problems:
        line, column = source.line_col(problems[0].start)
        what = (
            f"`{problems[0].message}` is set twice"
            if problems[0].kind == "duplicate-key"
            else problems[0].message
        )
        raise UserError(
            f"{path}:{line}:{column}: {what}\n{_caret(source, problems[0].start)}", "correct the YAML"
        )
    if len(stream.documents) > 1:
        line, _ = source.line_col(stream.documents[1].start)
        raise UserError(f"{path}:{line}: a second document, which would not be read", "join them in one")
    root = stream.documents[0].root if stream.documents else None
    if root is None:
        return settings
    if not isinstance(root, Map):
        raise UserError(f"{path}: the configuration is not a mapping", "write `key: value` lines")
    for key, value in root.items():
        at = root.at[key]
        start = at[0] if key not in KEYS else at[2]
        line, column = source.line_col(start)
        _set(settings, key, value, f"{path}:{line}:{column}", path, _caret(source, start))
    return settings


def _caret(source: SourceText, offset: int) -> str:
    line, column = source.line_col(offset)
    return f"  {line:>4} | {source.line_text(line)}\n       | {' ' * (column - 1)}^"


def _pyproject_table(path: str) -> dict[str, Any] | None:
    with open(path, "rb") as file:
        data = file.read()
    if b"tool.argolint" not in data:
        return None
    import tomllib

    try:
        table = tomllib.loads(data.decode("utf-8", "replace")).get("tool", {}).get("argolint")
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: {error}", "correct the TOML") from error
    return table if isinstance(table, dict) else None


def _set(settings: Settings, key: str, value: Any, where: str, path: str, caret: str = "") -> None:
    if key in OTHER_TOOLS:
        return
    suffix = f"\n{caret}" if caret else ""
    read = KEYS.get(key)
    if read is None:
        raise UserError(f"{where}: unknown key `{key}`{suffix}", did_you_mean(key, KEYS) or "delete it")
    try:
        found = read(value)
    except Wrong as error:
        raise UserError(f"{where}: `{key}`: {error}{suffix}", "") from None
    field = key.replace("-", "_")
    if key in ("rules", "baseline"):
        base = os.path.dirname(os.path.abspath(path))
        found = (
            tuple(os.path.normpath(os.path.join(base, folder)) for folder in found)
            if key == "rules"
            else os.path.join(base, found)
        )
    setattr(settings, field, found)
    settings.origins[field] = where


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise Wrong(f"expected text, got {value!r}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Wrong("expected a list of texts")
    return tuple(value)


def _commands(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Wrong("expected a list of commands")
    return tuple(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"expected true or false, got {value!r}")
    return value


def _one_of(*allowed: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in allowed:
            raise Wrong(f"{value!r} is not one of {', '.join(allowed)}")
        return str(value)

    return read


def _severities(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Wrong("expected a mapping of rule to severity")
    for key, severity in value.items():
        if severity not in SEVERITY_RANK:
            raise Wrong(
                f"{key}: {severity!r} is not one of error, warning, info (use `ignore` to switch a rule off)"
            )
    return dict(value)


def _per_file(value: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise Wrong("expected a mapping of glob to a list of rules")
    return {str(key): _texts(items) for key, items in value.items()}


def _options(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Wrong("expected a mapping")
    return dict(value)


def argo_version(value: Any) -> tuple[int, int]:
    """`3.6`, `v3.6` or `3.6.10` as (3, 6). Raises Wrong."""
    if value == "latest":
        return LATEST_ARGO
    parts = str(value).removeprefix("v").split(".")
    if len(parts) < 2 or not all(part.isdigit() for part in parts[:2]):
        raise Wrong(f'{value!r} is not a release of Argo Workflows such as "3.6"')
    found = (int(parts[0]), int(parts[1]))
    if found < OLDEST_ARGO:
        hint = (
            " (put the version in quotes: YAML reads 3.10 as the number 3.1)"
            if isinstance(value, float)
            else ""
        )
        raise Wrong(f"{value}: releases before {OLDEST_ARGO[0]}.{OLDEST_ARGO[1]} are not known{hint}")
    if found > LATEST_ARGO:
        raise Wrong(
            f"{value}: the latest release that this version knows is {LATEST_ARGO[0]}.{LATEST_ARGO[1]}; "
            "`latest` always means that one"
        )
    return found


KEYS: dict[str, Callable[[Any], Any]] = {
    "select": _texts,
    "ignore": _texts,
    "extend-select": _texts,
    "extend-ignore": _texts,
    "severity": _severities,
    "per-file-ignores": _per_file,
    "profile": _one_of(*PROFILES),
    "fail-on": _one_of(*SEVERITY_RANK),
    "argo-version": argo_version,
    "external-references": _one_of(*EXTERNAL),
    "rules": _texts,
    "plugins": _truth,
    "render": _commands,
    "exclude": _texts,
    "options": _options,
    "baseline": _text,
}


def check_names(settings: Settings, rules: registry.Rules) -> None:
    """Raise UserError for a selector that names no rule and an option that no rule declares."""
    named = [(name, text) for name in SELECTORS for text in getattr(settings, name)]
    named += [("per_file_ignores", text) for texts in settings.per_file_ignores.values() for text in texts]
    for field, selector in named:
        if not registry.known_selector(selector, rules.values()):
            candidates = [*rules, *(item.name for item in rules.values())]
            raise UserError(
                f"{settings.origins.get(field, field)}: no rule is called `{selector}`",
                did_you_mean_short(selector, candidates) or "`argolint rules` lists them",
            )
    _check_options(settings, rules)


SELECTORS = ("select", "ignore", "extend_select", "extend_ignore", "severity")


def _check_options(settings: Settings, rules: registry.Rules) -> None:
    defaults = {name: default for item in rules.values() for name, default in item.options}
    for name, value in settings.options.items():
        where = settings.origins.get("options", "options")
        if name not in defaults:
            raise UserError(
                f"{where}: no rule has an option `{name}`", did_you_mean(name, defaults) or "delete it"
            )
        kinds = _KINDS.get(type(defaults[name]))
        if kinds is not None and (
            not isinstance(value, kinds[0]) or isinstance(value, bool) is not (kinds[0] is bool)
        ):
            raise UserError(
                f"{where}: the option `{name}` is {kinds[1]}, not {value!r}",
                f"the default is {defaults[name]!r}",
            )


# What a user may write for an option, by the type of its default.
_KINDS: dict[type, tuple[Any, str]] = {
    bool: (bool, "true or false"),
    int: (int, "a number"),
    str: ((str, int, float), "a text"),
    list: ((list, str), "a list"),
    tuple: ((list, str), "a list"),
}


def did_you_mean_short(name: str, candidates: list[str]) -> str:
    """A suggestion, or "": a list of two hundred rules would help nobody."""
    from argolint.project.index import suggest

    near = suggest(name, candidates) or suggest(name.upper(), candidates)
    return f"did you mean `{near}`?" if near else ""
