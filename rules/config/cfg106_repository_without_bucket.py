"""CFG106."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import repositories
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule

STORES = ("s3", "gcs", "oss", "azure", "artifactory", "hdfs", "plugin")
NEEDED = {"s3": "bucket", "gcs": "bucket", "oss": "bucket", "azure": "container"}


@rule("CFG106", "repository-without-bucket", on="object", severity="warning", kinds=("ConfigMap",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """An artifact repository that does not say where artifacts go."""
    for repository in repositories(obj, ctx):
        view = repository.view()
        there = [store for store in STORES if view.mapping(store).map]
        if len(there) > 1:
            yield Finding(
                repository.at(view.key_span(there[1])),
                f"a repository is one store; `{there[0]}` is taken and `{there[1]}` is not",
                help="delete one, or make two repositories",
            )
        for store in there[:1]:
            field = NEEDED.get(store, "")
            if field and not view.mapping(store).get(field):
                yield Finding(
                    repository.at(view.key_span(store)),
                    f"the repository has no `{field}`: artifacts without a location of their own cannot be stored",
                    help=f"add `{field}`",
                )
