"""The structural problems of an object, walked once for all rules that word them, and where they stand."""

from __future__ import annotations

from typing import Any

from argolint.model.k8s import Object
from argolint.model.view import Span, View
from argolint.project.index import is_placeholder
from argolint.schema import KINDS, Problem, dotted, validate
from argolint.schema.load import OLDEST_VERSION, release

# Fields of steps and tasks that no template has.
STEP_FIELDS = frozenset(
    {"template", "templateRef", "withParam", "withItems", "withSequence", "when", "depends"}
)

# The last object walked: rules of one object run one after another. It keeps the tree alive, so its id stays its own.
_last: tuple[Any, tuple[int, int], list[Problem]] | None = None


def problems_of(obj: Object, target: tuple[int, int]) -> list[Problem]:
    """Every structural problem of `obj` for the release `target`; none for a kind of somebody else's group."""
    global _last
    if _last is not None and _last[0] is obj.map and _last[1] == target:
        return _last[2]
    entry = KINDS.get(obj.kind)
    if entry is None or obj.group != entry[0].rpartition("/")[0]:
        found = []
    else:
        major, minor = max(target, release(OLDEST_VERSION))
        found = validate(obj.map, obj.kind, f"{major}.{minor}")
    _last = (obj.map, target, found)
    return found


def of_kind(obj: Object, target: tuple[int, int], *kinds: str) -> list[tuple[Problem, Span]]:
    """The problems of some kinds, each with the place to point at."""
    last = _last
    known = (
        last[2] if last is not None and last[0] is obj.map and last[1] == target else problems_of(obj, target)
    )
    if not known:
        return []
    return [
        (problem, place(problem, obj.where))
        for problem in known
        if problem.kind in kinds and (problem.kind in _ABOUT_KEYS or not is_placeholder(_value(problem)))
    ]


def _value(problem: Problem) -> Any:
    try:
        return problem.container[problem.key]
    except (KeyError, IndexError, TypeError):
        return None


def keeps_unknown_fields(obj: Object) -> bool:
    """Whether nobody refuses a field that the kind does not have: the CRDs of Argo Events keep such fields, and it reads past them."""
    return obj.group == "argoproj.io" and obj.kind in ("EventBus", "EventSource", "Sensor")


_ABOUT_KEYS = frozenset(
    {"unknown-field", "wrong-case", "misplaced-field", "removed-field", "field-too-new", "missing-field"}
)


def place(problem: Problem, root: str = "") -> Span:
    """The key for a problem of a field's name, the mapping's first key for a missing field, else the value.

    `root` is the field path of the object itself, "" unless it is embedded in another.
    """
    container, key = problem.container, problem.key
    if isinstance(container, list):
        start, end = container.at[key] if hasattr(container, "at") else (0, 0)
        return Span(start, end, _joined(root, problem.path))
    view = View(container, _joined(root, problem.path[:-1]))
    if problem.kind in _ABOUT_KEYS:
        return view.key_span(str(key))
    return view.value_span(str(key))


def is_written_here(problem: Problem) -> bool:
    """Whether the entry stands in its container itself, not brought by an alias or a `<<` merge: so it may be edited."""
    container, key = problem.container, problem.key
    if key in getattr(container, "aliases", ()):
        return False
    return key not in getattr(container, "merged", ())


def _joined(root: str, path: tuple[str | int, ...]) -> str:
    inner = dotted(path)
    if not root:
        return inner
    return f"{root}.{inner}" if inner and inner[0] != "[" else root + inner
