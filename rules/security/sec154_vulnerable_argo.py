"""SEC154."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import advisories
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.view import Span, View
from argolint.rule import Finding, rule
from argolint.yaml.edit import replace

_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"})
_PODS = ("spec", "template", "jobTemplate")


@rule("SEC154", "vulnerable-argo", on="object", severity="warning", fix="unsafe")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A release of Argo is installed that has known vulnerabilities."""
    if "argoproj/argo" not in ctx.source.text and "argoproj/workflow-controller" not in ctx.source.text:
        return
    for text, place, product in _named(obj):
        said = advisories.release_in(text)
        release = said[1] if said is not None else advisories.read_release(text) if product else None
        if release is None:
            continue
        product = said[0] if said is not None else product
        known = advisories.affecting(product, release)
        if not known:
            continue
        good = advisories.remedy(product, release)
        old = ".".join(map(str, release))
        new = ".".join(map(str, good)) if good else ""
        ids = ", ".join(one.id for one in known[:4]) + (
            f" and {len(known) - 4} more" if len(known) > 4 else ""
        )
        yield Finding(
            place,
            f"{product} {old} has known vulnerabilities: {ids}",
            help=f"{known[0].what}; use {new or 'a newer release'} or later (advisories of {advisories.DATE})",
            fix=replace(place, ctx.source.slice(place.start, place.end).replace(old, new)) if new else None,
        )


def _named(obj: Object) -> Iterator[tuple[str, Span, str]]:
    """(text, its place, product) of all that names a release: images of workloads, and what a Kustomization takes in."""
    if obj.kind in _WORKLOADS:
        pod: View = obj
        while not pod.items("containers") and any(key in pod for key in _PODS):
            pod = next(pod.mapping(key) for key in _PODS if key in pod)
        for container in [*pod.items("containers"), *pod.items("initContainers")]:
            yield container.text("image"), container.value_span("image"), ""
            for index, word in enumerate(container.sequence("args")):
                if isinstance(word, str) and "argoexec" in word:
                    yield word, container.item_span("args", index), ""
    elif obj.kind in ("Kustomization", "Component"):
        for key in ("resources", "bases", "components"):
            for index, word in enumerate(obj.sequence(key)):
                if isinstance(word, str):
                    yield word, obj.item_span(key, index), ""
        for image in obj.items("images"):
            name = image.text("newName") or image.text("name")
            yield image.text("newTag"), image.value_span("newTag"), advisories.product_of(name)
