"""CFG108."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import setting
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule


@rule("CFG108", "persistence-without-database", on="object", severity="error", kinds=("ConfigMap",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Persistence with no database, or with two."""
    found = setting(obj, ctx, "persistence")
    if found is None or not found.view().map:
        return
    view = found.view()
    databases = [key for key in ("postgresql", "mysql") if view.get(key) is not None]
    if not databases:
        yield Finding(
            found.key,
            "`persistence` names no database: the controller does not start",
            help="add `postgresql` or `mysql`",
        )
    elif len(databases) == 2:
        yield Finding(
            found.at(view.key_span("mysql")),
            "`persistence` names two databases; PostgreSQL is taken",
            help="delete one",
            severity="warning",
        )
    for key in databases[:1]:
        database = view.mapping(key)
        for field in ("username", "userName", "password"):
            if field in database:
                yield Finding(
                    found.at(database.key_span(field)),
                    f"`{field}` is no field of `{key}`: credentials come from a Secret",
                    help="write `userNameSecret` and `passwordSecret`: {name, key}",
                )
