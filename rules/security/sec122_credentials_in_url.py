"""SEC122."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import credentials
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.patterns import lazy
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map, Seq

_HINT = lazy(r"://[^\s/:@]*:[^\s/@]+@")


def _strings(view: View) -> Iterator[tuple[View, str, int | None]]:
    stack = [view]
    while stack:
        at = stack.pop()
        for key, value in at.map.items():
            if isinstance(value, str):
                if "://" in value and "@" in value:
                    yield at, key, None
            elif isinstance(value, Map):
                stack.append(at.mapping(key))
            elif isinstance(value, Seq):
                for index, item in enumerate(value):
                    if isinstance(item, str):
                        if "://" in item and "@" in item:
                            yield at, key, index
                    elif isinstance(item, Map):
                        stack.append(View(item, f"{at.path_of(key)}[{index}]"))
                    elif isinstance(item, Seq):
                        stack.extend(View(one, f"{at.path_of(key)}[{index}]") for one in item)


@rule("SEC122", "credentials-in-url", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A URL carries a password."""
    if not obj.is_workflow_kind and obj.kind not in ("Sensor", "EventSource", "EventBus"):
        return
    if not ctx.source.mentions(_HINT):
        return
    for view, key, index in _strings(obj.spec):
        scalar = ctx.scalar(view, key, index)
        found = credentials.password_in_url(scalar.value) if scalar is not None else None
        if scalar is not None and found is not None:
            yield Finding(
                scalar.part(*found),
                "this URL carries a password",
                help="revoke it, and give it by the credentials of a Secret",
                secrets=[scalar.part(*found)],
            )
