"""Kustomize's patches: which files hold them, and what cannot be said of an object that says only what is to change."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import Literal, NamedTuple

from argolint.model.k8s import KUSTOMIZE_KINDS
from argolint.patterns import lazy
from argolint.project.facts import ObjectFact

# A file is surely a patch (a kustomization names it as one, or its name does), perhaps one (it lies among overlays, and no
# kustomization of the tree mentions it), or it is none.
Extent = Literal["patch", "perhaps", ""]

_NAMED = lazy(r"(?:\A|/)patch(?:es)?/|(?:\A|[-_./])patch(?:es)?(?:[-_.][^/]*)?\.(?:ya?ml|json)\Z")
_OVERLAY = lazy(r"(?:\A|/)overlays?/")

# What is missing here may stand in the object that is patched.
ABSENCE = frozenset(
    {"SCH105", "SCH108", "STR101", "STR102", "STR108", "STR115", "CRN103", "CRN110", "CRN111", "CRN116", "EVT105", "EVT110", "EVT137",
     "EVT140", "REF101", "REF102", "SEC111", "SEC114", "SEC120", "SEC124", "SEC132", "SEC133", "SEC155", "RBA314"}
)  # fmt: skip
# Families that judge how the parts of an object fit together, which is seen where the whole object stands. The others look
# at one value: its syntax, its type, what it grants.
OF_THE_WHOLE = frozenset(
    {"CFG", "CST", "DAG", "EVT", "GIT", "PAR", "POL", "RBA", "REF", "REL", "STP", "STR", "STY"}
)


class Kustomized(NamedTuple):
    """The files that the kustomizations of a tree name as patches, and as resources, by their paths."""

    patches: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()


def kustomized(facts: Iterable[ObjectFact]) -> Kustomized:
    """What the kustomizations among some facts name."""
    patches: set[str] = set()
    resources: set[str] = set()
    for fact in facts:
        if fact.kind not in KUSTOMIZE_KINDS:
            continue
        folder = posixpath.dirname(_slashes(fact.path))
        for key, found in (("patches", patches), ("resources", resources)):
            found.update(
                posixpath.normpath(posixpath.join(folder, item))
                for item in fact.data.get(key, ())
                if "://" not in item
            )
    return Kustomized(frozenset(patches), frozenset(resources))


def extent(path: str, known: Kustomized) -> Extent:
    """Whether the objects of a file are patches."""
    own = posixpath.normpath(_slashes(path))
    if own in known.patches:
        return "patch"
    if own in known.resources:
        return ""
    if _NAMED.search(own):
        return "patch"
    return "perhaps" if _OVERLAY.search(own) else ""


def spared(code: str, of: Extent) -> bool:
    """Whether a rule has nothing to say of a file that is (perhaps) a patch."""
    return bool(of) and (code in ABSENCE or (of == "patch" and code[:3] in OF_THE_WHOLE))


def _slashes(path: str) -> str:
    return path.replace("\\", "/")
