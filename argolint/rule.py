"""The shape of a rule: one decorated generator function, and a Markdown page of the same name beside it.

A rule is given a view of something (its hook says what) and the context, and yields findings. It never computes an
offset, opens a file or sees another rule. See docs/rules-authoring.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from argolint.diagnostic import SEVERITY_RANK, Edit, Fix
from argolint.model.view import Span, View
from argolint.patterns import lazy

HOOKS = (
    "source", "document", "object", "spec", "template", "steps", "dag", "step", "scalar", "schedule", "suppression",
    "project",
)  # fmt: skip

_CODE = lazy(r"[A-Z]{3}[0-9]{3}\Z")
_NAME = lazy(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")

Place = Any  # a Span, a view, or an object with `.span`: see `place_of`


class Rule(NamedTuple):
    """What is known about a rule without importing it, plus `check` once it is imported.

    kinds       object kinds the hook is limited to ("" = all); for hooks below `object`, the owner's kind
    types       template types the `template` and `step` hooks are limited to
    keys        keys of which one must stand somewhere in the file, or the rule has nothing to say: it is not called there
    default     whether the default profile has it
    fix         the safety of its fixes, or None when it has none
    cross_file  whether `ctx.index` is used: such a rule runs again when any other file changes
    options     names and default values of the settings it reads with `ctx.option`
    module      where it is defined: (folder of rules, path of the module in it)
    """

    code: str
    name: str
    on: str
    severity: str
    default: bool
    fix: str | None
    cross_file: bool
    kinds: tuple[str, ...]
    types: tuple[str, ...]
    keys: tuple[str, ...]
    since: str
    options: tuple[tuple[str, Any], ...]
    summary: str
    module: tuple[str, str]
    check: Callable[..., Iterable[Any]] | None = None

    @property
    def family(self) -> str:
        """The three letters of the code."""
        return self.code[:3]


class Finding:
    """What a rule yields.

    at        where: a Span, or anything with `.span` (a view, a scalar)
    message   one sentence, lower case, names in backticks, no full stop
    help      what to do about it
    related   (place, message) pairs; a place may be in another file: see `Elsewhere`
    fix       edits (of `argolint.yaml.edit`), or a Fix when the safety differs from the rule's
    severity  only when it differs from the rule's own; `ctx.external_severity` for references that leave the tree
    path      the file, for `project` rules; otherwise the file being linted
    object    the ObjectRef, for `project` rules; otherwise the object being linted
    where     the field path, when the place does not know it
    secrets   Spans, in the file that the finding is in, whose text is a credential: no report shows it
    """

    __slots__ = ("at", "fix", "help", "message", "object", "path", "related", "secrets", "severity", "where")

    def __init__(
        self,
        at: Place,
        message: str,
        *,
        help: str = "",
        related: Iterable[tuple[Place, str]] = (),
        fix: Fix | Sequence[Edit] | None = None,
        severity: str | None = None,
        path: str | None = None,
        object: Any = None,
        where: str | None = None,
        secrets: Iterable[Span] = (),
    ) -> None:
        self.at = at
        self.message = message
        self.help = help
        self.related = related
        self.fix = fix
        self.severity = severity
        self.path = path
        self.object = object
        self.where = where
        self.secrets = secrets


class Elsewhere(NamedTuple):
    """A place in another file, for related locations and for `project` rules."""

    path: str
    start: int
    end: int
    where: str = ""


def place_in(path: str, span: Span) -> Span | Elsewhere:
    """A place in a file; "" is the file at hand."""
    return Elsewhere(path, *span) if path else span


def place_of(at: Place) -> tuple[str | None, int, int, str]:
    """(path or None for the file at hand, start, end, field path) of whatever a rule gave as a place."""
    if isinstance(at, Elsewhere):
        return at
    if isinstance(at, Span):
        return None, at.start, at.end, at.where
    if isinstance(at, View):
        span = at.head
        return None, span.start, span.end, span.where
    if isinstance(at, tuple):
        return None, int(at[0]), int(at[1]), ""
    path = getattr(at, "path", None)
    span = at.span
    return path, span[0], span[1], span[2] if len(span) > 2 else ""


def rule(
    code: str,
    name: str,
    *,
    on: str,
    severity: str,
    default: bool = True,
    fix: str | None = None,
    cross_file: bool = False,
    kinds: Sequence[str] = (),
    types: Sequence[str] = (),
    keys: Sequence[str] = (),
    since: str = "0.1",
    options: dict[str, Any] | None = None,
) -> Callable[[Callable[..., Iterable[Finding]]], Callable[..., Iterable[Finding]]]:
    """Declare a rule. Raises ValueError at import when the declaration makes no sense."""
    if not _CODE.match(code):
        raise ValueError(f"rule code {code!r} is not three capital letters and three digits")
    if not _NAME.match(name):
        raise ValueError(f"rule name {name!r} is not lower-case-with-dashes")
    if on not in HOOKS:
        raise ValueError(f"{code}: unknown hook {on!r}; hooks are {', '.join(HOOKS)}")
    if severity not in SEVERITY_RANK:
        raise ValueError(f"{code}: unknown severity {severity!r}")
    if isinstance(keys, str) or (keys and on in ("source", "document", "suppression", "project")):
        raise ValueError(f"{code}: keys is a tuple of keys, for hooks on objects and what is in them")
    if fix not in (None, "safe", "unsafe"):
        raise ValueError(f"{code}: fix is None, 'safe' or 'unsafe', not {fix!r}")
    if on == "project" and not cross_file:
        cross_file = True

    def decorate(check: Callable[..., Iterable[Finding]]) -> Callable[..., Iterable[Finding]]:
        summary = (check.__doc__ or "").strip().partition("\n")[0]
        check.__rule__ = Rule(  # type: ignore[attr-defined]
            code, name, on, severity, default, fix, cross_file, tuple(kinds), tuple(types), tuple(keys), since,
            tuple((options or {}).items()), summary, ("", ""), check,
        )  # fmt: skip
        return check

    return decorate


def rules_in(namespace: dict[str, Any]) -> list[Rule]:
    """The rules that a module's namespace declares."""
    return [value.__rule__ for value in namespace.values() if hasattr(value, "__rule__")]
