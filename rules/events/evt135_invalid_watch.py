"""EVT135."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.language import goregex
from argolint.model.events import event_names
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.project.index import did_you_mean, is_literal
from argolint.rule import Finding, rule

_EVENTS = frozenset({"CREATE", "WRITE", "REMOVE", "RENAME", "CHMOD"})


def _file(name: str, view: View) -> Iterator[Finding]:
    kind = view.get("eventType")
    if isinstance(kind, str) and is_literal(kind) and not set(kind.split("|")) <= _EVENTS:
        yield Finding(
            view.value_span("eventType"), f"`{kind}` is no file event", help=did_you_mean(kind, _EVENTS)
        )
    watch = view.mapping("watchPathConfig")
    path, pattern = watch.get("path"), watch.get("pathRegexp")
    if watch.map and not watch.get("directory"):
        yield Finding(watch.head, f"file event `{name}` has no directory")
    if watch.map and not path and not pattern:
        yield Finding(watch.head, f"file event `{name}` has neither `path` nor `pathRegexp`")
    if path and pattern:
        yield Finding(watch.key_span("pathRegexp"), "`path` is given too: one of `path` and `pathRegexp`")
    if isinstance(pattern, str) and is_literal(pattern.replace("{", "").replace("}", "").replace("$", "")):
        try:
            goregex.compile(pattern)
        except ValueError as error:
            yield Finding(watch.value_span("pathRegexp"), str(error))
    if isinstance(path, str) and path.startswith("/"):
        yield Finding(
            watch.value_span("path"), "`path` counts from the directory: it must not begin with `/`"
        )


@rule("EVT135", "invalid-watch", on="object", severity="error", kinds=("EventSource",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A file or resource event that watches nothing."""
    for kind, name, view in event_names(obj):
        if kind == "file":
            yield from _file(name, view)
        elif kind == "resource":
            for key in ("version", "resource"):
                if not view.get(key):
                    yield Finding(view.head, f"resource event `{name}` does not say which {key} it watches")
            if view.get("resource") and not view.sequence("eventTypes"):
                yield Finding(view.key_span("eventTypes"), f"resource event `{name}` has no `eventTypes`")
