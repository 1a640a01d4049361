"""What a step or task may read of its siblings, and what it does read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from argolint.analysis.reach import Reach
from argolint.analysis.variables import Use, uses_in, uses_in_expression
from argolint.context import Context, Scalar
from argolint.diagnostic import Edit
from argolint.model.view import Span
from argolint.model.workflow import Step, Steps, Template
from argolint.text import SourceText
from argolint.yaml.edit import insert, line_start, reindent, replace, whole_lines
from argolint.yaml.nodes import Map, Seq

# `steps.name` and `tasks.name` are variables of their own: the name of the step that runs a template.
_OWN_VARIABLES = frozenset({"name"})


class SiblingUse(NamedTuple):
    """A use of `steps.NAME…` or `tasks.NAME…` where it means something.

    `template` is the steps or dag template whose children are meant, `reader` the child that reads (None for the template's own
    outputs), `target` the child of that name (None when there is none). `own_hook`: the use stands in a hook or exit handler of the reader.
    """

    use: Use
    template: Template
    reader: Step | None
    target: Step | None
    own_hook: bool

    @property
    def name(self) -> str:
        """The name that is looked up."""
        return self.use.path[1]


def sibling_uses(scalar: Scalar) -> Iterator[SiblingUse]:
    """The uses of siblings in a string; () for a template without children (its caller's steps are out of its sight)."""
    for use in uses_in(scalar.value):
        found = _sibling(scalar, use)
        if found is not None:
            yield found


def _sibling(scalar: Scalar, use: Use) -> SiblingUse | None:
    if use.root not in ("steps", "tasks") or len(use.path) < 2:
        return None
    owner = owner_of(scalar)
    if owner is None or root_of(owner) != use.root or (len(use.path) == 2 and use.path[1] in _OWN_VARIABLES):
        return None
    reader = scalar.step if scalar.step is not None and scalar.step.template is owner else None
    own_hook = reader is not None and _in_hook(scalar.where, reader.where)
    return SiblingUse(use, owner, reader, child(owner, use.path[1]), own_hook)


def owner_of(scalar: Scalar) -> Template | None:
    """The steps or dag template whose children a string may refer to.

    A string inside a step sees the step's siblings, also inside an inline template, since the step is substituted as a whole.
    """
    template, step = scalar.template, scalar.step
    if template is None:
        return None
    if template.type in ("steps", "dag"):
        return template
    if step is not None and template.step is step:
        return step.template
    return None


def root_of(template: Template) -> str:
    """The variable root under which a template's children are found."""
    return "steps" if template.type == "steps" else "tasks" if template.type == "dag" else ""


def child(template: Template, name: str) -> Step | None:
    """The step or task of that name; the first one, if there are several."""
    return children_of(template).get(name)


@lru_cache(maxsize=2)
def children_of(template: Template) -> dict[str, Step]:
    """Name -> the first step or task that has it; those without a name are under "". Kept for the templates asked about last."""
    found: dict[str, Step] = {}
    for step in template.children:
        found.setdefault(step.name, step)
    return found


class Read(NamedTuple):
    """A use of a sibling by a step or task: `use` in the string `scalar`, which stands under `key` of the reader.

    `target` is None when no sibling has that name; `own_hook`: it stands in a hook or exit handler of the reader.
    """

    use: Use
    reader: Step
    target: Step | None
    own_hook: bool
    scalar: Scalar
    key: str

    @property
    def span(self) -> Span:
        """Where the variable is written."""
        return self.scalar.part(self.use.start, self.use.end)


_reads: tuple[Any, list[Read]] = (None, [])


def reads_of(template: Template, ctx: Context) -> list[Read]:
    """What the children of a steps or dag template read of each other, wherever in them: arguments, conditions, loops, hooks
    (their bare expressions too), templateRefs, inline templates. Walked once for all rules.
    """
    global _reads
    if _reads[0] is not template.map:
        found = [read for step in template.children for read in _reads_in(step, ctx)]
        _reads = (template.map, found)
    return _reads[1]


def _reads_in(step: Step, ctx: Context) -> Iterator[Read]:
    root = root_of(step.template)
    for scalar, key, own_hook in _strings(step, ctx, root):
        bare = (
            scalar.key == "fromExpression" or (own_hook and scalar.key == "expression")
        ) and "{{" not in scalar.value
        for use in uses_in_expression(scalar.value) if bare else uses_in(scalar.value):
            path = use.path
            if use.root == root and len(path) > 1 and (len(path) > 2 or path[1] not in _OWN_VARIABLES):
                yield Read(use, step, child(step.template, path[1]), own_hook, scalar, key)


def _strings(step: Step, ctx: Context, root: str) -> Iterator[tuple[Scalar, str, bool]]:
    """(string, field of the step it stands under, whether that is a hook) for the strings that name `root`."""
    for key, value in step.map.items():
        if key in step.map.aliases or key in step.map.merged:
            continue
        if key == "inline" and step.inline is not None and root_of(step.inline):
            continue  # steps of its own: `steps.x` means those
        own_hook = key in ("hooks", "onExit")
        pending: list[tuple[Any, str | int, Any, str]] = [(step.map, key, value, step.path_of(key))]
        while pending:
            holder, name, node, where = pending.pop()
            if isinstance(node, str):
                if root in node:
                    at, style = holder.at[name], holder.styles.get(name, "")
                    template = step.template
                    yield (
                        Scalar(
                            ctx.source, node, at[-2], at[-1], style, name, holder, where, ctx.object, template.spec,
                            template, step,
                        ),
                        key,
                        own_hook,
                    )  # fmt: skip
            elif isinstance(node, Map):
                pending += [
                    (node, k, v, f"{where}.{k}") for k, v in node.items()
                    if k not in node.aliases and k not in node.merged
                ][::-1]  # fmt: skip
            elif isinstance(node, Seq):
                pending += [
                    (node, i, v, f"{where}[{i}]") for i, v in enumerate(node) if i not in node.aliases
                ][::-1]


def _in_hook(where: str, step: str) -> bool:
    rest = where[len(step) :]
    return rest.startswith((".hooks.", ".onExit"))


# The DAG that was looked at last: each of its tasks may be asked for what it waits for.
_waits: list[tuple[Map, dict[str, list[str]], Reach]] = []


def waits(template: Template) -> tuple[dict[str, list[str]], Reach]:
    """Task name -> the tasks that it names; and whether a task waits for another, directly or not."""
    if not _waits or _waits[0][0] is not template.map:
        direct = {task.name: dependencies(task) for task in template.dag.tasks if task.name}
        _waits[:] = [(template.map, direct, Reach(direct))]
    return _waits[0][1:]


def dependencies(task: Step) -> list[str]:
    """The tasks that a task names in `depends` or `dependencies`; [] when `depends` does not parse."""
    from argolint.language import depends
    from argolint.language.errors import LanguageError

    if task.depends:
        try:
            return [reference.name for reference in depends.parse(task.depends).tasks]
        except LanguageError:
            return []
    return task.dependencies


def callee(step: Step) -> Template | None:
    """The template that a step runs, when it is written inline or in the same spec."""
    if step.inline is not None:
        return step.inline
    target = step.target
    return step.template.spec.template_named(target.local) if target is not None and target.local else None


# --- repairs ----------------------------------------------------------------------------------------


class _Layout(NamedTuple):
    """Where the dashes of a group stand: columns (from 0), and for each step its dash and where its lines end."""

    outer: int
    inner: int
    dashes: list[int]
    ends: list[int]


# The group that was looked at last: each of its steps may be asked for a repair.
_last: list[tuple[SourceText, Seq, _Layout | None]] = []


def _layout(source: SourceText, step: Step) -> _Layout | None:
    """The layout of a step's group; None when it is not written in block style, dash by dash."""
    raw = step.template.steps.raw
    group = raw[step.group] if isinstance(raw, Seq) else None
    if not isinstance(group, Seq) or raw.flow or group.flow or raw.aliases or group.aliases:
        return None
    if not _last or _last[0][0] is not source or _last[0][1] is not group:
        _last[:] = [(source, group, _layout_of(source, group))]
    return _last[0][2]


def _layout_of(source: SourceText, group: Seq) -> _Layout | None:
    text = source.text
    places = [_last_of(text, start) for start, _ in group.at]
    if not all(text[at : at + 1] == "-" for at in places):
        return None
    first = line_start(source, places[0])
    outer = text[first : places[0]].rstrip(" ")
    if outer.strip() != "-":
        return None
    inner = places[0] - first
    if any(text[line_start(source, at) : at] != " " * inner for at in places[1:]):
        return None
    starts = [line_start(source, at) for at in places]
    last = whole_lines(source, *group.at[-1])[1]
    return _Layout(len(outer) - 1, inner, places, [*starts[1:], last])


def _last_of(text: str, end: int) -> int:
    """The offset of the last character before `end` that is no space."""
    at = end - 1
    while at > 0 and text[at] == " ":
        at -= 1
    return max(at, 0)


def split_group(source: SourceText, step: Step) -> list[Edit]:
    """The step, and those below it in its group, start a new group; [] for the first of a group or another layout."""
    layout = _layout(source, step) if step.index else None
    if layout is None:
        return []
    at = line_start(source, layout.dashes[step.index]) + layout.outer
    return replace((at, at + 1), "-")


def move_behind(source: SourceText, step: Step) -> list[Edit]:
    """The step moves into a group of its own behind the one it stands in; [] when it is alone or laid out otherwise."""
    layout = _layout(source, step)
    if layout is None or len(layout.dashes) < 2:
        return []
    text, dash, end = source.text, layout.dashes[step.index], layout.ends[step.index]
    moved = " " * layout.outer + "-" + " " * (layout.inner - layout.outer - 1) + text[dash:end]
    if step.index == len(layout.dashes) - 1:
        return split_group(source, step)
    behind = layout.ends[-1]
    newline = source.newline()
    before = "" if text[behind - 1 : behind] == "\n" else newline
    edits = [Edit(line_start(source, dash), end, ""), *insert(behind, before + moved.rstrip() + newline)]
    if step.index == 0:
        at = end + layout.outer
        edits += replace((at, at + 1), "-")
    return edits


def is_daemon_address(read: Read) -> bool:
    """Whether a step reads the `ip` of a sibling whose template is known to be a daemon."""
    template = callee(read.target) if read.target is not None and read.use.path[2:] == ("ip",) else None
    return template is not None and template.get("daemon") is True


def in_a_loop(template: Template) -> bool:
    """Whether an inline template stands in a step that loops, at any depth: `item` is filled in there."""
    step = template.step
    while step is not None:
        if step.loops:
            return True
        step = step.template.step
    return False


def item_uses(step: Step, ctx: Context) -> Iterator[tuple[Scalar, Use]]:
    """The uses of `item` in a step."""
    for scalar, _, _ in _strings(step, ctx, "item"):
        for use in uses_in(scalar.value):
            if use.root == "item":
                yield scalar, use


def is_gate(template: Template) -> bool:
    """Whether a template waits for a person: a `suspend` without a duration."""
    return template.type == "suspend" and not template.body.get("duration")


def steps_from_mapping(source: SourceText, node: Map) -> list[Edit]:
    """`steps: {a: {…}}` in block style as groups of one, in order; [] for another shape."""
    if node.flow or any(not isinstance(value, Map) or value.flow or not value.at for value in node.values()):
        return []
    edits: list[Edit] = []
    for name, value in node.items():
        key_start, _, value_start, value_end = node.at[name]
        column = source.line_col(key_start)[1] - 1
        inner = source.line_col(value_start)[1] - 1
        if name in value.at or name in node.aliases or inner <= column:
            return []
        edits.append(Edit(key_start, value_start, f"- - name: {name}{source.newline()}{' ' * (column + 4)}"))
        edits += reindent(source, value_start, value_end, column + 4 - inner)
    return edits


def flattened_tasks(source: SourceText, tasks: Seq, index: int) -> list[Edit]:
    """`- - name: a` as `- name: a`, for a group of one; [] for another shape."""
    group = tasks[index]
    if not isinstance(group, Seq) or len(group) != 1 or tasks.flow or group.flow:
        return []
    start, end = group.at[0]
    outer = source.text[: tasks.at[index][0]].rstrip(" ")
    inner = source.text[:start].rstrip(" ")
    if not inner.endswith("-") or not outer.endswith("-") or len(inner) - 1 <= len(outer) - 1:
        return []
    if line_start(source, len(outer) - 1) != line_start(source, start):
        return []
    shift = len(outer) - len(inner)
    return [Edit(len(outer) - 1, len(inner) - 1, ""), *reindent(source, start, end, shift)]


# --- what runs at the same time ---------------------------------------------------------------------


class Write(NamedTuple):
    """A name that whoever runs a template writes, the same in every instance: what it is, its text, where it is said."""

    kind: str
    name: str
    at: Span


_LOCATIONS = ("s3", "gcs", "oss", "azure", "hdfs", "artifactory")


def fixed_writes(template: Template) -> list[Write]:
    """The global outputs, artifact keys and objects to create whose names do not differ from one run of a template to the next."""
    found: list[Write] = []
    for port in (*template.outputs.parameters, *template.outputs.artifacts):
        name = port.text("globalName")
        if name and not _varies(name):
            found.append(Write("global output", name, port.value_span("globalName")))
    for port in template.outputs.artifacts:
        for location in _LOCATIONS:
            view = port.mapping(location)
            key = "blob" if location == "azure" else "path" if location == "hdfs" else "key"
            if view.text(key) and not _varies(view.text(key)):
                found.append(Write("artifact key", view.text(key), view.value_span(key)))
    return found


def _varies(text: str) -> bool:
    """Whether a name holds something that differs between siblings: anything but a value of the whole workflow."""
    return any(use.root != "workflow" for use in uses_in(text)) or ("{{" in text and not uses_in(text))


def lock_names(template: Template) -> list[tuple[str, Span]]:
    """The mutexes that a template takes, by their literal names."""
    synchronization = template.mapping("synchronization")
    views = [synchronization.mapping("mutex"), *synchronization.items("mutexes")]
    return [
        (view.text("name"), view.value_span("name"))
        for view in views
        if view.text("name") and "{{" not in view.text("name")
    ]


def mounted(template: Template) -> dict[str, Span]:
    """The volumes that a template's containers mount for writing, and where."""
    found: dict[str, Span] = {}
    for _, container in template.containers:
        for mount in container.items("volumeMounts"):
            if mount.text("name") and mount.get("readOnly") is not True:
                found.setdefault(mount.text("name"), mount.value_span("name"))
    return found


def closed_dashes(source: SourceText, gap_start: int, gap_end: int, end: int) -> list[Edit]:
    """The gap between the dashes of a group (offsets) as one space, with the rest of the group, to `end`, moved along."""
    outer = gap_start - 1 - line_start(source, gap_start - 1)
    inner = gap_end - line_start(source, gap_end)
    rest = reindent(source, gap_end, end, outer + 2 - inner)
    return [Edit(gap_start, gap_end, " "), *rest]


def block_steps(source: SourceText, steps: Steps) -> list[Edit]:
    """Steps in brackets as lines with dashes; [] when a comment, an alias or a value over several lines is in the way, and
    when the template itself is in braces, where there are no lines with dashes.
    """
    raw, text = steps.raw, source.text
    start, end = raw.span
    if (
        not raw.flow
        or steps.template.map.flow
        or raw.aliases
        or "\n" in text[start:end]
        or "&" in text[start:end]
        or "*" in text[start:end]
    ):
        return []
    column = source.line_col(steps.key.start)[1] - 1 + 2
    lines: list[str] = []
    for group in raw:
        if (
            not isinstance(group, Seq)
            or not group
            or not all(isinstance(step, Map) and step for step in group)
        ):
            return []
        for i, step in enumerate(group):
            for j, (key, at) in enumerate(step.at.items()):
                dashes = "    " if j else "  - " if i else "- - "
                lines.append(f"{' ' * column}{dashes}{key}: {text[at[2] : at[3]]}")
    before = text[:start].rstrip(" ")
    return [Edit(len(before), end, source.newline() + source.newline().join(lines))]


def glued_dash(step: Step) -> bool:
    """Whether a step begins with `-name:`, a dash without the space that makes it one."""
    return next(iter(step.map), "").startswith("-")


def unglued_dash(source: SourceText, step: Step) -> list[Edit]:
    """`- -name: a` as `- - name: a`, with the rest of the step moved along."""
    start, end = step.map.span
    return insert(start + 1, " ") + reindent(source, start, end, 2)


def regrouped(source: SourceText, read: Read, reads: list[Read]) -> list[Edit]:
    """Edits after which a step may read a sibling of its group; [] when the layout does not allow them.

    Several readers of a group move together, with the first of them, so that they stay parallel.
    """
    reader, target = read.reader, read.target
    if target is None or target.group != reader.group:
        return []
    if target.index > reader.index:
        return move_behind(source, reader)
    behind = [
        other.reader.index
        for other in reads
        if other.target is not None
        and other.target.group == reader.group == other.reader.group
        and other.target.index < other.reader.index
        and target.index < other.reader.index <= reader.index
    ]
    return split_group(source, reader.template.steps.groups[reader.group][min(behind)])


def merged_up(source: SourceText, step: Step) -> list[Edit]:
    """The group that a step begins joins the one above; [] when they are laid out differently."""
    groups = step.template.steps.groups
    if step.index or not step.group or not groups[step.group - 1]:
        return []
    layout, above = _layout(source, step), _layout(source, groups[step.group - 1][0])
    if layout is None or above is None or (layout.outer, layout.inner) != (above.outer, above.inner):
        return []
    at = line_start(source, layout.dashes[0]) + layout.outer
    return replace((at, at + 1), " ")
