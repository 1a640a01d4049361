"""The engine: Argo Workflows' semantics as a pure function of a Workflow object."""

from __future__ import annotations

from executor.engine.operate import advance

__all__ = ["advance"]
