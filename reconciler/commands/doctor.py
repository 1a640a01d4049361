"""Check what a synchronisation needs: Git and the sources, the cluster, its CRDs, and our rights there.

Exit code 0 when all is well, 1 when something is missing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

from argolint.clikit import EXIT_OK
from reconciler.commands.options import add_common, configuration

HELP = "check Git, the cluster, its CRDs and our rights there"
VERBS = ("get", "list", "create", "patch", "delete")
Check = tuple[bool, str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `argosync doctor`."""
    add_common(parser, output=False)


def run(args: argparse.Namespace) -> int:
    """Check; 0, or 1 when something is missing."""
    from argolint.errors import UserError
    from reconciler.session import open_context
    from reconciler.text import clean

    config = configuration(args)
    fine = True
    for target in config.targets:
        print(f"{target.name}:")
        try:
            for ok, what, remedy in checks(open_context(config, target, looking=True)):
                fine = fine and ok
                print(f"  {'ok  ' if ok else 'FAIL'}  {clean(what)}")
                if remedy and not ok:
                    print(f"        {clean(remedy)}")
        except UserError as error:
            fine = False
            print(f"  FAIL  {clean(error.message)}\n        {clean(error.remedy)}")
    return EXIT_OK if fine else 1


def checks(context: object) -> Iterator[Check]:
    """(whether it is well, what was looked at, what to do) one after the other."""
    from reconciler.context import Context

    assert isinstance(context, Context)
    yield _source(context)
    reachable = _try(
        lambda: f"the cluster answers: {context.client.server}, {context.client.version().get('gitVersion')}"
    )
    yield reachable
    if not reachable[0]:
        return
    for kind in context.target.kinds:
        yield _crd(context, kind)
    for kind in context.target.kinds:
        yield _rights(context, kind, VERBS)
    yield _rights(context, "Workflow", ("list",))
    yield _rights(context, "Lease", ("get", "create", "update"))


def _try(look: Callable[[], str], remedy: str = "") -> Check:
    from argolint.errors import UserError
    from argolint.kube import ApiError

    try:
        return True, look(), ""
    except UserError as error:
        return False, error.message, error.remedy
    except ApiError as error:
        return False, str(error), remedy


def _source(context: object) -> Check:
    from reconciler.context import Context

    assert isinstance(context, Context)

    def look() -> str:
        revision = context.source.fetch(context.source.poll())
        tree = context.source.read(revision)
        return f"the source answers: {tree.revision.ref} at {tree.revision.short}, {len(tree.files)} files chosen"

    return _try(look)


def _crd(context: object, kind: str) -> Check:
    from argolint.kube import ApiError, resource_for
    from reconciler.context import Context

    assert isinstance(context, Context)
    resource = resource_for(kind)
    try:
        crd = context.client.get(
            resource_for("CustomResourceDefinition"), f"{resource.plural}.{resource.group}"
        )
    except ApiError as error:
        if error.status == 403:
            return True, f"CRD of {kind}: may not be read, so its shape is not known", ""
        return False, f"CRD of {kind}: {error.message}", "install the CRDs of Argo Workflows"
    versions = crd["spec"].get("versions") or [{}]
    spec = (((versions[0].get("schema") or {}).get("openAPIV3Schema") or {}).get("properties") or {}).get(
        "spec"
    ) or {}
    full = bool(spec.get("properties"))
    note = (
        "full: the server checks fields"
        if full
        else "minimal: the server checks nothing, and owns spec as one field"
    )
    return True, f"CRD of {kind}: {note}", ""


def _rights(context: object, kind: str, verbs: tuple[str, ...]) -> Check:
    from argolint.kube import ApiError, resource_for
    from reconciler.context import Context

    assert isinstance(context, Context)
    resource = resource_for(kind)
    missing = []
    for verb in verbs:
        attributes = {"verb": verb, "group": resource.group, "resource": resource.plural}
        if resource.namespaced:
            attributes["namespace"] = context.namespace
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        try:
            reply = context.client.request(
                "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=review
            )
        except ApiError as error:
            return False, f"rights on {kind}: {error}", ""
        if not (reply.get("status") or {}).get("allowed"):
            missing.append(verb)
    if missing:
        where = f" in {context.namespace}" if resource.namespaced else ""
        return (
            False,
            f"rights on {kind}{where}: missing {', '.join(missing)}",
            "docs/argosync.md shows the Role",
        )
    return True, f"rights on {kind}: {', '.join(verbs)}", ""
