"""A payload that is posted to the Argo server's events endpoint, through a WorkflowEventBinding. Pure.

Upstream: docs/events.md: `selector` and `valueFrom.event` are expressions over payload, metadata (headers that begin with x-),
namespace and discriminator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from argolint.language.errors import LanguageError
from argolint.language.expr.evaluator import evaluate
from argolint.language.values import to_json

Object = dict[str, Any]


class Bound(NamedTuple):
    """What became of one binding: whether it was meant, the parameters, the Workflow that is submitted, or what is wrong."""

    name: str
    selected: bool
    selector: str
    parameters: tuple[tuple[str, str], ...] = ()
    workflow: Object | None = None
    problem: str = ""


def environment(namespace: str, discriminator: str, payload: Any, headers: Mapping[str, str]) -> Object:
    """What the expressions of a binding see."""
    metadata = {k.lower(): [v] for k, v in headers.items() if k.lower().startswith("x-")}
    return {"namespace": namespace, "discriminator": discriminator, "metadata": metadata, "payload": payload}


def submit(binding: Object, env: Object) -> Bound:
    """Send an event to a binding."""
    spec, name = binding.get("spec") or {}, str((binding.get("metadata") or {}).get("name") or "binding")
    selector = str((spec.get("event") or {}).get("selector") or "")
    try:
        selected = evaluate(selector, env)
    except LanguageError as error:
        return Bound(name, False, selector, problem=f"selector: {error.message}")
    if not isinstance(selected, bool):
        return Bound(
            name,
            False,
            selector,
            problem="selector: malformed workflow event binding: did not evaluate to boolean",
        )
    wanted = spec.get("submit")
    if not selected or not isinstance(wanted, dict):
        return Bound(name, selected, selector)
    values: list[tuple[str, str]] = []
    for parameter in (wanted.get("arguments") or {}).get("parameters") or []:
        text = str((parameter.get("valueFrom") or {}).get("event") or "")
        if not text:
            values.append((str(parameter.get("name")), str(parameter.get("value") or "")))
            continue
        try:
            found = evaluate(text, env)
        except LanguageError as error:
            return Bound(
                name,
                True,
                selector,
                tuple(values),
                problem=f"parameter {parameter.get('name')}: {text}: {error.message}",
            )
        values.append((str(parameter.get("name")), found if isinstance(found, str) else to_json(found)))
    try:
        meta = _metadata(wanted.get("metadata") or {}, env)
    except LanguageError as error:
        return Bound(name, True, selector, tuple(values), problem=error.message)
    reference = wanted.get("workflowTemplateRef") or {}
    if not meta.get("name") and not meta.get("generateName"):
        meta["generateName"] = f"{reference.get('name') or name}-"
    workflow: Object = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": meta,
        "spec": {
            "workflowTemplateRef": reference,
            "arguments": {"parameters": [{"name": key, "value": value} for key, value in values]},
        },
    }
    return Bound(name, True, selector, tuple(values), workflow)


def _metadata(given: Object, env: Object) -> Object:
    """The metadata of the workflow: every name and value of it is an expression. LanguageError when one is not, or gives no string."""

    def text(source: Any, what: str) -> str:
        try:
            found = evaluate(str(source), env)
        except LanguageError as error:
            raise LanguageError(f"{what}: {source}: {error.message}", error.start, error.end) from error
        if not isinstance(found, str):
            raise LanguageError(f"{what}: {source}: must evaluate to a string", 0, len(str(source)))
        return found

    made: Object = {
        field: text(given[field], field) for field in ("name", "generateName") if given.get(field)
    }
    for field, one in (("labels", "label"), ("annotations", "annotation")):
        if isinstance(given.get(field), dict) and given[field]:
            made[field] = {key: text(value, f'{one} "{key}"') for key, value in given[field].items()}
    return made


def lines(bound: Bound) -> Iterator[str]:
    """The transcript of one binding."""
    yield f"{'▶' if bound.selected else '○'} binding {bound.name}: {bound.selector}{'' if bound.selected else ' is false'}"
    if bound.problem:
        yield f"    ✖ {bound.problem}"
    for name, value in bound.parameters:
        yield f"    {name} = {value!r}"
