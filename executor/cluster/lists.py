"""Lists: selection, paging, and the bytes of the answer."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from executor.cluster.kinds import Resource
from executor.cluster.selectors import Matcher, both, field_matcher, field_terms, label_matcher
from executor.cluster.status import ApiStatus, bad_request, expired
from executor.cluster.store import Entry, Key, Store
from executor.cluster.versions import raw_as, stored_version


class Selection(NamedTuple):
    """Which objects of a resource a list, watch or deletecollection is about."""

    resource: Resource
    namespace: str | None
    matcher: Matcher | None
    name: str | None = None

    def wants(self, key: Key, entry: Entry) -> bool:
        """Whether this object is selected."""
        if self.namespace is not None and key[0] != self.namespace:
            return False
        if self.name is not None and key[1] != self.name:
            return False
        return self.matcher is None or self.matcher(entry.obj)


class Page(NamedTuple):
    """One answer to a list: the objects, the state they are of, and how to go on."""

    entries: list[Entry]
    rv: int
    token: str = ""
    remaining: int | None = None


def selection(resource: Resource, namespace: str | None, query: Mapping[str, str]) -> Selection:
    """The selection that a query asks for. ApiStatus 400 for a selector that cannot be read."""
    labels = label_matcher(query.get("labelSelector") or "")
    text = query.get("fieldSelector") or ""
    fields = (
        field_matcher(text, resource.storage, resource.selectable, custom=resource.custom) if text else None
    )
    name = None
    for path, op, value in field_terms(text):
        if path == "metadata.name" and op == "=":
            name = value
    return Selection(resource, namespace, both(labels, fields), name)


def page(store: Store, chosen: Selection, query: Mapping[str, str]) -> Page:
    """One page of the selected objects (all of them without `limit`)."""
    limit = _number(query, "limit")
    after: Key | None = None
    rv = store.rv
    if token := query.get("continue"):
        rv, after = _read_token(token)
        if rv > store.rv:
            raise bad_request("continue key is not valid: it is not a token of this server")
        if rv < store.compacted:
            raise expired(
                "The provided continue parameter is too old to display a consistent list result. You can start a new list"
                " without the continue parameter."
            )
    else:
        _check_version(store, query)
    if after is not None:
        entries = store.items_at(rv, chosen.resource.storage, chosen.namespace, after) or []
        if chosen.name is not None:
            entries = [entry for entry in entries if entry.obj["metadata"]["name"] == chosen.name]
    elif chosen.name is not None and chosen.namespace is not None:
        entry = store.get(chosen.resource.storage, chosen.namespace, chosen.name)
        entries = [] if entry is None else [entry]
    else:
        entries = store.items(chosen.resource.storage, chosen.namespace)
    if chosen.matcher is not None:
        matcher = chosen.matcher
        entries = [entry for entry in entries if matcher(entry.obj)]
    if limit <= 0 or len(entries) <= limit:
        return Page(entries, rv)
    last = entries[limit - 1].obj["metadata"]
    token = _write_token(rv, (last.get("namespace", ""), last["name"]))
    # Upstream does not count what a selector would still leave out.
    remaining = None if chosen.matcher is not None else len(entries) - limit
    return Page(entries[:limit], rv, token, remaining)


def _number(query: Mapping[str, str], key: str) -> int:
    try:
        return int(query.get(key) or 0)
    except ValueError:
        raise bad_request(f"{key}: {query[key][:200]!r} is not a number") from None


def _check_version(store: Store, query: Mapping[str, str]) -> None:
    text = query.get("resourceVersion") or ""
    match = query.get("resourceVersionMatch") or ""
    if match not in ("", "Exact", "NotOlderThan"):
        raise bad_request(f'resourceVersionMatch: "{match}" is not one of Exact, NotOlderThan')
    if match and not text:
        raise bad_request("resourceVersionMatch is forbidden unless resourceVersion is provided")
    wanted = version_number(text)
    if wanted > store.rv:
        raise too_large(wanted, store.rv)
    if match == "Exact" and wanted < store.compacted:
        raise expired(f"The provided resource version is too old: {wanted} ({store.compacted})")


def version_number(text: str) -> int:
    """A resourceVersion as a number, 0 when absent. ApiStatus 400 when it is none of ours."""
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise bad_request(f'invalid resource version "{text[:200]}"')
    return int(text)


def too_large(wanted: int, current: int) -> ApiStatus:
    """504: the client knows a version that this server has never given out."""
    return ApiStatus(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {wanted}, current: {current}",
        {
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        },
    )


def _write_token(rv: int, key: Key) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([rv, *key])).decode().rstrip("=")


def _read_token(token: str) -> tuple[int, Key]:
    try:
        rv, namespace, name = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if type(rv) is not int or not isinstance(namespace, str) or not isinstance(name, str):
            raise ValueError(token)
    except (ValueError, TypeError, binascii.Error):
        raise bad_request("continue key is not valid: it is not a token of this server") from None
    return rv, (namespace, name)


def list_metadata(found: Page) -> dict[str, Any]:
    """The metadata of a list: its version, and where it goes on."""
    data: dict[str, Any] = {"resourceVersion": str(found.rv)}
    if found.token:
        data["continue"] = found.token
    if found.remaining is not None:
        data["remainingItemCount"] = found.remaining
    return data


def body(resource: Resource, found: Page) -> bytes:
    """The list as JSON, put together from the stored bytes."""
    data = list_metadata(found)
    head = orjson.dumps({"kind": resource.list_kind, "apiVersion": resource.api_version, "metadata": data})
    if stored_version(resource) is None:
        items = b",".join([entry.raw for entry in found.entries])
    else:
        items = b",".join([raw_as(resource, entry) for entry in found.entries])
    return b'%b,"items":[%b]}' % (head[:-1], items)
