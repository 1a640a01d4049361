"""Create Workflows in a cluster, from files or from a template that is there, and watch them if asked.

examples:
  argorun submit workflow.yaml -n argo --watch --log
  argorun submit --from workflowtemplate/release -p version=1.4.0
"""

from __future__ import annotations

import argparse
import copy
import threading
from typing import Any

from argolint.errors import UserError
from argolint.kube import KubeClient, resource_for
from executor.commands import connect, documents, wf
from executor.commands.logstream import LogOptions, follow_logs, print_line
from executor.cron.decide import child_workflow, format_time, parse_time

Obj = dict[str, Any]

HELP = "create a Workflow in a cluster, and watch it if asked"
KINDS = {
    "cronworkflow": ("cronworkflow", "cronworkflows", "cwf", "cronwf"),
    "workflowtemplate": ("workflowtemplate", "workflowtemplates", "wftmpl"),
    "clusterworkflowtemplate": (
        "clusterworkflowtemplate",
        "clusterworkflowtemplates",
        "clusterwftmpl",
        "cwft",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `argorun submit`: argo's."""
    parser.add_argument("files", nargs="*", metavar="FILE", help="manifests; - is standard input")
    connect.add_arguments(parser)
    parser.add_argument(
        "--from", dest="source", metavar="KIND/NAME", help="cronwf/NAME, workflowtemplate/NAME or cwft/NAME"
    )
    add_overrides(parser)
    parser.add_argument("--name", metavar="NAME", help="override metadata.name")
    parser.add_argument("--generate-name", metavar="PREFIX", help="override metadata.generateName")
    parser.add_argument("--entrypoint", metavar="TEMPLATE", help="override the entrypoint")
    parser.add_argument("--serviceaccount", metavar="NAME", help="run all pods with this service account")
    parser.add_argument("--priority", type=int, metavar="N", help="workflow priority")
    parser.add_argument("-l", "--labels", default="", metavar="K=V,…", help="labels to add")
    parser.add_argument("--instanceid", default="", metavar="ID", help="controller instance to run it")
    parser.add_argument("--scheduled-time", metavar="TIME", help="with --from cronwf/…: RFC 3339")
    parser.add_argument("-w", "--wait", action="store_true", help="wait for the workflow to complete")
    parser.add_argument("--watch", action="store_true", help="watch the workflow until it completes")
    parser.add_argument("--log", action="store_true", help="print the logs until it completes")
    parser.add_argument("--dry-run", action="store_true", help="print what would be created")
    parser.add_argument("--server-dry-run", action="store_true", help="let the API check it, create nothing")
    add_output(parser)


def add_overrides(parser: argparse.ArgumentParser) -> None:
    """`-p` and `-f`."""
    parser.add_argument(
        "-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="set a parameter"
    )
    parser.add_argument("-f", "--parameter-file", metavar="FILE", help="parameters as YAML or JSON")


def add_output(parser: argparse.ArgumentParser) -> None:
    """`-o`."""
    parser.add_argument("-o", "--output", choices=["name", "json", "yaml", "wide"], default="")


def overrides(args: argparse.Namespace) -> list[tuple[str, str]]:
    """The parameters of the command line; `-p` wins over the file."""
    out = dict(documents.parameter_file(args.parameter_file)) if args.parameter_file else {}
    out.update(documents.pairs(args.parameter, "--parameter"))
    return list(out.items())


def run(args: argparse.Namespace) -> int:
    """Submit, print, and follow. Exit code 1 when a workflow that was followed did not succeed."""
    if bool(args.files) == bool(args.source):
        raise UserError(
            "name manifests to submit, or a template with --from",
            "argorun submit FILE… or --from wftmpl/NAME",
        )
    parameters = overrides(args)
    client, namespace = connect.connect(args)
    with connect.api_errors("submit"):
        if args.source:
            found = [(from_source(client, namespace, args.source, args.scheduled_time), args.source)]
        else:
            found = documents.workflows(args.files)
        if (args.name or args.watch or args.log) and len(found) > 1:
            raise UserError(
                "--name, --watch and --log take one workflow",
                f"there are {len(found)}: submit them one by one",
            )
        code = 0
        created = []
        for obj, place in found:
            ready = prepared(obj, place, args, parameters, namespace)
            if args.dry_run:
                wf.print_workflow(ready, args.output)
                continue
            target = str(ready["metadata"]["namespace"])
            stored = wf.with_kind(client.create(wf.WORKFLOW, ready, target, dry_run=args.server_dry_run))
            if not (args.watch or args.log) or args.output:
                wf.print_workflow(stored, args.output)
            if not args.server_dry_run:
                created.append((target, str(stored["metadata"]["name"])))
        for target, name in created:
            code = max(code, follow_up(client, target, name, args))
    return code


def follow_up(client: KubeClient, namespace: str, name: str, args: argparse.Namespace) -> int:
    """Do what --log, --watch or --wait ask for; the exit code."""
    if args.log and args.watch:
        # Logs scroll, so the tree comes as a line for each node that changes, and as a whole at the end.
        return print_logs_until_done(
            client, namespace, name, screen=wf.Screen(terminal=False, color=connect.wants_color())
        )
    if args.log:
        return print_logs_until_done(client, namespace, name)
    if args.watch:
        terminal = connect.is_terminal()
        ended = wf.watch(client, namespace, name, terminal=terminal, color=connect.wants_color())
        if not terminal:
            wf.print_workflow(ended)
        return wf.exit_code(ended)
    if args.wait:
        *_, ended = wf.follow(client, namespace, name)
        print(f"{name} {ended['status']['phase']} at {ended['status'].get('finishedAt')}")
        return wf.exit_code(ended)
    return 0


def print_logs_until_done(
    client: KubeClient,
    namespace: str,
    name: str,
    options: LogOptions | None = None,
    *,
    screen: wf.Screen | None = None,
) -> int:
    """Print the logs of a Workflow until it has ended, and on `screen` how it goes; the exit code."""
    options = options or LogOptions(color=connect.wants_color())
    last: list[Obj] = []
    done = threading.Event()
    problem: list[BaseException] = []

    def follow() -> None:
        try:
            for state in wf.follow(client, namespace, name):
                last[:] = [state]
                if screen is not None:
                    screen.show(state)
        except BaseException as error:
            problem.append(error)
        finally:
            done.set()

    threading.Thread(target=follow, daemon=True).start()
    for line in follow_logs(client, namespace, name, options, done.is_set):
        print_line(line, options)
    if problem:
        raise problem[0]
    if screen is not None:
        wf.print_workflow(last[-1])
    return wf.exit_code(last[-1])


def prepared(
    obj: Obj, place: str, args: argparse.Namespace, parameters: list[tuple[str, str]], namespace: str
) -> Obj:
    """The Workflow to create: the manifest with what the command line overrides."""
    out = copy.deepcopy(obj)
    meta, spec = out.setdefault("metadata", {}), out["spec"]
    own = meta.get("namespace")
    if args.namespace and own and own != args.namespace:
        raise UserError(
            f"{place}: its namespace is {own}, not {args.namespace}", "leave out -n, or change the manifest"
        )
    meta["namespace"] = own or namespace
    if args.name:
        meta["name"] = args.name
        meta.pop("generateName", None)
    if args.generate_name:
        meta["generateName"] = args.generate_name
        meta.pop("name", None)
    if not meta.get("name") and not meta.get("generateName"):
        raise UserError(
            f"{place}: the Workflow has neither name nor generateName", "add one, or use --generate-name"
        )
    labels = dict(documents.pairs([part for part in args.labels.split(",") if part], "--labels"))
    if args.instanceid:
        labels["workflows.argoproj.io/controller-instanceid"] = args.instanceid
    if labels:
        meta["labels"] = {**(meta.get("labels") or {}), **labels}
    if args.entrypoint:
        spec["entrypoint"] = args.entrypoint
    if args.serviceaccount:
        spec["serviceAccountName"] = args.serviceaccount
    if args.priority is not None:
        spec["priority"] = args.priority
    if parameters:
        spec["arguments"] = documents.override_parameters(spec.get("arguments"), parameters)
    out.pop("status", None)
    return out


def from_source(client: KubeClient, namespace: str, source: str, scheduled: str | None = None) -> Obj:
    """A Workflow from `kind/name` of an object in the cluster. Raises UserError, ApiError."""
    kind, slash, name = source.partition("/")
    known = next((key for key, words in KINDS.items() if kind.lower() in words), None)
    if not slash or not name or known is None:
        raise UserError(
            f"--from {source}: expected cronwf/NAME, workflowtemplate/NAME or clusterworkflowtemplate/NAME"
        )
    if known == "cronworkflow":
        cron = client.get(resource_for("CronWorkflow"), name, namespace)
        moment = parse_time(scheduled) if scheduled else wf.now()
        if moment is None:
            raise UserError(
                f"--scheduled-time {scheduled}: not an RFC 3339 time", "write 2026-01-31T12:00:00Z"
            )
        out = child_workflow(cron, moment)
        del out["metadata"]["name"]
        out["metadata"]["generateName"] = f"{name}-"
        out["metadata"]["annotations"]["workflows.argoproj.io/scheduled-time"] = format_time(moment)
        return out
    cluster = known == "clusterworkflowtemplate"
    template = client.get(
        resource_for("ClusterWorkflowTemplate" if cluster else "WorkflowTemplate"),
        name,
        "" if cluster else namespace,
    )
    metadata = (template.get("spec") or {}).get("workflowMetadata") or {}
    label = "cluster-workflow-template" if cluster else "workflow-template"
    reference: Obj = {"name": name, **({"clusterScope": True} if cluster else {})}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            "generateName": f"{name}-",
            "labels": {**(metadata.get("labels") or {}), f"workflows.argoproj.io/{label}": name},
            **({"annotations": dict(metadata["annotations"])} if metadata.get("annotations") else {}),
        },
        "spec": {"workflowTemplateRef": reference},
    }
