"""Subresources and reviews: requests that are not plain reads and writes of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from executor.cluster.http import Request, Response
from executor.cluster.routes import Target
from executor.cluster.status import no_such_path

if TYPE_CHECKING:
    from executor.cluster.state import Cluster


async def handle(cluster: Cluster, request: Request, target: Target, user: str) -> Response:
    """Answer a request for a subresource other than status."""
    raise no_such_path()


async def review(cluster: Cluster, request: Request, target: Target, user: str) -> Response:
    """Answer a request for a decision: an access review, a self review, a token review."""
    raise no_such_path()
