"""What `check` asks of others: calls of sprig's and unknown functions, names with hyphens, what upstream does not compile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argolint.language import types as ty
from argolint.language.errors import LanguageError
from argolint.language.expr import ast as t
from argolint.language.expr.names import BUILTINS
from argolint.language.findings import Finding, bracketed
from argolint.language.scope import Scope, function_table
from argolint.language.template import static_path
from argolint.language.types import Type
from argolint.patterns import lazy
from argolint.suggest import nearest

if TYPE_CHECKING:
    from argolint.language.check import _Checker

_HYPHENATED = lazy(r"[A-Za-z_]\w*(?:\.[\w-]+)+")
_LENIENT_SPRIG = {"int": "asInt", "int64": "asInt", "atoi": "asInt", "float64": "asFloat"}


def sprig_call(checker: _Checker, node: t.Call, callee: t.Member, name: str, args: list[Type]) -> Type:
    """The type of `sprig.name(…)`, with findings for an unknown name or a wrong number of arguments."""
    if not checker.scope.functions:
        checker.not_available(callee.node, "sprig")
        return ty.ANY
    row = function_table()["sprig"].get(name)
    if row is None:
        removed = " (Argo leaves it out)" if name in ("env", "expandenv") else ""
        near = None if removed else nearest(name, function_table()["sprig"]) or None
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
    _arguments(checker, node, name, args)
    if name in _LENIENT_SPRIG:
        instead = _LENIENT_SPRIG[name]
        message = f"sprig.{name} gives 0 for what is no number; {instead} fails instead"
        checker.report("sprig-swallows-errors", callee, message, instead)
    return ty.ANY


_WANTED = {"s": "string", "i": "int", "l": "list", "m": "map", "b": "bool", "t": "time"}
_SHOWN = {"int": "a whole number", "time": "a time"}


def _arguments(checker: _Checker, node: t.Call, name: str, args: list[Type]) -> None:
    """Arguments of the wrong type: Go takes no 5 for a "5", no 2.0 for a 2, and no int64 for an int."""
    from argolint.language.sprig.signatures import INT64, SIGNATURES

    fixed, _, many = SIGNATURES[name].partition("*")
    for index, arg in enumerate(node.args):
        code = fixed[index] if index < len(fixed) else many
        wanted = _WANTED.get(code)
        if wanted is None:
            continue
        kind = args[index].kind
        if wanted == "int" and isinstance(arg, t.Call) and sprig_name(arg) in INT64:
            message = f"sprig.{name} takes an int here, and sprig.{sprig_name(arg)} gives an int64; wrap it: int({checker.text(arg)})"
            checker.report("wrong-argument-type", arg, message, f"int({checker.text(arg)})")
        elif kind not in ("any", "nil", "func", "artifact", wanted):
            shown = _SHOWN.get(wanted, f"a {wanted}")
            message = f"sprig.{name} takes {shown} here, {checker.text(arg)} is of type {kind}"
            checker.report("wrong-argument-type", arg, message)


def sprig_name(node: t.Call) -> str | None:
    """The name of the function of sprig that is called, None for another call."""
    callee = node.callee
    if isinstance(callee, t.Member) and isinstance(callee.node, t.Ident) and callee.node.name == "sprig":
        return str(callee.prop.value) if isinstance(callee.prop, t.Literal) else None
    return None


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
    near = nearest(name, known) or None
    hint = f"; did you mean {near}?" if near else ""
    checker.report("unknown-function", node, f"there is no function {name}{hint}", near)


def refused(ast: t.Ast, scope: Scope) -> list[Finding]:
    """What upstream refuses to compile and nothing above explains: it knows the types of constants and functions only."""
    from argolint.language.expr import statics

    env = {name: statics.ANY for name in ast.names if name in scope.tree or name in scope.open_roots}
    env |= {name: statics.MAP for name in env if name in scope.tree and scope.tree[name].kind == "map"}
    if scope.functions:
        env |= {name: type_ for name, type_ in statics.ARGO.items() if name not in env}
    try:
        statics.infer(ast.root, env)
    except LanguageError as error:
        message = f"this does not compile: {error.message}"
        return [Finding("wrong-argument-type", error.start, error.end, message)]
    return []


def hyphen(checker: _Checker, node: t.Binary) -> Type | None:
    """`inputs.parameters.my-param`, which is a subtraction. Its type if that is what was meant."""
    text = checker.text(node)
    if not _HYPHENATED.fullmatch(text) or "-" not in text or not isinstance(node.left, (t.Binary, t.Member)):
        return None
    found = checker.scope.lookup(text)
    if found is None:
        left = static_path(node.left) if isinstance(node.left, t.Member) else None
        if left is None or checker.scope.lookup(left) is not None:
            return None
        root = text.split(".", 1)[0]
        if root not in checker.scope.tree or root in checker.local:
            return None
    spelled = bracketed(text)
    checker.report(
        "hyphen-as-minus",
        node,
        f"{text} is a subtraction; a name with a hyphen needs brackets: {spelled}",
        spelled,
    )
    return found or ty.ANY
