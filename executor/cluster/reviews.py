"""Reviews: questions about who one is and what one may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from executor.cluster import meta
from executor.cluster.admission import check_types
from executor.cluster.auth import AUTHENTICATED, ISSUER, MASTERS, User
from executor.cluster.http import Request, Response, json_response, object_body, parse_body
from executor.cluster.rbac import Attributes
from executor.cluster.routes import Target
from executor.cluster.schemas import schema_of
from executor.cluster.status import bad_request, no_such_path

if TYPE_CHECKING:
    from executor.cluster.state import Cluster


async def review(cluster: Cluster, request: Request, target: Target, user: User) -> Response:
    """Answer a request for a decision: an access review, a self review, a token review."""
    body = object_body(parse_body(request, cluster.decode_protobuf))
    schema = schema_of(target.resource)
    if schema is not None:
        check_types(target.resource, schema, body)
    kind, spec = target.resource.kind, body.get("spec") or {}
    if kind == "SelfSubjectReview":
        status = {"userInfo": _info(user)}
    elif kind == "SelfSubjectAccessReview":
        status = _access(cluster, user, spec)
    elif kind in ("SubjectAccessReview", "LocalSubjectAccessReview"):
        about = User(str(spec.get("user") or ""), tuple(spec.get("groups") or ()), str(spec.get("uid") or ""))
        if not about.name and not about.groups:
            raise bad_request("spec.user: at least one of user or group must be specified")
        status = _access(cluster, about, spec)
    elif kind == "SelfSubjectRulesReview":
        status = _rules(cluster, user, str(spec.get("namespace") or ""))
    elif kind == "TokenReview":
        status = _token(cluster, str(spec.get("token") or ""), spec.get("audiences") or [])
    else:
        raise no_such_path()
    return json_response(
        201,
        {
            "kind": kind,
            "apiVersion": target.resource.api_version,
            "metadata": {"creationTimestamp": meta.timestamp() if kind == "SelfSubjectReview" else None},
            "spec": spec,
            "status": status,
        },
    )


def _info(user: User) -> dict[str, Any]:
    info: dict[str, Any] = {"username": user.name, "groups": list(user.groups)}
    if user.uid:
        info["uid"] = user.uid
    return info


def _access(cluster: Cluster, user: User, spec: Mapping[str, Any]) -> dict[str, Any]:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if bool(resource) == bool(path):
        raise bad_request("exactly one of nonResourceAttributes or resourceAttributes must be specified")
    if path:
        wanted = Attributes(str(path.get("verb") or ""), path=str(path.get("path") or ""))
    else:
        assert isinstance(resource, Mapping)
        wanted = Attributes(
            *(
                str(resource.get(key) or "")
                for key in ("verb", "group", "resource", "subresource", "namespace", "name")
            )
        )
    origin = cluster.authorizer.reason(user, wanted)
    if origin is None:
        return {"allowed": False}  # as upstream, which gives no reason
    return {"allowed": True, "reason": f"RBAC: allowed by {origin}"} if origin else {"allowed": True}


def _rules(cluster: Cluster, user: User, namespace: str) -> dict[str, Any]:
    if MASTERS in user.groups:
        rules: list[Mapping[str, Any]] = [
            {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
            {"verbs": ["*"], "nonResourceURLs": ["*"]},
        ]
    else:
        granted = cluster.authorizer.rules_of(user)
        rules = [found.rule for found in granted if found.namespace in (None, namespace)]
    return {
        "resourceRules": [dict(rule) for rule in rules if rule.get("resources")],
        "nonResourceRules": [
            {"verbs": rule["verbs"], "nonResourceURLs": rule["nonResourceURLs"]}
            for rule in rules
            if rule.get("nonResourceURLs")
        ],
        "incomplete": False,
    }


def _token(cluster: Cluster, token: str, audiences: list[str]) -> dict[str, Any]:
    user = cluster.auth.user_of_token(token, audiences or (ISSUER,)) if token else None
    if user is None:
        return {"authenticated": False, "error": "the token is not valid"}
    groups = user.groups if AUTHENTICATED in user.groups else (*user.groups, AUTHENTICATED)
    return {"authenticated": True, "user": _info(user._replace(groups=groups))}
