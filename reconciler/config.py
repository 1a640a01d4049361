"""The configuration file: what to read from Git and where to write it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from argolint._data import data_dir
from argolint.errors import UserError
from reconciler.opsconfig import (
    CommitStatus,
    Operation,
    Verify,
    Window,
    address,
    operation_of,
    seconds,
    status_of,
    verify_of,
    window_of,
)
from reconciler.secret import Secret
from reconciler.yamlpos import Positions, load_with_positions

DEFAULT_STATE = ".argolint/sync"


@dataclass(frozen=True)
class Auth:
    """Credentials of a source, as references, and files of trust."""

    username: str = ""
    password: Secret | None = None
    token: Secret | None = None
    ca_file: str = ""
    ssh_key_file: str = ""
    known_hosts: str = ""


@dataclass(frozen=True)
class Ref:
    """Which revision: `kind` is branch, tag, semver, commit, full (a whole ref name), short (branch or tag) or head."""

    kind: Literal["branch", "tag", "semver", "commit", "full", "short", "head"] = "head"
    value: str = ""

    def __str__(self) -> str:
        return self.value if self.kind in ("full", "short") else f"{self.kind} {self.value}".strip()


@dataclass(frozen=True)
class SourceConfig:
    """One source."""

    name: str
    url: str
    type: str = ""
    ref: Ref = field(default_factory=Ref)
    paths: tuple[str, ...] = ()
    include: tuple[str, ...] = ("*.yaml", "*.yml", "*.json")
    exclude: tuple[str, ...] = ()
    interval: float = 60.0
    timeout: float = 120.0
    max_file_bytes: int = 1 << 20
    auth: Auth = field(default_factory=Auth)
    verify: Verify = field(default_factory=Verify)
    non_fast_forward: str = "follow"
    commit_status: CommitStatus | None = None


@dataclass(frozen=True)
class Prune:
    """Whether and how much may be deleted."""

    enabled: bool = False
    max_percent: float = 20.0
    max_objects: int = 3
    drain_timeout: float = 3600.0


@dataclass(frozen=True)
class TargetConfig:
    """One target: a cluster, a namespace and the rules there."""

    name: str
    source: str
    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""
    kinds: tuple[str, ...] = ("WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")
    namespaces: tuple[str, ...] = ()
    others: str = "ignore"
    mode: str = "all-or-nothing"
    fail_on: str = "error"
    argo_version: str = ""
    instance_id: str = ""
    adopt: str = "if-no-conflict"
    drift: str = "revert"
    suspended_by_hand: str = "keep"
    surprise_runs: str = "allow"
    resync: float = 600.0
    settle: float = 2.0
    prune: Prune = field(default_factory=Prune)
    freeze: tuple[Window, ...] = ()
    fight_times: int = 5
    fight_within: float = 600.0
    events: bool = True
    failing_runs: int = 3


@dataclass(frozen=True)
class Config:
    """The whole file; paths are absolute."""

    state: Path
    sources: tuple[SourceConfig, ...]
    targets: tuple[TargetConfig, ...]
    operation: Operation = field(default_factory=Operation)

    def source(self, name: str) -> SourceConfig:
        """The source called `name`, which is known to exist."""
        return next(source for source in self.sources if source.name == name)


def load(path: str) -> Config:
    """Read and check a configuration file. Raises UserError naming file, line and key."""
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise UserError(
            f"{path}: no such file", "write one (docs/argosync.md shows how) or use --repo"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise UserError(f"{path}: {reason}", "give a readable YAML file") from error
    value, positions = load_with_positions(text, path)
    _check_schema(value, positions, path)
    return _config(value, file.resolve().parent, positions, path)


def shorthand(
    repo: str, path: str | None, ref: str | None, namespace: str | None, prune: bool, state: str | None
) -> Config:
    """The configuration that `--repo URL [--path P] [--ref R]` stands for."""
    here = Path.cwd()
    source = SourceConfig(
        name="repo",
        url=_location(repo, here),
        ref=_ref(ref) if ref else Ref(),
        paths=(_inner_path(path),) if path else (),
    )
    # The name is the label's value in the cluster: two repositories must never take each other's objects for their own.
    slug = re.sub(r"[^a-z0-9]+", "-", source.url.lower().rstrip("/").removesuffix(".git").rsplit("/", 1)[-1])
    mark = hashlib.sha256(f"{source.url}\n{source.paths}".encode()).hexdigest()[:8]
    target = TargetConfig(
        name=f"{slug.strip('-')[:40] or 'repo'}-{mark}",
        source="repo",
        namespace=namespace or "",
        namespaces=() if namespace else ("*",),
        prune=Prune(enabled=prune),
    )
    return Config((here / (state or DEFAULT_STATE)).resolve(), (source,), (target,))


def with_overrides(config: Config, kubeconfig: str | None, target: str | None) -> Config:
    """`config` with the kubeconfig of the command line, and only the target that it names."""
    targets = config.targets
    if target:
        targets = tuple(t for t in targets if t.name == target)
        if not targets:
            known = ", ".join(t.name for t in config.targets)
            raise UserError(f"there is no target {target!r}", f"the configuration has: {known}")
    if kubeconfig:
        where = str(Path(kubeconfig).expanduser().absolute())
        targets = tuple(replace(t, kubeconfig=where) for t in targets)
    return replace(config, targets=targets)


def looking_at(config: Config, ref: str | None, folder: str | None) -> Config:
    """`config` with another ref, or with a folder in place of every source: what a pull request would make of it."""
    sources = config.sources
    if folder:
        place = Path(folder).expanduser().absolute()
        if not place.is_dir():
            raise UserError(f"--from {folder}: no such folder", "name the checkout of the pull request")
        sources = tuple(replace(s, url=str(place), type="directory", ref=Ref(), auth=Auth()) for s in sources)
    elif ref:
        sources = tuple(replace(s, ref=_ref(ref)) for s in sources)
    return replace(config, sources=sources)


def _check_schema(value: Any, positions: Positions, path: str) -> None:
    import jsonschema

    schema = json.loads((data_dir("schemas") / "argosync-config.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    errors = sorted(validator.iter_errors(value), key=lambda e: positions.line(tuple(e.absolute_path)))
    if not errors:
        return
    lines = [_schema_message(error, positions, path) for error in errors[:10]]
    raise UserError(
        "\n".join(lines), "the keys are described in docs/argosync.md and schemas/argosync-config.json"
    )


def _schema_message(error: Any, positions: Positions, path: str) -> str:
    where = tuple(error.absolute_path)
    if error.validator == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        unknown = sorted(set(error.instance) - set(known))
        spot = (*where, unknown[0])
        names = ", ".join(map(str, unknown))
        return f"{path}:{positions.line(spot)}: {_dotted(where) or 'top level'}: unknown key {names} (known: {', '.join(known)})"
    message = error.message
    if error.validator == "required":
        message = f"{message.split(' ', 1)[0]} is missing"
    elif error.validator == "pattern" and "description" in error.schema:
        message = f"{error.instance!r} is not valid; {error.schema['description']}"
    elif error.validator == "type":
        message = f"must be {error.validator_value}, not {_type_name(error.instance)}"
    elif error.validator == "oneOf":
        message = str(error.schema.get("description", message))
    return f"{path}:{positions.line(where)}: {_dotted(where) or 'top level'}: {message}"


def _type_name(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _dotted(where: tuple[Any, ...]) -> str:
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _config(value: Any, base: Path, positions: Positions, path: str) -> Config:
    def fail(where: tuple[Any, ...], message: str, remedy: str) -> UserError:
        return UserError(f"{path}:{positions.line(where)}: {_dotted(where)}: {message}", remedy)

    for section in ("sources", "targets"):
        seen: dict[str, int] = {}
        for index, entry in enumerate(value[section]):
            if entry["name"] in seen:
                raise fail(
                    (section, index, "name"), f"{entry['name']} is used twice", "give each its own name"
                )
            seen[entry["name"]] = index
    sources = []
    for index, entry in enumerate(value["sources"]):
        try:
            sources.append(_source(entry, base))
        except UserError as error:
            raise fail(("sources", index, *_key_of(error, entry)), error.message, error.remedy) from error
    names = [source.name for source in sources]
    targets = []
    for index, entry in enumerate(value["targets"]):
        source = entry.get("source") or (names[0] if len(names) == 1 else "")
        if not source:
            raise fail(("targets", index), "source is missing", f"name one of: {', '.join(names)}")
        if source not in names:
            raise fail(
                ("targets", index, "source"), f"there is no source {source}", f"known: {', '.join(names)}"
            )
        try:
            targets.append(_target(entry, source, base))
        except UserError as error:
            raise fail(("targets", index, *_key_of(error, entry)), error.message, error.remedy) from error
    state = base / value.get("state", DEFAULT_STATE)
    try:
        operation = operation_of(value, lambda found: _secret(found, base), names)
        for listen in (operation.metrics, operation.webhooks):
            if listen:
                address(listen)
    except UserError as error:
        raise UserError(f"{path}: {error.message}", error.remedy) from error
    return Config(state, tuple(sources), tuple(targets), operation)


def _key_of(error: UserError, entry: dict[str, Any]) -> tuple[str, ...]:
    word = error.message.split(" ", 1)[0].split(".")[0]
    return (word,) if word in entry else ()


def _source(entry: dict[str, Any], base: Path) -> SourceConfig:
    auth = entry.get("auth") or {}
    url = _location(entry["url"], base)
    config = SourceConfig(
        name=entry["name"],
        url=url,
        type=entry.get("type", ""),
        ref=_ref(entry["ref"]) if "ref" in entry else Ref(),
        paths=tuple(p for p in map(_inner_path, entry.get("paths", ())) if p),
        include=tuple(entry.get("include", SourceConfig.include)),
        exclude=tuple(entry.get("exclude", ())),
        interval=seconds(entry.get("interval", "60s")),
        timeout=seconds(entry.get("timeout", "2m")),
        max_file_bytes=entry.get("max_file_bytes", SourceConfig.max_file_bytes),
        auth=Auth(
            username=auth.get("username", ""),
            password=_secret(auth.get("password"), base),
            token=_secret(auth.get("token"), base),
            ca_file=_file(auth.get("ca_file"), base),
            ssh_key_file=_file(auth.get("ssh_key_file"), base),
            known_hosts=_file(auth.get("known_hosts"), base),
        ),
        verify=verify_of(entry.get("verify"), lambda found: _file(found, base)),
        non_fast_forward=entry.get("non_fast_forward", "follow"),
        commit_status=status_of(entry.get("commit_status"), lambda found: _secret(found, base)),
    )
    if config.interval < 1:
        raise UserError("interval is below one second", "poll less often")
    if config.auth.token and config.auth.password:
        raise UserError("auth has both token and password", "keep one of them")
    if url.startswith("http://") and (config.auth.token or config.auth.password):
        host = re.match(r"http://(\[[^\]]*\]|[^/:]*)", url)
        if host and host.group(1) not in ("localhost", "127.0.0.1", "[::1]"):
            raise UserError("url is plain http, and `auth` would send the secret in the clear", "use https")
    if is_ssh(url) and not config.auth.known_hosts:
        raise UserError(
            "auth.known_hosts is missing: an ssh host is never trusted on first use",
            "write the host's key into a file (`ssh-keyscan HOST`, compared with what the host publishes) and name it",
        )
    return config


def _target(entry: dict[str, Any], source: str, base: Path) -> TargetConfig:
    allow = entry.get("allow") or {}
    prune = entry.get("prune") or {}
    plain = {
        k: entry[k]
        for k in [
            "context",
            "namespace",
            "others",
            "mode",
            "fail_on",
            "argo_version",
            "instance_id",
            "adopt",
            "drift",
            "suspended_by_hand",
            "surprise_runs",
            "events",
            "failing_runs",
        ]
        if k in entry
    }
    return TargetConfig(
        name=entry["name"],
        source=source,
        kubeconfig=_file(entry.get("kubeconfig"), base),
        kinds=tuple(allow.get("kinds", TargetConfig.kinds)),
        namespaces=tuple(allow.get("namespaces", ())),
        resync=seconds(entry.get("resync", "10m")),
        settle=seconds(entry.get("settle", "2s")),
        prune=Prune(
            enabled=prune.get("enabled", False),
            max_percent=prune.get("max_percent", 20.0),
            max_objects=prune.get("max_objects", 3),
            drain_timeout=seconds(prune.get("drain_timeout", "1h")),
        ),
        freeze=tuple(window_of(window) for window in entry.get("freeze", ())),
        fight_times=(entry.get("fight") or {}).get("times", 5),
        fight_within=seconds((entry.get("fight") or {}).get("within", "10m")),
        **plain,
    )


def _secret(value: dict[str, str] | None, base: Path) -> Secret | None:
    if value is None:
        return None
    return Secret(env=value["env"]) if "env" in value else Secret(file=_file(value["file"], base))


def _file(value: str | None, base: Path) -> str:
    return str(base / Path(value).expanduser()) if value else ""


def _inner_path(path: str) -> str:
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts:
        raise UserError(f"paths {path!r} leaves the repository", "name a folder inside it")
    return "/".join(parts)


def _ref(value: str | dict[str, str]) -> Ref:
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        ref = Ref(kind, text)  # type: ignore[arg-type]
    elif value.startswith("refs/"):
        ref = Ref("full", value)
    elif re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", value):
        ref = Ref("commit", value)
    elif value == "HEAD":
        ref = Ref()
    else:
        ref = Ref("short", value)
    if ref.kind in ("branch", "tag", "full", "short"):
        _check_ref_name(ref.value)
    if ref.kind == "semver":
        from reconciler.source.semver import compile_range

        try:
            compile_range(ref.value)
        except UserError as error:
            raise UserError(f"ref {error.message}", error.remedy) from error
    return ref


def _check_ref_name(name: str) -> None:
    bad = re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|/$|\.$|\.lock$", name)
    if bad:
        raise UserError(f"ref {name!r} is not a name that Git allows", "give a branch, a tag or a full ref")


def is_ssh(url: str) -> bool:
    """Whether `url` goes over ssh: ssh://… or the short form user@host:path."""
    return url.startswith("ssh://") or ("://" not in url and not url.startswith("/"))


def _location(url: str, base: Path) -> str:
    """`url` checked; a local path becomes absolute. Raises UserError."""
    if (re.search(r"[\x00-\x20\x7f]", url) and "://" in url) or re.search(r"[\x00-\x1f\x7f]", url):
        raise UserError("url contains blanks or control characters", "write it without them")
    if url.startswith("-"):
        raise UserError(f"url {url!r} begins with a hyphen", "give a path or a URL")
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)::?//|([A-Za-z][A-Za-z0-9+.-]*)::", url)
    if scheme:
        name = (scheme.group(1) or scheme.group(2)).lower()
        if "::" in url.split("/", 1)[0] or name not in ("file", "http", "https", "ssh"):
            raise UserError(
                f"url uses the transport {name}, which is not supported",
                "use a path, file://, https://, ssh:// or user@host:path",
            )
        if re.match(r"https?://[^/]*@", url) or re.match(r"ssh://[^/@]*:[^/@]*@", url):
            raise UserError(
                "url contains a user name or a password",
                "take it out and use `auth` (username, password or token from a variable or a file)",
            )
        if name == "ssh" and re.match(r"ssh://([^/@]*@)?-", url):
            raise UserError("url names a host that begins with a hyphen", "give a host name")
        return url
    if re.match(r"[A-Za-z0-9._-]+@[A-Za-z0-9.\[\]:-]+:(?!/?/)|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:/", url):
        if re.match(r"[^@]*@-|-", url):
            raise UserError("url names a host that begins with a hyphen", "give a host name")
        return url
    return str((base / Path(url).expanduser()).absolute())
