"""GIT109."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import Span, View
from argolint.rule import Elsewhere, Finding, rule


class Source(NamedTuple):
    """What an object of a GitOps tool applies, and where to: equal identities put the same objects into the same place."""

    identity: tuple[str, ...]
    path: str
    at: Span


@rule(
    "GIT109",
    "ownership-clash",
    on="object",
    severity="error",
    kinds=("Application", "Kustomization"),
    cross_file=True,
)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Two Applications of Argo CD, or Kustomizations of Flux, apply the same folder to the same place."""
    mine = source_of(obj)
    if mine is None:
        return
    for fact in ctx.index.of_kind(obj.kind):
        if (fact.name, fact.namespace) >= (obj.name, obj.namespace) or fact.embedded_in:
            continue
        other = ctx.index.load(fact)
        theirs = source_of(other) if other is not None else None
        if theirs is not None and theirs[:2] == mine[:2]:
            yield Finding(
                mine.at,
                f"{obj.kind} `{fact.name}` applies `{mine.path}` to the same place: each undoes what the other does",
                help="let one of them own the objects, or give them namespaces of their own",
                related=[(Elsewhere(fact.path, fact.start, fact.end), f"the other {obj.kind}")],
            )


def source_of(obj: Object) -> Source | None:
    """What an object applies; None when that is not said plainly, or is not all of a folder."""
    spec = obj.spec
    if obj.group == "argoproj.io":
        source, place = spec.mapping("source"), spec.mapping("destination")
        if (
            "sources" in spec
            or not source.text("path")
            or any(key in source for key in ("helm", "kustomize", "directory", "plugin"))
        ):
            return None
        words = [source.text("repoURL"), source.text("targetRevision")]
        words += [place.text(key) for key in ("server", "name", "namespace")]
        return _source(words, source)
    if obj.group == "kustomize.toolkit.fluxcd.io":
        ref = spec.mapping("sourceRef")
        if not spec.text("path") or any(
            key in spec for key in ("postBuild", "patches", "namePrefix", "nameSuffix")
        ):
            return None
        kube = spec.mapping("kubeConfig").mapping("secretRef").text("name")
        return _source(
            [ref.text("kind"), ref.text("name"), ref.text("namespace"), spec.text("targetNamespace"), kube],
            spec,
        )
    return None


def _source(words: list[str], holder: View) -> Source | None:
    path = holder.text("path").removeprefix("./").strip("/")
    if any("{{" in word or "$" in word for word in (*words, path)):
        return None
    return Source((*words, path), path, holder.value_span("path"))
