"""A container's environment, as a kubelet makes it: valueFrom, envFrom, and $(NAME) references."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Object = Mapping[str, Any]
Lookup = Callable[[str, str], "Object | None"]

_REFERENCE = re.compile(r"\$(?:\$|\(([^()]*)\))")


class ConfigError(Exception):
    """A pod refers to something that is not there. The text is what a kubelet would say."""


def expand(text: str, env: Mapping[str, str]) -> str:
    """Replace $(NAME) by the variable, leave unknown names, and read `$$` as `$` before a parenthesis."""

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if name is None:
            return "$"
        return env.get(name, match.group(0))

    return _REFERENCE.sub(replace, text) if "$" in text else text


def decode_secret(secret: Object) -> dict[str, bytes]:
    """The keys of a Secret as bytes; `stringData` wins over `data`. Raises ConfigError for bad base64."""
    import base64
    import binascii

    name = (secret.get("metadata") or {}).get("name", "")
    values: dict[str, bytes] = {}
    for key, text in (secret.get("data") or {}).items():
        try:
            values[key] = base64.b64decode(text or "", validate=False)
        except (binascii.Error, ValueError, TypeError):
            raise ConfigError(f'secret "{name}": the value of "{key}" is not base64') from None
    for key, text in (secret.get("stringData") or {}).items():
        values[key] = str(text).encode()
    return values


def decode_config_map(config_map: Object) -> dict[str, bytes]:
    """The keys of a ConfigMap as bytes (`data` and `binaryData`)."""
    import base64

    values = {key: str(text).encode() for key, text in (config_map.get("data") or {}).items()}
    for key, text in (config_map.get("binaryData") or {}).items():
        values[key] = base64.b64decode(text or "")
    return values


class Sources:
    """Where a pod's environment and volumes take their values from."""

    def __init__(
        self, pod: Object, lookup_secret: Lookup, lookup_config_map: Lookup, *, pod_ip: str, uid: str
    ) -> None:
        self.pod = pod
        self.namespace: str = pod["metadata"].get("namespace") or "default"
        self._secret = lookup_secret
        self._config_map = lookup_config_map
        self._pod_ip = pod_ip
        self._uid = uid

    def secret(self, name: str, *, optional: bool = False) -> dict[str, bytes] | None:
        """The keys of a Secret; None when it is optional and absent. Raises ConfigError."""
        found = self._secret(self.namespace, name)
        if found is None:
            if optional:
                return None
            raise ConfigError(f'secret "{name}" not found')
        return decode_secret(found)

    def config_map(self, name: str, *, optional: bool = False) -> dict[str, bytes] | None:
        """The keys of a ConfigMap; None when it is optional and absent. Raises ConfigError."""
        found = self._config_map(self.namespace, name)
        if found is None:
            if optional:
                return None
            raise ConfigError(f'configmap "{name}" not found')
        return decode_config_map(found)

    def field(self, path: str) -> str:
        """A downward API field. Raises ConfigError for a field that does not exist."""
        meta = self.pod["metadata"]
        spec = self.pod.get("spec") or {}
        match = re.fullmatch(r"metadata\.(labels|annotations)\['([^']*)'\]", path)
        if match:
            return str((meta.get(match.group(1)) or {}).get(match.group(2), ""))
        if path in ("metadata.labels", "metadata.annotations"):
            items = (meta.get(path.split(".")[1]) or {}).items()
            return "\n".join(f'{key}="{_quote(str(value))}"' for key, value in sorted(items))
        values = {
            "metadata.name": meta.get("name", ""),
            "metadata.namespace": self.namespace,
            "metadata.uid": self._uid,
            "spec.nodeName": spec.get("nodeName") or "localhost",
            "spec.serviceAccountName": spec.get("serviceAccountName") or "default",
            "status.hostIP": "127.0.0.1",
            "status.hostIPs": "127.0.0.1",
            "status.podIP": self._pod_ip,
            "status.podIPs": self._pod_ip,
        }
        if path not in values:
            raise ConfigError(f"unsupported fieldPath: {path}")
        return str(values[path])


def _quote(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape").replace("\0", "")


def _resource_field(container: Object, reference: Object) -> str:
    from math import ceil

    name = reference.get("resource", "")
    kind, _, resource = name.partition(".")
    amount = ((container.get("resources") or {}).get(kind) or {}).get(resource)
    value = quantity(str(amount)) if amount is not None else 0.0
    divisor = quantity(str(reference.get("divisor") or "1")) or 1.0
    return str(ceil(value / divisor))


_SUFFIXES = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip


def quantity(text: str) -> float:
    """A Kubernetes quantity as a number; ConfigError when it is none."""
    match = re.fullmatch(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([A-Za-z]*)", text.strip())
    if not match or match.group(2) not in _SUFFIXES:
        raise ConfigError(f"not a quantity: {text!r}")
    try:
        return float(match.group(1)) * _SUFFIXES[match.group(2)]
    except ValueError:
        raise ConfigError(f"not a quantity: {text!r}") from None


def _value_from(source: Object, container: Object, sources: Sources) -> str | None:
    """The value of one `valueFrom`; None leaves the variable unset (optional and absent)."""
    if ref := source.get("fieldRef"):
        return sources.field(ref.get("fieldPath", ""))
    if ref := source.get("resourceFieldRef"):
        return _resource_field(container, ref)
    for key, kind, lookup in (
        ("secretKeyRef", "Secret", sources.secret),
        ("configMapKeyRef", "ConfigMap", sources.config_map),
    ):
        if ref := source.get(key):
            optional = bool(ref.get("optional"))
            values = lookup(ref.get("name", ""), optional=optional)
            if values is None:
                return None
            if ref.get("key") not in values:
                if optional:
                    return None
                raise ConfigError(
                    f"couldn't find key {ref.get('key')} in {kind} {sources.namespace}/{ref.get('name')}"
                )
            return _text(values[ref["key"]])
    return ""


def environment(container: Object, base: Mapping[str, str], sources: Sources) -> dict[str, str]:
    """The variables of one container: `base` (the image's), envFrom, then env in order. Raises ConfigError."""
    env = dict(base)
    for entry in container.get("envFrom") or []:
        prefix = entry.get("prefix") or ""
        for key, lookup in (("secretRef", sources.secret), ("configMapRef", sources.config_map)):
            if ref := entry.get(key):
                values = lookup(ref.get("name", ""), optional=bool(ref.get("optional"))) or {}
                env.update({prefix + name: _text(value) for name, value in values.items()})
    for entry in container.get("env") or []:
        name = entry.get("name", "")
        if entry.get("valueFrom"):
            value = _value_from(entry["valueFrom"], container, sources)
            if value is not None:
                env[name] = value
        else:
            env[name] = expand(str(entry.get("value") or ""), env)
    return env
