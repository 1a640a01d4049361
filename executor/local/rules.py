"""`local.rules`: which runtime, and which image, a pod gets by its template or its images. The first rule that matches counts.

local:
  rules:
    - {image: "*/kaniko*", runtime: mock}
    - {template: "smoke-*", use: docker.io/library/alpine:3.20}
    - {template: train, runtime: container}
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from argolint.errors import UserError

Object = dict[str, Any]
RUNTIMES = ("process", "container", "mock")
KEYS = ("template", "image", "runtime", "use")
ARGOEXEC = ("init", "wait")  # argoexec's own containers


class Rule(NamedTuple):
    """One rule: globs of template and image (empty: any), and what they get (empty: as it is)."""

    template: str = ""
    image: str = ""
    runtime: str = ""
    use: str = ""


def parse(value: Any, place: str) -> tuple[Rule, ...]:
    """The rules of a configuration. Raises UserError."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise UserError(
            f"{place} must be a list of rules", 'write it as [{image: "*/kaniko*", runtime: mock}]'
        )
    rules = []
    for index, item in enumerate(value):
        where = f"{place}[{index}]"
        if not isinstance(item, Mapping) or not all(isinstance(v, str) for v in item.values()):
            raise UserError(f"{where} must be a mapping of strings", f"known keys: {', '.join(KEYS)}")
        unknown = sorted(set(map(str, item)) - set(KEYS))
        if unknown:
            raise UserError(
                f"{where} has unknown keys: {', '.join(unknown)}", f"known keys: {', '.join(KEYS)}"
            )
        rule = Rule(**{str(k): v for k, v in item.items()})
        if not (rule.template or rule.image) or not (rule.runtime or rule.use):
            raise UserError(f"{where} says too little", "give template or image, and runtime or use")
        if rule.runtime and rule.runtime not in RUNTIMES:
            raise UserError(f"{where}.runtime is {rule.runtime!r}", f"use one of {', '.join(RUNTIMES)}")
        rules.append(rule)
    return tuple(rules)


def from_words(words: Sequence[str]) -> tuple[Rule, ...]:
    """The rules of `-P IMAGE=RUNTIME` and `-P IMAGE=IMAGE`; `template:NAME` in the place of the first IMAGE. Raises UserError."""
    rules = []
    for word in words:
        pattern, equals, what = word.rpartition("=")
        if not equals or not pattern or not what:
            raise UserError(
                f"-P {word!r} is not IMAGE=RUNTIME or IMAGE=IMAGE",
                "write -P '*/kaniko*=mock' or -P 'old:*=alpine:3.20'",
            )
        meant = {"template": pattern[9:]} if pattern.startswith("template:") else {"image": pattern}
        rules.append(Rule(**meant, **({"runtime": what} if what in RUNTIMES else {"use": what})))
    return tuple(rules)


def images_of(pod: Object) -> list[str]:
    """The images of the user's containers of a pod."""
    containers = (pod.get("spec") or {}).get("containers") or []
    return [str(c.get("image") or "") for c in containers if c.get("name") not in ARGOEXEC]


def matching(rules: Sequence[Rule], template: str, images: Sequence[str]) -> Rule | None:
    """The rule for a pod, if there is one."""
    for rule in rules:
        if rule.template and not fnmatchcase(template, rule.template):
            continue
        if rule.image and not any(_is_image(image, rule.image) for image in images):
            continue
        return rule
    return None


def _is_image(image: str, pattern: str) -> bool:
    from executor.runtimes.images import repository, short_name

    return any(fnmatchcase(name, pattern) for name in (image, short_name(image), repository(image)))


def with_image(pod: Object, rule: Rule) -> Object:
    """The pod with the image that a rule wants in the place of those that it is for."""
    if not rule.use:
        return pod
    spec = pod["spec"]

    def changed(container: Object) -> Object:
        meant = container.get("name") not in ARGOEXEC and (
            not rule.image or _is_image(str(container.get("image")), rule.image)
        )
        return {**container, "image": rule.use} if meant else container

    return {**pod, "spec": {**spec, "containers": [changed(c) for c in spec["containers"]]}}


class Router:
    """Applies rules to pods; runtimes are chosen when they are first needed."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._runtimes: dict[str, Any] = {}

    def route(self, pod: Object) -> tuple[Object, Any]:
        """(the pod with its image, the runtime or None for the run's own). UserError: the runtime does not work here."""
        from executor.engine.simulate import template_of

        name = (
            str(template_of(pod).get("name") or "") if (pod.get("spec") or {}).get("initContainers") else ""
        )
        rule = matching(self.rules, name, images_of(pod))
        if rule is None:
            return pod, None
        return with_image(pod, rule), self._runtime(rule.runtime) if rule.runtime else None

    def runner(self, pod: Object, runner: Any) -> tuple[Object, Any]:
        """(the pod with its image, the PodRunner for it: the given one, or its like with another runtime)."""
        pod, runtime = self.route(pod)
        if runtime is None:
            return pod, runner
        other = copy.copy(runner)
        other.runtime = runtime
        return pod, other

    def check(self) -> None:
        """Choose every runtime now. UserError: one does not work here."""
        for rule in self.rules:
            if rule.runtime:
                self._runtime(rule.runtime)

    def _runtime(self, name: str) -> Any:
        from executor.runtimes.probe import choose

        if name not in self._runtimes:
            self._runtimes[name] = choose(name).runtime
        return self._runtimes[name]
