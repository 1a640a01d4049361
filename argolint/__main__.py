"""`python -m argolint`."""

from argolint.cli import entry

entry()
