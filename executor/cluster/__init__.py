"""The embedded cluster: a real, small Kubernetes API server in one process, and its kubelet.

`serve(data, ...)` runs the API server in the foreground; `argorun apiserver` is its command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from executor.cluster.server import serve

__all__ = ["serve"]


def __getattr__(name: str) -> Any:
    # The kubelet lives in this package too and needs none of the server's libraries.
    if name == "serve":
        from executor.cluster.server import serve

        return serve
    raise AttributeError(name)
