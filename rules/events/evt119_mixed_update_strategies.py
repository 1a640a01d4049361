"""EVT119."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map

_ROLLING = frozenset(
    {"webhook", "github", "gitlab", "sns", "sqs", "bitbucketserver", "storageGrid", "slack", "stripe"}
)
_RECREATE = frozenset(
    {
        "amqp",
        "calendar",
        "emitter",
        "file",
        "generic",
        "hdfs",
        "kafka",
        "minio",
        "mqtt",
        "nats",
        "nsq",
        "redis",
        "resource",
    }
)


@rule("EVT119", "mixed-update-strategies", on="object", severity="error", kinds=("EventSource",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An EventSource mixes types that may run twice during an update with types that may not."""
    spec = obj.spec
    kinds = [key for key in spec.map if isinstance(spec.get(key), Map)]
    rolling = [kind for kind in kinds if kind in _ROLLING]
    recreate = [kind for kind in kinds if kind in _RECREATE]
    if rolling and recreate:
        first, second = sorted((rolling[0], recreate[0]), key=kinds.index)
        yield Finding(
            spec.key_span(second),
            f"`{second}` and `{first}` cannot be in one EventSource: their deployments are updated in different ways",
            help="make two EventSources of it",
            related=[(spec.key_span(first), "the other one")],
        )
