"""Say what of the embedded cluster is running. Exit code 0 when everything is, 1 otherwise."""

from __future__ import annotations

import argparse
import json
from typing import Any

from executor.commands import clusterdir

HELP = "say what of the embedded cluster is running"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun status`."""
    parser.add_argument(
        "--data", metavar="DIR", help="the cluster's data directory (default: .argolint/cluster)"
    )
    parser.add_argument("-o", "--output", choices=["text", "json"], default="text")


def run(args: argparse.Namespace) -> int:
    """Print the supervisor and its components."""
    data = clusterdir.data_dir(args.data)
    state = clusterdir.read_state(data)
    up = clusterdir.is_locked(data) and clusterdir.is_running(state)
    report: dict[str, Any] = {"data": str(data), "running": up, "ready": bool(up and state.get("ready"))}
    if up:
        report["pid"] = state["pid"]
        report["kubeconfig"] = state.get("kubeconfig")
        report["components"] = {
            name: {
                "running": clusterdir.is_running(entry),
                "pid": entry.get("pid"),
                "restarts": entry.get("restarts", 0),
                "lastExit": entry.get("lastExit", ""),
            }
            for name, entry in (state.get("components") or {}).items()
        }
    well = report["ready"] and all(item["running"] for item in report["components"].values())
    if args.output == "json":
        print(json.dumps(report, indent=2))
        return 0 if well else 1
    if not up:
        print(f"no cluster runs on {data}; start one with `argorun up`")
        return 1
    print(f"cluster     {'ready' if report['ready'] else 'starting'}  pid {report['pid']}  data {data}")
    print(f"kubeconfig  {report['kubeconfig']}")
    for name, item in report["components"].items():
        words = f"running  pid {item['pid']}" if item["running"] else "not running"
        if item["restarts"]:
            words += f"  restarted {item['restarts']} times, last {item['lastExit']}"
        print(f"{name:<11} {words}")
    return 0 if well else 1
