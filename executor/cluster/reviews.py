"""Reviews: questions about who one is and what one may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from executor.cluster.auth import User
from executor.cluster.http import Request, Response
from executor.cluster.routes import Target
from executor.cluster.status import no_such_path

if TYPE_CHECKING:
    from executor.cluster.state import Cluster


async def review(cluster: Cluster, request: Request, target: Target, user: User) -> Response:
    """Answer a request for a decision: an access review, a self review, a token review."""
    raise no_such_path()
