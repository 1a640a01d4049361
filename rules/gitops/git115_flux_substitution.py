"""GIT115."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from argolint.analysis.gitops import kustomizations
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.model.workflow import Template
from argolint.patterns import lazy
from argolint.project.index import Index
from argolint.rule import Elsewhere, Finding, rule

FLUX = "kustomize.toolkit.fluxcd.io"
# `$${x}` is Flux's way to write `${x}`.
_VARIABLE = lazy(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)[^}]*\}")


@rule("GIT115", "flux-substitution", on="template", severity="warning", cross_file=True)
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """Flux replaces `${…}` of a script before the cluster sees it."""
    if not ctx.source.mentions("${") or ctx.object is None:
        return
    found = substituting(ctx.path, ctx.index)
    if found is None or disabled(ctx.object):
        return
    place, known = found
    for _, container in template.containers:
        texts = [ctx.scalar(container, "source")]
        texts += [
            ctx.scalar(container, key, i)
            for key in ("command", "args")
            for i in range(len(container.sequence(key)))
        ]
        for text in texts:
            for match in _VARIABLE.finditer(text.value) if text is not None else ():
                if match.group(1) in known:
                    continue
                assert text is not None
                yield Finding(
                    text.part(*match.span()),
                    f"Flux replaces `{match.group()}` before the shell sees it: its Kustomization has `postBuild`",
                    help=f"write `${match.group()}`, or annotate the object with `{FLUX}/substitute: disabled`",
                    related=[(place, "the Kustomization")],
                )


def disabled(obj: Object) -> bool:
    """Whether an object asks Flux to leave it alone."""
    key = f"{FLUX}/substitute"
    return "disabled" in (obj.annotations.get(key), obj.labels.get(key))


def substituting(path: str, index: Index) -> tuple[Elsewhere, frozenset[str]] | None:
    """The Flux Kustomization that substitutes in a file, and the variables that it sets; None when there is none."""
    own = posixpath.normpath(path)
    for fact, flux in kustomizations(index, FLUX):
        after = flux.spec.mapping("postBuild")
        folder = posixpath.normpath(flux.spec.text("path") or ".").lstrip("/")
        if not after.map or not (folder == "." or f"/{folder}/" in f"/{own}"):
            continue
        return Elsewhere(fact.path, fact.start, fact.end), frozenset(
            map(str, after.mapping("substitute").map)
        )
    return None
