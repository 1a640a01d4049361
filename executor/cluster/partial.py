"""Metadata alone: what client-go's metadata client and its informers ask for (`as=PartialObjectMetadata`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from executor.cluster.http import Request
from executor.cluster.lists import Page, list_metadata
from executor.cluster.store import Entry
from executor.cluster.watch import line

_API_VERSION: Final = "meta.k8s.io/v1"
SHARED: Final = "partial"
"""Name under which watches share encoded events."""


def wants_partial(request: Request) -> bool:
    """Whether the client would rather have metadata alone."""
    return "as=PartialObjectMetadata" in request.headers.get("accept", "")


def partial(obj: Mapping[str, Any]) -> dict[str, Any]:
    """An object's metadata as an object of its own."""
    return {"kind": "PartialObjectMetadata", "apiVersion": _API_VERSION, "metadata": obj["metadata"]}


def partial_list(found: Page) -> bytes:
    """A page of a list as a PartialObjectMetadataList."""
    return orjson.dumps(
        {
            "kind": "PartialObjectMetadataList",
            "apiVersion": _API_VERSION,
            "metadata": list_metadata(found),
            "items": [partial(entry.obj) for entry in found.entries],
        }
    )


def encode_partial(type: str, entry: Entry) -> bytes:
    """A watch event about metadata alone."""
    return line(type, orjson.dumps(partial(entry.obj)))
