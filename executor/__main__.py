"""`python -m executor`."""

from executor.cli import entry

entry()
