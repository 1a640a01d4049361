"""SEC157."""

from __future__ import annotations

from collections.abc import Iterator

from argolint.context import Context
from argolint.model.k8s import Object
from argolint.rule import Finding, rule

_VARIABLE = "WORKFLOW_USER_OVERRIDE_ALLOWLIST"
# Fields with which a Workflow becomes another one than its WorkflowTemplate says.
_GRAVE = frozenset(
    {"podSpecPatch", "volumes", "volumeClaimTemplates", "serviceAccountName", "automountServiceAccountToken", "executor",
     "securityContext", "hostNetwork", "hostAliases", "dnsPolicy", "templates", "templateDefaults", "initContainers", "sidecars",
     "hooks", "onExit", "nodeSelector", "tolerations", "affinity", "imagePullSecrets", "artifactRepositoryRef"}
)  # fmt: skip


@rule("SEC157", "override-of-hardened-template", on="object", severity="warning", kinds=("Deployment",))
def check(obj: Object, ctx: Context) -> Iterator[Finding]:
    """The controller lets Workflows override what keeps their WorkflowTemplates safe."""
    if _VARIABLE not in ctx.source.text:
        return
    pod = obj.spec.mapping("template").mapping("spec")
    for container in pod.items("containers"):
        for variable in container.items("env"):
            if variable.text("name") != _VARIABLE:
                continue
            fields = [word.strip() for word in variable.text("value").split(",")]
            grave = [field for field in fields if field in _GRAVE]
            if grave:
                yield Finding(
                    variable.value_span("value"),
                    f"a Workflow may set {', '.join(f'`{field}`' for field in grave[:3])} whatever its WorkflowTemplate says: the restriction to templates protects nothing",
                    help="leave these fields out of the list",
                )
