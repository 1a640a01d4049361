"""`metrics.k8s.io`: what `kubectl top` prints. The kubelet is asked for it, each time anew; nothing is stored.

Upstream: the metrics-server, which answers for pods and nodes in the same form.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson

from executor.cluster import execproxy, execwire, meta
from executor.cluster.http import Request, Response, json_response
from executor.cluster.routes import Target
from executor.cluster.selectors import label_matcher
from executor.cluster.status import ApiStatus, not_found

if TYPE_CHECKING:
    from executor.cluster.state import Cluster

GROUP: Final = "metrics.k8s.io"
API_VERSION: Final = f"{GROUP}/v1beta1"
_PATIENCE: Final = 5.0
"""Seconds that the kubelet may take."""


async def respond(cluster: Cluster, request: Request, target: Target) -> Response:
    """Answer an authorized get or list. ApiStatus 404 for what does not run, 503 without a kubelet."""
    usage = await _usage(cluster)
    plural = target.resource.plural
    found = _pods(cluster, usage, target) if plural == "pods" else _nodes(cluster, usage)
    if target.name:
        for item in found:
            if item["metadata"]["name"] == target.name:
                return json_response(200, item)
        raise not_found(plural, GROUP, target.name)
    selected = label_matcher(request.query.get("labelSelector") or "")
    kind = target.resource.list_kind
    return json_response(
        200,
        {
            "kind": kind,
            "apiVersion": API_VERSION,
            "metadata": {},
            "items": [item for item in found if selected is None or selected(item)],
        },
    )


async def _usage(cluster: Cluster) -> Mapping[str, Any]:
    """What the kubelet measures: `pods` by uid (container → [nanocores, bytes]), `node` ([nanocores, bytes])."""
    reader, writer = await execproxy.connect(cluster.data)
    try:
        writer.write(execwire.frame(execwire.REQUEST, orjson.dumps({"usage": True})))
        async with asyncio.timeout(_PATIENCE):
            channel, size = execwire.HEADER.unpack(await reader.readexactly(execwire.HEADER.size))
            payload = await reader.readexactly(size)
    except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
        raise ApiStatus(503, "ServiceUnavailable", "the kubelet does not answer") from error
    finally:
        writer.close()
    found: Mapping[str, Any] = orjson.loads(payload) if channel == execwire.STDOUT else {}
    return found


def _amounts(pair: list[int]) -> dict[str, str]:
    return {"cpu": f"{pair[0]}n", "memory": f"{pair[1] // 1024}Ki"}


def _item(kind: str, obj: Mapping[str, Any], usage: Mapping[str, Any]) -> dict[str, Any]:
    data, now = obj["metadata"], meta.timestamp()
    kept = {key: data[key] for key in ("name", "namespace", "labels") if key in data}
    return {
        "kind": kind,
        "apiVersion": API_VERSION,
        "metadata": {**kept, "creationTimestamp": now},
        "timestamp": now,
        "window": f"{usage.get('window', 1.0):.3f}s",
    }


def _pods(cluster: Cluster, usage: Mapping[str, Any], target: Target) -> list[dict[str, Any]]:
    found = []
    for entry in cluster.store.items("pods", target.namespace or None):
        containers = (usage.get("pods") or {}).get(entry.obj["metadata"]["uid"])
        if containers:
            listed = [{"name": name, "usage": _amounts(pair)} for name, pair in sorted(containers.items())]
            found.append({**_item("PodMetrics", entry.obj, usage), "containers": listed})
    return found


def _nodes(cluster: Cluster, usage: Mapping[str, Any]) -> list[dict[str, Any]]:
    name, pair = usage.get("name"), usage.get("node")
    return [
        {**_item("NodeMetrics", entry.obj, usage), "usage": _amounts(pair)}
        for entry in cluster.store.items("nodes")
        if pair and entry.obj["metadata"]["name"] == name
    ]
