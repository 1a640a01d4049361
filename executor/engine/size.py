"""Nodes of large workflows are compressed (upstream: util/file, persist/sqldb hydrator)."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

from executor.engine.run import Run

MAX_WORKFLOW_SIZE = 1024 * 1024


def compress(nodes: Mapping[str, Any]) -> str:
    """The nodes as base64 of gzip of JSON; the same text for the same nodes."""
    text = json.dumps(nodes, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(gzip.compress(text, mtime=0)).decode()


def decompress(text: str) -> dict[str, Any]:
    """The reverse of `compress`."""
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(text)))
    return found


def hydrate(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state with its nodes unpacked."""
    status = state.get("status") or {}
    if status.get("nodes") or not status.get("compressedNodes"):
        return state
    rest = {k: v for k, v in status.items() if k != "compressedNodes"}
    return {**state, "status": {**rest, "nodes": decompress(status["compressedNodes"])}}


def dehydrate(run: Run) -> dict[str, Any]:
    """The state to be handed out."""
    return run.wf
