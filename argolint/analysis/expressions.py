"""Everything that the language's checks find in a workflow object: tags, bare expressions, `when`.

The scope here is a wide one: a variable that could exist is taken to exist, since rules on references look for those that do
not. What is left is what is wrong wherever it stands: syntax, types, functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from argolint.context import Context, Scalar, scalars_of
from argolint.language import selectors
from argolint.language import types as ty
from argolint.language.check import check_source
from argolint.language.check_text import check_tags
from argolint.language.check_when import check_when
from argolint.language.errors import LanguageError
from argolint.language.findings import Finding
from argolint.language.scope import Instances, Producer, Scope, scope_at
from argolint.language.tags import ExprTag, split
from argolint.model.k8s import Object
from argolint.model.view import Span, View
from argolint.model.workflow import Template, WorkflowSpec
from argolint.patterns import lazy


class Place(NamedTuple):
    """A finding where it is written. `kind` is one of `language.findings.KINDS` or `selector-syntax`."""

    kind: str
    span: Span
    message: str
    suggestion: str | None


def spelled(text: str, style: str) -> str:
    """A piece of a string as it is written inside a scalar of that YAML style."""
    if style == "'":
        return text.replace("'", "''")
    return text.replace("\\", "\\\\").replace('"', '\\"') if style == '"' else text


_EVERYTHING = Instances(
    parameters=None, artifacts=None, item=ty.ANY, retry=True, exit_handler=True, previous=(), family="steps", own=Producer("own")
)  # fmt: skip
_last: list[tuple[Object, dict[str, list[Place]]]] = []


def places(obj: Object, ctx: Context, *kinds: str) -> list[Place]:
    """What is found of the given kinds in a workflow object; nothing for other objects."""
    if not _last or _last[0][0] is not obj:
        found: dict[str, list[Place]] = {}
        if obj.is_workflow_kind or obj.kind == "WorkflowEventBinding":
            for place in _all(obj, ctx):
                found.setdefault(place.kind, []).append(place)
        _last[:] = [(obj, found)]
    found = _last[0][1]
    return [place for kind in kinds for place in found.get(kind, ())] if found else []


def _all(obj: Object, ctx: Context) -> Iterator[Place]:
    for scalar in scalars_of(obj, ctx.source, {}):
        if scalar.spec is None:
            continue
        if scalar.key == "when" and scalar.step is not None and scalar.parent is scalar.step.map:
            yield from _placed(scalar, _of_when(scalar.value, _around(scalar)))
        elif scalar.key not in ("expression", "fromExpression"):
            yield from _placed(scalar, _of_tags(scalar.value, _around(scalar)))
        if scalar.key == "value" and "{{=" in scalar.value:
            yield from _results(scalar)
    for spec in obj.workflow_specs:
        yield from _bare(spec, ctx)
    if obj.kind == "CronWorkflow":
        yield from _cron(obj.spec, ctx)
    elif obj.kind == "WorkflowEventBinding":
        yield from _binding(obj.spec, ctx)


# The same short strings stand in many places, and the scope around them is mostly the same.
_SHORT = 200


def _of_tags(text: str, scope: Scope) -> Sequence[Finding]:
    return _short_tags(text, scope) if len(text) <= _SHORT else check_tags(text, scope)


@lru_cache(maxsize=2048)
def _short_tags(text: str, scope: Scope) -> tuple[Finding, ...]:
    return tuple(check_tags(text, scope))


def _of_when(text: str, scope: Scope) -> Sequence[Finding]:
    return _short_when(text, scope) if len(text) <= _SHORT else check_when(text, scope)


@lru_cache(maxsize=1024)
def _short_when(text: str, scope: Scope) -> tuple[Finding, ...]:
    return tuple(check_when(text, scope))


def _placed(scalar: Scalar, findings: Sequence[Finding]) -> Iterator[Place]:
    for one in findings:
        text = scalar.value[one.start : one.end]
        suggestion = None if one.suggestion is None else spelled(one.suggestion, scalar.style)
        yield Place(one.kind, scalar.part(one.start, one.end), marked(one.message, text), suggestion)


# What may be said of a `when` of a CronWorkflow; rules on CronWorkflows say the rest better.
_CRON_WHEN = frozenset(
    {"when-syntax", "when-constant", "when-regex-invalid", "when-single-logic-operator", "expression-syntax",
     "single-equals", "unclosed-tag", "space-before-equals", "unknown-function", "wrong-arity", "mixed-coalesce",
     "function-not-available-here", "tag-ends-early"}
)  # fmt: skip


def _around(scalar: Scalar) -> Scope:
    """The scope of a string. Siblings are part of it only when they matter: to an expression or a condition that names them."""
    value = scalar.value
    if ("steps" in value or "tasks" in value) and ("{{=" in value or scalar.key == "when"):
        return _scope(*_family(scalar.template))
    return _scope("", ())


def _cron(spec: View, ctx: Context) -> Iterator[Place]:
    """`when` and `stopStrategy.expression` of a CronWorkflow."""
    when = ctx.scalar(spec, "when")
    if when is not None and when.value:
        scope = _scope("", (), "cron-when")
        found = {*check_tags(when.value, scope), *check_when(when.value, scope, bare_words=False)}
        yield from _placed(
            when, sorted((one for one in found if one.kind in _CRON_WHEN), key=lambda one: one.start)
        )
    yield from _expression(ctx, spec.mapping("stopStrategy"), "expression", "cron-stop", True)


def _binding(spec: View, ctx: Context) -> Iterator[Place]:
    """The selector and the values of a WorkflowEventBinding."""
    yield from _expression(ctx, spec.mapping("event"), "selector", "event-expression", True)
    for parameter in spec.mapping("submit").mapping("arguments").items("parameters"):
        yield from _expression(ctx, parameter.mapping("valueFrom"), "event", "event-expression", False)
    metadata = spec.mapping("submit").mapping("metadata")
    for view, keys in (
        (metadata, ("name", "generateName")),
        (metadata.mapping("labels"), None),
        (metadata.mapping("annotations"), None),
    ):
        for key in keys or [str(key) for key in view.map]:
            yield from _metadata(ctx, view, key)


def _metadata(ctx: Context, view: View, key: str) -> Iterator[Place]:
    """A name, label or annotation of a WorkflowEventBinding: an expression that gives text (upstream: dispatch/operation.go)."""
    scalar = ctx.scalar(view, key)
    if scalar is None or not scalar.value:
        return
    type_, findings = check_source(scalar.value, _scope("", (), "event-expression"))
    meant = f'"{scalar.value}"' if _PLAIN_TEXT.fullmatch(scalar.value) else None
    if findings:
        said = marked(findings[0].message, scalar.value[findings[0].start : findings[0].end])
        yield Place("binding-metadata", scalar.span, f"`{key}` is an expression: {said}", meant)
    elif type_.kind not in ("string", "any"):
        yield Place(
            "binding-metadata", scalar.span, f"`{key}` must be a text, this is of type {type_}", meant
        )


_PLAIN_TEXT = lazy(r"[\w.-]+")


def _results(scalar: Scalar) -> Iterator[Place]:
    """Values that are one expression whose result is no text."""
    pieces = split(scalar.value)
    tag = pieces[0]
    if len(pieces) != 1 or not isinstance(tag, ExprTag):
        return
    type_, findings = check_source(tag.source, _around(scalar))
    if not findings and type_.kind in ("list", "map"):
        message = f"the result is a {type_.kind}: it is inserted as JSON"
        yield Place("non-string-result", scalar.part(tag.start, tag.end), message, None)


_HINT = lazy(
    r"([;,] (?:use|write|did you mean|compare it:|compare with text:|quote both sides:|turn the number into text:"
    r"|if it holds JSON, use|a name with a hyphen needs brackets:) )(?!the |an )(.+?)(\?|;|$)"
)
_LIST = lazy(r"(; there (?:is|are) )(?!no )([^;]+)$")
_NAMED = lazy(r"(?<![`\w.])(?:[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+(?:\([^() ]*\))?|\{\{[^{}]*\}\})(?![`\w])")
_QUOTED = lazy(r"(?<![\w`])'([^'` ]+)'(?!\w)")
_SUBJECT = lazy(r"^(=|!=|==|[<>]=?|[-+*/%&|^]|&&|\|\||in|=~|!~|\?\?|[a-z]\w*(?= takes | needs a bool))(?= )")
_FUNCTION = lazy(r"((?:no function|no member) )([\w.]+)")


@lru_cache(maxsize=1024)
def marked(message: str, excerpt: str = "") -> str:
    """A message with its names, code and suggestions in backticks. `excerpt` is the text that it is about."""
    message = _FUNCTION.sub(_tick, _LIST.sub(_tick_list, _HINT.sub(_tick, message)))
    if excerpt and len(excerpt) > 1 and message.startswith(f"{excerpt} "):
        message = f"`{excerpt}`{message[len(excerpt) :]}"
    pieces = message.split("`")
    for index in range(0, len(pieces), 2):
        text = _SUBJECT.sub(r"`\1`", pieces[index]) if index == 0 else pieces[index]
        text = _QUOTED.sub(r"`\1`", text)
        parts = text.split("`")
        parts[::2] = [_NAMED.sub(lambda match: f"`{match.group()}`", part) for part in parts[::2]]
        pieces[index] = "`".join(parts)
    return "`".join(pieces)


def _tick(match: re.Match[str]) -> str:
    body, tail = match[2], match[3] if (match.lastindex or 0) > 2 else ""
    return match.group() if "`" in body else f"{match[1]}`{body.replace(' or ', '` or `')}`{tail}"


def _tick_list(match: re.Match[str]) -> str:
    names = match[2].split(", ")
    return match[1] + ", ".join(
        f"`{name}`" if name != "…" and not set(" `") & set(name) else name for name in names
    )


def _family(template: Template | None) -> tuple[str, tuple[tuple[str, bool], ...]]:
    """What a string in a template may refer to: steps or tasks, and the names of its (or its caller's) children."""
    while template is not None and template.type not in ("steps", "dag") and template.step is not None:
        template = template.step.template
    if template is None or template.type not in ("steps", "dag"):
        return "", ()
    children = tuple((step.name, bool(step.loops)) for step in template.children if step.name)
    return ("steps" if template.type == "steps" else "tasks"), children


@lru_cache(maxsize=64)
def _scope(family: str, children: tuple[tuple[str, bool], ...], location: str = "anywhere") -> Scope:
    producers = tuple(Producer(name, loop=loop) for name, loop in children)
    narrow = scope_at(location, _EVERYTHING._replace(family=family, previous=producers))
    if location != "anywhere":
        return narrow
    opened = {
        **narrow.open,
        "steps.": ty.ANY,
        "tasks.": ty.ANY,
        "workflow.outputs.": ty.ANY,
        "outputs.": ty.ANY,
    }
    return Scope(narrow.variables, opened, functions=narrow.functions, location=location, any_item=True)


def _bare(spec: WorkflowSpec, ctx: Context) -> Iterator[Place]:
    """Fields that are expressions without braces, conditions of resources, and `when` without tags."""
    for retry in (spec.mapping("retryStrategy"), spec.mapping("templateDefaults").mapping("retryStrategy")):
        yield from _expression(ctx, retry, "expression", "retry-expression", True)
    yield from _hooks(spec, ctx, ())
    for template in spec.all_templates:
        family = _family(template)
        yield from _expression(ctx, template.mapping("retryStrategy"), "expression", "retry-expression", True)
        if "outputs" in template.map:
            yield from _outputs(template.mapping("outputs"), ctx, family)
        if "http" in template.map:
            yield from _expression(ctx, template.mapping("http"), "successCondition", "http-success", True)
        if "data" in template.map:
            for transformation in template.mapping("data").items("transformation"):
                yield from _expression(ctx, transformation, "expression", "data-transformation", False)
        if "resource" in template.map:
            yield from _selectors(ctx, template.mapping("resource"))
        for step in template.children:
            yield from _hooks(step, ctx, family)
            when = ctx.scalar(step, "when")
            if when is not None and "{{" not in when.value:
                yield from _placed(when, _of_when(when.value, _scope(*family)))


def _outputs(
    outputs: View, ctx: Context, family: tuple[str, tuple[tuple[str, bool], ...]]
) -> Iterator[Place]:
    for parameter in outputs.items("parameters"):
        yield from _expression(ctx, parameter.mapping("valueFrom"), "expression", "anywhere", False, family)
    for artifact in outputs.items("artifacts"):
        yield from _expression(ctx, artifact, "fromExpression", "anywhere", False, family)
        yield from _artifact(ctx, artifact, family)


def _artifact(ctx: Context, view: View, family: tuple[str, tuple[tuple[str, bool], ...]]) -> Iterator[Place]:
    """A `fromExpression` whose result is text or a number, and so no artifact."""
    scalar = ctx.scalar(view, "fromExpression")
    if scalar is None or "{{" in scalar.value:
        return
    type_, findings = check_source(scalar.value, _scope(*family))
    if not findings and type_.kind in ("string", "int", "float", "bool", "list"):
        what = f"`{type_.origin}` is" if type_.origin else "the result is"
        yield Place("artifact-expected", scalar.span, f"{what} of type {type_.kind}, not an artifact", None)


def _hooks(
    view: View, ctx: Context, family: tuple[str, tuple[tuple[str, bool], ...]] | tuple[()]
) -> Iterator[Place]:
    if "hooks" not in view.map:
        return
    hooks = view.mapping("hooks")
    for name in hooks.map:
        yield from _expression(ctx, hooks.mapping(name), "expression", "anywhere", True, family)


def _expression(
    ctx: Context,
    view: View,
    key: str,
    location: str,
    boolean: bool,
    family: tuple[str, tuple[tuple[str, bool], ...]] | tuple[()] = (),
) -> Iterator[Place]:
    scalar = ctx.scalar(view, key)
    if scalar is None or not scalar.value:
        return
    named = "steps" in scalar.value or "tasks" in scalar.value
    scope = _scope(*(family if family and named else ("", ())), location)
    if "{{" in scalar.value:
        yield from _placed(scalar, check_tags(scalar.value, scope))
        if location == "anywhere":
            yield from _placed(scalar, check_source(scalar.value, scope)[1])
        return
    type_, findings = check_source(scalar.value, scope)
    yield from _placed(scalar, findings)
    if boolean and not findings and type_.kind not in ("bool", "any"):
        message = f"a condition must be true or false, this is of type {type_}"
        yield Place("non-boolean-condition", scalar.span, message, None)


def _selectors(ctx: Context, resource: View) -> Iterator[Place]:
    for key in ("successCondition", "failureCondition"):
        scalar = ctx.scalar(resource, key)
        if scalar is None or "{{" in scalar.value:
            continue
        try:
            found = selectors.parse(scalar.value)
        except LanguageError as error:
            start = max(min(error.start, len(scalar.value) - 1), 0)
            yield Place("selector-syntax", scalar.part(start, max(error.end, start + 1)), error.message, None)
            continue
        if key == "failureCondition" and len(found) > 1:
            message = "a comma means or in a failureCondition: one of these is enough"
            yield Place("selector-comma", scalar.span, message, None)
