"""STR125."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.view import Span, View
from argolint.model.workflow import Template
from argolint.rule import Finding, rule
from argolint.yaml.nodes import Map


@rule("STR125", "incomplete-artifact-location", on="template", severity="error", keys=("git", "hdfs"))
def check(template: Template, ctx: Context) -> Iterator[Finding]:
    """An artifact's location lacks what its driver insists on."""
    places: list[tuple[View, str]] = (
        [(one, f"artifact `{one.name}`") for one in template.inputs.artifacts] if "inputs" in template else []
    )
    if "archiveLocation" in template:
        places.append((template.mapping("archiveLocation"), "the archive location"))
    for view, what in places:
        if isinstance(view.get("git"), Map) and view.mapping("git").get("repo") == "":
            yield Finding(
                view.mapping("git").value_span("repo"),
                f"the git repository of {what} is empty",
                help="add its URL",
            )
        if isinstance(view.get("hdfs"), Map):
            yield from hdfs(view.mapping("hdfs"), view.key_span("hdfs"), what)


def hdfs(view: View, at: Span, what: str) -> Iterator[Finding]:
    """What is missing in an `hdfs` location."""
    if not view.sequence("addresses"):
        yield Finding(
            at, f"the hdfs location of {what} has no `addresses`", help="add those of the name nodes"
        )
    path = view.get("path")
    if path in (None, ""):
        yield Finding(at, f"the hdfs location of {what} has no `path`", help="add it")
    elif isinstance(path, str) and not path.startswith("/") and "{{" not in path:
        yield Finding(
            view.value_span("path"), f"the hdfs path of {what} is not absolute", help="begin it with /"
        )
    keytab, cache = view.get("krbKeytabSecret") is not None, view.get("krbCCacheSecret") is not None
    if not (view.get("hdfsUser") or keytab or cache):
        yield Finding(
            at,
            f"the hdfs location of {what} does not say who asks",
            help="add `hdfsUser`, `krbCCacheSecret` or `krbKeytabSecret`",
        )
        return
    needed = ["krbServicePrincipalName", "krbConfigConfigMap"] if keytab or cache else []
    if keytab:
        needed = ["krbUsername", "krbRealm", *needed]
    missing = [key for key in needed if not view.get(key)]
    if missing:
        yield Finding(
            at, f"Kerberos of {what} lacks {', '.join(f'`{key}`' for key in missing)}", help="add them"
        )
