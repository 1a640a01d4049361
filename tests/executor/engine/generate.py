"""Random workflows that use every template type and feature; a hypothesis strategy."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from executor.engine import new_workflow
from executor.engine.contract import Context
from executor.engine.simulate import START

NAMES = "abcdef"
BODY = {"image": "alpine", "command": ["work"]}
OUT = {"parameters": [{"name": "y", "valueFrom": {"path": "/y", "default": "d"}}]}
LEAVES: list[dict[str, Any]] = [
    {"name": "work", "container": BODY},
    {"name": "say", "script": {**BODY, "source": "print(1)"}, "outputs": OUT},
    {"name": "retry", "retryStrategy": {"limit": "2"}, "container": BODY},
    {
        "name": "always",
        "retryStrategy": {"limit": 1, "retryPolicy": "Always", "backoff": {"duration": "5", "factor": 2, "maxDuration": "30s"}},
        "container": BODY,
    },
    {
        "name": "asked",
        "retryStrategy": {"limit": 2, "expression": "lastRetry.status != 'Error' && asInt(retries) < 1"},
        "container": BODY,
    },
    {"name": "onerror", "retryStrategy": {"limit": 1, "retryPolicy": "OnError"}, "container": BODY},
    {"name": "set", "containerSet": {"containers": [{**BODY, "name": "main"}, {**BODY, "name": "b", "dependencies": ["main"]}]}},
    {"name": "kubectl", "resource": {"action": "get", "manifest": "kind: Pod"}},
    {"name": "list", "data": {"source": {"artifactPaths": {"name": "x", "s3": {"key": "k"}}}, "transformation": [{"expression": "data"}]}},
    {"name": "serve", "daemon": True, "container": BODY},
    {"name": "serve-again", "daemon": True, "retryStrategy": {"limit": 1}, "container": BODY},
    {"name": "nap", "suspend": {"duration": "10"}},
    {"name": "ask", "suspend": {}, "outputs": {"parameters": [{"name": "y", "valueFrom": {"supplied": {}, "default": "n"}}]}},
    {"name": "call", "http": {"url": "http://x", "successCondition": "response.statusCode < 300"}},
    {"name": "locked", "synchronization": {"mutexes": [{"name": "m"}]}, "container": BODY},
    {
        "name": "locked-again",
        "synchronization": {"semaphores": [{"configMapKeyRef": {"name": "limits", "key": "s"}}]},
        "retryStrategy": {"limit": 1},
        "container": BODY,
    },
    {"name": "cached", "memoize": {"key": "k", "maxAge": "1h", "cache": {"configMap": {"name": "cache"}}}, "container": BODY, "outputs": OUT},
    {"name": "late", "timeout": "20s", "container": BODY},
    {"name": "short", "activeDeadlineSeconds": 15, "container": BODY},
]  # fmt: skip
NAMED = st.sampled_from([{"template": leaf["name"]} for leaf in LEAVES])
ELSEWHERE = st.sampled_from(
    [
        {"templateRef": {"name": "shared", "template": "work"}},
        {"templateRef": {"name": "shared", "template": "pair"}},
        {"templateRef": {"name": "wide", "template": "say", "clusterScope": True}},
        {"inline": {"container": BODY}},
        {"inline": {"retryStrategy": {"limit": 1}, "container": BODY}},
    ]
)
LOOPS = st.sampled_from(
    [{}] * 6
    + [{"withItems": [1, {"k": "v"}]}, {"withParam": "[]"}, {"withParam": '["x", 2.0]'}, {"withSequence": {"count": "2"}}]
)  # fmt: skip
WHENS = st.sampled_from([{}, {}, {}, {"when": "1 == 2"}, {"when": "a == a"}])
RESULTS = [
    "",
    ".Succeeded",
    ".Failed",
    ".Errored",
    ".Skipped",
    ".Omitted",
    ".Daemoned",
    ".AnySucceeded",
    ".AllFailed",
]


@st.composite
def holders(draw: Any, kind: str, inner: Any) -> list[dict[str, Any]]:
    found = []
    for n in range(draw(st.integers(1, 4))):
        holder = {"name": NAMES[n], **draw(inner), **draw(LOOPS), **draw(WHENS)}
        hooks = {}
        if draw(st.integers(0, 4)) == 0:
            hooks["exit"] = {"template": draw(st.sampled_from(["work", "pair", "retry"]))}
        if draw(st.integers(0, 6)) == 0:
            hooks["running"] = {"template": "work", "expression": f"{kind}['{NAMES[n]}'].status == 'Running'"}
        if hooks:
            holder["hooks"] = hooks
        found.append(holder)
    return found


@st.composite
def groups(draw: Any, name: str, inner: Any) -> dict[str, Any]:
    template: dict[str, Any] = {"name": name}
    if draw(st.booleans()):
        found = draw(holders("steps", inner))
        for holder in found:
            if draw(st.integers(0, 3)) == 0:
                holder["continueOn"] = draw(
                    st.sampled_from([{"failed": True}, {"error": True}, {"failed": True, "error": True}])
                )
        cut = draw(st.integers(0, len(found)))
        template["steps"] = [found[:cut], found[cut:]]
    else:
        found = draw(holders("tasks", inner))
        for index, holder in enumerate(found):
            needed = [
                draw(st.sampled_from(["", "", "!"])) + o["name"] + draw(st.sampled_from(RESULTS))
                for o in found[:index]
                if draw(st.integers(0, 1))
            ]
            if needed:
                holder["depends"] = draw(st.sampled_from([" && ", " || "])).join(needed)
        template["dag"] = {"tasks": found, "failFast": draw(st.booleans())}
    if draw(st.integers(0, 4)) == 0:
        template["parallelism"] = draw(st.integers(1, 2))
    if draw(st.integers(0, 6)) == 0:
        template["failFast"] = True
    if draw(st.integers(0, 6)) == 0:
        template["retryStrategy"] = {"limit": 1}
    if draw(st.integers(0, 6)) == 0:
        template["synchronization"] = {"mutexes": [{"name": f"{name}-lock"}]}
    return template


PAIR = {
    "name": "pair",
    "steps": [[{"name": "one", "template": "work"}], [{"name": "two", "template": "work"}]],
}


@st.composite
def workflows(draw: Any) -> dict[str, Any]:
    """A Workflow called wf; run it with CONTEXT."""
    inner = draw(groups("inner", st.one_of(NAMED, NAMED, ELSEWHERE)))
    main = draw(groups("main", st.one_of(NAMED, NAMED, ELSEWHERE, st.just({"template": "inner"}))))
    spec: dict[str, Any] = {"entrypoint": "main", "templates": [main, inner, PAIR, *LEAVES]}
    if draw(st.integers(0, 2)) == 0:
        spec["onExit"] = draw(st.sampled_from(["work", "pair", "retry"]))
    if draw(st.integers(0, 3)) == 0:
        spec["parallelism"] = draw(st.integers(1, 3))
    if draw(st.integers(0, 5)) == 0:
        spec["retryStrategy"] = {"limit": 1}
    if draw(st.integers(0, 4)) == 0:
        spec["activeDeadlineSeconds"] = draw(st.sampled_from([10, 60]))
    if draw(st.integers(0, 4)) == 0:
        spec["hooks"] = {"running": {"template": "work", "expression": "workflow.status == 'Running'"}}
    if draw(st.integers(0, 5)) == 0:
        spec["synchronization"] = {"mutexes": [{"name": "whole"}]}
    if draw(st.integers(0, 3)) == 0:
        spec["podGC"] = {"strategy": draw(st.sampled_from(["OnPodCompletion", "OnWorkflowSuccess"]))}
    return new_workflow({"metadata": {"namespace": "argo"}, "spec": spec}, name="wf", uid="uid", now=START)


def _template(name: str, *templates: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "argo"}, "spec": {"templates": list(templates)}}


CONTEXT = Context(
    workflow_templates={("argo", "shared"): _template("shared", LEAVES[0], PAIR)},
    cluster_workflow_templates={"wide": _template("wide", LEAVES[1])},
    config_maps={("argo", "limits"): {"metadata": {"name": "limits"}, "data": {"s": "2"}}},
    image_commands={"*": (("/bin/entrypoint",), ())},
)
