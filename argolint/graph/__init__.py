"""Workflows as pictures: what calls what, in which order, across files."""
