"""Which Pod Security Standard the pods of a spec need, and what asks for it (Kubernetes docs: Pod Security Standards)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from argolint.analysis.security import Pod, pods_of
from argolint.model.view import Span, View
from argolint.model.workflow import WorkflowSpec

# From the strictest to the one that allows everything.
LEVELS = ("restricted", "baseline", "privileged")

_BASELINE_CAPABILITIES = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP",
     "SETUID", "SYS_CHROOT"}
)  # fmt: skip
_RESTRICTED_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
_SAFE_SYSCTLS = frozenset(
    {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies",
     "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
     "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"}
)  # fmt: skip
_SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})


class Demand(NamedTuple):
    """A setting, and the strictest level that still takes it."""

    level: str
    what: str
    at: Span


def demands(spec: WorkflowSpec) -> Iterator[Demand]:
    """Every setting of a spec that the level `restricted` refuses, as it is written; what is only missing is not among them."""
    for pod in pods_of(spec):
        yield from _of_pod(pod)
        for container in pod.containers:
            yield from _of_container(container)


def _of_pod(pod: Pod) -> Iterator[Demand]:
    view = pod.view
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if view.get(key) is True:
            yield Demand("privileged", f"`{key}`", view.value_span(key))
    for volume in view.items("volumes"):
        kinds = [str(key) for key in volume.map if key != "name"]
        if "hostPath" in kinds:
            yield Demand("privileged", "a `hostPath` volume", volume.key_span("hostPath"))
        elif kinds and kinds[0] not in _RESTRICTED_VOLUMES:
            yield Demand("baseline", f"a volume of type `{kinds[0]}`", volume.key_span(kinds[0]))
    context = view.mapping("securityContext")
    for sysctl in context.items("sysctls"):
        if sysctl.text("name") not in _SAFE_SYSCTLS:
            yield Demand("privileged", f"the sysctl `{sysctl.text('name')}`", sysctl.value_span("name"))
    yield from _of_context(context)


def _of_container(view: View) -> Iterator[Demand]:
    for port in view.items("ports"):
        if port.get("hostPort"):
            yield Demand("privileged", "a `hostPort`", port.value_span("hostPort"))
    context = view.mapping("securityContext")
    if context.get("privileged") is True:
        yield Demand("privileged", "`privileged`", context.value_span("privileged"))
    if context.text("procMount") == "Unmasked":
        yield Demand("privileged", "`procMount: Unmasked`", context.value_span("procMount"))
    if context.get("allowPrivilegeEscalation") is True:
        yield Demand("baseline", "`allowPrivilegeEscalation`", context.value_span("allowPrivilegeEscalation"))
    capabilities = context.mapping("capabilities")
    for index, name in enumerate(capabilities.sequence("add")):
        if isinstance(name, str) and name != "NET_BIND_SERVICE":
            level = "baseline" if name in _BASELINE_CAPABILITIES else "privileged"
            yield Demand(level, f"the capability `{name}`", capabilities.item_span("add", index))
    yield from _of_context(context)


def _of_context(context: View) -> Iterator[Demand]:
    """What a pod's and a container's security context have in common."""
    if not context.map:
        return
    for key in ("seccompProfile", "appArmorProfile"):
        if context.mapping(key).text("type") == "Unconfined":
            yield Demand("privileged", f"`{key}: Unconfined`", context.mapping(key).value_span("type"))
    selinux = context.mapping("seLinuxOptions")
    if selinux.text("type") not in _SELINUX_TYPES or selinux.get("user") or selinux.get("role"):
        yield Demand("privileged", "`seLinuxOptions`", context.key_span("seLinuxOptions"))
    if context.mapping("windowsOptions").get("hostProcess") is True:
        yield Demand("privileged", "`hostProcess`", context.key_span("windowsOptions"))
    if context.get("runAsNonRoot") is False:
        yield Demand("baseline", "`runAsNonRoot: false`", context.value_span("runAsNonRoot"))
    if _is_zero(context.get("runAsUser")):
        yield Demand("baseline", "`runAsUser: 0`", context.value_span("runAsUser"))


def _is_zero(value: Any) -> bool:
    return value == 0 and not isinstance(value, bool)


def lacks(spec: WorkflowSpec) -> list[str]:
    """What `restricted` requires and some pod of a spec does not say, in words; [] when all is there."""
    found: dict[str, None] = {}
    for pod in pods_of(spec):
        for container in pod.containers:
            contexts = [
                container.mapping("securityContext"),
                pod.view.mapping("securityContext"),
                spec.mapping("securityContext"),
            ]
            if _first(contexts, "runAsNonRoot") is not True:
                found["`runAsNonRoot: true`"] = None
            if not _first(contexts, "seccompProfile"):
                found["a `seccompProfile`"] = None
            if contexts[0].get("allowPrivilegeEscalation") is not False:
                found["`allowPrivilegeEscalation: false`"] = None
            if "ALL" not in contexts[0].mapping("capabilities").sequence("drop"):
                found["`capabilities: {drop: [ALL]}`"] = None
    return list(found)


def _first(contexts: list[View], key: str) -> Any:
    return next((one.get(key) for one in contexts if one.get(key) is not None), None)


def level_of(spec: WorkflowSpec) -> tuple[str, list[Demand], list[str]]:
    """The strictest level that a spec's pods fit, the settings that ask for it, and what is missing for `restricted`."""
    asked = list(demands(spec))
    level = max((one.level for one in asked), key=LEVELS.index, default="restricted")
    missing = lacks(spec)
    if level == "restricted" and missing:
        level = "baseline"
    return level, [one for one in asked if one.level == level], missing
