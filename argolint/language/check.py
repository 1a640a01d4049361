"""Checks expressions against a scope: types, names, functions. Reports findings, never raises for what a user wrote.

`check(ast, scope)` is the core; `check_source` also reports syntax; `check_tags` (in `check_text`) does whole strings.
The kinds of findings are the names of `findings.KINDS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from argolint.language import types as ty
from argolint.language.check_calls import hyphen, refused, sprig_call, unknown_function
from argolint.language.errors import LanguageError
from argolint.language.expr import ast as t
from argolint.language.expr.names import ARGO_FUNCTIONS, BUILTINS
from argolint.language.expr.parser import parse
from argolint.language.findings import (
    ACCEPTS,
    JSON_LISTS,
    KINDS,
    NULLS,
    Finding,
    circumstance,
    listed,
    method_hint,
    result_type,
)
from argolint.language.scope import Scope, function_table
from argolint.language.template import static_path
from argolint.language.types import Type
from argolint.suggest import nearest


def check(ast: t.Ast, scope: Scope) -> tuple[Type, list[Finding]]:
    """The type of a parsed expression in a scope, and what is wrong with it."""
    checker = _Checker(ast.source, scope)
    try:
        type_ = checker.infer(ast.root)
        if checker.deep and not checker.findings:
            checker.findings += refused(ast, scope)
    except RecursionError:
        return ty.ANY, [Finding("expression-syntax", 0, len(ast.source), "expression is nested too deeply")]
    return type_, checker.findings


def check_source(source: str, scope: Scope) -> tuple[Type, list[Finding]]:
    """As `check`, of a text that may not parse: then its findings say where it breaks."""
    if "{{" in source:
        at = source.index("{{")
        end = source.find("}}", at)
        message = "this is an expression already: a {{tag}} inside it is replaced as text first; use the variable itself"
        return ty.ANY, [Finding("tag-inside-expression", at, end + 2 if end >= 0 else len(source), message)]
    try:
        return check(parse(source), scope)
    except LanguageError:
        from argolint.language.recover import expression_repairs, gather

        errors = gather(parse.__wrapped__, source, expression_repairs)
        return ty.ANY, [_syntax(source, error) for error in errors]


def _syntax(source: str, error: LanguageError) -> Finding:
    if "coalesce" in error.message:
        return Finding("mixed-coalesce", error.start, error.end, error.message)
    if (
        source[error.start : error.end] == "="
        and "operator =" in error.message
        and "ident" not in error.message
    ):
        return Finding(
            "single-equals", error.start, error.end, "= assigns nothing here; to compare, write ==", "=="
        )
    return Finding("expression-syntax", error.start, error.end, error.message)


def is_constant(ast: t.Ast) -> bool:
    """Whether an expression asks nothing of its environment (nor of the clock or of randomness)."""
    for node in t.walk(ast.root):
        if isinstance(node, (t.Ident, t.Call)) or (isinstance(node, t.Builtin) and node.name == "now"):
            return False
    return True


class _Checker:
    __slots__ = ("deep", "findings", "local", "scope", "source", "subjects")

    def __init__(self, source: str, scope: Scope) -> None:
        self.source = source
        self.scope = scope
        self.findings: list[Finding] = []
        self.local: dict[str, Type] = {}
        self.subjects: list[tuple[Type, Type]] = []
        self.deep = False  # whether there is something that only a full look at types may find wrong

    def report(self, kind: str, node: t.Node, message: str, suggestion: str | None = None) -> None:
        self.findings.append(Finding(kind, node.start, node.end, message, suggestion))

    def infer(self, node: t.Node) -> Type:
        return _TABLE[type(node)](self, node)

    def text(self, node: t.Node) -> str:
        return self.source[node.start : node.end]

    def name_of(self, node: t.Node, type_: Type) -> str:
        return type_.origin or static_path(node) or self.text(node)

    # Leaves.

    def literal(self, node: t.Literal) -> Type:
        return ty.constant(node.value)

    def pointer(self, node: t.Pointer) -> Type:
        if not self.subjects:
            return ty.ANY
        if node.name == "index":
            return ty.INT
        element, accumulated = self.subjects[-1]
        return accumulated if node.name == "acc" else element

    def ident(self, node: t.Ident) -> Type:
        name = node.name
        if name in self.local:
            return self.local[name]
        if name in self.scope.tree:
            return self.scope.tree[name]
        if name == "$env" or name in self.scope.open_roots:
            return ty.ANY
        if name in ARGO_FUNCTIONS:
            if not self.scope.functions:
                self.not_available(node, name)
            return ty.FUNC
        if name in NULLS:
            self.report(
                "null-keyword",
                node,
                f"{name} is no keyword of expressions; write {NULLS[name]}",
                NULLS[name],
            )
            return ty.ANY
        self.undefined(node, name)
        return ty.ANY

    def undefined(self, node: t.Node, name: str) -> None:
        group = next(
            (group for known, group in self.scope.missing.items() if known.split(".")[0] == name), None
        )
        if group is not None and not nearest(name, self.scope.roots()):
            self.report("undefined-identifier", node, f"{name} does not exist here{circumstance(group)}")
            return
        near = nearest(name, [*self.scope.roots(), *self.local]) or None
        hint = (
            f"; did you mean {near}?"
            if near
            else f"; there are {', '.join(self.scope.roots()) or 'no variables'}"
        )
        if near is None and name.isalpha():
            hint += f" (text is written in quotes: '{name}')"
        self.report("undefined-identifier", node, f"{name} does not exist here{hint}", near)

    def not_available(self, node: t.Node, name: str) -> None:
        instead = {"asInt": "int", "asFloat": "float", "toJson": "toJSON"}.get(name)
        hint = f"; use {instead}" if instead else ""
        self.report(
            "function-not-available-here",
            node,
            f"{name} does not exist here: Argo evaluates this without its functions{hint}",
            instead,
        )

    # Access.

    def member(self, node: t.Member) -> Type:
        if isinstance(node.node, t.Ident) and node.node.name == "sprig" and "sprig" not in self.local:
            return self.infer(node.node)
        base = self.infer(node.node)
        key = self.infer(node.prop)
        if not node.dotted and key.kind != "string":
            self.deep = True
        if base.kind in ("map", "artifact"):
            return self.property(node, base, key)
        if base.kind == "list":
            if key.kind == "string":
                self.report(
                    "wrong-argument-type", node.prop, "a list is indexed by whole numbers, not by text"
                )
            element: Type = base.element or ty.ANY
            return element
        if base.kind == "string":
            self.member_of_string(node, base, key)
            return ty.ANY
        if base.kind in ("int", "float", "bool"):
            self.report(
                "member-of-string",
                node,
                f"{self.name_of(node.node, base)} is of type {base}: it has no members",
            )
        return ty.ANY

    def property(self, node: t.Member, base: Type, key: Type) -> Type:
        name = key.const
        if not isinstance(name, str):
            return base.rest or ty.ANY
        props = base.props or {}
        if name in props:
            found: Type = props[name]
            return found
        if base.rest is not None:
            rest: Type = base.rest
            path = static_path(node)
            return rest._replace(origin=path) if path and rest.origin else rest
        path = static_path(node) or self.text(node)
        near = nearest(name, props) or None
        group = self.scope.missing.get(path)
        if group is not None:
            self.report("undefined-identifier", node, f"{path} does not exist here{circumstance(group)}")
            return ty.ANY
        hint = f"; did you mean {near}?" if near else listed(props)
        finding = Finding(
            "undefined-identifier",
            node.prop.start,
            node.prop.end,
            f"{path} does not exist here{hint}",
            self.respelled(node, near),
        )
        self.findings.append(finding)
        return ty.ANY

    def respelled(self, node: t.Member, name: str | None) -> str | None:
        """The suggestion in the form in which the property is written."""
        if name is None:
            return None
        if not node.dotted:
            quote = self.text(node.prop)[:1]
            return f"{quote}{name}{quote}" if quote in ("'", '"') else None
        return name if re.fullmatch(r"[A-Za-z_]\w*", name) else None

    def member_of_string(self, node: t.Member, base: Type, key: Type) -> None:
        if key.kind in ("int", "float"):
            return
        name = self.name_of(node.node, base)
        hint = ""
        if isinstance(key.const, str) and self.scope.functions:
            hint = (
                f"; if it holds JSON, use fromJSON({name}).{key.const} or jsonpath({name}, '$.{key.const}')"
            )
        self.report("member-of-string", node, f"{name} is a string: it has no member {key.const!r}{hint}")

    def chain(self, node: t.Chain) -> Type:
        return self.infer(node.node)._replace(absent=True)

    def slice(self, node: t.Slice) -> Type:
        self.deep = True
        base = self.infer(node.node)
        for bound in (node.low, node.high):
            if bound is not None:
                self.expect(bound, self.infer(bound), "int", "a slice")
        if base.kind in ("int", "float", "bool", "map"):
            self.report(
                "wrong-argument-type",
                node,
                f"{self.name_of(node.node, base)} is of type {base}: it cannot be sliced",
            )
        return base._replace(const=ty.UNKNOWN) if base.kind in ("list", "string") else ty.ANY

    # Operators.

    def unary(self, node: t.Unary) -> Type:
        operand = self.infer(node.operand)
        if node.op == "not":
            self.condition(node.operand, operand, "not")
            return ty.BOOL
        if operand.kind in ("string", "bool", "list", "map"):
            self.report("wrong-operand-type", node, f"{node.op} is not defined on a {operand}")
            return ty.ANY
        if isinstance(operand.const, (int, float)) and not isinstance(operand.const, bool):
            return operand._replace(const=-operand.const if node.op == "-" else operand.const)
        return operand

    def condition(self, node: t.Node, type_: Type, where: str) -> None:
        if type_.kind in ("bool", "any", "nil"):
            return
        suggestion = None
        hint = ""
        if type_.kind == "string" and not isinstance(type_.const, str):
            suggestion = f"{self.text(node)} == 'true'"
            if where == "not":
                suggestion = f"({suggestion})"
            hint = f"; compare it: {suggestion}"
        self.report(
            "wrong-operand-type",
            node,
            f"{where} needs a bool, {self.name_of(node, type_)} is of type {type_}{hint}",
            suggestion,
        )

    def binary(self, node: t.Binary) -> Type:
        if node.op == "-":
            hyphenated = hyphen(self, node)
            if hyphenated is not None:
                return hyphenated
        left, right = self.infer(node.left), self.infer(node.right)
        op = node.op
        if "any" in (left.kind, right.kind) and {left.kind, right.kind} & {"list", "map", "nil"}:
            self.deep = op not in ("==", "!=", "??") or self.deep
        if op in ("and", "or"):
            self.condition(node.left, left, op)
            self.condition(node.right, right, op)
            return ty.BOOL
        if op == "??":
            return ty.present(ty.merge(ty.present(left), right)) if left.kind != "nil" else right
        if op in ("==", "!=", "<", "<=", ">", ">="):
            self.comparison(node, left, right)
            return ty.BOOL
        if op in ("contains", "startsWith", "endsWith", "matches"):
            self.expect(node.left, left, "string", op)
            self.expect(node.right, right, "string", op)
            if op == "matches" and isinstance(right.const, str):
                self.regex(node.right, right.const)
            return ty.BOOL
        if op == "in":
            if right.kind in ("string", "int", "float", "bool"):
                hint = (
                    f"; use {self.text(node.right)} contains {self.text(node.left)}"
                    if right.kind == "string"
                    else ""
                )
                self.report(
                    "wrong-operand-type", node, f"in needs a list or map on its right, not a {right}{hint}"
                )
            return ty.BOOL
        if op == "..":
            self.expect(node.left, left, "int", op)
            self.expect(node.right, right, "int", op)
            return ty.list_of(ty.INT)
        return self.arithmetic(node, left, right)

    def arithmetic(self, node: t.Binary, left: Type, right: Type) -> Type:
        op = node.op
        kinds = {left.kind, right.kind}
        if "any" in kinds or "nil" in kinds:
            self.deep = self.deep or not kinds <= {"any", "int", "float", "string"} or op not in ("+", "-")
            return ty.STRING if op == "+" and "string" in kinds else ty.FLOAT if op in ("/", "**") else ty.ANY
        if kinds <= {"int", "float"}:
            if op == "%" and "float" in kinds:
                self.report("wrong-operand-type", node, "% is defined on whole numbers only; use int(…)")
            return ty.FLOAT if op in ("/", "**") or "float" in kinds else ty.INT
        if op == "+" and kinds == {"string"}:
            return ty.STRING
        if kinds & {"time", "duration"}:
            if kinds == {"time"}:
                return ty.DURATION
            return ty.TIME if "time" in kinds else ty.DURATION
        self.bad_arithmetic(node, left, right)
        return ty.ANY

    def bad_arithmetic(self, node: t.Binary, left: Type, right: Type) -> None:
        op = node.op
        message = f"{op} is not defined on {left} and {right}"
        if "string" in (left.kind, right.kind):
            side, type_ = (node.left, left) if left.kind == "string" else (node.right, right)
            other, other_type = (node.right, right) if side is node.left else (node.left, left)
            if op == "+" and ty.is_number(other_type) and isinstance(type_.const, str):
                message += f"; turn the number into text: string({self.text(other)})"
            elif op != "+" or ty.is_number(other_type):
                message = f"{self.name_of(side, type_)} is a string: {message}; use {self.cast()}({self.text(side)})"
        self.report("wrong-operand-type", node, message)

    def cast(self) -> str:
        return "asInt" if self.scope.functions else "int"

    def comparison(self, node: t.Binary, left: Type, right: Type) -> None:
        kinds = {left.kind, right.kind}
        if "any" in kinds or "nil" in kinds or left.kind == right.kind or kinds <= {"int", "float"}:
            if (
                node.op not in ("==", "!=")
                and left.kind == right.kind
                and left.kind in ("bool", "list", "map")
            ):
                self.report("wrong-operand-type", node, f"{node.op} is not defined on {left} and {right}")
            return
        equality = node.op in ("==", "!=")
        effect = (
            f"so {node.op} is always {'false' if node.op == '==' else 'true'}"
            if equality
            else f"so {node.op} fails at run time"
        )
        if kinds <= {"string", "int", "float"}:
            self.string_number(node, left, right, effect)
            return
        kind = "string-number-comparison" if kinds == {"string", "bool"} else "wrong-operand-type"
        message = f"{self.name_of(node.left, left)} is of type {left} and {self.name_of(node.right, right)} of type {right}, {effect}"
        suggestion = None
        if kinds == {"string", "bool"}:
            constant = node.left if left.kind == "bool" else node.right
            if isinstance(constant, t.Literal):
                suggestion = f"'{self.text(constant)}'"
                message += f"; compare with text: {suggestion}"
                self.findings.append(Finding(kind, constant.start, constant.end, message, suggestion))
                return
        self.report(kind, node, message)

    def string_number(self, node: t.Binary, left: Type, right: Type, effect: str) -> None:
        side, type_ = (node.left, left) if left.kind == "string" else (node.right, right)
        other = right if side is node.left else left
        cast = self.cast() if other.kind == "int" else ("asFloat" if self.scope.functions else "float")
        if isinstance(type_.const, str):
            self.report(
                "string-number-comparison",
                node,
                f"{self.text(side)} is a string and is compared with a number, {effect}",
            )
            return
        spelled = f"{cast}({self.text(side)})"
        message = (
            f"{self.name_of(side, type_)} is a string and is compared with a number, {effect}; use {spelled}"
        )
        self.findings.append(Finding("string-number-comparison", side.start, side.end, message, spelled))

    def regex(self, node: t.Node, pattern: str) -> None:
        from argolint.language import goregex

        try:
            goregex.compile(pattern)
        except ValueError as error:
            self.report("invalid-regex", node, str(error))

    def conditional(self, node: t.Conditional) -> Type:
        self.condition(node.test, self.infer(node.test), "a condition")
        return ty.merge(self.infer(node.then), self.infer(node.otherwise))._replace(const=ty.UNKNOWN)

    # Calls.

    def expect(self, node: t.Node, actual: Type, wanted: str, where: str) -> None:
        accepted = ACCEPTS.get(wanted, ())
        if not accepted or actual.kind in ("any", "nil", "func") or actual.kind in accepted:
            return
        path = static_path(node)
        if actual.kind == "map" and path in JSON_LISTS and wanted == "string":
            instead = JSON_LISTS[path]
            hint = f"; use {instead}" if instead else ""
            self.report(
                "json-parameters-in-expression",
                node,
                f"{path} is a map in expressions, not JSON text{hint}",
                instead,
            )
            return
        names = {"sized": "a string, list or map", "scalar": "a string or number", "int": "a whole number"}
        wanted_name = names.get(wanted, f"a {wanted}")
        hint = ""
        if actual.kind == "string" and wanted in ("list", "map") and not isinstance(actual.const, str):
            hint = f"; if it holds JSON, use fromJSON({self.text(node)})"
        elif actual.kind == "string" and wanted in ("int", "number"):
            hint = f"; use {self.cast()}({self.text(node)})"
        self.report(
            "wrong-argument-type",
            node,
            f"{where} takes {wanted_name}, {self.name_of(node, actual)} is of type {actual}{hint}",
        )

    def builtin(self, node: t.Builtin) -> Type:
        self.deep = True
        low, high, result, wanted = function_table()["language"][node.name]
        self.arity(node, node.name, len(node.args), low, high)
        first: Type = ty.ANY
        body: Type = ty.ANY
        for index, arg in enumerate(node.args):
            if isinstance(arg, t.Predicate):
                element = first.element or ty.ANY if first.kind == "list" else ty.ANY
                self.subjects.append((element, ty.ANY))
                body = self.infer(arg.body)
                self.subjects.pop()
                if node.name in ("all", "any", "none", "one", "filter", "count") or node.name.startswith(
                    "find"
                ):
                    self.condition(arg.body, body, f"the predicate of {node.name}")
                continue
            actual = self.infer(arg)
            first = actual if index == 0 else first
            if index < len(wanted):
                self.expect(arg, actual, wanted[index], node.name)
        return result_type(node.name, result, first, body)

    def arity(self, node: t.Node, name: str, count: int, low: int, high: int | None) -> None:
        if low <= count and (high is None or count <= high):
            return
        wanted = str(low) if low == high else f"{low} or more" if high is None else f"{low} to {high}"
        plural = "" if wanted == "1" else "s"
        self.report("wrong-arity", node, f"{name} takes {wanted} argument{plural}, not {count}")

    def call(self, node: t.Call) -> Type:
        callee = node.callee
        args = [self.infer(arg) for arg in node.args]
        if isinstance(callee, t.Member) and callee.dotted and isinstance(callee.prop, t.Literal):
            if isinstance(callee.node, t.Ident) and callee.node.name == "sprig" and "sprig" not in self.local:
                return sprig_call(self, node, callee, str(callee.prop.value), args)
            base = self.infer(callee.node)
            if base.kind == "string":
                self.report(
                    "unknown-function",
                    callee,
                    f"a string has no methods; {method_hint(str(callee.prop.value))}",
                )
            return ty.ANY
        if not isinstance(callee, t.Ident):
            self.infer(callee)
            return ty.ANY
        name = callee.name
        known = self.scope.tree.get(name) or self.local.get(name)
        if known is not None:
            if known.kind not in ("any", "func"):
                self.report("unknown-function", callee, f"{name} is of type {known}: it cannot be called")
            return ty.ANY
        row = function_table()["argo"].get(name)
        if row is None:
            unknown_function(self, callee, name)
            return ty.ANY
        if not self.scope.functions:
            self.not_available(callee, name)
            return ty.BY_NAME[row[2]]
        self.arity(node, name, len(args), row[0], row[1])
        for arg, actual, wanted in zip(node.args, args, row[3]):
            self.expect(arg, actual, wanted, name)
        return ty.BY_NAME[row[2]]

    # Collections and blocks.

    def array(self, node: t.Array) -> Type:
        element: Type | None = None
        for one in node.nodes:
            type_ = self.infer(one)._replace(const=ty.UNKNOWN, origin="")
            element = type_ if element is None else ty.merge(element, type_)
        return ty.list_of(element or ty.ANY)

    def map_literal(self, node: t.MapLiteral) -> Type:
        props: dict[str, Type] = {}
        rest: Type | None = None
        for key, value in node.pairs:
            type_ = self.infer(value)
            name = self.infer(key).const
            if isinstance(name, str):
                props[name] = type_
            else:
                rest = ty.ANY
        return Type("map", props=props, rest=rest)

    def let(self, node: t.Let) -> Type:
        if node.name in BUILTINS or node.name in self.local or node.name in self.scope.tree:
            what = "function" if node.name in BUILTINS else "variable"
            message = f"there is a {what} {node.name} already: let needs a new name"
            self.findings.append(Finding("expression-syntax", node.at, node.at + len(node.name), message))
        value = self.infer(node.value)
        before = dict(self.local)
        self.local[node.name] = value
        result = self.infer(node.body)
        self.local = before
        return result

    def sequence(self, node: t.Sequence) -> Type:
        result = ty.ANY
        for one in node.nodes:
            result = self.infer(one)
        return result

    def predicate(self, node: t.Predicate) -> Type:
        return self.infer(node.body)


_TABLE: dict[type, Callable[[_Checker, Any], Type]] = {
    t.Literal: _Checker.literal,
    t.Ident: _Checker.ident,
    t.Pointer: _Checker.pointer,
    t.Unary: _Checker.unary,
    t.Binary: _Checker.binary,
    t.Chain: _Checker.chain,
    t.Member: _Checker.member,
    t.Slice: _Checker.slice,
    t.Call: _Checker.call,
    t.Builtin: _Checker.builtin,
    t.Predicate: _Checker.predicate,
    t.Conditional: _Checker.conditional,
    t.Let: _Checker.let,
    t.Sequence: _Checker.sequence,
    t.Array: _Checker.array,
    t.MapLiteral: _Checker.map_literal,
}

__all__ = ["KINDS", "Finding", "check", "check_source", "is_constant"]
