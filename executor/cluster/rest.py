"""The verbs of the API on a target, from a request to an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from executor.cluster import crud, lists, metrics, patches, reviews, subresources
from executor.cluster.auth import User
from executor.cluster.crud import Call, Outcome
from executor.cluster.http import (
    YAML,
    Request,
    Response,
    json_response,
    object_body,
    parse_body,
    parse_json,
    parse_yaml,
)
from executor.cluster.partial import SHARED, encode_partial, partial, partial_list, wants_partial
from executor.cluster.routes import PATCH_TYPES, Target
from executor.cluster.state import Cluster
from executor.cluster.status import (
    ApiStatus,
    Cause,
    bad_request,
    invalid,
    method_not_allowed,
    not_found,
    success,
    unsupported_media_type,
)
from executor.cluster.strict import repeated_in_json, yaml_failure
from executor.cluster.tables import table_body, table_encoder, wants_table
from executor.cluster.versions import as_version, raw_as, to_storage
from executor.cluster.watch import Watch

Handler = Callable[[Cluster, Request, Target, str], Any]


async def handle(cluster: Cluster, request: Request, target: Target, verb: str, user: User) -> Response:
    """Answer a request that has been authorized."""
    if target.subresource and target.subresource not in ("status", "ephemeralcontainers"):
        return await subresources.handle(cluster, request, target, user)
    if verb not in target.resource.verbs and not target.subresource:
        raise method_not_allowed()
    if target.resource.group == metrics.GROUP:
        return await metrics.respond(cluster, request, target)
    if verb in ("get", "list", "watch"):
        return await _READS[verb](cluster, request, target)
    if verb == "create" and target.name:
        raise method_not_allowed()
    if verb in ("update", "patch") and not target.name:
        raise method_not_allowed()
    if verb == "create" and "list" not in target.resource.verbs:
        return await reviews.review(cluster, request, target, user)
    outcome = await _WRITES[verb](cluster, request, target, user)
    return await answer(cluster, request, target, outcome)


# ---- reads


async def _get(cluster: Cluster, request: Request, target: Target) -> Response:
    resource = target.resource
    entry = cluster.store.get(resource.storage, target.namespace or "", target.name)
    await cluster.store.settled(entry.rv if entry is not None else None)
    if entry is None:
        raise not_found(resource.plural, resource.group, target.name)
    if wants_table(request):
        return Response(
            200, table_body(cluster, resource, [entry], {"resourceVersion": str(entry.rv)}, request)
        )
    if wants_partial(request):
        return json_response(200, partial(entry.obj))
    return Response(200, raw_as(resource, entry))


async def _list(cluster: Cluster, request: Request, target: Target) -> Response:
    resource = target.resource
    chosen = lists.selection(resource, target.namespace if resource.namespaced else None, request.query)
    found = lists.page(cluster.store, chosen, request.query)
    await cluster.store.settled()
    if wants_table(request):
        data = lists.list_metadata(found)
        return Response(200, table_body(cluster, resource, found.entries, data, request))
    if wants_partial(request):
        return Response(200, partial_list(found))
    return Response(200, lists.body(resource, found))


async def _watch(cluster: Cluster, request: Request, target: Target) -> Response:
    resource = target.resource
    cluster.refuse_watches()
    chosen = lists.selection(resource, target.namespace if resource.namespaced else None, request.query)
    if target.name:
        chosen = chosen._replace(name=target.name)
    if wants_table(request):
        encode, shared = table_encoder(cluster, resource, request)
        watch = Watch(cluster.store, chosen, request.query, encode, shared)
    elif wants_partial(request):
        watch = Watch(cluster.store, chosen, request.query, encode_partial, SHARED)
    else:
        watch = Watch(cluster.store, chosen, request.query)
    return Response(200, stream=cluster.streamed(watch))


_READS = {"get": _get, "list": _list, "watch": _watch}


# ---- writes


def call_of(request: Request, target: Target, user: User) -> Call:
    """The write options that a query gives. ApiStatus 400 or 422 for values that do not exist."""
    query = request.query
    dry_run = query.get("dryRun") or ""
    if dry_run not in ("", "All"):
        raise invalid(
            "CreateOptions",
            "meta.k8s.io",
            "",
            [
                Cause(
                    "FieldValueNotSupported",
                    "dryRun",
                    f'Unsupported value: "{dry_run}": supported values: "All"',
                )
            ],
        )
    validation = query.get("fieldValidation") or "Warn"
    if validation not in ("Ignore", "Warn", "Strict"):
        raise invalid(
            "CreateOptions",
            "meta.k8s.io",
            "",
            [
                Cause(
                    "FieldValueNotSupported",
                    "fieldValidation",
                    f'Unsupported value: "{validation}": supported values: "Ignore", "Strict", "Warn"',
                )
            ],
        )
    agent = request.headers.get("user-agent", "").partition("/")[0]
    return Call(
        resource=target.resource,
        namespace=target.namespace or "",
        name=target.name,
        subresource=target.subresource,
        user=user,
        manager=(query.get("fieldManager") or agent or "unknown")[:128],
        dry_run=bool(dry_run),
        field_validation=validation,
        force=query.get("force") in ("true", "1"),
        warnings=request.warnings,
    )


def _write_target(target: Target) -> Target:
    if target.resource.namespaced and not target.namespace:
        raise bad_request("an empty namespace may not be set during creation")
    return target


def _body(cluster: Cluster, request: Request, target: Target, call: Call) -> dict[str, Any]:
    obj = object_body(parse_body(request, cluster.decode_protobuf, call.repeated))
    if call.repeated and call.field_validation == "Strict" and request.content_type == YAML:
        call.repeated = [yaml_failure(call.repeated)]
    if target.resource.storage == "events":
        crud.check_identity(Call(target.resource, target.namespace or "", target.name), obj)
        return to_storage(target.resource, obj)
    if target.resource.custom:
        _check_typed(request, target, obj)
    return obj


def _check_typed(request: Request, target: Target, obj: Mapping[str, Any]) -> None:
    """A custom resource must say what it is; built-in kinds may leave that to the URL. ApiStatus 400 as upstream words it."""
    resource = target.resource
    if not obj.get("kind"):
        text = request.body.decode(errors="replace")
        raise bad_request(
            f"the object provided is unrecognized (must be of type {resource.kind}):"
            f" Object 'Kind' is missing in '{text[:1000]}' ({text[:30]} ...)"
        )
    if not obj.get("apiVersion"):
        raise bad_request(
            f"the API version in the data () does not match the expected API version ({resource.api_version})"
        )


async def _create(cluster: Cluster, request: Request, target: Target, user: User) -> Outcome:
    call = cluster.at_storage(call_of(request, _write_target(target), user))
    return crud.create(cluster.writer, call, _body(cluster, request, target, call))


async def _update(cluster: Cluster, request: Request, target: Target, user: User) -> Outcome:
    call = cluster.at_storage(call_of(request, _write_target(target), user))
    return crud.update(cluster.writer, call, _body(cluster, request, target, call))


async def _patch(cluster: Cluster, request: Request, target: Target, user: User) -> Outcome:
    call = cluster.at_storage(call_of(request, _write_target(target), user))
    kind = PATCH_TYPES.get(request.content_type)
    accepted = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"]
    if kind is None or (kind == "strategic" and target.resource.custom):
        raise unsupported_media_type(accepted)
    if kind == "apply":
        if not request.query.get("fieldManager"):
            raise invalid(
                "PatchOptions",
                "meta.k8s.io",
                "",
                [Cause("FieldValueRequired", "fieldManager", "Required value: is required for apply patch")],
            )
        config = object_body(parse_yaml(request.body, call.repeated))
        if call.repeated and call.field_validation == "Strict":
            why = yaml_failure(call.repeated)
            raise bad_request(f"error strict decoding YAML: error converting YAML to JSON: {why}")
        return cluster.apply(call, config)
    data = parse_json(request.body)
    call.repeated = repeated_in_json(request.body, data)
    call.patch = data if kind == "strategic" else kind
    if kind == "json":
        call.repeated = [f"json patch {text}" for text in call.repeated]
        return crud.patch(cluster.writer, call, lambda obj: patches.json_patch(obj, data))
    if not isinstance(data, dict):
        raise bad_request("error decoding patch: the patch is not an object")
    if kind == "merge":
        return crud.patch(cluster.writer, call, lambda obj: patches.merge_patch(obj, data))
    keys = cluster.list_keys(target.resource)
    return crud.patch(cluster.writer, call, lambda obj: patches.strategic_merge(obj, data, keys))


async def _delete(cluster: Cluster, request: Request, target: Target, user: User) -> Outcome:
    call = cluster.at_storage(call_of(request, target, user))
    options, dry_run = _delete_options(cluster, request)
    call.dry_run = call.dry_run or dry_run
    return crud.delete(cluster.writer, call, options)


def _delete_options(cluster: Cluster, request: Request) -> tuple[crud.DeleteOptions, bool]:
    body = object_body(parse_body(request, cluster.decode_protobuf)) if request.body else {}
    return crud.delete_options(body, request.query), body.get("dryRun") == ["All"]


async def _deletecollection(cluster: Cluster, request: Request, target: Target, user: User) -> Outcome:
    resource = target.resource
    chosen = lists.selection(resource, target.namespace if resource.namespaced else None, request.query)
    options, dry_run = _delete_options(cluster, request)
    found = lists.page(cluster.store, chosen, request.query)
    last = None
    for entry in found.entries:
        data = entry.obj["metadata"]
        call = cluster.at_storage(call_of(request, target, user))
        call.namespace, call.name, call.dry_run = (
            data.get("namespace", ""),
            data["name"],
            call.dry_run or dry_run,
        )
        try:
            last = crud.delete(cluster.writer, call, options).entry or last
        except ApiStatus as failure:
            if failure.code != 404:
                raise
    details = (
        {"group": resource.group, "kind": resource.plural} if resource.group else {"kind": resource.plural}
    )
    return Outcome(200, success(details), last)


_WRITES = {
    "create": _create,
    "update": _update,
    "patch": _patch,
    "delete": _delete,
    "deletecollection": _deletecollection,
}


async def answer(cluster: Cluster, request: Request, target: Target, outcome: Outcome) -> Response:
    """The answer to a write, once it is on disk."""
    entry, obj = outcome.entry, outcome.obj
    as_stored = entry is not None and obj is entry.obj  # before a later write makes history of it
    if entry is not None:
        await cluster.store.settled(cluster.store.rv if entry.rv > cluster.store.committed else entry.rv)
    if obj.get("kind") == "Status":
        return json_response(outcome.code, obj)
    if wants_partial(request):
        return json_response(outcome.code, partial(obj))
    if as_stored and entry is not None:
        return Response(outcome.code, raw_as(target.resource, entry))
    return json_response(outcome.code, as_version(target.resource, obj))
