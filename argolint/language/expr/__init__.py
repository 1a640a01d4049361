"""expr-lang v1.17: `parse` and `evaluate`."""

from __future__ import annotations

from argolint.language.expr.ast import Ast, Node
from argolint.language.expr.evaluator import evaluate
from argolint.language.expr.hooks import SYSTEM, Hooks, fixed
from argolint.language.expr.parser import parse

__all__ = ["SYSTEM", "Ast", "Hooks", "Node", "evaluate", "fixed", "parse"]
