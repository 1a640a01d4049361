"""Tables: what `kubectl get` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from executor.cluster.http import Request
from executor.cluster.kinds import Resource
from executor.cluster.store import Entry
from executor.cluster.watch import Encode, encode_plain

if TYPE_CHECKING:
    from executor.cluster.state import Cluster


def wants_table(request: Request) -> bool:
    """Whether the client would rather have a Table."""
    return False


def table_body(
    cluster: Cluster, resource: Resource, entries: Sequence[Entry], data: Mapping[str, Any], request: Request
) -> bytes:
    """A Table of the objects."""
    raise AssertionError


def table_encoder(cluster: Cluster, resource: Resource, request: Request) -> tuple[Encode, str]:
    """The encoding of watch events as Tables of one row."""
    return encode_plain, "plain"
