"""Graphs as SVG, laid out here: no other program is needed. Pure functions."""

from __future__ import annotations

from typing import NamedTuple
from xml.sax.saxutils import escape

from argolint.graph.model import Box, Child, Graph, box_of

_CHAR, _LINE, _PAD, _GAP_X, _GAP_Y = 7.2, 18, 10, 36, 56
_CHILD_H, _CHILD_GAP = 26, 14
_FILL = {"": "#fff7e6", "steps": "#eef4ff", "dag": "#eef9f0"}


class _Place(NamedTuple):
    x: float
    y: float
    width: float
    height: float


def svg(graph: Graph) -> str:
    """A drawing: a box for each template, callers above what they call, steps in rows in the order they run."""
    if not graph.boxes:
        return '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>\n'
    sizes = {box.id: _size(box) for box in graph.boxes}
    layers = _ordered(_layers(graph), graph)
    widths = [sum(sizes[key][0] for key in layer) + _GAP_X * (len(layer) - 1) for layer in layers]
    total = max(widths) + 2 * _GAP_X
    places: dict[str, _Place] = {}
    y: float = _GAP_Y / 2
    for layer, width in zip(layers, widths):
        x = (total - width) / 2
        for key in layer:
            places[key] = _Place(x, y, *sizes[key])
            x += sizes[key][0] + _GAP_X
        y += max(sizes[key][1] for key in layer) + _GAP_Y
    boxes = {box.id: box for box in graph.boxes}
    shapes: list[str] = []
    inside: dict[str, _Place] = {}
    for key, place in places.items():
        shapes += _draw(boxes[key], place, inside)
    places.update(inside)
    arrows = [
        _arrow(places[edge.source], places[edge.target], edge.kind, edge.label)
        for edge in graph.edges
        if edge.source in places and edge.target in places and edge.source != edge.target
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total:.0f}" height="{y:.0f}" '
        f'viewBox="0 0 {total:.0f} {y:.0f}" font-family="monospace" font-size="12">\n'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="#555"/></marker></defs>\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join([*shapes, *arrows]) + "\n</svg>\n"
    )


def _width(text: str) -> float:
    return len(text) * _CHAR + 2 * _PAD


def _rows(box: Box) -> list[list[Child]]:
    rows: dict[int, list[Child]] = {}
    for child in box.children:
        rows.setdefault(child.row, []).append(child)
    return [rows[number] for number in sorted(rows)]


def _size(box: Box) -> tuple[float, float]:
    widths = [_width(line) for line in _titles(box)]
    rows = _rows(box)
    widths += [sum(_width(child.label) + _CHILD_GAP for child in row) + _CHILD_GAP for row in rows]
    return max(widths), 2 * _LINE + _PAD + len(rows) * (_CHILD_H + _CHILD_GAP)


def _titles(box: Box) -> tuple[str, str]:
    more = "not in these files" if box.missing else box.type
    return (f"{box.label} ({more})" if more else box.label), box.owner


def _layers(graph: Graph) -> list[list[str]]:
    """Boxes by depth: what is called lies deeper than its callers; calls that go round are cut."""
    calls: dict[str, list[str]] = {box.id: [] for box in graph.boxes}
    for edge in graph.edges:
        source, target = box_of(edge.source), box_of(edge.target)
        if edge.kind != "order" and source != target and target not in calls[source]:
            calls[source].append(target)
    depth = dict.fromkeys(calls, 0)
    for _ in range(len(calls)):
        moved = False
        for source, targets in calls.items():
            for target in targets:
                if depth[target] <= depth[source] < len(calls) - 1:
                    depth[target] = depth[source] + 1
                    moved = True
        if not moved:
            break
    used = sorted(set(depth.values()))
    return [[key for key in calls if depth[key] == level] for level in used]


def _ordered(layers: list[list[str]], graph: Graph) -> list[list[str]]:
    """Each layer sorted by the mean place of its callers, which keeps arrows short."""
    callers: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.kind != "order":
            callers.setdefault(box_of(edge.target), []).append(box_of(edge.source))
    place: dict[str, float] = {}
    done: list[list[str]] = []
    for layer in layers:
        found = {
            key: sum(place[caller] for caller in callers.get(key, ()) if caller in place)
            / max(1, sum(caller in place for caller in callers.get(key, ())))
            for key in layer
        }
        ordered = sorted(layer, key=lambda key: found[key])
        place.update((key, i / max(1, len(ordered))) for i, key in enumerate(ordered))
        done.append(ordered)
    return done


def _draw(box: Box, place: _Place, inside: dict[str, _Place]) -> list[str]:
    fill = "#ffffff" if box.missing else box.fill or _FILL.get(box.type, "#f6f6f6")
    dash = ' stroke-dasharray="5 4"' if box.missing else ""
    title, owner = _titles(box)
    shapes = [
        (
            f'<rect x="{place.x:.1f}" y="{place.y:.1f}" width="{place.width:.1f}" height="{place.height:.1f}" rx="6" '
            f'fill="{fill}" stroke="#555"{dash}/>'
        ),
        _text(place.x + _PAD, place.y + _LINE, title, bold=True),
        _text(place.x + _PAD, place.y + 2 * _LINE - 2, owner, color="#777"),
    ]
    y = place.y + 2 * _LINE + _PAD / 2
    for row in _rows(box):
        x = place.x + _CHILD_GAP
        for child in row:
            inner = _Place(x, y, _width(child.label), _CHILD_H)
            inside[child.id] = inner
            shapes.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{inner.width:.1f}" height="{_CHILD_H}" rx="10" fill="#fff" stroke="#999"/>'
            )
            shapes.append(_text(x + _PAD, y + 17, child.label))
            x += inner.width + _CHILD_GAP
        y += _CHILD_H + _CHILD_GAP
    return shapes


def _text(x: float, y: float, text: str, *, bold: bool = False, color: str = "#222") -> str:
    clean = escape("".join(char if char.isprintable() else "�" for char in text))
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}"{weight}>{clean}</text>'


def _arrow(source: _Place, target: _Place, kind: str, label: str) -> str:
    x1, y1 = source.x + source.width / 2, source.y + source.height
    x2, y2 = target.x + target.width / 2, target.y
    middle = (y1 + y2) / 2
    if y2 <= y1:  # back up, or to the same layer: around the side
        x1, y1, x2 = source.x + source.width, source.y + source.height / 2, target.x + target.width
        y2 = target.y + target.height / 2
        path = f"M{x1:.1f},{y1:.1f} C{x1 + 50:.1f},{y1:.1f} {x2 + 50:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"
    else:
        path = f"M{x1:.1f},{y1:.1f} C{x1:.1f},{middle:.1f} {x2:.1f},{middle:.1f} {x2:.1f},{y2:.1f}"
    style = {"order": "", "flow": "", "call": ' stroke-dasharray="6 4"', "exit": ' stroke-dasharray="2 3"'}[
        kind
    ]
    shown = f'<path d="{path}" fill="none" stroke="#555"{style} marker-end="url(#tip)"/>'
    return shown + (_text((x1 + x2) / 2 + 4, middle, label, color="#555") if label else "")
