"""Known vulnerabilities of Argo Workflows and Argo Events, and which releases have them.

From the GitHub advisories of argoproj/argo-workflows and argoproj/argo-events, as they stood on `DATE`. A release line without a fix of its
own is affected when it is older than the oldest line that has one.
"""

from __future__ import annotations

from typing import NamedTuple

from argolint.patterns import lazy

DATE = "2026-09-30"

Release = tuple[int, int, int]


class Advisory(NamedTuple):
    """`fixed`: the first good release of each line that has one; `since`: the first release that has the fault."""

    id: str
    product: str
    fixed: tuple[Release, ...]
    what: str
    since: Release = (0, 0, 0)


WORKFLOWS, EVENTS = "argo-workflows", "argo-events"
ADVISORIES = (
    Advisory("CVE-2026-54526", WORKFLOWS, ((3, 7, 15), (4, 0, 6)), "`artifactGC.podSpecPatch` passes a restriction to templates"),
    Advisory("CVE-2026-42296", WORKFLOWS, ((3, 7, 14), (4, 0, 5)), "fields of a Workflow pass a restriction to templates"),
    Advisory("CVE-2026-40886", WORKFLOWS, ((3, 7, 14), (4, 0, 5)), "an annotation crashes the controller", (3, 6, 5)),
    Advisory("CVE-2026-42294", WORKFLOWS, ((3, 7, 14), (4, 0, 5)), "anybody fills the server's memory"),
    Advisory("CVE-2026-42295", WORKFLOWS, ((4, 0, 5),), "artifact credentials are exposed", (4, 0, 0)),
    Advisory("CVE-2026-42297", WORKFLOWS, ((4, 0, 5),), "locks are changed without authorization", (4, 0, 0)),
    Advisory("CVE-2026-42183", WORKFLOWS, ((4, 0, 5),), "single sign-on crashes the server", (4, 0, 0)),
    Advisory("CVE-2026-31892", WORKFLOWS, ((3, 7, 11), (4, 0, 2)), "`podSpecPatch` passes a restriction to templates"),
    Advisory("CVE-2026-28229", WORKFLOWS, ((3, 7, 11), (4, 0, 2)), "templates are readable without a valid token"),
    Advisory("CVE-2026-23960", WORKFLOWS, ((3, 6, 17), (3, 7, 8)), "an artifact runs script in the UI"),
    Advisory("CVE-2025-66626", WORKFLOWS, ((3, 6, 14), (3, 7, 5)), "an artifact writes outside its folder, by symbolic links"),
    Advisory("CVE-2025-62156", WORKFLOWS, ((3, 6, 12), (3, 7, 3)), "an artifact writes outside its folder"),
    Advisory("CVE-2025-62157", WORKFLOWS, ((3, 6, 12), (3, 7, 3)), "artifact credentials stand in logs"),
    Advisory("CVE-2024-53862", WORKFLOWS, ((3, 5, 13), (3, 6, 2)), "archived workflows are readable with a made-up token"),
    Advisory("CVE-2022-29164", WORKFLOWS, ((3, 3, 5),), "an artifact runs script in the UI"),
    Advisory("CVE-2021-37914", WORKFLOWS, ((3, 1, 6),), "an input parameter rewrites the workflow"),
    Advisory("GHSA-6c73-2v8x-qpvm", WORKFLOWS, ((3, 0, 9), (3, 1, 6)), "a client gets the server's rights"),
    Advisory("CVE-2025-32445", EVENTS, ((1, 9, 6),), "an EventSource or Sensor gets privileged access to its node"),
    Advisory("CVE-2022-31054", EVENTS, ((1, 7, 1),), "a large body stops an event source"),
    Advisory("CVE-2022-25856", EVENTS, ((1, 7, 1),), "a git artifact reads files outside its folder"),
)  # fmt: skip

_IMAGE = lazy(
    r"(?:^|/)argoproj/(?P<name>workflow-controller|argocli|argoexec|argo-events)(?::v?(?P<tag>\d+\.\d+\.\d+)(?P<rest>[-+][\w.-]*)?)?(?:@.*)?$"
)
_SOURCE = lazy(
    r"github\.com/argoproj/(?P<name>argo-workflows|argo-events|argo)/?[/.].*?(?:/download/|[?&]ref=|/)v(?P<tag>\d+\.\d+\.\d+)\b"
)


def product_of(image: str) -> str:
    """The product that an image is of; "" for any other."""
    found = _IMAGE.search(image)
    return (EVENTS if found["name"] == EVENTS else WORKFLOWS) if found is not None else ""


def release_in(text: str) -> tuple[str, Release] | None:
    """(product, release) that an image's name, or an address of its manifests, says; None for anything else."""
    found = _IMAGE.search(text) or _SOURCE.search(text)
    release = read_release(found["tag"]) if found is not None and found["tag"] else None
    if found is None or release is None or "{{" in text:
        return None
    return (EVENTS if found["name"] == EVENTS else WORKFLOWS), release


def read_release(tag: str) -> Release | None:
    """`v3.6.1` or `3.6.1` as numbers; None for what is no release (a tag that moves, a digest, a release candidate)."""
    parts = tag.removeprefix("v").split(".")
    if len(parts) != 3 or not all(part.isdigit() and len(part) < 6 for part in parts):
        return None
    return int(parts[0]), int(parts[1]), int(parts[2])


def affecting(product: str, release: Release) -> list[Advisory]:
    """The advisories that a release is affected by, the newest first."""
    return [one for one in ADVISORIES if one.product == product and _affects(one, release)]


def _affects(one: Advisory, release: Release) -> bool:
    if release < one.since:
        return False
    for fix in one.fixed:
        if fix[:2] == release[:2]:
            return release < fix
    return release < max(one.fixed)


def remedy(product: str, release: Release) -> Release | None:
    """The lowest release that has all fixes: of the same line when it has one, else of the next that does; None when nothing is wrong."""
    candidates = sorted({fix for one in ADVISORIES if one.product == product for fix in one.fixed})
    if not affecting(product, release):
        return None
    return next((fix for fix in candidates if fix > release and not affecting(product, fix)), None)
