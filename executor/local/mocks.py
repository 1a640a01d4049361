"""Mocks of a test case as answers of the simulator: matching, attempts, checks against what templates declare."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from argolint.errors import UserError
from executor.engine.simulate import Answer, Ask, automatic
from executor.local.realsteps import RealSteps
from executor.local.testfile import Suite, Where
from executor.runtimes.containers import seconds_of

Object = Mapping[str, Any]
STATUS_INTERVAL = 5.0  # seconds between two looks at a resource's status, as upstream
_RUNS = frozenset({"container", "script", "containerSet", "http", "resource", "data"})
_ANSWER_KEYS = (
    "exitCode", "exitCodes", "phase", "message", "result", "after", "pending", "progress", "outputs", "statusCode", "body",
    "status", "resume",
)  # fmt: skip


def seconds(value: Any) -> float:
    """A duration of a test file in seconds."""
    return float(value) if isinstance(value, int | float) else seconds_of(str(value))


def text(value: Any) -> str:
    """A scalar of a test file as the string that a workflow sees."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def paths_of(name: str, display_name: str) -> list[str]:
    """What a node may be called: its full name, its dotted path below the workflow, its display name."""
    inner = re.sub(r"^[^.\[(]+", "", name)
    dotted = re.sub(r"\[\d+\]", "", inner).strip(".").replace("..", ".")
    return [name, dotted, display_name]


def meant(pattern: str, name: str, display_name: str) -> bool:
    """Whether a pattern means a node: word for word, or as a glob."""
    candidates = paths_of(name, display_name)
    return pattern in candidates or any(fnmatchcase(c, pattern) for c in candidates)


def _without_attempt(ask: Ask, node: Object) -> tuple[str, str]:
    if (node.get("nodeFlag") or {}).get("retried"):
        return ask.name.rsplit("(", 1)[0], ask.display_name.rsplit("(", 1)[0]
    return ask.name, ask.display_name


class Mocks:
    """The mocks of one case. Call it as the simulator's answers; `errors` and `unused` say what was wrong with them."""

    def __init__(
        self,
        file: Suite,
        mocks: Sequence[tuple[Object, Where]],
        unmocked: str,
        nodes: Callable[[], Mapping[str, Object]],
        real: RealSteps | None = None,
    ) -> None:
        """`nodes` gives the workflow's present nodes by id; `real` runs what a mock or `unmocked: run` wants run."""
        self._file = file
        self._mocks = list(mocks)
        self._unmocked = unmocked
        self._nodes = nodes
        self._real = real
        self._used: set[Where] = set()
        self.otherwise: Callable[[Ask], Answer | None] = automatic
        self.errors: list[str] = []
        self.asked: list[Ask] = []

    def __call__(self, ask: Ask) -> Answer | None:
        self.asked.append(ask)
        node = self._nodes().get(ask.node_id) or {}
        for mock, where in self._mocks:
            if self._matches(mock["match"], ask, node):
                self._used.add(where)
                return self._answer(mock, where, ask)
        if ask.kind == "suspend":
            return None
        if self._unmocked == "succeed":
            return self.otherwise(ask)
        if self._unmocked == "run":
            return self._run(ask, (), {}, f"{ask.name} has no mock")
        self._complain(
            f"{ask.name}: no mock answers for this node (template {ask.template_name}, kind {ask.kind}); "
            "add one, or say unmocked: succeed"
        )
        return Answer(phase="Error", exit_code=1, message="no mock for this node")

    def unused(self) -> list[str]:
        """The places of mocks that nothing asked for."""
        return [
            f"{self._file.place(where)}: unused mock"
            for mock, where in self._mocks
            if where not in self._used and not mock.get("optional")
        ]

    def wheres_used(self) -> set[Where]:
        """Which mocks answered."""
        return self._used

    def _complain(self, message: str) -> None:
        if message not in self.errors:
            self.errors.append(message)

    def _matches(self, match: Object, ask: Ask, node: Object) -> bool:
        name, display = _without_attempt(ask, node)
        reference = node.get("templateRef") or {}
        tests: dict[str, Callable[[str], bool]] = {
            "node": lambda p: meant(p, name, display) or meant(p, ask.name, ask.display_name),
            "template": lambda p: fnmatchcase(
                ask.template_name or str(node.get("templateName") or reference.get("template") or ""), p
            ),
            "templateRef": lambda p: fnmatchcase(
                f"{reference.get('name', '')}/{reference.get('template', '')}", p
            ),
            "image": lambda p: any(fnmatchcase(i, p) for i in images_of(ask.template)),
            "kind": lambda p: ask.kind == p,
            "manifestKind": lambda p: fnmatchcase(manifest_kind(ask.template), p),
            "item": lambda p: any(fnmatchcase(i, p) or i == p for i in items_of(name)),
        }
        return all(tests[field](str(pattern)) for field, pattern in match.items())

    def _answer(self, mock: Object, where: Where, ask: Ask) -> Answer | None:
        given: Object = mock
        if mock.get("attempts"):
            index = min(ask.attempt, len(mock["attempts"]) - 1)
            given, where = mock["attempts"][index], (*where, "attempts", index)
        own = {k: v for k, v in given.items() if k in _ANSWER_KEYS}
        if ask.kind == "suspend":
            return _resumed(own)
        if given.get("exec") is not None or given.get("spy"):
            stub = given.get("exec") or ()
            words = stub.split() if isinstance(stub, str) else [str(word) for word in stub]
            return self._run(ask, words, own, self._file.place(where))
        failed = bool(own.get("exitCode") or own.get("phase"))
        outputs = own.get("outputs") or {}
        result = own.get("result", outputs.get("result", own.get("body")))
        parameters = {str(k): text(v) for k, v in (outputs.get("parameters") or {}).items()}
        answer = Answer(
            exit_code=int(own.get("exitCode") or (1 if own.get("phase") else 0)),
            phase=str(own.get("phase") or ""),
            message=str(own.get("message") or ""),
            result=text(result) if result is not None else None,
            parameters=parameters,
            artifacts={str(k): self._location(v) for k, v in (outputs.get("artifacts") or {}).items()},
            progress=str(own.get("progress") or ""),
            after=seconds(own.get("after", 1)),
            pending=seconds(own.get("pending", 0)),
            status_code=int(own.get("statusCode") or 200),
            exit_codes={str(k): int(v) for k, v in (own.get("exitCodes") or {}).items()},
        )
        if own.get("status"):
            answer, failed = self._through_statuses(answer, own["status"], ask, where)
        return self._checked(answer, outputs, ask, where, failed)

    def _run(self, ask: Ask, stub: Sequence[str], own: Object, place: str) -> Answer:
        """An answer that is found by running the step, or a stub in its place."""
        wrong = None
        if self._real is None:
            wrong = "steps can be run in test cases only"
        elif ask.kind not in _RUNS or (stub and ask.kind not in ("container", "script", "containerSet")):
            wrong = f"a {ask.kind} template cannot be {'replaced by a program' if stub else 'run in a test'}"
        else:
            try:
                after, pending = seconds(own.get("after", 1)), seconds(own.get("pending", 0))
                return Answer(after=after, pending=pending, perform=self._real.performer(stub))
            except UserError as error:
                wrong = error.message
        self._complain(f"{place}: {wrong} ({ask.name}); give it a mock with an answer")
        return Answer(phase="Error", exit_code=1, message=wrong)

    def _location(self, value: Any) -> Object:
        """A mocked artifact's location; a file of the test is put there, for steps that really run."""
        if isinstance(value, Mapping):
            return value
        source = self._file.path.parent / str(value)
        if self._real is not None and source.exists():
            self._real.keep_artifact(str(value), source)
        return {"s3": {"key": str(value)}}

    def _through_statuses(
        self, answer: Answer, statuses: Sequence[Object], ask: Ask, where: Where
    ) -> tuple[Answer, bool]:
        """Walk a resource through its statuses until a condition decides."""
        from dataclasses import replace

        from argolint.language import selectors
        from argolint.language.errors import LanguageError
        from executor.runtimes.resources import ResourceError, _outputs

        resource = ask.template.get("resource") or {}
        success, failure = (
            str(resource.get("successCondition") or ""),
            str(resource.get("failureCondition") or ""),
        )
        base = _manifest(ask.template)
        for index, status in enumerate(statuses):
            found = {**base, "status": dict(status)}
            try:
                verdict = selectors.resource_outcome(success, failure, found)
                outputs = _outputs(dict(ask.template), found) if verdict == "succeeded" else {}
            except (LanguageError, ResourceError) as error:
                return replace(answer, exit_code=1, phase="Error", message=str(error)), True
            after = STATUS_INTERVAL * index + answer.after
            if verdict == "failed":
                return replace(
                    answer, exit_code=1, after=after, message=f"failure condition '{failure}' evaluated true"
                ), True
            if verdict == "succeeded":
                rendered = {
                    str(p["name"]): str(p.get("value"))
                    for p in outputs.get("parameters") or []
                    if "value" in p
                }
                return replace(answer, after=after, parameters={**rendered, **answer.parameters}), False
        place = self._file.place((*where, "status"))
        self._complain(f"{place}: {ask.name} meets neither condition in any of these statuses")
        return replace(answer, exit_code=1, phase="Error", message="meets neither condition"), True

    def _checked(self, answer: Answer, outputs: Object, ask: Ask, where: Where, failed: bool) -> Answer:
        """Complain of outputs that the template does not declare, and of those that it declares and nobody gave."""
        from dataclasses import replace

        declared = ask.template.get("outputs") or {}
        filled = dict(answer.parameters)
        for field, given in (("parameters", answer.parameters), ("artifacts", answer.artifacts)):
            known = {str(item.get("name")): item for item in declared.get(field) or []}
            for name in given:
                if name not in known:
                    place = self._file.place((*where, "outputs", field, name), key=True)
                    names = ", ".join(sorted(known)) or "none"
                    self._complain(
                        f"{place}: template {ask.template_name!r} has no output {field[:-1]} {name!r} (it declares {names})"
                    )
            for name, item in known.items():
                default = (item.get("valueFrom") or {}).get("default")
                if (
                    name in given
                    or failed
                    or item.get("optional")
                    or item.get("from")
                    or item.get("fromExpression")
                ):
                    continue
                if field == "parameters" and default is not None:
                    filled[name] = str(default)
                    continue
                if field == "parameters" and (item.get("value") is not None or ask.kind in ("http",)):
                    continue
                place = self._file.place((*where, "outputs", field) if outputs.get(field) else where)
                self._complain(
                    f"{place}: output {field[:-1]} {name!r} of template {ask.template_name!r} has no value in this mock"
                )
        return replace(answer, parameters=filled)


def _resumed(own: Object) -> Answer | None:
    resume = own.get("resume") or {}
    phase = str(resume.get("phase") or own.get("phase") or "")
    values = {**((own.get("outputs") or {}).get("parameters") or {}), **(resume.get("parameters") or {})}
    return Answer(
        phase="" if phase == "Succeeded" else phase,
        message=str(resume.get("message") or own.get("message") or ""),
        parameters={str(k): text(v) for k, v in values.items()},
        after=seconds(own.get("after", 1)),
        pending=seconds(own.get("pending", 0)),
    )


def images_of(template: Object) -> list[str]:
    """The images of a template's own containers."""
    found = [str((template.get(k) or {}).get("image") or "") for k in ("container", "script")]
    found += [str(c.get("image") or "") for c in (template.get("containerSet") or {}).get("containers") or []]
    return [image for image in found if image]


def _manifest(template: Object) -> dict[str, Any]:
    import yaml

    try:
        found = next(
            iter(yaml.safe_load_all(str((template.get("resource") or {}).get("manifest") or ""))), None
        )
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def manifest_kind(template: Object) -> str:
    """The kind in a resource template's manifest, or ""."""
    return str(_manifest(template).get("kind") or "") if template.get("resource") else ""


def items_of(name: str) -> list[str]:
    """The loop items in a node's name: `a(0:x)` has `x`."""
    return [m.group(1) for m in re.finditer(r"\(\d+:([^()]*)\)", name)]
