"""Nodes of large workflows are compressed (upstream: workflow/packer, hydrator).

`advance` takes packed and unpacked states and gives unpacked ones. A driver whose store limits the size of an object
calls `pack` just before it writes.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Mapping
from typing import Any

from argolint.errors import UserError

MAX_WORKFLOW_SIZE = 1024 * 1024  # bytes of JSON
MAX_COMPRESSED = 256 * 1024 * 1024


def compress(nodes: Mapping[str, Any]) -> str:
    """The nodes as base64 of gzip of JSON; the same text for the same nodes."""
    text = json.dumps(nodes, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(gzip.compress(text, mtime=0)).decode()


def decompress(text: str) -> dict[str, Any]:
    """The reverse of `compress`. UserError if the text is damaged or unreasonably large."""
    try:
        unpacker = zlib.decompressobj(wbits=31)
        raw = unpacker.decompress(base64.b64decode(text), MAX_COMPRESSED)
        if unpacker.unconsumed_tail:
            raise ValueError("too large")
        found = json.loads(raw)
    except (ValueError, zlib.error, EOFError) as error:
        raise UserError(
            f"status.compressedNodes cannot be read: {error}", "the object is damaged; submit it again"
        ) from None
    return found if isinstance(found, dict) else {}


def hydrate(workflow: Mapping[str, Any]) -> Mapping[str, Any]:
    """The workflow with its nodes unpacked."""
    status = workflow.get("status") or {}
    if status.get("nodes") or not status.get("compressedNodes"):
        return workflow
    rest = {k: v for k, v in status.items() if k != "compressedNodes"}
    return {**workflow, "status": {**rest, "nodes": decompress(str(status["compressedNodes"]))}}


def pack(workflow: Mapping[str, Any], limit: int = MAX_WORKFLOW_SIZE) -> dict[str, Any]:
    """The workflow as it is stored: nodes compressed if the whole is larger than `limit` bytes of JSON.

    UserError, with upstream's words, if it is too large even so.
    """
    if len(json.dumps(workflow, ensure_ascii=False, separators=(",", ":")).encode()) <= limit:
        return dict(workflow)
    status = workflow.get("status") or {}
    nodes = status.get("nodes")
    if not nodes:
        raise UserError(
            f"workflow is longer than maximum allowed size. maxSize {limit}",
            "split it into several workflows",
        )
    packed = compress(nodes)
    rest = {k: v for k, v in status.items() if k != "nodes"}
    result = {**workflow, "status": {**rest, "compressedNodes": packed}}
    if len(json.dumps(result, ensure_ascii=False, separators=(",", ":")).encode()) > limit:
        raise UserError(
            f"workflow is longer than maximum allowed size. compressed size {len(packed)} > maxSize {limit}",
            "split it into several workflows",
        )
    return result
