"""The one place that states the version; a constant, because importlib.metadata costs 48 ms."""

__version__ = "0.1.0"
