"""Checks of calls by name: sprig's functions and unknown ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argolint.language import types as ty
from argolint.language.expr import ast as t
from argolint.language.expr.names import BUILTINS
from argolint.language.findings import Finding
from argolint.language.scope import function_table
from argolint.language.suggest import nearest
from argolint.language.types import Type

if TYPE_CHECKING:
    from argolint.language.check import _Checker

_LENIENT_SPRIG = {"int": "asInt", "int64": "asInt", "atoi": "asInt", "float64": "asFloat"}


def sprig_call(checker: _Checker, node: t.Call, callee: t.Member, name: str) -> Type:
    """The type of `sprig.name(…)`, with findings for an unknown name or a wrong number of arguments."""
    if not checker.scope.functions:
        checker.not_available(callee.node, "sprig")
        return ty.ANY
    row = function_table()["sprig"].get(name)
    if row is None:
        removed = " (Argo leaves it out)" if name in ("env", "expandenv") else ""
        near = None if removed else nearest(name, function_table()["sprig"])
        hint = f"; did you mean sprig.{near}?" if near else ""
        checker.findings.append(
            Finding(
                "unknown-function",
                callee.prop.start,
                callee.prop.end,
                f"sprig has no function {name}{removed}{hint}",
                near,
            )
        )
        return ty.ANY
    checker.arity(node, f"sprig.{name}", len(node.args), row[0], row[1])
    if name in _LENIENT_SPRIG:
        instead = _LENIENT_SPRIG[name]
        message = f"sprig.{name} gives 0 for what is no number; {instead} fails instead"
        checker.report("sprig-swallows-errors", callee, message, instead)
    return ty.ANY


def unknown_function(checker: _Checker, node: t.Ident, name: str) -> None:
    """Reports a call of something that does not exist."""
    table = function_table()
    if name in table["sprig"] and checker.scope.functions:
        checker.report(
            "unknown-function",
            node,
            f"there is no function {name}; did you mean sprig.{name}?",
            f"sprig.{name}",
        )
        return
    known = [*BUILTINS, *(table["argo"] if checker.scope.functions else ())]
    near = nearest(name, known)
    hint = f"; did you mean {near}?" if near else ""
    checker.report("unknown-function", node, f"there is no function {name}{hint}", near)
