"""What scripts print, as far as that can be read off: whether it can be JSON. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from argolint.analysis.scripts import masked
from argolint.patterns import lazy

if TYPE_CHECKING:
    import ast

_ECHO = lazy(r"\A(?:echo|printf)(?:\s+-[neE]+)*\s+(\[[^\n;|&>]*\])\s*\Z")
_PREAMBLE = lazy(r"(?m)^\s*(?:#.*|set -\S.*)?(?:\n|\Z)")


@lru_cache(maxsize=256)
def not_json(source: str, language: str) -> str:
    """Why what a script prints is no JSON list; "" when it may be one.

    Python: a list that is printed as Python writes it, or words printed before the list. Shell: a list without quotes around
    it, from which the shell takes its inner quotes. Anything less plain counts as unknown.
    """
    if language == "python":
        return _python(source)
    if language == "sh":
        match = _ECHO.match(_PREAMBLE.sub("", source).strip())
        if match is not None and '"' in match[1] and "'" not in match[1] and '\\"' not in match[1]:
            return "the shell takes the quotes out of a list that is not quoted as a whole"
    return ""


def _python(source: str) -> str:
    import ast
    import warnings

    if "print" not in source or len(source) > 20_000:
        return ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(masked(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    prints = [node for node in ast.walk(tree) if _is_print(node)]
    plain = [node.value for node in tree.body if isinstance(node, ast.Expr) and _is_print(node.value)]
    calls = [node for node in plain if isinstance(node, ast.Call)]
    if not calls or any(call.keywords or len(call.args) != 1 for call in calls):
        return ""
    first = calls[0].args[0]
    if len(calls) > 1 and isinstance(first, ast.Constant) and isinstance(first.value, str):
        word = first.value.strip()
        if word and word[0] not in '[{"0123456789-' and "_" * 4 not in word:
            return f"the script prints `{word[:30]}` in front of the list"
    if len(prints) == 1 and _writes_python(_value(first, tree)):
        return "`print` writes the list as Python does, with single quotes: print `json.dumps(…)`"
    return ""


def _is_print(node: ast.AST) -> bool:
    import ast

    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


def _value(node: ast.expr, tree: ast.Module) -> ast.expr:
    """What a name was set to, if it is set once and used nowhere else."""
    import ast

    if not isinstance(node, ast.Name):
        return node
    uses = [one for one in ast.walk(tree) if isinstance(one, ast.Name) and one.id == node.id]
    set_to = [
        one.value
        for one in tree.body
        if isinstance(one, ast.Assign) and len(one.targets) == 1 and isinstance(one.targets[0], ast.Name)
        and one.targets[0].id == node.id
    ]  # fmt: skip
    return set_to[0] if len(uses) == 2 and len(set_to) == 1 else node


def _writes_python(node: ast.expr) -> bool:
    """Whether a value is a list that Python does not print as JSON: with texts, mappings, None or booleans in it."""
    import ast

    if not isinstance(node, ast.List):
        return False
    return any(
        isinstance(item, (ast.JoinedStr, ast.Dict, ast.Tuple))
        or (isinstance(item, ast.Constant) and isinstance(item.value, (str, bool, type(None))))
        for item in node.elts
    )
