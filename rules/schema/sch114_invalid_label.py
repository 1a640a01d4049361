"""SCH114."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.diagnostic import Severity
from argolint.model.k8s import Object
from argolint.model.view import View
from argolint.patterns import lazy
from argolint.project.index import is_literal
from argolint.rule import Finding, rule

PART = lazy(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
PREFIX = lazy(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@rule("SCH114", "invalid-label", on="object", severity="error")
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """A label or annotation that Kubernetes does not take."""
    # A key is wrong wherever it stands; the value of an object's own label may still be set by who submits the object.
    holders: list[tuple[View, Severity]] = [(obj.metadata, "warning")]
    for spec in obj.workflow_specs:
        holders.append((spec.mapping("podMetadata"), "warning"))
        holders += [(template.mapping("metadata"), "warning") for template in spec.all_templates]
        holders.append((spec.mapping("workflowMetadata"), "error"))
    if obj.kind == "CronWorkflow":
        holders.append((obj.spec.mapping("workflowMetadata"), "error"))
    for holder, severity in holders:
        yield from keys(holder.mapping("annotations"), "annotation")
        yield from keys(holder.mapping("labels"), "label")
        yield from values(holder.mapping("labels"), severity)
    if obj.is_workflow_kind and obj.parent is None:
        yield from tags(obj.metadata.mapping("labels"))


def tags(view: View) -> Iterator[Finding]:
    """Findings about tags in an object's own labels, which Argo leaves as they are."""
    for key, value in view.map.items():
        if isinstance(value, str) and "{{" in value:
            yield Finding(
                view.value_span(key),
                f"the label `{key}` cannot have this value: Argo fills in no tags here, and labels have no braces",
                help="write the value, or take it from a parameter under `workflowMetadata.labelsFrom` of the spec",
                severity="warning",
            )


def keys(view: View, what: str) -> Iterator[Finding]:
    """Findings about keys: an optional DNS prefix and a name."""
    for key in view.map:
        prefix, slash, name = key.rpartition("/")
        sound = PART.fullmatch(name) and len(name) <= 63
        if slash:
            sound = sound and PREFIX.fullmatch(prefix) and len(prefix) <= 253
        if not sound and "{{" not in key:
            yield Finding(
                view.key_span(key),
                f"`{key}` is not a key for {'an' if what == 'annotation' else 'a'} {what}",
                help="at most 63 letters, digits, `-`, `_`, `.`, after an optional `domain/`",
            )


def values(view: View, severity: Severity) -> Iterator[Finding]:
    """Findings about the values of labels; numbers and the like are a matter of type."""
    for key, value in view.map.items():
        if not isinstance(value, str) or not is_literal(value):
            continue
        if not PART.fullmatch(value) or len(value) > 63:
            yield Finding(
                view.value_span(key),
                f"the label `{key}` cannot have this value",
                help="at most 63 letters, digits, `-`, `_`, `.`; longer text belongs into an annotation",
                severity=severity,
            )
