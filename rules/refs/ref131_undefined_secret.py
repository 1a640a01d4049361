"""REF131."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis import references_objects as objects
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.project.index import did_you_mean, is_literal, suggest
from argolint.rule import Elsewhere, Finding, rule


@rule("REF131", "undefined-secret", on="object", severity="warning", cross_file=True)
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A Secret, or a key in it, that is not there."""
    for want in objects.wanted(obj, ctx.file):
        if want.kind != "Secret" or want.optional or not is_literal(want.name):
            continue
        there = objects.found(ctx.index, want.kind, want.name, ctx.namespace)
        if not there:
            names = [
                *ctx.index.names("Secret", ctx.namespace),
                *ctx.index.names("SealedSecret", ctx.namespace),
            ]
            near = suggest(want.name, names)
            if near or ctx.external_severity == "error":
                yield Finding(
                    want.name_span,
                    f"Secret `{want.name}` is not among the manifests",
                    help=f"did you mean `{near}`?" if near else "add it, sealed or external",
                )
            continue
        keys = objects.keys_of(there)
        if want.key and keys is not None and is_literal(want.key) and want.key not in keys:
            yield Finding(
                want.key_span,
                f"Secret `{want.name}` has no key `{want.key}`",
                help=did_you_mean(want.key, keys),
                related=[(Elsewhere(one.path, *one.span), f"{one.kind} `{one.name}`") for one in there],
            )
