"""Configuration: the nearest `.argolint.yaml` up to the Git root, or `[tool.argolint]` in `pyproject.toml`.

Nothing is guessed: an unknown key or a value of the wrong kind is an error that names its line and suggests the right one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

from argolint import registry
from argolint.configplaces import caret, place
from argolint.diagnostic import SEVERITY_RANK
from argolint.errors import UserError
from argolint.patterns import lazy
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
    """A value that does not fit; carries what is wrong, what to do (maybe ""), and the words that lead to it in the value."""

    def __init__(self, message: str, remedy: str = "", words: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.words = words


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
            f"{path}:{line}:{column}: {what}\n{caret(source, problems[0].start)}", "correct the YAML"
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
        _set(settings, key, value, f"{path}:{line}:{column}", path)
    return settings


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


def _at_place(
    path: str, key: str, message: str, remedy: str, words: tuple[object, ...] = (), *, of_key: bool = False
) -> UserError:
    """The error for a place in a configuration file, with its line and a caret."""
    where, shown = place(path, key, words, of_key=of_key)
    return UserError(f"{where}: {message}" + (f"\n{shown}" if shown else ""), remedy)


def _set(settings: Settings, key: str, value: Any, where: str, path: str) -> None:
    if key in OTHER_TOOLS:
        return
    read = KEYS.get(key)
    if read is None:
        raise _at_place(path, key, f"unknown key `{key}`", _remedy_for_key(key), of_key=True)
    try:
        found = read(value)
    except Wrong as error:
        raise _at_place(path, key, f"`{key}`: {error}", error.remedy, error.words) from None
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
    settings.config = path


def _remedy_for_key(key: str) -> str:
    if any(name == key for item in registry.load().values() for name, _ in item.options):
        return f"it is an option of rules: write it below `options:` (`options: {{{key}: …}}`)"
    return did_you_mean(key, KEYS) or "delete it"


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
            near = did_you_mean_short(str(value), list(allowed))
            raise Wrong(f"{value!r} is not one of {', '.join(allowed)}", near)
        return str(value)

    return read


def _severities(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Wrong("expected a mapping of rule to severity")
    for key, severity in value.items():
        if severity not in SEVERITY_RANK:
            raise Wrong(
                f"{key}: {severity!r} is not one of error, warning, info (use `ignore` to switch a rule off)",
                did_you_mean_short(str(severity), list(SEVERITY_RANK)),
                (key, severity),
            )
    return dict(value)


def _per_file(value: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise Wrong("expected a mapping of glob to a list of rules")
    found = {}
    for key, items in value.items():
        try:
            found[str(key)] = _texts(items)
        except Wrong as error:
            raise Wrong(f"{key}: {error}", "", (key,)) from None
    return found


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
    named: list[tuple[str, tuple[str, ...]]] = [
        (name, (text,)) for name in SELECTORS for text in getattr(settings, name)
    ]
    named += [
        ("per_file_ignores", (glob, text))
        for glob, texts in settings.per_file_ignores.items()
        for text in texts
    ]
    for field, words in named:
        if not registry.known_selector(words[-1], rules.values()):
            if rules.failures and re.match(r"[A-Z]{3}", words[-1]):
                path, message, _ = rules.failures[0]
                raise UserError(
                    f"{path}: the rule cannot be loaded: {message}", f"so nothing is known of `{words[-1]}`"
                )
            remedy = similar_rule(words[-1], rules) or "`argolint rules` lists them"
            raise _misplaced(settings, field, f"no rule is called `{words[-1]}`", remedy, words)
    _check_options(settings, rules)


def _misplaced(
    settings: Settings, field: str, message: str, remedy: str, words: tuple[object, ...]
) -> UserError:
    """The error for a setting: at its place in the configuration file, or with the flag that gave it."""
    origin = settings.origins.get(field, field.replace("_", "-"))
    if settings.config and origin.startswith(settings.config):
        return _at_place(settings.config, field.replace("_", "-"), message, remedy, words)
    return UserError(f"{origin}: {message}", remedy)


def similar_rule(wanted: str, rules: registry.Rules) -> str:
    """A suggestion for a rule that does not exist, or "". Codes are compared with codes: `STP1O1` is STP101, with a zero."""
    code = wanted.upper()
    if re.fullmatch(r"[A-Z]{2,4}[0-9OIL]{1,4}", code):
        family, digits = code[:3], code[3:].translate(str.maketrans("OIL", "011"))
        if family + digits in rules:
            return f"did you mean `{family + digits}`?"
        same = [item for item in rules if item.startswith(family)]
        if same:
            near = [item for item in same if item.startswith((family + digits)[:5])]
            return f"rules of this family: {', '.join((near or same)[:12])}" + (
                " …" if len(near or same) > 12 else ""
            )
    return did_you_mean_short(wanted, ["ALL", *rules, *(item.name for item in rules.values())])


SELECTORS = ("select", "ignore", "extend_select", "extend_ignore", "severity")


def _check_options(settings: Settings, rules: registry.Rules) -> None:
    defaults = {name: default for item in rules.values() for name, default in item.options}
    for name, value in settings.options.items():
        if name not in defaults:
            remedy = did_you_mean(name, defaults) or "delete it"
            raise _misplaced(settings, "options", f"no rule has an option `{name}`", remedy, (name,))
        kinds = _KINDS.get(type(defaults[name]))
        if kinds is not None and (
            not isinstance(value, kinds[0]) or isinstance(value, bool) is not (kinds[0] is bool)
        ):
            message = f"the option `{name}` is {kinds[1]}, not {value!r}"
            raise _misplaced(
                settings, "options", message, f"the default is {defaults[name]!r}", (name, value)
            )
        for shape, what in _SHAPES:
            if shape.fullmatch(str(defaults[name])) and not shape.fullmatch(str(value)):
                message = f"the option `{name}` is {what}, not {value!r}"
                raise _misplaced(
                    settings, "options", message, f"the default is {defaults[name]!r}", (name, value)
                )


# Texts of a certain shape, told by the default: a duration, a version.
_SHAPES = (
    (lazy(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+"), "a duration such as 90s, 5m or 1h"),
    (lazy(r"v?\d+\.\d+(?:\.\d+)?"), "a version such as 1.31"),
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
