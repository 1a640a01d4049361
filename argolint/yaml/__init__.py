"""YAML as the cluster reads it, with the position of every key and value."""

from argolint.yaml.loader import Stream, parse
from argolint.yaml.nodes import Document, Map, Problem, Seq, plain

__all__ = ["Document", "Map", "Problem", "Seq", "Stream", "parse", "plain"]
