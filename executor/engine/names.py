"""Names and ids of nodes, pods and the other objects of a workflow; byte for byte upstream's.

Upstream: workflow_types.go NodeID, util/pod_name.go, operator.go getNodeDisplayName.
"""

from __future__ import annotations

import re
from functools import lru_cache

POD_NAME_ANNOTATION = "workflows.argoproj.io/pod-name-format"
_MAX_NAME = 253
_HASH_LENGTH = 10
_DISPLAY_NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9-.]{0,61}[a-zA-Z0-9]$")


@lru_cache(maxsize=65536)
def fnv1a(text: str) -> int:
    """The 32-bit FNV-1a hash of the text's UTF-8 bytes."""
    value = 0x811C9DC5
    for byte in text.encode("utf-8", "surrogatepass"):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def node_id(workflow: str, name: str) -> str:
    """The id of the node called `name`: the workflow's own name for the root, else name-hash."""
    return workflow if name == workflow else f"{workflow}-{fnv1a(name)}"


def pod_name(workflow: str, node: str, template: str, node_identity: str, version: str = "v2") -> str:
    """The name of the pod of a node. `version` is v1 (the node id) or v2 (with the template's name)."""
    if version == "v1":
        return node_identity
    if node == workflow:
        return workflow
    prefix = f"{workflow}-{template}" if template else workflow
    return f"{prefix[: _MAX_NAME - _HASH_LENGTH - 1]}-{fnv1a(node)}"


def group_name(parent: str, index: int) -> str:
    """The step group `index` of a steps node."""
    return f"{parent}[{index}]"


def child_name(parent: str, name: str) -> str:
    """A step within its group, a task within its DAG, or a container within its pod."""
    return f"{parent}.{name}"


def attempt_name(parent: str, index: int) -> str:
    """Attempt `index` (from 0) of a retried node."""
    return f"{parent}({index})"


def exit_name(parent: str) -> str:
    """The exit handler of a node or of the workflow."""
    return f"{parent}.onExit"


def hook_name(parent: str, hook: str) -> str:
    """A lifecycle hook of a node or of the workflow, other than `exit`."""
    return f"{parent}.hooks.{hook}"


def carrier_name(hook: str) -> str:
    """The node that carries the hook or exit handler of this name."""
    return hook.removesuffix(".onExit") if hook.endswith(".onExit") else hook.rsplit(".hooks.", 1)[0]


def item_name(name: str, index: int, description: str) -> str:
    """A loop's iteration: the description loses its parentheses, so that the suffix can be found again."""
    return f"{name}({index}:{description.replace('(', '').replace(')', '')})"


def display_name(name: str, boundary: str) -> str:
    """What renderers show: the name without its boundary's name, a leading `[i].` and a leading dot."""
    if boundary and name.startswith(boundary):
        name = name[len(boundary) :]
        if name.startswith("["):
            index = re.match(r"^\[\d+\]\.", name)
            return name[index.end() :] if index else name
        return name.removeprefix(".")
    return name


def is_display_name(text: str) -> bool:
    """Whether the annotation `workflows.argoproj.io/display-name` may say this."""
    return bool(_DISPLAY_NAME.match(text))


def task_of(name: str, boundary: str) -> str:
    """The step or task that a node belongs to, without loop index, attempt or hook."""
    return display_name(name, boundary).split("(", 1)[0]


def item_index(name: str) -> int:
    """The index in a loop child's name `x(12:foo)`, or -1."""
    found = re.search(r"\((\d+):[^()]*\)(?:\(\d+\))?$", name)
    return int(found.group(1)) if found else -1


def claim_name(workflow: str, template: str) -> str:
    """The PersistentVolumeClaim of a volume claim template."""
    return f"{workflow}-{template}"
