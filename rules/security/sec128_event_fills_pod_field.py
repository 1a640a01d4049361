"""SEC128."""

from __future__ import annotations

import re
from collections.abc import Iterator

from argolint.analysis import events
from argolint.analysis.taint import EVENT, event_level
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.patterns import lazy
from argolint.rule import Finding, rule

_ARGUMENT = lazy(r"(?:spec\.)?(?:workflowSpec\.)?arguments\.parameters\.(?:\d+|-1)(?:\.value)?\Z")
_CODE = lazy(
    r"(?:^|\.)(?:image|command|args|source|manifest|podSpecPatch|serviceAccountName|securityContext|volumes|hostPath|secretName|template"
    r"|templateRef|workflowTemplateRef|clusterScope|entrypoint|env|templates)(?:\.|$)"
)
_IDENTITY = lazy(r"^metadata\.namespace$|^kind$|^apiVersion$")


@rule("SEC128", "event-fills-pod-field", on="object", severity="error", kinds=("Sensor",), cross_file=True)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Sensor writes text of an event into a field that says what runs."""
    for feed in events.feeds(obj):
        path = events.resource_path(feed)
        if not path or not feed.from_event or _ARGUMENT.search(path):
            continue
        match = _CODE.search(path) or _IDENTITY.search(path)
        if match is None or path.startswith(("metadata.annotations.", "metadata.labels.")):
            continue
        argument = re.search(r"\.args\.(?:\d+|-1)$", path) is not None or path == "metadata.namespace"
        open_to_all = event_level(feed, obj, ctx.index) == EVENT
        yield Finding(
            feed.view.value_span("dest"),
            f"the event writes `{path}`: whoever sends it decides what runs",
            help="fill an argument (`spec.arguments.parameters.N.value`) and use it in an environment variable",
            related=[(feed.source_span, "from the event")],
            severity="warning" if argument or not open_to_all else None,
        )
