"""expr-lang v1.17: `parse` and `evaluate`.

The evaluator and its functions are imported when they are first asked for: the linter parses far more often than it
evaluates, and they are a third of its start-up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from argolint.language.expr.ast import Ast, Node
from argolint.language.expr.parser import parse

if TYPE_CHECKING:
    from argolint.language.expr.evaluator import evaluate
    from argolint.language.expr.hooks import SYSTEM, Hooks, fixed

__all__ = ["SYSTEM", "Ast", "Hooks", "Node", "evaluate", "fixed", "parse"]


def __getattr__(name: str) -> Any:
    if name == "evaluate":
        from argolint.language.expr.evaluator import evaluate

        return evaluate
    if name in ("SYSTEM", "Hooks", "fixed"):
        from argolint.language.expr import hooks

        return getattr(hooks, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
