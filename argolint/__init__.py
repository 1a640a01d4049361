"""argolint: finds every mistake in Argo Workflows manifests before they merge."""

from argolint._version import __version__

__all__ = ["__version__"]
