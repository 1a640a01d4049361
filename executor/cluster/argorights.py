"""Whether a user of argo-server's API may do the Kubernetes request behind his own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from executor.cluster.auth import User
from executor.cluster.rbac import Attributes, denial
from executor.cluster.status import forbidden

if TYPE_CHECKING:
    from executor.cluster.state import Cluster


def authorize(
    cluster: Cluster,
    user: User,
    verb: str,
    plural: str,
    namespace: str,
    name: str = "",
    group: str = "argoproj.io",
    subresource: str = "",
) -> None:
    """ApiStatus 403 unless the user may do this."""
    wanted = Attributes(verb, group, plural, subresource, namespace, name)
    if not cluster.authorizer.allowed(user, wanted):
        raise forbidden(plural, group, name, denial(user, wanted))
