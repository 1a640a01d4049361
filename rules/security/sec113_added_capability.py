"""SEC113."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import security
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule

_GRAVE = frozenset(
    {
        "ALL",
        "SYS_ADMIN",
        "SYS_PTRACE",
        "SYS_MODULE",
        "SYS_RAWIO",
        "NET_ADMIN",
        "BPF",
        "DAC_READ_SEARCH",
        "SYS_BOOT",
        "SYS_TIME",
    }
)


@rule(
    "SEC113",
    "added-capability",
    on="object",
    severity="warning",
    keys=("securityContext", "podSpecPatch", "manifest"),
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A container is given a capability that leads to its node."""
    for setting in security.object_settings(obj, ctx):
        if "securityContext" not in setting.view:
            continue
        view = setting.inside("securityContext").view.mapping("capabilities")
        for index, name in enumerate(view.sequence("add")):
            if isinstance(name, str) and name.removeprefix("CAP_") in _GRAVE:
                span = view.item_span("add", index)
                yield Finding(
                    span if setting.scalar is None else setting.scalar.part(span.start, span.end),
                    f"the capability `{name}` reaches beyond the container",
                    help="drop `ALL` and add back what the program needs",
                )
