"""Ways to write or to place the same manifest, for the test that a rule's verdict does not depend on them.

A transformation takes the texts of a case (path -> text) and gives other texts of the same meaning; None where it does not apply.
`NOT_FOR` says for which rules the verdict rightly changes, and why.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from argolint.yaml.loader import parse
from argolint.yaml.nodes import plain
from tests.rules import emit

Texts = dict[str, str]
Tree = Any
KINDS = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")


class Transformation(NamedTuple):
    """`same_paths`: field paths and messages stay, so findings must agree in these, too; and fixes must come to the same.

    `same_words`: they point at the same words, which an alias hides.
    """

    name: str
    change: Callable[[Texts], Texts | None]
    same_paths: bool
    same_words: bool = True


def trees(text: str) -> list[Tree] | None:
    """The documents of a text as plain data; None when it is not plain YAML."""
    if "{{-" in text or "{% " in text:
        return None
    stream = parse(text)
    if any(document.broken or document.problems for document in stream.documents):
        return None
    found = [plain(document.root) for document in stream.documents]
    return found if found and all(isinstance(root, dict) and root for root in found) else None


# ---- the same tree in another writing


def each_text(change: Callable[[str], str]) -> Callable[[Texts], Texts | None]:
    """A change of the characters of every file."""
    return lambda texts: {path: change(text) for path, text in texts.items()}


def crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


def preamble(text: str) -> str:
    """What stands above: comments with characters beyond ASCII, and the start of the document."""
    start = "" if re.match(r"---|%|\ufeff", text) else "---\n"
    return f"# größer ≠ 🚀\n\n{start}{text}"


def beside_another(text: str) -> str:
    """Another document above it in the file."""
    return f"apiVersion: v1\nkind: LimitRange\nmetadata:\n  name: beside\n---\n{text.removeprefix('---' + chr(10))}"


def rewritten(style: emit.Style) -> Callable[[Texts], Texts | None]:
    def change(texts: Texts) -> Texts | None:
        new: Texts = {}
        for path, text in texts.items():
            roots = trees(text)
            if roots is None:
                return None
            new[path] = "---\n".join(emit.dump(root, style) for root in roots)
        return new

    return change


def as_json(texts: Texts) -> Texts | None:
    new: Texts = {}
    for path, text in texts.items():
        roots = trees(text)
        if roots is None or len(roots) != 1:
            return None
        new[path] = json.dumps(roots[0], indent=2, ensure_ascii=False) + "\n"
    return new


def with_aliases(texts: Texts) -> Texts | None:
    """Every long text or mapping that stands twice in a document is an alias the second time."""
    new: Texts = {}
    shared = False
    for path, text in texts.items():
        roots = trees(text)
        if roots is None:
            return None
        written = []
        for root in roots:
            seen: dict[str, int] = {}
            for node in _below(root):
                seen[repr(node)] = seen.get(repr(node), 0) + 1
            names: dict[str, str] = {}
            written.append(_aliased(root, {key for key, count in seen.items() if count > 1}, names))
            shared = shared or bool(names)
        new[path] = "---\n".join(map(emit.dump, written))
    return new if shared else None


def _shareable(node: Tree) -> bool:
    return (isinstance(node, str) and len(node) > 3 and "\n" not in node) or (
        isinstance(node, dict) and bool(node)
    )


def _below(node: Tree) -> Iterator[Tree]:
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for value in inner:
        if _shareable(value):
            yield value
        yield from _below(value)


def _aliased(node: Tree, twice: set[str], names: dict[str, str]) -> Tree:
    def one(value: Tree) -> Tree:
        key = repr(value) if _shareable(value) else ""
        if key not in twice:
            return _aliased(value, twice, names)
        if key in names:
            return emit.Alias(names[key])
        inner = _aliased(value, twice, names)
        names[key] = f"shared-{len(names)}"
        return emit.Anchored(names[key], inner)

    if isinstance(node, dict):
        return {key: one(value) for key, value in node.items()}
    # An alias as an item of a list is as good, but the item before it must not be one: keep these.
    return [one(value) for value in node] if isinstance(node, list) else node


# ---- the same workflow in another place


def each_tree(change: Callable[[Tree], Tree | None]) -> Callable[[Texts], Texts | None]:
    """A change of objects that are Workflows; None when no file has one that it changes."""

    def whole(texts: Texts) -> Texts | None:
        new: Texts = {}
        changed = False
        for path, text in texts.items():
            roots = trees(text)
            if roots is None:
                return None
            after = []
            for root in roots:
                other = change(copy.deepcopy(root)) if is_workflow(root) else None
                changed = changed or other is not None
                after.append(root if other is None else other)
            new[path] = "---\n".join(map(emit.dump, after))
        return new if changed else None

    return whole


def is_workflow(root: Tree) -> bool:
    return (
        root.get("kind") == "Workflow"
        and str(root.get("apiVersion", "")).startswith("argoproj.io/")
        and isinstance(root.get("spec"), dict)
        and isinstance(root.get("metadata"), dict)
    )


def _metadata(root: Tree, name: str = "example") -> Tree:
    """Its metadata, with a fixed name."""
    metadata = {key: value for key, value in root["metadata"].items() if key not in ("generateName", "name")}
    return {"name": root["metadata"].get("name", name), **metadata}


def to_template(root: Tree) -> Tree:
    return {**root, "kind": "WorkflowTemplate", "metadata": _metadata(root)}


def to_cron(root: Tree) -> Tree:
    return {
        **root,
        "kind": "CronWorkflow",
        "metadata": _metadata(root),
        "spec": {
            "schedules": ["0 5 * * *"],
            "timezone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": 60,
            "workflowSpec": root["spec"],
        },
    }


def to_sensor(root: Tree) -> Tree:
    namespace = root["metadata"].get("namespace")
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Sensor",
        "metadata": {"name": "outer", **({"namespace": namespace} if namespace else {})},
        "spec": {
            "template": {"serviceAccountName": "sensor"},
            "dependencies": [{"name": "tick", "eventSourceName": "clock", "eventName": "tick"}],
            "triggers": [
                {
                    "template": {
                        "name": "start",
                        "argoWorkflow": {"operation": "submit", "source": {"resource": root}},
                    }
                }
            ],
        },
    }


def to_config_map(root: Tree) -> Tree:
    namespace = root["metadata"].get("namespace")
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "outer", **({"namespace": namespace} if namespace else {})},
        "data": {"workflow.yaml": emit.dump(root)},
    }


def to_manifest(root: Tree) -> Tree:
    """The Workflow as the manifest of a resource template. Tags in it would be the outer workflow's."""
    if "{{" in json.dumps(root):
        return None
    namespace = root["metadata"].get("namespace")
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "outer", **({"namespace": namespace} if namespace else {})},
        "spec": {
            "entrypoint": "outer",
            "serviceAccountName": "outer",
            "templates": [{"name": "outer", "resource": {"action": "create", "manifest": emit.dump(root)}}],
        },
    }


def to_list(root: Tree) -> Tree:
    return {"apiVersion": "v1", "kind": "List", "items": [root]}


def _templates(spec: Tree) -> list[Tree]:
    found = spec.get("templates")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _steps(template: Tree) -> list[Tree]:
    """The steps or tasks of a template."""
    dag = template.get("dag")
    tasks = dag.get("tasks") if isinstance(dag, dict) else None
    groups = template.get("steps")
    flat = (
        [step for group in groups if isinstance(group, list) for step in group]
        if isinstance(groups, list)
        else []
    )
    return [one for one in (tasks if isinstance(tasks, list) else flat) if isinstance(one, dict)]


def to_dag(root: Tree) -> Tree:
    """Steps as tasks of a DAG, each waiting for all of the group before."""
    changed = False
    for template in _templates(root["spec"]):
        groups = template.get("steps")
        if not isinstance(groups, list) or not all(isinstance(group, list) and group for group in groups):
            continue
        names = [step.get("name") for group in groups for step in group if isinstance(step, dict)]
        if len(set(map(str, names))) != sum(map(len, groups)) or any("{{" in str(name) for name in names):
            return None
        if any(re.match(r"\d", str(name)) for name in names) or "continueOn" in json.dumps(groups):
            return None
        tasks = []
        for before, group in zip([[], *groups], groups):
            for step in group:
                depends = " && ".join(one["name"] for one in before)
                tasks.append({**step, **({"depends": depends} if depends else {})})
        del template["steps"]
        template["dag"] = {"tasks": tasks}
        changed = True
    if not changed:
        return None
    text = json.dumps(root)
    return json.loads(re.sub(r"\bsteps(\.|\[)", r"tasks\1", text))


def to_inline(root: Tree) -> Tree:
    """The first leaf that only one step calls, written in that step."""
    spec = root["spec"]
    called = [step.get("template") for template in _templates(spec) for step in _steps(template)]
    handlers = json.dumps([spec.get("onExit"), spec.get("hooks"), spec.get("entrypoint")])
    for leaf in _templates(spec):
        name = leaf.get("name")
        if called.count(name) != 1 or not isinstance(name, str) or f'"{name}"' in handlers or _steps(leaf):
            continue
        if json.dumps(spec).count(f'"template": "{name}"') != 1:
            continue
        caller = next(
            step for one in _templates(spec) for step in _steps(one) if step.get("template") == name
        )
        del caller["template"]
        caller["inline"] = {key: value for key, value in leaf.items() if key != "name"}
        spec["templates"].remove(leaf)
        return root
    return None


def wrapped_in(step: Tree) -> Callable[[Tree], Tree | None]:
    """Another entrypoint, that calls the old one by this step."""

    def change(root: Tree) -> Tree | None:
        spec = root["spec"]
        first = next((one for one in _templates(spec) if one.get("name") == spec.get("entrypoint")), None)
        if first is None or "inputs" in first:
            return None
        outer = {"name": "outermost", "steps": [[{"name": "whole", "template": first["name"], **step}]]}
        spec["entrypoint"] = "outermost"
        spec["templates"].append(outer)
        return root

    return change


def as_exit_handler(root: Tree) -> Tree | None:
    """The entrypoint as what runs at the end."""
    spec = root["spec"]
    first = next((one for one in _templates(spec) if one.get("name") == spec.get("entrypoint")), None)
    if first is None or "inputs" in first or "onExit" in spec or "hooks" in spec:
        return None
    spec["hooks"] = {"exit": {"template": first["name"]}}
    spec["entrypoint"] = "work"
    spec["templates"].append({"name": "work", "suspend": {"duration": "1m"}})
    return root


def to_template_ref(texts: Texts) -> Texts | None:
    """All templates in a WorkflowTemplate of another file, and a Workflow that refers to it."""
    return _split(texts, whole=True)


def to_step_template_ref(texts: Texts) -> Texts | None:
    """The leaf templates in a WorkflowTemplate of another file, called by `templateRef`."""
    return _split(texts, whole=False)


def _split(texts: Texts, *, whole: bool) -> Texts | None:
    new: Texts = {}
    for path, text in texts.items():
        roots = trees(text)
        if roots is None:
            return None
        after = []
        for number, root in enumerate(roots):
            parts = (
                (_referring if whole else _leaves_apart)(copy.deepcopy(root)) if is_workflow(root) else None
            )
            if parts is None:
                after.append(root)
                continue
            after.append(parts[0])
            new[f"library-{len(new)}-{number}.yaml"] = emit.dump(parts[1])
        new[path] = "---\n".join(map(emit.dump, after))
    return new if len(new) > len(texts) else None


def _library(root: Tree, spec: Tree) -> Tree:
    namespace = root["metadata"].get("namespace")
    metadata = {"name": "library", **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": root["apiVersion"], "kind": "WorkflowTemplate", "metadata": metadata, "spec": spec}


def _referring(root: Tree) -> tuple[Tree, Tree] | None:
    spec = root["spec"]
    if "workflowTemplateRef" in spec or not _templates(spec):
        return None
    return {**root, "spec": {"workflowTemplateRef": {"name": "library"}}}, _library(root, spec)


def _leaves_apart(root: Tree) -> tuple[Tree, Tree] | None:
    spec = root["spec"]
    handlers = json.dumps([spec.get("onExit"), spec.get("hooks"), spec.get("entrypoint")])
    leaves = [
        one for one in _templates(spec)
        if isinstance(one.get("name"), str) and not _steps(one) and "steps" not in one and "dag" not in one
        and f'"{one["name"]}"' not in handlers
    ]  # fmt: skip
    names = {one["name"] for one in leaves}
    moved = False
    for template in _templates(spec):
        for step in _steps(template):
            if step.get("template") in names:
                step["templateRef"] = {"name": "library", "template": step.pop("template")}
                moved = True
    if not moved:
        return None
    spec["templates"] = [one for one in spec["templates"] if one not in leaves]
    return (root, _library(root, {"templates": leaves})) if spec["templates"] else None


# Names of the objects that transformations add.
KEPT = ("outer", "beside")

WRITINGS = (
    Transformation("crlf", each_text(crlf), True),
    Transformation("preamble", each_text(preamble), True),
    Transformation("beside-another", each_text(beside_another), True),
    Transformation("plain", rewritten(emit.Style()), True),
    Transformation("double-quoted", rewritten(emit.Style(emit.double)), True),
    Transformation("single-quoted", rewritten(emit.Style(emit.single)), True),
    Transformation("literal", rewritten(emit.Style(emit.literal)), True),
    Transformation("folded", rewritten(emit.Style(emit.folded)), True),
    Transformation("wide", rewritten(emit.Style(step=4, dash=4)), True),
    Transformation("braces", rewritten(emit.Style(braces_from=4)), True),
    Transformation("json", as_json, True),
    Transformation("aliases", with_aliases, True, same_words=False),
)
PLACES = (
    Transformation("list", each_tree(to_list), False),
    Transformation("workflow-template", each_tree(to_template), False),
    Transformation("cluster-workflow-template", each_tree(lambda root: {**to_template(root), "kind": "ClusterWorkflowTemplate"}), False),
    Transformation("cron-workflow", each_tree(to_cron), False),
    Transformation("sensor", each_tree(to_sensor), False),
    Transformation("config-map", each_tree(to_config_map), False),
    Transformation("resource-manifest", each_tree(to_manifest), False),
    Transformation("dag", each_tree(to_dag), False),
    Transformation("inline", each_tree(to_inline), False),
    Transformation("called", each_tree(wrapped_in({})), False),
    Transformation("looped", each_tree(wrapped_in({"withItems": ["a", "b"]})), False),
    Transformation("exit-handler", each_tree(as_exit_handler), False),
    Transformation("workflow-template-ref", to_template_ref, False),
    Transformation("template-ref", to_step_template_ref, False),
)  # fmt: skip
ALL = {item.name: item for item in (*WRITINGS, *PLACES)}

# ---- where the verdict rightly changes: transformation -> {beginnings of codes: why}

_ABOUT_WRITING = {
    "YML": "judges how a value is written",
    "LNT": "judges comments, which a new writing does not keep",
    "PAR118": "an anchor says that templates share their inputs",
    "STP301 STP302": "judge how dashes are written",
}
_ABOUT_OBJECTS = {
    **_ABOUT_WRITING,
    "STY103 STY107 STY108": "judge the object around, or the file",
    "CST107 GIT105": "point at the object that is applied",
}
_FILLED_IN = {
    "GIT101 GIT102 GIT108": "judge what is applied from Git: the object around",
    "PAR127": "a trigger or whoever reads the text may give the value",
    "RBA201": "whoever submits it gives the account",
    "SCH105 SCH108": "what is missing may be filled in, or only name an object",
    "SCH114": "whoever makes it may fill in its labels",
    "SCH201": "nothing applies its status",
    "STR117": "an object without a name is said of the manifest",
}
_OF_TEMPLATES = {
    "CFG115 GIT101 GIT102 REL107 SCH108 SEC135 STR101": "judge what runs as soon as it is applied",
    "PAR119 PAR120 STR201": "what a template offers may be used by others",
    "PAR127 REF117 REF137 REF138 REF139 STR113": "the workflow that runs it may bring what is missing",
    "GIT108": "only a Workflow can be done",
    "RBA420": "nothing runs where a template is kept",
}

NOT_FOR: dict[str, dict[str, str]] = {
    "preamble": {"YML207": "the mark has to come first", "YML208": "a comment is no JSON"},
    "beside-another": {
        "GIT103 GIT107 GIT111": "judge each object of the tree, the one beside included",
        "STY108 YML207 YML208": "judge the file as a whole",
    },
    **{
        item.name: dict(_ABOUT_WRITING)
        for item in WRITINGS
        if item.name not in ("crlf", "preamble", "beside-another")
    },
    "aliases": {
        **_ABOUT_WRITING,
        "STP110": "the step itself stands twice, and cannot have two names",
        "STP114": "the text is judged where its anchor stands",
    },
    "list": dict(_ABOUT_OBJECTS),
    "workflow-template": {**_ABOUT_OBJECTS, **_OF_TEMPLATES},
    "cluster-workflow-template": {
        **_ABOUT_OBJECTS,
        **_OF_TEMPLATES,
        "REF140": "only a cluster template may not know the namespace",
    },
    "cron-workflow": {
        **_ABOUT_OBJECTS,
        "CST104": "the history limits delete its workflows",
        "GIT108": "only a Workflow can be done",
        "GIT101 GIT102 REL107 SCH108": "a CronWorkflow has a fixed name, and its workflows have others",
    },
    "sensor": {**_ABOUT_OBJECTS, **_FILLED_IN},
    "config-map": {**_ABOUT_OBJECTS, **_FILLED_IN},
    "resource-manifest": {
        **_ABOUT_OBJECTS,
        **_FILLED_IN,
        "RBA420": "the outer workflow stands in that namespace, too",
    },
    "dag": {
        **_ABOUT_WRITING,
        "REF110": "REF111 is said of tasks",
        "REF125": "steps and tasks are swapped by the change",
        "STP107": "tasks do have these fields",
        "STP111 STP112 STP113 STP121": "DAG111 is said of tasks",
        "STP114": "REF122 is said of tasks",
        "STP115": "DAG206 is said of tasks",
        "STP116": "DAG202 is said of tasks",
        "STP117": "in a DAG a parallelism of 1 is a usual way to ask for an order",
        "STP201": "a DAG says what waits for what",
    },
    "inline": {
        **_ABOUT_WRITING,
        "PAR101 PAR103": "point at `inline` where there is no name",
        "PAR114": "STP118 is said of inline templates",
        "PAR119": "nobody but the step can read an output of an inline template",
        "REL133 STR104 STY109": "judge names of templates",
        "SCR106": "the template's own braces come into the loop",
        "STR126": "points at `inline` where there is no name",
    },
    "called": {**_ABOUT_WRITING, "STY109": "the new entrypoint comes last"},
    "looped": {**_ABOUT_WRITING, "STY109": "the new entrypoint comes last"},
    "exit-handler": {
        **_ABOUT_WRITING,
        "EXP157 REF127": "an exit handler may ask for how the workflow ended",
        "STY109": "the order of templates is another",
    },
    "workflow-template-ref": {
        **_ABOUT_OBJECTS,
        "CFG115": "it does refer to a template now",
        "PAR119 PAR120 PAR127 STR201": "what a template offers may be used by others",
        "RBA420 SCH109": "two objects are in that namespace now",
        "RBA123 RBA201 REF137 REF138 STR101 STR113": "are said of the workflow, where it names the template",
        "REF117": "the workflow may declare it",
        "REF139": "points at the workflow's reference",
        "SCH107": "both objects have the apiVersion",
    },
    "template-ref": {
        **_ABOUT_OBJECTS,
        "PAR114": "STP118 is said across files",
        "PAR119 STR201": "what a template offers may be used by others",
        "PAR121": "another file's default may change by itself",
        "PAR136": "which step reads the file stands in the other object",
        "RBA208": "judges the templates of one object",
        "REF126": "whether each call passes a value is known within an object",
        "REL106 REL127 REL128": "locks are followed within an object",
        "REL140": "a template's own name tells across files",
        "STP121": "STP111 is said: whether it is a daemon stands in the other file",
        "STP201": "what the other file's templates share is not looked at",
        "STR126": "points at `templateRef` where there is no name",
        "STR206": "whether it is a daemon stands in the other file",
        "STY109": "the order of templates is another",
    },
}

# Repairs of which the text depends on the writing, and not what it means.
OTHER_REPAIRS = {
    "CRN115": "quotes with what the scalar is not quoted with",
    "GIT108": "neighbours in braces are deleted one after the other",
}
