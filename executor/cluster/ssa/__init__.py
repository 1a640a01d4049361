"""Server-side apply: sets of owned fields, and how applies and updates change objects and sets.

Upstream: sigs.k8s.io/structured-merge-diff. Nothing here knows of HTTP or of the store.
"""

from executor.cluster.ssa.fieldset import FieldSet, from_fields_v1, to_fields_v1
from executor.cluster.ssa.updater import Conflict, Managed, apply, update
from executor.cluster.ssa.walks import TypedError, to_set

__all__ = [
    "Conflict",
    "FieldSet",
    "Managed",
    "TypedError",
    "apply",
    "from_fields_v1",
    "to_fields_v1",
    "to_set",
    "update",
]
