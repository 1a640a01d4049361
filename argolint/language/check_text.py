"""Checks strings with tags, and `depends`: what `check` does for one expression, for whole values."""

from __future__ import annotations

from collections.abc import Collection

from argolint.language import depends
from argolint.language import types as ty
from argolint.language.check import check_source
from argolint.language.errors import LanguageError
from argolint.language.findings import Finding, circumstance
from argolint.language.scope import Scope, tables
from argolint.language.tags import ExprTag, Piece, Raw, SimpleTag, split
from argolint.language.types import Type
from argolint.suggest import nearest

# Roots that mean something to Argo somewhere: a tag that begins with another may be for somebody else.
ROOTS = (
    "workflow",
    "inputs",
    "outputs",
    "steps",
    "tasks",
    "item",
    "pod",
    "node",
    "retries",
    "lastRetry",
    "cronworkflow",
)


def check_tags(text: str, scope: Scope) -> list[Finding]:
    """What is wrong with the tags of a string value (as YAML gives it). Offsets are into `text`."""
    if "{{" not in text:
        return []
    pieces = split(text)
    findings: list[Finding] = []
    for index, piece in enumerate(pieces):
        if isinstance(piece, Raw):
            if piece.unclosed:
                hint = "; it ends with one brace" if "}" in piece.text[2:] else ""
                findings.append(
                    Finding("unclosed-tag", piece.start, piece.start + 2, f"this {{{{ has no }}}}{hint}")
                )
        elif isinstance(piece, ExprTag):
            findings.extend(
                _expression(piece, pieces[index + 1] if index + 1 < len(pieces) else None, scope)[1]
            )
        else:
            findings.extend(_simple(piece, scope))
    return findings


def type_of(text: str, scope: Scope) -> Type:
    """What a string value is after substitution: the type of its expression if it is one tag, else a string."""
    pieces = split(text)
    if len(pieces) == 1 and isinstance(pieces[0], ExprTag):
        return check_source(pieces[0].source, scope)[0]
    if len(pieces) == 1 and isinstance(pieces[0], SimpleTag):
        return scope.lookup(pieces[0].name) or ty.ANY
    if len(pieces) == 1:
        return ty.constant(text)
    return ty.STRING


def _expression(tag: ExprTag, following: Piece | None, scope: Scope) -> tuple[Type, list[Finding]]:
    type_, findings = check_source(tag.source, scope)
    shifted = [
        one._replace(start=one.start + tag.source_start, end=one.end + tag.source_start) for one in findings
    ]
    broken = [one for one in shifted if one.kind == "expression-syntax"]
    if broken and isinstance(following, Raw) and _opens(tag.source) and "}" in following.text:
        message = "the first }} ends the tag, inside braces or quotes too; put a blank between the braces"
        return type_, [Finding("tag-ends-early", tag.end - 2, tag.end, message)]
    if type_.kind == "nil":
        shifted.append(
            Finding("nil-result", tag.start, tag.end, "this expression is nil: it cannot be inserted")
        )
    elif type_.absent and type_.kind != "any" and not shifted:
        message = f"{type_.origin or 'this expression'} may have no value: give it one with ?? "
        shifted.append(Finding("nil-result", tag.start, tag.end, message.strip()))
    return type_, shifted


def _opens(source: str) -> bool:
    return source.count("{") > source.count("}") or source.count("'") % 2 == 1 or source.count('"') % 2 == 1


def _simple(tag: SimpleTag, scope: Scope) -> list[Finding]:
    if tag.nested is not None:
        inner = tag.nested[1]
        start = tag.end - 2 - len(inner)
        if scope.lookup(inner) is None:
            return (
                [_unknown(inner.strip(), start, start + len(inner), scope)]
                if _is_ours(inner.strip(), scope)
                else []
            )
        return []
    start = tag.start + 2 + len(tag.body) - len(tag.body.lstrip())
    end = start + len(tag.name)
    if tag.name.startswith("="):
        message = "a blank before = makes this a plain tag, which is left as text; = must follow {{ at once"
        return [Finding("space-before-equals", tag.start + 2, start + 1, message, "=")]
    found = scope.lookup(tag.name)
    if found is None:
        return [_unknown(tag.name, start, end, scope)] if _is_ours(tag.name, scope) else []
    if found.absent:
        message = (
            f"{tag.name} may be absent: its producer can be skipped, omitted or fail while this still runs"
        )
        return [Finding("absent-output", tag.start, tag.end, message)]
    if found.kind not in ("string", "any", "artifact") and scope.location.startswith("cron"):
        message = f"{tag.name} is no text: a plain tag cannot insert it; use {{{{={tag.name}}}}}"
        return [Finding("unknown-variable", tag.start, tag.end, message, f"{{{{={tag.name}}}}}")]
    return []


def _is_ours(name: str, scope: Scope) -> bool:
    """Whether a name is meant for Argo: a known root, or a slip of one."""
    root = name.split(".", 1)[0]
    if root in scope.open_roots:
        return False
    return root in ROOTS or root in scope.roots() or nearest(root, ROOTS) != ""


def _unknown(name: str, start: int, end: int, scope: Scope) -> Finding:
    group = scope.missing.get(name)
    if group is None and name.startswith(("item.", "lastRetry.")):
        group = "item" if name.startswith("item.") else "retry"
    effect = {"error": "fails", "requeue": "waits forever"}.get(scope.unknown, "stays as text")
    if scope.unknown == "requeue" and not name.startswith(("steps.", "tasks.")):
        effect = "stays as text"
    if (
        group is not None
        and circumstance(group)
        and name.split(".", 1)[0] in ("item", "retries", "lastRetry", "workflow", "pod", "status")
    ):
        return Finding(
            "unknown-variable",
            start,
            end,
            f"{name} does not exist here{circumstance(group)}; the tag {effect}",
        )
    near = _nearest_name(name, scope)
    hint = f"; did you mean {near}?" if near else ""
    return Finding(
        "unknown-variable", start, end, f"{name} does not exist here: the tag {effect}{hint}", near
    )


def _nearest_name(name: str, scope: Scope) -> str | None:
    """The variable that was meant: first by correcting one part, then over whole names."""
    parts = name.split(".")
    known = scope.names()
    prefixes: dict[tuple[str, ...], set[str]] = {}
    for one in known:
        pieces = one.split(".")
        for index, piece in enumerate(pieces):
            prefixes.setdefault(tuple(pieces[:index]), set()).add(piece)
    fixed: list[str] = []
    for part in parts:
        there = prefixes.get(tuple(fixed), set())
        if part in there or not there:
            fixed.append(part)
            continue
        near = nearest(part, there)
        if not near:
            break
        fixed.append(near)
    spelled = ".".join(fixed)
    if len(fixed) == len(parts) and scope.lookup(spelled) is not None:
        return spelled
    others = (
        one for one in known if one.count(".") != name.count(".") and not f"{name}.".startswith(f"{one}.")
    )
    return nearest(name, others) or None


def _depends_syntax(text: str, error: LanguageError) -> Finding:
    start = max(min(error.start, len(text) - 1), 0)
    end = max(error.end, start + 1)
    return Finding("depends-syntax", start, end, error.message, _result_fix(text, error))


def check_depends(text: str, tasks: Collection[str]) -> list[Finding]:
    """What is wrong with a `depends`, `tasks` being the names of all tasks of the DAG."""
    try:
        parsed = depends.parse(text)
    except LanguageError:
        from argolint.language.recover import depends_repairs, gather

        errors = gather(depends.parse.__wrapped__, text, depends_repairs)
        return [_depends_syntax(text, error) for error in errors]
    findings: list[Finding] = []
    for task in parsed.tasks:
        if task.name in tasks:
            continue
        near = nearest(task.name, tasks) or None
        hint = f"; did you mean {near}?" if near else ""
        end = task.start + len(task.name)
        findings.append(
            Finding(
                "unknown-task", task.start, end, f"there is no task {task.name!r} in this DAG{hint}", near
            )
        )
    for first, later in depends.collisions(tasks):
        if later in parsed.names or first in parsed.names:
            message = f"tasks {first!r} and {later!r} are the same name to depends, in which - is _"
            findings.append(Finding("names-collide", 0, len(text), message))
    return findings


def _result_fix(text: str, error: LanguageError) -> str | None:
    wrong = text[error.start : error.end]
    if wrong in ("&", "|"):
        return wrong * 2
    if "is invalid; did you mean" in error.message:
        return error.message.rsplit(".", 1)[-1].rstrip("?")
    return None


def known_variables() -> dict[str, str]:
    """All variables of Argo with what they are, for completion and hover: name (`*` for a name of yours) to text."""
    return {name: row[2] for name, row in tables()["variables"].items()}
