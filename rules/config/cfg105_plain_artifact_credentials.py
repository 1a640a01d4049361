"""CFG105."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.analysis.controller_config import repositories
from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule

# store -> field that is no field -> the one that names a Secret
PLAIN = {
    "s3": {"accessKey": "accessKeySecret", "secretKey": "secretKeySecret", "accessKeyID": "accessKeySecret"},
    "oss": {"accessKey": "accessKeySecret", "secretKey": "secretKeySecret"},
    "gcs": {"serviceAccountKey": "serviceAccountKeySecret"},
    "azure": {"accountKey": "accountKeySecret"},
    "artifactory": {"username": "usernameSecret", "password": "passwordSecret"},
}


@rule("CFG105", "plain-artifact-credentials", on="object", severity="error", kinds=("ConfigMap",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """Credentials of an artifact repository written into the ConfigMap."""
    for repository in repositories(obj, ctx):
        for store, fields in PLAIN.items():
            view = repository.view().mapping(store)
            for field, secret in fields.items():
                if field in view:
                    yield Finding(
                        repository.at(view.key_span(field)),
                        f"`{field}` is no field of `{store}`: credentials come from a Secret",
                        help=f"write `{secret}: {{name: …, key: …}}`",
                        secrets=[repository.at(view.value_span(field))],
                    )
