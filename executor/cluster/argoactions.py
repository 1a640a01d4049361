"""What a PUT of the argo-server API does to a workflow: the engine's pure operations on the stored object.

Upstream: server/workflow/workflow_server.go (Suspend, Resume, Stop, Terminate, Set, Retry, Resubmit).
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson

from argolint.errors import UserError
from executor import engine
from executor.cluster.status import ApiStatus, bad_request
from executor.engine import size

Obj = dict[str, Any]
Body = Mapping[str, Any]


class Changed(NamedTuple):
    """A workflow to be written, and the pods that must go before."""

    obj: Obj
    pods: tuple[str, ...] = ()


Change = Callable[[Obj, Body], Changed]


def _now() -> datetime:
    return datetime.now(UTC)


def text(body: Body, field: str) -> str:
    """A field of a body that is a string; empty when absent. ApiStatus 400 for anything else."""
    found = body.get(field)
    if found in (None, ""):
        return ""
    if not isinstance(found, str):
        raise bad_request(f"{field}: must be a string")
    return found


def parameters(body: Body, field: str = "parameters") -> dict[str, str]:
    """Parameters that a body gives as `["name=value", …]`. ApiStatus 400 when it does not."""
    found = body.get(field) or []
    if not isinstance(found, list) or not all(isinstance(item, str) and "=" in item for item in found):
        raise bad_request(f'{field}: must be a list of "name=value"')
    return dict(item.split("=", 1) for item in found)


def _output_parameters(body: Body) -> dict[str, str]:
    """`outputParameters` of a set request: a JSON object as text, as the argo command line writes it."""
    given = text(body, "outputParameters")
    try:
        found = orjson.loads(given) if given else {}
    except orjson.JSONDecodeError as error:
        raise bad_request(f"outputParameters: it is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise bad_request("outputParameters: must be a JSON object of names and values")
    return {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in found.items()
    }


def _suspend(obj: Obj, _body: Body) -> Changed:
    return Changed(engine.suspend(obj))


def _resume(obj: Obj, body: Body) -> Changed:
    return Changed(engine.resume(obj, now=_now(), selector=text(body, "nodeFieldSelector")))


def _stop(obj: Obj, body: Body) -> Changed:
    selector, message = text(body, "nodeFieldSelector"), text(body, "message")
    return Changed(engine.stop(obj, now=_now(), selector=selector, message=message))


def _terminate(obj: Obj, _body: Body) -> Changed:
    return Changed(engine.terminate(obj))


def _set(obj: Obj, body: Body) -> Changed:
    selector = text(body, "nodeFieldSelector")
    if not selector:
        raise bad_request("nodeFieldSelector: it must name the nodes to set, for example displayName=approve")
    changed = engine.set_outputs(
        obj,
        selector,
        now=_now(),
        parameters=_output_parameters(body),
        phase=text(body, "phase"),
        message=text(body, "message"),
    )
    return Changed(changed)


def _retry(obj: Obj, body: Body) -> Changed:
    again = engine.retry(
        obj,
        now=_now(),
        restart_successful=bool(body.get("restartSuccessful")),
        selector=text(body, "nodeFieldSelector"),
        parameters=parameters(body),
    )
    return Changed(again.workflow, again.pods)


CHANGES: Final[Mapping[str, Change]] = {
    "suspend": _suspend,
    "resume": _resume,
    "stop": _stop,
    "terminate": _terminate,
    "set": _set,
    "retry": _retry,
}
"""The actions that change the workflow they name."""


def changed(action: str, obj: Obj, body: Body) -> Changed:
    """The workflow after an action of CHANGES. ApiStatus 400 when the engine refuses it."""
    try:
        result = CHANGES[action](obj, body)
        return result._replace(obj=size.pack(result.obj))
    except UserError as error:
        raise _refused(error) from error


def resubmitted(obj: Obj, body: Body) -> Obj:
    """A new workflow like `obj`. ApiStatus 400 when the engine refuses it."""
    letters = string.ascii_lowercase + string.digits
    try:
        fresh = engine.resubmit(
            obj,
            memoized=bool(body.get("memoized")),
            parameters=parameters(body),
            suffix="".join(secrets.choice(letters) for _ in range(5)),
        )
        return size.pack(fresh)
    except UserError as error:
        raise _refused(error) from error


def _refused(error: UserError) -> ApiStatus:
    return bad_request(f"{error.message}: {error.remedy}" if error.remedy else error.message)
