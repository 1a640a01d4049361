"""Say why an object is as it is: where it comes from, when it was last written, what holds it, and what is wrong with it."""

from __future__ import annotations

import argparse

from argolint.clikit import EXIT_OK
from reconciler.commands.options import add_common, configuration

HELP = "say why an object is as it is"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync why`."""
    add_common(parser, output=False)
    parser.add_argument("object", metavar="OBJECT", help="name, KIND/NAME or KIND/NAMESPACE/NAME")


def run(args: argparse.Namespace) -> int:
    """Explain; 0, or 1 when nothing is known of it."""
    from argolint.errors import UserError
    from reconciler.state import Store

    config = configuration(args)
    told = False
    for target in config.targets:
        for line in explain(Store(config.state, target.name), target.name, args.object):
            print(line)
            told = True
    if not told:
        raise UserError(
            f"nothing is known of {args.object}", "see `argosync status` and `argosync history`", exit_code=1
        )
    return EXIT_OK


def explain(store: object, target: str, wanted: str) -> list[str]:
    """Lines about every object that `wanted` may mean."""
    from reconciler.state import Store
    from reconciler.text import clean

    assert isinstance(store, Store)
    data = store.data
    names = {str(key) for key in store.inventory}
    history = data.get("history") or []
    names |= {key for entry in history for _, key, _ in entry["writes"]} | {
        key for e in history for key in e["pruned"]
    }
    names |= {entry["object"] for entry in data.get("blocked") or []}
    names |= {f["object"] for f in (data.get("attempted") or {}).get("findings") or [] if f.get("object")}
    out: list[str] = []
    for name in sorted(n for n in names if _means(wanted, n)):
        out.append(f"{target}: {clean(name)}")
        for key, record in store.inventory.items():
            if str(key) == name:
                out.append(f"  comes from {clean(record.path)}:{record.line}, uid {record.uid}")
        for entry in history:
            for op, key, place in entry["writes"]:
                if key == name:
                    out.append(
                        f"  {entry['at'][:19]}  {op} by {entry['commit'][:12]} “{clean(entry.get('subject', ''), limit=60)}” {clean(place)}"
                    )
            if name in entry["pruned"]:
                out.append(f"  {entry['at'][:19]}  deleted by {entry['commit'][:12]}")
        out += [
            f"  {e['op']}: {clean(e['reason'])}" for e in data.get("blocked") or [] if e["object"] == name
        ]
        hold = (data.get("holds") or {}).get(name)
        if hold:
            fields = ", ".join(f"{path}={value}" for path, value in hold["fields"].items()) or "everything"
            until = f" until {hold['until'][:16]}Z" if hold["until"] else ""
            out.append(f"  held: {clean(fields)} by {clean(hold['by'])}{until}: {clean(hold['reason'])}")
        healed = (data.get("healed") or {}).get(name) or []
        if healed:
            out.append(f"  set back {len(healed)} times lately, last {healed[-1][:19]}")
        out += [
            f"  refused at {clean(f['path'])}:{f['line']}: {clean(f['message'])} [{f['rule']}]"
            for f in (data.get("attempted") or {}).get("findings") or []
            if f.get("object") == name
        ]
        out += [
            f"  {p['reason']}: {clean(p['message'])}"
            for p in data.get("problems") or []
            if p["object"] == name
        ]
    return out


def _means(wanted: str, name: str) -> bool:
    """Whether `wanted` (name, KIND/NAME, KIND/NAMESPACE/NAME) means the object that is written `Kind namespace/name`."""
    kind, _, place = name.partition(" ")
    parts = wanted.split("/")
    short = place.rsplit("/", 1)[-1]
    if len(parts) == 1:
        return parts[0] == short
    if parts[0].lower() != kind.lower():
        return "/".join(parts) == place
    return "/".join(parts[1:]) in (short, place)
