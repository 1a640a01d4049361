"""Thin, lazy views of manifests. They never raise on wrong types."""
