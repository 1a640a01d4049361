"""Graphs as text for other programs: Mermaid and DOT. Pure functions."""

from __future__ import annotations

from argolint.graph.model import Box, Graph


def mermaid(graph: Graph) -> str:
    """A Mermaid flowchart: a subgraph for each object and each template with children."""
    lines = ["flowchart TD"]
    for owner in dict.fromkeys(box.owner for box in graph.boxes):
        boxes = [box for box in graph.boxes if box.owner == owner]
        lines.append(f'  subgraph {boxes[0].id}o["{_mermaid(owner)}"]')
        for box in boxes:
            lines += _mermaid_box(box)
        lines.append("  end")
    arrows = {"order": "-->", "call": "-.->", "exit": "==>"}
    for edge in graph.edges:
        label = f'|"{_mermaid(edge.label)}"|' if edge.label else ""
        lines.append(f"  {edge.source} {arrows[edge.kind]}{label} {edge.target}")
    lines.append("  classDef missing stroke-dasharray: 4 4")
    missing = [box.id for box in graph.boxes if box.missing]
    if missing:
        lines.append(f"  class {','.join(missing)} missing")
    return "\n".join(lines) + "\n"


def _mermaid_box(box: Box) -> list[str]:
    title = _mermaid(_title(box))
    if not box.children:
        return [f'    {box.id}["{title}"]']
    inner = [f'      {child.id}("{_mermaid(child.label)}")' for child in box.children]
    return [f'    subgraph {box.id}["{title}"]', *inner, "    end"]


def _mermaid(text: str) -> str:
    return "".join(f"#{ord(char)};" if char in '"#<>&;`' or not char.isprintable() else char for char in text)


def dot(graph: Graph) -> str:
    """A Graphviz digraph with clusters."""
    lines = ["digraph workflows {", "  compound=true; node [shape=box, style=rounded];"]
    for number, owner in enumerate(dict.fromkeys(box.owner for box in graph.boxes)):
        lines += [f"  subgraph cluster_o{number} {{", f"    label={_dot(owner)};"]
        for box in graph.boxes:
            if box.owner == owner:
                lines += _dot_box(box)
        lines.append("  }")
    first = {box.id: box.children[0].id if box.children else box.id for box in graph.boxes}
    clusters = {box.id for box in graph.boxes if box.children}
    styles = {"order": "", "call": "style=dashed", "exit": "style=bold"}
    for edge in graph.edges:
        attributes = [
            styles[edge.kind],
            f"label={_dot(edge.label)}" if edge.label else "",
            f"lhead=cluster_{edge.target}" if edge.target in clusters else "",
        ]
        shown = ", ".join(text for text in attributes if text)
        source, target = first.get(edge.source, edge.source), first.get(edge.target, edge.target)
        lines.append(f"  {source} -> {target}" + (f" [{shown}];" if shown else ";"))
    return "\n".join([*lines, "}"]) + "\n"


def _dot_box(box: Box) -> list[str]:
    if not box.children:
        style = ", style=dashed" if box.missing else ""
        return [f"    {box.id} [label={_dot(_title(box))}{style}];"]
    inner = [f"      {child.id} [label={_dot(child.label)}];" for child in box.children]
    return [f"    subgraph cluster_{box.id} {{", f"      label={_dot(_title(box))};", *inner, "    }"]


def _dot(text: str) -> str:
    clean = "".join(char if char.isprintable() else " " for char in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _title(box: Box) -> str:
    return f"{box.label} ({box.type})" if box.type else box.label
