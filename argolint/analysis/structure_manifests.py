"""The manifests that `resource` templates carry as text, read once with their tags filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from argolint.context import Context, Scalar
from argolint.model.view import Span, View
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.yaml.loader import parse
from argolint.yaml.nodes import Map, Problem

# Groups whose kinds the API server knows by itself, beside those that end in `.k8s.io`.
BUILTIN_GROUPS = frozenset({"", "apps", "batch", "autoscaling", "policy", "extensions", "events"})
_TAG = lazy(r"\{\{.*?\}\}", re.DOTALL)


class Manifest(NamedTuple):
    """An object in a manifest: `view` has offsets of `scalar.value`, in which every tag is a run of letters as long."""

    view: View
    scalar: Scalar
    filled: str

    def span(self, place: Span) -> Span:
        """Where a place of `view` is written in the file."""
        return self.scalar.part(place.start, place.end)

    def is_literal(self, place: Span) -> bool:
        """Whether there is no tag in the text of a place of `view`."""
        return "{{" not in self.scalar.value[place.start : place.end]


def filled(text: str) -> str:
    """A manifest with every tag replaced by letters, line breaks kept: as long as before, so offsets still hold."""
    return _TAG.sub(lambda found: re.sub(r"[^\n]", "x", found.group()), text)


def manifest_of(template: Template, ctx: Context) -> Scalar | None:
    """The text under `resource.manifest`; None when there is none, or when it is nothing but one tag."""
    scalar = ctx.scalar(template.mapping("resource"), "manifest")
    if scalar is None or not scalar.value.strip() or _TAG.fullmatch(scalar.value.strip()):
        return None
    return scalar


def objects_in(template: Template, ctx: Context) -> Iterator[Manifest]:
    """The mappings in a resource template's manifest; nothing when it does not parse."""
    scalar = manifest_of(template, ctx)
    if scalar is None:
        return
    text = filled(scalar.value)
    for document in parse(text).documents:
        if document.broken or document.problems:
            return
        if isinstance(document.root, Map):
            yield Manifest(View(document.root), scalar, text)


def syntax_error(template: Template, ctx: Context) -> tuple[Scalar, Problem] | None:
    """The first thing that keeps a resource template's manifest from being YAML."""
    scalar = manifest_of(template, ctx)
    if scalar is None:
        return None
    stream = parse(filled(scalar.value))
    for problem in (*stream.problems, *(one for document in stream.documents for one in document.problems)):
        if problem.kind not in ("duplicate-key",):
            return scalar, problem
    return None
