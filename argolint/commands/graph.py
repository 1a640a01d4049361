"""Draw workflows: templates, the order of their steps, and what calls what, across files.

examples:
  argolint graph workflow.yaml
  argolint graph --format svg --output graph.svg .
  argolint graph --format dot --from release manifests/
"""

from __future__ import annotations

import argparse

from argolint.batch import collect
from argolint.commands.output import write
from argolint.commands.settings import add_config, settings_only
from argolint.context import read
from argolint.errors import UserError
from argolint.graph.model import box_of, graph_of, reachable
from argolint.text import decode

HELP = "draw workflows as Mermaid, DOT or SVG"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `argolint graph`."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files, folders or globs (default: .)")
    parser.add_argument(
        "--format", choices=("mermaid", "dot", "svg"), default="mermaid", help="what to draw with"
    )
    parser.add_argument(
        "--output", metavar="FILE", default="-", help="where the drawing goes (- is standard output)"
    )
    parser.add_argument(
        "--from", dest="start", metavar="NAME", help="only what this object or template reaches"
    )
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Draw."""
    paths = args.paths or ["."]
    settings = settings_only(args, paths)
    inputs = collect(paths, settings, settings.root)
    objects = []
    chosen: set[int] = set()
    for item in inputs:
        text, wrong = decode(item.data)
        for group in read(item.path, text, wrong).objects:
            objects += group
            if item.target:
                chosen.update(id(obj) for obj in group)
    # Files around the given ones are drawn as far as the given ones reach into them.
    own = [obj for obj in objects if id(obj) in chosen]
    if not any(obj.workflow_specs for obj in own):
        raise UserError(f"no workflows in {', '.join(paths)}", "name files that hold workflows or templates")
    graph = graph_of([*own, *(obj for obj in objects if id(obj) not in chosen)])
    if args.start:
        graph = reachable(graph, args.start)
        if not graph.boxes:
            raise UserError(
                f"no object or template is called `{args.start}`", "argolint graph without --from shows all"
            )
    else:
        roots = {f"{obj.kind} {obj.name or obj.generate_name + '*'}" for obj in own}
        seen = {box.id for owner in roots for box in reachable(graph, owner).boxes}
        graph = graph._replace(
            boxes=tuple(box for box in graph.boxes if box.id in seen),
            edges=tuple(
                edge for edge in graph.edges if box_of(edge.source) in seen and box_of(edge.target) in seen
            ),
        )
    if args.format == "svg":
        from argolint.graph.svg import svg

        drawing = svg(graph)
    else:
        from argolint.graph.text import dot, mermaid

        drawing = mermaid(graph) if args.format == "mermaid" else dot(graph)
    write(drawing, args.output)
    return 0
