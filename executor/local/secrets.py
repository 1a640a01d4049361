"""Secrets of a local run: which ones it needs and where, and where their values come from.

Later sources win: manifests of the tree, the user's own file (see `executor.local.usersecrets`), secret files, the environment
(ARGOLINT_SECRET_NAME__KEY), `-s name/key=value`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from argolint.errors import UserError
from executor.engine.contract import Context
from executor.local.documents import objects_in, read_text
from executor.local.objects import ObjectStore

Object = Mapping[str, Any]
PREFIX = "ARGOLINT_SECRET_"
DEFAULT_FILE = Path(".argolint") / "secrets.env"
CANNOT_RUN = 4
# The stores that are a directory here: their credentials are not needed, unless the real ones are asked for.
REMOTE_STORES = frozenset({"s3", "gcs", "azure", "oss", "hdfs", "artifactory"})
_TAG = "{{"


class Need(NamedTuple):
    """A Secret's key that something uses; an empty `key` is the whole Secret."""

    name: str
    key: str
    place: str
    optional: bool = False


class Given(NamedTuple):
    """What the command line says about secrets."""

    files: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    dummy: bool = False


# --- what is needed -------------------------------------------------------------------------------------


def needs_of(value: Any, place: str, *, stores: bool = False) -> Iterator[Need]:
    """Every use of a Secret inside an object; `stores` counts the credentials of artifact stores too."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            label = item.get("name") if isinstance(item, dict) else None
            yield from needs_of(item, f"{place}[{label if isinstance(label, str) else index}]", stores=stores)
        return
    if not isinstance(value, dict):
        return
    for field, inner in value.items():
        here = f"{place}.{field}"
        if field in REMOTE_STORES and not stores:
            continue
        if isinstance(inner, dict) and isinstance(inner.get("name"), str) and _is_key_reference(field, inner):
            yield Need(inner["name"], str(inner["key"]), here, bool(inner.get("optional")))
        elif field == "secretRef" and isinstance(inner, dict) and isinstance(inner.get("name"), str):
            yield Need(inner["name"], "", here, bool(inner.get("optional")))
        elif field == "secret" and isinstance(inner, dict):
            yield from _volume(inner, here)
        else:
            yield from needs_of(inner, here, stores=stores)


def _is_key_reference(field: str, inner: Object) -> bool:
    return isinstance(inner.get("key"), str) and (field == "secretKeyRef" or field.endswith("Secret"))


def _volume(source: Object, place: str) -> Iterator[Need]:
    name = source.get("secretName") or source.get("name")
    if not isinstance(name, str):
        return
    optional = bool(source.get("optional"))
    keys = [str(i.get("key")) for i in _items(source.get("items"))]
    for key in keys or [""]:
        yield Need(name, key, place, optional)


def reachable(workflow: Object, context: Context) -> Iterator[tuple[str, Object]]:
    """(place, template) of every template that a run of this workflow can come to, and the specs around them."""
    namespace = str((workflow.get("metadata") or {}).get("namespace") or "default")
    spec = workflow.get("spec") or {}
    label = f"Workflow {(workflow.get('metadata') or {}).get('name', '')}"
    reference = spec.get("workflowTemplateRef")
    if isinstance(reference, dict):
        found = _referred(context, namespace, reference.get("name"), bool(reference.get("clusterScope")))
        if found is not None:
            base = found.get("spec") or {}
            spec = {**_mapping(base), **{k: v for k, v in spec.items() if v}}
            label = f"{found.get('kind')} {reference.get('name')}"
    yield from _walk(label, spec, namespace, context)


def _mapping(value: Any) -> Object:
    """A mapping, or an empty one in the place of what a manifest should not have there."""
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> list[Object]:
    """The mappings of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _walk(label: str, spec: Object, namespace: str, context: Context) -> Iterator[tuple[str, Object]]:
    outer = {k: v for k, v in spec.items() if k not in ("templates", "volumes")}
    yield f"{label}: spec", outer
    todo: list[tuple[str, Object, str]] = [(label, spec, str(spec.get("entrypoint") or ""))]
    todo += [(label, spec, name) for name in _called(outer)]
    seen: set[tuple[str, str]] = set()
    while todo:
        here, around, name = todo.pop()
        if (here, name) in seen:
            continue
        seen.add((here, name))
        for template in _items(around.get("templates")):
            if template.get("name") != name and _TAG not in name:
                continue
            yield f"{here}: {template.get('name')}", template
            yield from _volumes_used(here, around, template)
            todo += [(here, around, other) for other in _called(template)]
            for reference in _references(template):
                cluster = bool(reference.get("clusterScope"))
                found = _referred(context, namespace, reference.get("name"), cluster)
                if found is not None:
                    kind = f"{found.get('kind')} {reference.get('name')}"
                    todo.append((kind, _mapping(found.get("spec")), str(reference.get("template") or "")))


def _volumes_used(label: str, spec: Object, template: Object) -> Iterator[tuple[str, Object]]:
    mounted = {str(m.get("name")) for m in _mounts(template)}
    volumes = [v for v in _items(spec.get("volumes")) if str(v.get("name")) in mounted]
    if volumes:
        yield f"{label}: spec", {"volumes": volumes}


def _mounts(value: Any) -> Iterator[Object]:
    if isinstance(value, dict):
        for field, inner in value.items():
            if field == "volumeMounts" and isinstance(inner, list):
                yield from (m for m in inner if isinstance(m, dict))
            else:
                yield from _mounts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _mounts(inner)


def _called(value: Any) -> list[str]:
    """The names of templates that steps, tasks and hooks call by name."""
    found: list[str] = []
    if isinstance(value, dict):
        for field, inner in value.items():
            if field in ("template", "onExit") and isinstance(inner, str):
                found.append(inner)
            else:
                found += _called(inner)
    elif isinstance(value, list):
        for inner in value:
            found += _called(inner)
    return found


def _references(value: Any) -> Iterator[Object]:
    if isinstance(value, dict):
        for field, inner in value.items():
            if field == "templateRef" and isinstance(inner, dict):
                yield inner
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _referred(context: Context, namespace: str, name: Any, cluster: bool) -> Object | None:
    if cluster:
        return context.cluster_workflow_templates.get(str(name))
    return context.workflow_templates.get((namespace, str(name)))


def needs(workflows: Iterable[Object], context: Context, *, stores: bool = False) -> list[Need]:
    """What these workflows need, each name and key with all of its places, in order of names."""
    found: dict[Need, None] = {}
    made = ""  # manifests that steps create: a Secret that they name is not missed beforehand
    for workflow in workflows:
        for place, template in reachable(workflow, context):
            made += str(_mapping(template.get("resource")).get("manifest") or "")
            for need in needs_of(template, place, stores=stores):
                if _TAG not in need.name + need.key:
                    found.setdefault(need)
    return sorted(need for need in found if need.name not in made)


# --- where values come from -----------------------------------------------------------------------------


def variable(name: str, key: str) -> str:
    """The environment variable of a Secret's key."""
    return f"{PREFIX}{_upper(name)}__{_upper(key)}"


def _upper(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", text.upper())


def read_file(path: str) -> dict[tuple[str, str], str]:
    """(name, key) -> value of a secret file: Secret manifests, lines `name/key=value`, or a directory of files NAME/KEY.

    Raises UserError.
    """
    if Path(path).is_dir():
        from executor.local.usersecrets import from_directory

        return from_directory(Path(path))
    text = read_text(Path(path))
    if re.search(r"^kind:", text, re.MULTILINE) or text.lstrip().startswith("{"):
        return _from_manifests(path, text)
    found: dict[tuple[str, str], str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, key, value = _word(line.strip(), f"{path}:{number}")
        found[name, key] = value or ""
    return found


def _from_manifests(path: str, text: str) -> dict[tuple[str, str], str]:
    from executor.runtimes.podenv import ConfigError, decode_secret

    found: dict[tuple[str, str], str] = {}
    for obj in objects_in(path, text):
        if obj.get("kind") != "Secret":
            raise UserError(
                f"{path} has a {obj.get('kind')}", "a secret file holds Secrets, or name/key=value lines"
            )
        name = str((obj.get("metadata") or {}).get("name") or "")
        try:
            for key, value in decode_secret(obj).items():
                found[name, key] = value.decode("utf-8", "surrogateescape")
        except ConfigError as error:
            raise UserError(f"{path}: {error}") from None
    return found


def _word(word: str, place: str) -> tuple[str, str, str | None]:
    """`name/key=value` or `name/key` in parts. Raises UserError."""
    target, equals, value = word.partition("=")
    name, slash, key = target.strip().partition("/")
    if not slash or not name or not key or (not equals and place != "-s"):
        shown = target if equals else "..."
        raise UserError(f"{place}: {shown!r} is not NAME/KEY=VALUE", "write my-secret/password=value")
    return name, key, value if equals else None


def _ask(name: str, key: str) -> str:
    if not sys.stdin.isatty():
        raise UserError(
            f"-s {name}/{key} has no value and there is no terminal to ask on", "write -s name/key=value"
        )
    import getpass

    return getpass.getpass(f"{name}/{key}: ")


def tracked_by_git(path: Path) -> bool:
    """Whether a file is under version control."""
    try:
        done = subprocess.run(
            ["git", "ls-files", "--error-unmatch", path.name], cwd=path.parent or ".", capture_output=True, timeout=20,
            check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def values(given: Given, needed: Sequence[Need], environ: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """(name, key) -> value from files, the environment and words. Raises UserError."""
    from executor.local.usersecrets import of_the_user

    found = of_the_user(environ)
    files = list(given.files)
    if not files and DEFAULT_FILE.is_file():
        files = [str(DEFAULT_FILE)]
    for file in files:
        if tracked_by_git(Path(file)):
            raise UserError(
                f"{file} holds secrets and is tracked by Git", f"git rm --cached {file}, and ignore it"
            )
        found.update(read_file(file))
    variables = {n: v for n, v in environ.items() if n.startswith(PREFIX)}
    for need in needed:
        if need.key and variable(need.name, need.key) in variables:
            found[need.name, need.key] = variables[variable(need.name, need.key)]
        elif not need.key:
            start = f"{PREFIX}{_upper(need.name)}__"
            found.update(
                {(need.name, n[len(start) :]): v for n, v in variables.items() if n.startswith(start)}
            )
    for word in given.words:
        name, key, value = _word(word, "-s")
        found[name, key] = value if value is not None else _ask(name, key)
    return found


def provide(
    store: ObjectStore,
    spaces: Iterable[str],
    given: Given,
    needed: Sequence[Need],
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Put the given values into the store's Secrets, beside what the tree has; dummies for the rest if asked. Raises UserError."""
    found = values(given, needed, environ)
    for space in sorted(spaces):
        if given.dummy:
            have = _present(store, space)
            for need in needed:
                pair = (need.name, need.key or "dummy")
                if (
                    pair not in have
                    and pair not in found
                    and not (not need.key and need.name in {n for n, _ in have})
                ):
                    found[pair] = f"dummy-{need.name}-{need.key}".rstrip("-")
        for (name, key), value in found.items():
            secret = store.get("v1", "Secret", space, name) or {
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": space},
            }  # fmt: skip
            secret["stringData"] = {**(secret.get("stringData") or {}), key: value}
            store.put(secret)


def _present(store: ObjectStore, space: str) -> set[tuple[str, str]]:
    found = set()
    for secret in store.list("Secret"):
        if secret["metadata"].get("namespace") == space:
            for field in ("data", "stringData"):
                found |= {(secret["metadata"]["name"], str(key)) for key in secret.get(field) or {}}
    return found


def missing(store: ObjectStore, space: str, needed: Sequence[Need]) -> list[Need]:
    """The needs that nothing in the store fulfils (optional ones are not missed)."""
    have = _present(store, space)
    names = {s["metadata"]["name"] for s in store.list("Secret") if s["metadata"].get("namespace") == space}
    return [
        need
        for need in needed
        if not need.optional and ((need.name, need.key) not in have if need.key else need.name not in names)
    ]


def report(lacking: Sequence[Need]) -> list[str]:
    """One block a name and key, its places below."""
    by_key: dict[tuple[str, str], list[str]] = {}
    for need in lacking:
        by_key.setdefault((need.name, need.key), []).append(need.place)
    lines: list[str] = []
    for (name, key), places in sorted(by_key.items()):
        lines.append(f"{name}/{key}" if key else name)
        lines += [f"    {place}" for place in places]
    return lines


def preflight(store: ObjectStore, workflows: Sequence[Object], needed: Mapping[str, Sequence[Need]]) -> None:
    """UserError that lists every missing Secret and key with the places that need it; `needed` is by namespace."""
    lacking: list[Need] = []
    for space, wanted in needed.items():
        lacking += missing(store, space, wanted)
    if lacking:
        lines = report(list(dict.fromkeys(lacking)))
        raise UserError(
            "nothing was run, secrets are missing:\n  " + "\n  ".join(lines),
            "give them by --secret-file FILE, -s name/key=value or ARGOLINT_SECRET_NAME__KEY; "
            "`argorun secrets init` writes a file to fill in, --dummy-secrets makes values up",
            exit_code=CANNOT_RUN,
        )


_SECRETIVE = re.compile(r"TOKEN|SECRET|PASSW|CREDENTIAL|_KEY$|_PAT$|AUTH", re.IGNORECASE)


def among(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables whose names say that they are secrets, as `env/NAME` -> value."""
    return {f"env/{name}": value for name, value in environment.items() if _SECRETIVE.search(name)}


def known_values(store: ObjectStore) -> dict[str, str]:
    """`name/key` -> value of every Secret in the store."""
    from executor.runtimes.podenv import ConfigError, decode_secret

    found: dict[str, str] = {}
    for secret in store.list("Secret"):
        try:
            for key, value in decode_secret(secret).items():
                found[f"{secret['metadata']['name']}/{key}"] = value.decode("utf-8", "replace")
        except ConfigError:
            continue
    return found
