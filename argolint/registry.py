"""Finding rules: a walk over folders, remembered in a cache, so that adding a rule edits no other file.

What is known about every rule (code, hook, severity…) is kept in one blob in the user's cache folder, keyed by the
names, sizes and times of the rule files; modules are imported only when their rules run.
"""

from __future__ import annotations

import marshal
import os
import sys
import types
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from argolint._data import data_path
from argolint._version import __version__
from argolint.digest import blake2b
from argolint.errors import UserError
from argolint.patterns import lazy
from argolint.rule import Rule, rules_in

_FORMAT = 5
POLICY = (".yaml", ".yml")
_POLICY_NAME = lazy(r"[a-z]{3}[0-9]{3}_")


@cache
def builtin_folder() -> str:
    """The folder of the built-in rules."""
    return data_path("rules")


class Rules(dict[str, Rule]):
    """Rules by code. `failures` has (module path, message, traceback) of modules that could not be imported.

    `chosen` remembers which codes a selector names: suppressions ask for the same few again and again.
    """

    __slots__ = ("chosen", "failures")

    def __init__(self) -> None:
        super().__init__()
        self.chosen: dict[str, frozenset[str]] = {}
        self.failures: list[tuple[str, str, str]] = []


def load(folders: Sequence[str] = ()) -> Rules:
    """Every rule by code: the built-in ones and those in `folders`. `check` is filled in by `bind`.

    A module that cannot be imported is noted in `failures`, and the others are loaded. Raises UserError when a
    folder is missing, or a code or name is taken twice.
    """
    found: dict[str, Rule] = {}
    result = Rules()
    names: dict[str, str] = {}
    for folder in (builtin_folder(), *folders):
        if not os.path.isdir(folder):
            raise UserError(f"{folder}: no such folder of rules", "correct `rules:` in the configuration")
        for item in _rules_of(folder, result):
            other = found.get(item.code)
            if other is not None:
                raise UserError(
                    f"rule code {item.code} is declared twice: {_where(other)} and {_where(item)}",
                    "give one of them another code",
                )
            if item.name in names:
                raise UserError(
                    f"rule name {item.name} is declared twice: {_where(found[names[item.name]])} and {_where(item)}",
                    "give one of them another name",
                )
            found[item.code] = item
            names[item.name] = item.code
    result.update(sorted(found.items()))
    return result


def _where(item: Rule) -> str:
    return os.path.join(*item.module)


def _modules(folder: str) -> list[tuple[str, int, int]]:
    """(relative path, mtime, size) of each Python file under a folder, sorted; `_helpers.py` among them."""
    found: list[tuple[str, int, int]] = []
    pending = [(folder, "")]
    while pending:
        path, prefix = pending.pop()
        with os.scandir(path) as entries:
            for entry in entries:
                name = entry.name
                if name.startswith(("__", ".")):
                    continue
                if entry.is_dir():
                    pending.append((entry.path, f"{prefix}{name}/"))
                elif name.endswith(".py") or (name.endswith(POLICY) and _POLICY_NAME.match(name)):
                    stat = entry.stat()
                    found.append((prefix + name, stat.st_mtime_ns, stat.st_size))
    found.sort()
    return found


def fingerprint(folders: Sequence[str] = ()) -> str:
    """A text that changes whenever a rule file is added, removed or edited."""
    return repr(
        [(folder, _modules(folder)) for folder in (builtin_folder(), *folders) if os.path.isdir(folder)]
    )


def _rules_of(folder: str, result: Rules) -> list[Rule]:
    modules = _modules(folder)
    key = repr((_FORMAT, __version__, sys.version_info[:2], os.path.abspath(folder), modules))
    blob = _blob_path(folder)
    if blob is not None:
        try:
            with open(blob, "rb") as file:
                stored = marshal.load(file)
            if stored[0] == key:
                for relative, data in stored[2].items():
                    _compiled[folder, relative] = data
                return [Rule(*fields) for fields in stored[1]]
        except (OSError, ValueError, EOFError, TypeError, IndexError, AttributeError):
            pass
    for relative, _, _ in modules:
        _compiled.pop((folder, relative), None)
        _loaded.pop(os.path.join(folder, relative), None)
    rules: list[Rule] = []
    failures = 0
    named = [relative for relative, _, _ in modules if not relative.rpartition("/")[2].startswith("_")]
    for relative in named:
        try:
            rules.extend(_import(folder, relative))
        except Exception as error:
            import traceback

            failures += 1
            text = "".join(traceback.format_exception(error))
            result.failures.append((os.path.join(folder, relative), f"{type(error).__name__}: {error}", text))
    if blob is not None and not failures:
        code = {relative: _compiled[folder, relative] for relative in named if not relative.endswith(POLICY)}
        _write(blob, marshal.dumps((key, [tuple(item[:-1]) for item in rules], code)))
    return rules


def _blob_path(folder: str) -> str | None:
    if os.environ.get("ARGOLINT_NO_CACHE"):
        return None
    base = cache_home()
    digest = blake2b(os.path.abspath(folder).encode(), digest_size=8).hexdigest()
    return os.path.join(base, f"rules-{digest}.bin")


def cache_home() -> str:
    """The user's cache folder for argolint ($XDG_CACHE_HOME/argolint)."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "argolint")


def _write(path: str, data: bytes) -> None:
    """Write atomically; a cache that cannot be written is not an error."""
    temporary = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except OSError:
        try:
            os.unlink(temporary)
        except OSError:
            pass


def _import(folder: str, relative: str) -> list[Rule]:
    rules = _declared(folder, relative)
    stem = os.path.splitext(os.path.basename(relative))[0]
    for item in rules:
        if len(rules) == 1 and not stem.startswith(item.code.lower()):
            raise ValueError(f"declares {item.code} but is not called {item.code.lower()}_….py")
    return [item._replace(module=(folder, relative)) for item in rules]


def _declared(folder: str, relative: str) -> list[Rule]:
    """The rules of a module, or the one of a policy file."""
    if relative.endswith(POLICY):
        from argolint.policy import load as load_policy

        return [load_policy(os.path.join(folder, relative))]
    return rules_in(_module(folder, relative))


# The namespaces of imported rule modules by path, and the code of modules by folder and relative path.
_loaded: dict[str, dict[str, Any]] = {}
_compiled: dict[tuple[str, str], bytes] = {}


def _module(folder: str, relative: str) -> dict[str, Any]:
    """Import a rule module and return its namespace.

    The code comes out of the blob when it is there: two hundred small files would cost more to find than to run.
    """
    path = os.path.join(folder, relative)
    known = _loaded.get(path)
    if known is not None:
        return known
    data = _compiled.get((folder, relative))
    if data is None:
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
        _compiled[folder, relative] = marshal.dumps(code)
    else:
        code = marshal.loads(data)
    dotted = relative[:-3].replace("/", ".")
    package = "argolint.rules" if folder == builtin_folder() else "argolint_user_rules"
    module = types.ModuleType(f"{package}.{dotted}")
    module.__file__ = path
    exec(code, module.__dict__)
    _loaded[path] = module.__dict__
    return module.__dict__


def bind(item: Rule) -> Rule:
    """The rule with its function, importing its module when that has not happened."""
    if item.check is not None:
        return item
    for found in _declared(*item.module):
        if found.code == item.code:
            return item._replace(check=found.check)
    raise UserError(f"{_where(item)}: no longer declares {item.code}", "run again")


def plugin_folders() -> tuple[str, ...]:
    """The folders of rules that installed packages offer under the entry point `argolint.rules`, each a package.

    Raises UserError for an entry point that cannot be loaded.
    """
    from importlib.metadata import entry_points

    found = []
    for point in entry_points(group="argolint.rules"):
        try:
            module = point.load()
            found.append(os.path.dirname(os.path.abspath(module.__file__)))
        except Exception as error:
            raise UserError(
                f"entry point argolint.rules `{point.name}` cannot be loaded: {error}",
                "repair or remove the package that offers it, or set `plugins: false`",
            ) from error
    return tuple(dict.fromkeys(found))


def page_path(item: Rule) -> str:
    """The Markdown page of a rule."""
    return os.path.join(item.module[0], os.path.splitext(item.module[1])[0] + ".md")


def selects(selector: str, item: Rule) -> int:
    """How specifically a selector (code, name, code prefix, ALL) names a rule; 0 when it does not."""
    if selector == "ALL":
        return 1
    if selector == item.name or selector == item.code:
        return 100
    upper = selector.upper()
    if item.code.startswith(upper) and upper:
        return 1 + len(upper)
    return 0


def codes_of(selector: str, rules: Rules) -> frozenset[str]:
    """The codes of the rules that a selector names."""
    found = rules.chosen.get(selector)
    if found is None:
        found = frozenset(code for code, item in rules.items() if selects(selector, item))
        if len(rules.chosen) < 10_000:
            rules.chosen[selector] = found
    return found


# Findings that the engine itself makes: code -> (name, severity, page in the folder of the built-in rules).
ENGINE: dict[str, tuple[str, str, str]] = {
    "LNT105": ("stale-baseline-entry", "info", "lint/lnt105_stale_baseline_entry.md"),
    "LNT106": ("invalid-configuration", "error", "lint/lnt106_invalid_configuration.md"),
    "LNT107": ("unreadable-file", "error", "lint/lnt107_unreadable_file.md"),
    "LNT901": ("internal-error", "error", "lint/lnt901_internal_error.md"),
}


def known_selector(selector: str, rules: Iterable[Rule]) -> bool:
    """Whether a selector names at least one rule."""
    if selector == "ALL" or selector in ENGINE or any(selector == name for name, _, _ in ENGINE.values()):
        return True
    return any(selects(selector, item) for item in rules)


Check = Callable[..., Iterable[Any]]
